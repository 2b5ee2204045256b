// The answers to a search as one list that grows page by page. The last few lists are kept: "back" shows the same
// one again, and a video's page finds the next and the previous answer in it.

import { get, isAbort } from "./api.js";
import { signal } from "./ui.js";
import { firstAnswers, searchOf } from "./addresses.js";
import { momentId } from "./moments.js";

/** @typedef {import("./moments.js").Moment} Moment */

const PAGE = 100;
const KEPT = 5;
const FAR = 20; // pages that are looked through for one moment

/** @type {Map<string, Results>} */
const kept = new Map();

/** The answers to one search. */
export class Results {
  /** @param {URLSearchParams} search */
  constructor(search) {
    this.search = search;
    /** @type {Moment[]} What is loaded; `changed` counts up when it grows. */
    this.items = [];
    /** What is to be said of the search, such as why it was not by meaning. @type {string[]} */
    this.notes = [];
    this.changed = signal(0);
    this.complete = signal(false);
    this.loading = signal(false);
    this.error = signal(/** @type {unknown} */ (null));
    /** Where the page was scrolled to when it was left. */
    this.scrolled = 0;
    /** @type {string | null} */
    this.cursor = null;
    /** @type {Promise<void> | null} */
    this.underWay = null;
    this.abort = new AbortController();
  }

  /** Load the next page, unless all is loaded or one is on its way. */
  more() {
    if (this.complete.value || this.abort.signal.aborted) return Promise.resolve();
    this.underWay ??= this.#load().finally(() => (this.underWay = null));
    return this.underWay;
  }

  async #load() {
    const query = firstAnswers(this.search);
    if (this.cursor) {
      query.set("limit", String(PAGE));
      query.set("cursor", this.cursor);
    }
    this.loading.value = true;
    this.error.value = null;
    try {
      const { items, next, notes } = await get("/search", query, this.abort.signal);
      this.items.push(...items);
      if (notes.length) this.notes = notes;
      this.cursor = next;
      this.complete.value = next === null;
      this.changed.value += 1;
    } catch (error) {
      if (!isAbort(error)) this.error.value = error;
    } finally {
      this.loading.value = false;
    }
  }

  /** Take moments out of the list, such as those of removed videos. @param {(moment: Moment) => boolean} gone */
  drop(gone) {
    this.items = this.items.filter((moment) => !gone(moment));
    this.changed.value += 1;
  }
}

/**
 * The list of a search: the one of before, or a new one whose first page is then loaded.
 * @param {URLSearchParams} query an address's parameters; those that are not the search's are left out
 * @param {{fresh?: boolean}} [options] fresh: ask the server again
 */
export function resultsOf(query, { fresh = false } = {}) {
  const search = searchOf(query);
  const name = String(search);
  let results = kept.get(name);
  if (!results || fresh || (results.error.peek() && !results.items.length)) {
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
 * The answers before and after one of a search.
 * @param {URLSearchParams} search
 * @param {string} id as of `momentId`
 * @returns {Promise<{previous: Moment | null, next: Moment | null, place: number}>} place: from 0; -1 where the
 *   moment is not among the first answers
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
