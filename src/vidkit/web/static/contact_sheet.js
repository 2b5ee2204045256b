// The contact sheet of a video: small images at intervals, which cards and the time line show.

import { mediaOf } from "./moments.js";

/**
 * A small image of a contact sheet: a rectangle of the file at `url`.
 * @typedef {{start: number, end: number, url: string, x: number, y: number, width: number, height: number}} Cue
 */

const KEPT = 200;
/** @type {Map<string, Promise<Cue[]>>} */
const sheets = new Map();

/** The images of a video in order; none if it has no contact sheet. @param {string} key */
export function sheetOf(key) {
  let sheet = sheets.get(key);
  if (!sheet) {
    sheet = load(key).catch(() => []);
    sheets.set(key, sheet);
    for (const old of [...sheets.keys()].slice(0, -KEPT)) sheets.delete(old);
  }
  return sheet;
}

/** @param {string} key */
async function load(key) {
  const address = `${mediaOf(key)}/sprites.vtt`;
  const response = await fetch(address, { credentials: "same-origin" });
  return response.ok ? parseSheet(await response.text(), new URL(address, location.href)) : [];
}

/**
 * Read the WebVTT of a contact sheet. Cues that do not name an image of this server are left out.
 * @param {string} text
 * @param {URL} base
 * @returns {Cue[]}
 */
function parseSheet(text, base) {
  /** @type {Cue[]} */
  const cues = [];
  const lines = text.split(/\r?\n/);
  for (const [number, line] of lines.entries()) {
    const times = /^([\d:.]+) --> ([\d:.]+)/.exec(line);
    const image = times && /^(.+)#xywh=(\d+),(\d+),(\d+),(\d+)$/.exec(lines[number + 1] ?? "");
    if (!times || !image) continue;
    const url = new URL(image[1], base);
    const [x, y, width, height] = image.slice(2).map(Number);
    if (url.origin === base.origin && width && height)
      cues.push({ start: seconds(times[1]), end: seconds(times[2]), url: url.href, x, y, width, height });
  }
  return cues;
}

/** "01:02:03.500" in seconds. @param {string} clock */
const seconds = (clock) => clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

/** An image of a contact sheet as the background of an element. @param {Cue} cue */
export const cueStyle = (cue) => ({
  width: `${cue.width}px`,
  height: `${cue.height}px`,
  backgroundImage: `url("${cue.url}")`,
  backgroundPosition: `-${cue.x}px -${cue.y}px`,
});

/**
 * The cue that shows a time: the last that has begun then, else the first.
 * @param {Cue[]} cues
 * @param {number} time seconds
 * @returns {Cue | undefined}
 */
export function cueAt(cues, time) {
  let low = 0;
  let high = cues.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cues[middle].start <= time) low = middle;
    else high = middle - 1;
  }
  return cues[low];
}
