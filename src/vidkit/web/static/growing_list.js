// A list that grows page by page: the first page is loaded at once, each other one when the user asks for more.

import { useEffect, useRef, useState } from "./ui.js";

/**
 * @template {{items: any[], next: string | null}} Page
 * @typedef {object} GrowingList
 * @property {Page["items"] | null} items of all pages that are loaded; null until the first is
 * @property {Page | undefined} last the page that was loaded last
 * @property {boolean} hasMore whether the server has a page after it
 * @property {boolean} loading
 * @property {unknown} error why the last page could not be loaded
 * @property {() => void} more load the next page; after an error, try again
 * @property {(change: (items: Page["items"]) => Page["items"]) => void} change change the items that are loaded
 */

/**
 * Load a list page by page for a component.
 * @template {{items: any[], next: string | null}} Page
 * @param {string} key when it changes, the pages that are loaded are loaded again
 * @param {(cursor: string | null, abort: AbortSignal) => Promise<Page>} load loads one page; cursor: `next` of the page before
 * @returns {GrowingList<Page>}
 */
export function useGrowingList(key, load) {
  const [pages, setPages] = useState(/** @type {Page[]} */ ([]));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [loading, setLoading] = useState(true);
  const abort = useRef(/** @type {AbortController | null} */ (null));
  const last = pages.at(-1);
  /** @param {(signal: AbortSignal) => Promise<(before: Page[]) => Page[]>} work gives the change of the pages */
  const run = async (work) => {
    const { signal } = /** @type {AbortController} */ (abort.current);
    setLoading(true);
    setError(null);
    try {
      const update = await work(signal);
      if (!signal.aborted) setPages(update);
    } catch (problem) {
      if (!signal.aborted) setError(problem);
    }
    if (!signal.aborted) setLoading(false);
  };
  const more = () =>
    void run(async (signal) => {
      const page = await load(last?.next ?? null, signal);
      return (before) => [...before, page];
    });
  useEffect(() => {
    const own = (abort.current = new AbortController());
    run(async (signal) => {
      const fresh = [await load(null, signal)];
      for (let next = fresh[0].next; next && fresh.length < pages.length; next = fresh[fresh.length - 1].next)
        fresh.push(await load(next, signal));
      return () => fresh;
    });
    return () => own.abort();
  }, [key]);
  return {
    items: pages.length ? pages.flatMap((page) => page.items) : null,
    last,
    hasMore: Boolean(last?.next),
    loading,
    error,
    more,
    change: (change) => setPages((before) => before.map((page) => ({ ...page, items: change(page.items) }))),
  };
}
