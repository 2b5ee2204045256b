// The results of a search as one list that grows page by page. The last few lists are kept: "back" shows the same list
// again, and the page of a video finds the next and the previous result in it.

import { get } from "./api.js";
import { signal } from "./ui.js";
import { firstPage, searchOf } from "./addresses.js";
import { momentId } from "./moments.js";

/** @typedef {import("./moments.js").Moment} Moment */

const PAGE = 100;
const KEPT = 5;
const FAR = 20; // pages that are searched for one moment

/** @type {Map<string, Results>} */
const kept = new Map();

/** The results of one search. */
export class Results {
  /** @param {URLSearchParams} search */
  constructor(search) {
    this.search = search;
    /** @type {Moment[]} those that are loaded; `changed` counts up when there are more */
    this.items = [];
    /** Notes of the server, such as why the search was not by meaning. @type {string[]} */
    this.notes = [];
    this.changed = signal(0);
    this.complete = signal(false);
    this.error = signal(/** @type {unknown} */ (null));
    /** Where the page was scrolled to when it was left. */
    this.scrolled = 0;
    /** @type {string | null} */
    this.cursor = null;
    /** @type {Promise<void> | null} */
    this.running = null;
  }

  /** Load the next page, unless all is loaded or a page is being loaded. */
  more() {
    if (this.complete.value) return Promise.resolve();
    this.running ??= this.#load().finally(() => (this.running = null));
    return this.running;
  }

  async #load() {
    const query = firstPage(this.search);
    if (this.cursor) {
      query.set("limit", String(PAGE));
      query.set("cursor", this.cursor);
    }
    this.error.value = null;
    try {
      const { items, next, notes } = await get("/search", query);
      this.items.push(...items);
      if (notes.length) this.notes = notes;
      this.cursor = next;
      this.complete.value = next === null;
      this.changed.value += 1;
    } catch (error) {
      this.error.value = error;
    }
  }
}

/**
 * The list of a search: one that is kept, or a new one, which then loads its first page.
 * @param {URLSearchParams} query parameters of an address; those that do not belong to the search are left out
 */
export function resultsOf(query) {
  const search = searchOf(query);
  const name = String(search);
  let results = kept.get(name);
  if (!results || (results.error.peek() && !results.items.length)) {
    results = new Results(search);
    results.more();
  }
  kept.delete(name);
  kept.set(name, results);
  for (const old of [...kept.keys()].slice(0, -KEPT)) kept.delete(old);
  return results;
}

/** Forget every list: the library has changed. */
export const forgetResults = () => kept.clear();

/**
 * The results before and after one of a search.
 * @param {URLSearchParams} search
 * @param {string} id as of `momentId`
 * @returns {Promise<{previous: Moment | null, next: Moment | null, place: number}>} place: from 0; -1 if the
 *   moment is not among the first results
 */
export async function neighbours(search, id) {
  const results = resultsOf(search);
  for (let page = 0; page < FAR; page++) {
    const place = results.items.findIndex((moment) => momentId(moment) === id);
    const last = place === results.items.length - 1;
    if (place >= 0 && (!last || results.complete.peek()))
      return { previous: results.items[place - 1] ?? null, next: results.items[place + 1] ?? null, place };
    if (results.complete.peek() || results.error.peek()) break;
    await results.more();
  }
  return { previous: null, next: null, place: -1 };
}
