// The moments that are selected in the library. They stay selected while the search changes.

import { computed, signal } from "./ui.js";
import { momentId } from "./moments.js";

/** @typedef {import("./moments.js").Moment} Moment */

/** Id -> moment, in the order in which they were selected. */
export const selected = signal(/** @type {ReadonlyMap<string, Moment>} */ (new Map()));

/** The videos of the selected moments, each once. */
export const selectedKeys = computed(() => [...new Set([...selected.value.values()].map((moment) => moment.key))]);

/** The start of a range that the user ends with shift. @type {string | null} */
let anchor = null;

/** Select or deselect a moment. @param {Moment} moment */
export function toggle(moment) {
  const id = momentId(moment);
  const next = new Map(selected.value);
  if (!next.delete(id)) next.set(id, moment);
  anchor = id;
  selected.value = next;
}

/**
 * Select all moments from the last selected one to this one.
 * @param {Moment[]} items in the order in which they are shown
 * @param {number} place
 */
export function selectTo(items, place) {
  const from = items.findIndex((moment) => momentId(moment) === anchor);
  if (from < 0) return toggle(items[place]);
  selectAll(items.slice(Math.min(from, place), Math.max(from, place) + 1));
}

/** Select more moments. @param {Moment[]} items */
export function selectAll(items) {
  selected.value = new Map([...selected.value, ...items.map((moment) => /** @type {const} */ ([momentId(moment), moment]))]);
}

/** Deselect all moments. */
export function selectNone() {
  anchor = null;
  selected.value = new Map();
}

/** Deselect the moments of videos that were removed. @param {Set<string>} keys */
export function deselectVideos(keys) {
  selected.value = new Map([...selected.value].filter(([, moment]) => !keys.has(moment.key)));
}
