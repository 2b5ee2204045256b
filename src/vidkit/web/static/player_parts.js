// The time line of a player: files, each for a part of it.

/**
 * A file and its part of the time line, in seconds. `from` is the second of the file at `start`.
 * @typedef {{url: string, start: number, end: number, from: number}} Part
 */

export const NEAR_END = 0.02; // seconds before its end at which a part is over

/**
 * Clips as parts of a time line: if two overlap, the first plays to its end.
 * @param {{url: string, start: number, end: number}[]} clips
 * @returns {Part[]}
 */
export function partsOf(clips) {
  /** @type {Part[]} */
  const parts = [];
  for (const { url, start, end } of [...clips].sort((one, other) => one.start - other.start)) {
    const begin = Math.max(start, parts.at(-1)?.end ?? 0);
    if (end - begin > NEAR_END) parts.push({ url, start: begin, end, from: begin - start });
  }
  return parts;
}
