// The readings of a video: the names of the readers, their moments, their lanes of the time line, their texts.

import { t } from "./texts.js";

/** The names of readers, in the order in which they are shown. Other readers come after them, with their own names.
 * @type {Record<string, string>} */
const NAMES = {
  description: t("Descriptions"),
  speech: t("Speech"),
  ocr: t("On screen"),
  objects: t("Objects"),
  faces: t("Faces"),
  moderation: t("Moderation"),
  quality: t("Quality"),
  summary: t("Summary"),
  keywords: t("Keywords"),
  language: t("Language"),
};
const ORDER = Object.keys(NAMES);
const GAP = 2; // seconds between two spans that are one moment, as the library has them (`library/spans.py`)
const COLOURS = 2; // of lanes of readings, which take turns; the first is --lane-4

/**
 * A moment of a reading: its text and its seconds.
 * @typedef {object} ReadMoment
 * @property {string} source the reader
 * @property {number} index from 1
 * @property {number} start_time
 * @property {number} end_time
 * @property {string} text
 * @property {boolean} spoken whether it is a text and not a label
 */

/** @param {string} reader */
export const readerName = (reader) => NAMES[reader] ?? reader;

/** The readers that have read something. @param {any} record @returns {string[]} */
const readersOf = (record) =>
  Object.keys(record.readings ?? {})
    .filter((name) => record.readings[name].spans.length > 0)
    .sort((a, b) => placeOf(a) - placeOf(b));

/** @param {string} reader */
const placeOf = (reader) => (NAMES[reader] ? ORDER.indexOf(reader) : ORDER.length);

/**
 * The moments of a reader: neighbouring spans with the same text are one.
 * @param {any} record
 * @param {string} reader
 * @returns {ReadMoment[]}
 */
export function momentsOf(record, reader) {
  /** @type {ReadMoment[]} */
  const found = [];
  /** @type {Map<string, ReadMoment>} */
  const last = new Map();
  for (const span of record.readings?.[reader]?.spans ?? []) {
    const text = span.text || span.label;
    if (!text) continue;
    const key = text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();
    const { start_time, end_time } = span;
    let moment = last.get(key);
    if (!moment || start_time > moment.end_time + GAP) {
      moment = { source: reader, index: found.length + 1, start_time, end_time, text, spoken: Boolean(span.text) };
      last.set(key, moment);
      found.push(moment);
    }
    moment.end_time = Math.max(moment.end_time, end_time);
  }
  return found;
}

/** The texts beside the player, by reader. @param {any} record @returns {[string, ReadMoment[]][]} */
export function textsOf(record) {
  return readersOf(record)
    .map((name) => /** @type {[string, ReadMoment[]]} */ ([name, momentsOf(record, name).filter((moment) => moment.spoken)]))
    .filter(([, moments]) => moments.length > 0);
}

/**
 * A lane for each reader. Spans that only have the numbers of a scene (quality) are not blocks; scores are.
 * @param {any} record
 * @returns {import("./components/time_line.js").Lane[]}
 */
export function readingLanes(record) {
  return readersOf(record)
    .map((name) => ({ name: readerName(name), blocks: blocksOf(record, name) }))
    .filter(({ blocks }) => blocks.length > 0)
    .map((lane, number) => ({ ...lane, colour: 4 + (number % COLOURS) }));
}

/** @param {any} record @param {string} reader @returns {import("./components/time_line.js").Block[]} */
function blocksOf(record, reader) {
  const scores = record.readings[reader].spans.filter((/** @type {any} */ span) => !span.text && !span.label && span.score !== undefined);
  if (scores.length)
    return scores.map((/** @type {any} */ { start_time, end_time, score }) => {
      return { start: start_time, end: end_time, label: `${Math.round(score * 100)} %`, text: "" };
    });
  return momentsOf(record, reader)
    .filter(({ text, spoken }) => spoken || text !== "scene")
    .map(({ start_time, end_time, text, spoken }) => {
      const label = text.length > 60 ? `${text.slice(0, 60)}…` : text;
      return { start: start_time, end: end_time, label, text: spoken && label !== text ? text : "" };
    });
}
