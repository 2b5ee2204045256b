// Moments, the results of a search: their thumbnails, their texts, and the addresses of pages that show them.

import { listed } from "./format.js";
import { API } from "./addresses.js";
import { readerName } from "./readings.js";
import { t } from "./texts.js";

/**
 * A part of a video, or all of it.
 * @typedef {object} Moment
 * @property {string} key the video's
 * @property {string} kind "video", "scene", "segment" (a clip), or the name of a reader
 * @property {number} number its index among those of its kind; 0 for the video
 * @property {string} filename
 * @property {string} url where the video came from
 * @property {number} start_time seconds
 * @property {number} end_time
 * @property {string} source "description", or the reader of the text
 * @property {number} second when the first of the found words is said; else `start_time`
 * @property {string} text the words in context
 * @property {[number, number][]} marks the ranges of the words of the search in `text`
 * @property {string | null} thumbnail
 * @property {string[]} tags
 * @property {string} classification
 * @property {string[]} why how it was found: by "words", "meaning", "picture"
 */

/** The ways to find moments. @type {Record<string, string>} */
const WHY = { words: t("words"), meaning: t("meaning"), picture: t("picture") };

/** How a moment was found, if not by its words alone. @param {Moment} moment */
export const whyWords = ({ why }) => (why?.some((one) => one !== "words") ? t("by {what}", { what: listed(why.map((one) => WHY[one] ?? one)) }) : "");

/**
 * The address of moments like another one.
 * @param {string} key of the video
 * @param {number} second
 */
export const likeHref = (key, second) => `/?${new URLSearchParams({ like: `${key}@${Number(second.toFixed(3))}` })}`;

/** The address of moments like a moment, by the second in its middle; for a whole video, by all of it. @param {Moment} moment */
export const likeMomentHref = ({ key, kind, start_time, end_time }) =>
  kind === "video" ? `/?like=${key}` : likeHref(key, (start_time + end_time) / 2);

/** The names of the kinds of moments. @type {Record<string, string>} */
export const KINDS = { video: t("Video"), scene: t("Scene"), segment: t("Clip") };

/** The name of a kind of moments. @param {string} kind */
export const kindName = (kind) => KINDS[kind] ?? readerName(kind);

/** A numbered scene, clip or moment of a reader, such as "Scene 3". @param {string} kind @param {number} number */
export const numbered = (kind, number) => t("{kind} {number}", { kind: kindName(kind), number: String(number) });

/** The id of a moment: "KEY:scene:3". @param {Moment} moment */
export const momentId = (moment) => `${moment.key}:${moment.kind}:${moment.number}`;

/**
 * The address of a video's page at a moment. `from` lets the page offer the next and the previous result.
 * @param {Moment} moment
 * @param {URLSearchParams} [search] the search that has found the moment
 */
export function momentHref(moment, search) {
  const query = new URLSearchParams({ m: `${moment.kind}:${moment.number}` });
  if (moment.second > 0) query.set("t", String(Number(moment.second.toFixed(3))));
  if (search?.size) query.set("from", String(search));
  return `/videos/${moment.key}?${query}`;
}

/**
 * The address of a moment's thumbnail: that of the scene that it begins in.
 * @param {Moment} moment
 * @returns {string | null}
 */
export function thumbnailOf(moment) {
  const scene = moment.kind === "scene" ? moment.number : Number(/scene_(\d+)\.\w+$/.exec(moment.thumbnail ?? "")?.[1] ?? 1);
  return moment.thumbnail ? `${mediaOf(moment.key)}/scenes/${scene}/thumbnail` : null;
}

/** Where a moment ends when it is played: a label that has no length is shown for a second. @param {Moment} moment */
export const endOf = (moment) => Math.max(moment.end_time, moment.start_time + (moment.source === "description" ? 0 : 1));

/** The address of a video in the API. @param {string} key */
export const mediaOf = (key) => `${API}/videos/${key}`;

/**
 * Whether a moment's text says more than its labels: for a video without a description, the text is the labels.
 * @param {Moment} moment
 */
export function hasOwnWords({ text, marks, tags, classification, filename }) {
  const shown = new Set([...tags, classification, filename].map((one) => one.toLowerCase()));
  return marks.length > 0 || !text.split(", ").every((part) => shown.has(part.toLowerCase()));
}

/**
 * A moment's text in parts, each with whether it is a word of the search.
 * @param {Moment} moment
 * @returns {{text: string, marked: boolean}[]}
 */
export function markedParts({ text, marks }) {
  // The server counts characters, JavaScript counts UTF-16 units: they differ from the first emoji on.
  const characters = Array.from(text);
  const parts = [];
  let at = 0;
  for (const [start, end] of marks) {
    parts.push({ text: characters.slice(at, start).join(""), marked: false });
    parts.push({ text: characters.slice(start, end).join(""), marked: true });
    at = end;
  }
  return [...parts, { text: characters.slice(at).join(""), marked: false }].filter((part) => part.text);
}
