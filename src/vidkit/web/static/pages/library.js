// The library: the search, facets, and the moments that it finds, as cards in a grid.

import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { Problem, may, wordsOf } from "../api.js";
import { address, change } from "../router.js";
import { isByMeaning, searchOf } from "../addresses.js";
import { momentId } from "../moments.js";
import { cueAt, sheetOf } from "../contact_sheet.js";
import { forgetResults, resultsOf } from "../results.js";
import { selectTo, selected, toggle } from "../selection.js";
import { useKeys } from "../keys.js";
import { useLikelyMoment } from "../likely_moment.js";
import { Card } from "../components/card.js";
import { Chosen, FIRST, Facets, useFacets } from "../components/facets.js";
import { Dialog } from "../components/dialog.js";
import { Grid } from "../components/grid.js";
import { Icon } from "../components/icons.js";
import { Preview } from "../components/preview.js";
import { SavedSearches } from "../components/saved_searches.js";
import { SearchBox } from "../components/search_box.js";
import { SourceChoice } from "../components/source_choice.js";
import { SelectionBar } from "../components/selection_bar.js";
import { WayChoice, useMeaning } from "../components/way_choice.js";
import { t, tn } from "../texts.js";

/** @typedef {import("../moments.js").Moment} Moment */

export const STYLES = [new URL("library.css", import.meta.url).pathname];

const TEXT = 106; // pixels of a card under its thumbnail, as in library.css

/** @type {Record<string, string>} */
const SORTS = {
  relevance: t("Best match"),
  newest: t("Newest"),
  oldest: t("Oldest"),
  longest: t("Longest"),
  shortest: t("Shortest"),
  largest: t("Largest file"),
  smallest: t("Smallest file"),
  name: t("Name"),
};

/** @param {{query: URLSearchParams}} props */
export function Page({ query }) {
  const search = String(searchOf(query));
  const [version, setVersion] = useState(0);
  const results = useMemo(() => resultsOf(query), [search, version]);
  const ready = results.changed.value > 0;
  const asked = ready ? `${version} ${search}` : null;
  const first = useFacets(asked, query, FIRST);
  const [filtering, setFiltering] = useState(false);
  const meaning = useMeaning();
  useScrollOf(results, query.has("open"));

  const reload = () => {
    forgetResults();
    setVersion(version + 1);
  };
  return html`<div class="library">
    <aside class="library-facets" aria-label=${t("Filters")}><${Facets} query=${query} asked=${asked} first=${first} /></aside>
    <div class="library-main">
      <h1 class="visually-hidden">${t("Library")}</h1>
      <div class="library-tools">
        <${SearchBox} query=${query} error=${isMistake(results.error.value) ? wordsOf(results.error.value) : ""} />
        ${meaning && html`<${WayChoice} query=${query} />`}
        <button class="button library-filter" onClick=${() => setFiltering(true)}><${Icon} name="filter" size=${18} />${t("Filters")}</button>
        <${SourceChoice} query=${query} />
        <${SortChoice} query=${query} />
        <${SavedSearches} query=${query} />
      </div>
      <${Chosen} query=${query} />
      <${ResultGrid} results=${results} query=${query} totals=${first.value} reload=${reload} meaning=${meaning} />
    </div>
    ${filtering &&
    html`<${Dialog} title=${t("Filters")} onClose=${() => setFiltering(false)}>
      <div class="dialog-body"><${Facets} query=${query} asked=${asked} first=${first} /></div>
    <//>`}
  </div>`;
}

/** Whether a search cannot be read: the search box shows such an error. @param {unknown} error */
const isMistake = (error) => error instanceof Problem && (error.status === 400 || error.status === 422);

/** Scroll to where the list was before, so that "back" shows the same part. @param {import("../results.js").Results} results @param {boolean} open */
function useScrollOf(results, open) {
  useLayoutEffect(() => {
    scrollTo(0, results.scrolled);
    const note = () => {
      if (address.peek().path === "/") results.scrolled = scrollY;
    };
    addEventListener("scroll", note, { passive: true });
    return () => removeEventListener("scroll", note);
  }, [results]);
  useEffect(() => {
    document.body.classList.toggle("behind-dialog", open);
    return () => document.body.classList.remove("behind-dialog");
  }, [open]);
}

/** @param {{query: URLSearchParams}} props */
function SortChoice({ query }) {
  const now = query.get("sort") ?? (query.get("q") || query.get("like") ? "relevance" : "newest");
  /** @param {any} event */
  const onChange = (event) => change({ sort: event.currentTarget.value, open: null, t: null });
  return html`<select class="library-sort" aria-label=${t("Sort by")} value=${now} onChange=${onChange}>
    ${Object.entries(SORTS).map(([name, label]) => html`<option value=${name} selected=${name === now}>${label}</option>`)}
  </select>`;
}

/**
 * @param {{results: import("../results.js").Results, query: URLSearchParams, reload: () => void,
 *   totals: import("../components/facets.js").FacetCounts | undefined, meaning: boolean}} props
 */
function ResultGrid({ results, query, totals, reload, meaning }) {
  const turn = results.changed.value;
  const complete = results.complete.value;
  const error = results.error.value;
  const items = results.items;
  const open = query.get("open");
  const opened = open ? items.findIndex((moment) => momentId(moment) === open) : -1;
  const [current, setCurrent] = useState(0);
  const grid = useRef(/** @type {HTMLElement | null} */ (null));
  const onMore = useCallback(() => void results.more(), [results]);
  useLayoutEffect(() => setCurrent(0), [results]);

  /** @param {number} place */
  const show = (place) => {
    setCurrent(place);
    change({ open: momentId(items[place]), t: null }, { replace: open !== null });
  };
  const handlers = useHandlers(results, show);
  /** @param {number} step */
  const onStep = (step) => {
    const next = opened + step;
    if (opened < 0 || next < 0 || next >= items.length) return false;
    if (next > items.length - 10) results.more();
    show(next);
    return true;
  };
  useGridKeys(results, grid);
  const scrubbed = useScrub(results, grid);
  useLikelyMoment(results, grid);
  const base = `/?${results.search}${results.search.size ? "&" : ""}`;
  const selecting = selected.value.size > 0;
  /** @type {import("../components/grid.js").GridProps["card"]} */
  const card = (place, look) => {
    const moment = items[place];
    const id = momentId(moment);
    return html`<${Card}
      moment=${moment}
      href=${`${base}open=${encodeURIComponent(id)}`}
      place=${place}
      selected=${selected.value.has(id)}
      meaning=${meaning}
      scrubbed=${scrubbed?.place === place ? scrubbed : null}
      ...${handlers}
      ...${look}
    />`;
  };
  return html`<div ref=${grid} data-turn=${turn} class=${selecting ? "selecting" : ""}>
    <div class="library-line">
      <p class="library-count quiet" aria-live="polite">${totalWords(results, complete, totals)}</p>
      ${items.length > 0 && !isByMeaning(results.search) && html`<${Ways} search=${results.search} />`}
    </div>
    ${results.notes.map((note) => html`<p class="library-note quiet small" role="status" key=${note}><${Icon} name="info" size=${16} /> ${note}</p>`)}
    <${Grid}
      total=${items.length}
      complete=${complete}
      onMore=${onMore}
      card=${card}
      idOf=${(/** @type {number} */ place) => momentId(items[place])}
      current=${Math.min(current, Math.max(0, items.length - 1))}
      onCurrent=${setCurrent}
      text=${TEXT}
      label=${t("Moments")}
    />
    ${!items.length && !error && !complete && html`<${Waiting} />`}
    ${items.length > 0 && !complete && !error && html`<div class="library-more"><div class="spinner"></div></div>`}
    ${error && !(isMistake(error) && !items.length) &&
    html`<div class="problem-box library-error" role="alert">
      ${wordsOf(error)} <button class="button-link" onClick=${onMore}>${t("Try again")}</button>
    </div>`}
    ${complete && !items.length && html`<${Nothing} query=${query} />`}
    <${SelectionBar}
      items=${items}
      complete=${complete}
      onLabelled=${(/** @type {any} */ labelled) => relabel(results, labelled)}
      onRemoved=${reload}
    />
    ${open && html`<${Preview} id=${open} moment=${items[opened]} query=${query} onStep=${onStep} meaning=${meaning} />`}
  </div>`;
}

/** Links to other pages for all results. @param {{search: URLSearchParams}} props */
function Ways({ search }) {
  const after = search.size ? `?${search}` : "";
  return html`<nav class="library-ways" aria-label=${t("All results")}>
    ${may("label") && html`<a href=${`/triage${after}`}>${t("Triage")}</a>`}
    ${may("process") && html`<a href=${`/datasets${after}`}>${t("Make a dataset")}</a>`}
    <a href=${`/stats${after}`}>${t("Stats")}</a>
  </nav>`;
}

/**
 * The handlers of clicks on cards. The functions stay the same, so that cards are not drawn again.
 * @param {import("../results.js").Results} results
 * @param {(place: number) => void} show
 */
function useHandlers(results, show) {
  const latest = useRef(show);
  latest.current = show;
  return useMemo(() => {
    /** @param {number} place @param {MouseEvent} event */
    const onSelect = (place, event) => {
      if (event.shiftKey) selectTo(results.items, place);
      else toggle(results.items[place]);
    };
    /** @param {number} place @param {MouseEvent} event */
    const onOpen = (place, event) => {
      if (event.ctrlKey || event.metaKey || event.button) return; // another tab
      event.preventDefault();
      // While something is selected, a click selects too. Enter, which is a click without the pointer, opens.
      if (event.shiftKey || (selected.peek().size && event.detail)) onSelect(place, event);
      else latest.current(place);
    };
    return { onSelect, onOpen };
  }, [results]);
}

/**
 * The image of the contact sheet for the pointer on a card: from left to right, from the moment's first second to its
 * last.
 * @param {import("../results.js").Results} results
 * @param {{current: HTMLElement | null}} grid
 */
function useScrub(results, grid) {
  const [scrubbed, setScrubbed] = useState(
    /** @type {(import("../components/card.js").Scrubbed & {place: number}) | null} */ (null),
  );
  useLayoutEffect(() => {
    const area = /** @type {HTMLElement} */ (grid.current);
    let at = -1;
    const onLeave = () => {
      at = -1;
      setScrubbed(null);
    };
    /** @param {PointerEvent} event */
    const onMove = async (event) => {
      const card = event.target instanceof Element && event.pointerType === "mouse" ? event.target.closest(".card") : null;
      const place = Number(card?.querySelector("[data-place]")?.getAttribute("data-place") ?? -1);
      const moment = results.items[place];
      if (!card || !moment) return at < 0 || onLeave();
      at = place;
      const box = card.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      const cue = cueAt(await sheetOf(moment.key), moment.start_time + part * (moment.end_time - moment.start_time));
      if (at === place && cue) setScrubbed({ place, cue, part });
    };
    area.addEventListener("pointermove", onMove);
    area.addEventListener("pointerleave", onLeave);
    return () => {
      area.removeEventListener("pointermove", onMove);
      area.removeEventListener("pointerleave", onLeave);
    };
  }, [results]);
  return scrubbed;
}

/**
 * @param {import("../results.js").Results} results
 * @param {{current: HTMLElement | null}} grid
 */
function useGridKeys(results, grid) {
  /** The card that has the focus. */
  const focused = () => {
    const place = document.activeElement?.closest("li")?.querySelector("[data-place]")?.getAttribute("data-place");
    return grid.current?.contains(document.activeElement) && place ? Number(place) : -1;
  };
  /** @param {(place: number) => void} run */
  const onCard = (run) => () => (focused() >= 0 ? run(focused()) : false);
  const toFirst = () => {
    const link = grid.current?.querySelector("[data-place]");
    return link instanceof HTMLElement ? link.focus() : false;
  };
  useKeys(t("Library"), [
    { keys: "/", does: t("search"), run: () => document.getElementById("search")?.focus() },
    {
      keys: "ArrowDown",
      does: t("from the search to the first result"),
      anywhere: true,
      run: () => (document.activeElement?.id === "search" ? toFirst() : false),
    },
    { keys: "ArrowLeft ArrowRight ArrowUp ArrowDown", does: t("from card to card"), run: () => false },
    { keys: "Enter", does: t("play the moment"), run: () => false },
    { keys: "x", does: t("select or deselect the moment"), run: onCard((place) => toggle(results.items[place])) },
    { keys: "shift+x", does: t("select all up to it"), run: onCard((place) => selectTo(results.items, place)) },
  ]);
}

/**
 * Show new labels on the cards.
 * @param {import("../results.js").Results} results
 * @param {import("../components/label_dialog.js").Labelled[]} labelled
 */
function relabel(results, labelled) {
  const fresh = new Map(labelled.map((one) => [one.key, { classification: one.class, tags: one.tags }]));
  /** @param {Moment} moment @returns {Moment} */
  const relabelled = (moment) => ({ ...moment, ...fresh.get(moment.key) });
  results.items = results.items.map((moment) => (fresh.has(moment.key) ? relabelled(moment) : moment));
  selected.value = new Map([...selected.value].map(([id, moment]) => [id, relabelled(moment)]));
  results.changed.value += 1;
}

/**
 * The number of results in words. The server counts results by words; results by meaning are counted as they load.
 * @param {import("../results.js").Results} results
 * @param {boolean} complete
 * @param {import("../components/facets.js").FacetCounts | undefined} totals
 */
function totalWords(results, complete, totals) {
  const loaded = results.items.length;
  if (!loaded) return "";
  if (isByMeaning(results.search) || results.items.some(({ why }) => why?.length && !why.includes("words"))) {
    const videos = new Set(results.items.map(({ key }) => key)).size;
    return complete ? inVideos(tn("{n} moment", "{n} moments", loaded), videos) : t("{n}+ moments", { n: loaded });
  }
  const moments = complete ? loaded : totals?.moments;
  const words = typeof moments === "number" ? tn("{n} moment", "{n} moments", moments) : t("{n}+ moments", { n: loaded });
  return typeof totals?.videos === "number" ? inVideos(words, totals.videos) : words;
}

/** @param {string} moments @param {number} videos */
const inVideos = (moments, videos) => t("{moments} in {videos}", { moments, videos: tn("{n} video", "{n} videos", videos) });

function Waiting() {
  return html`<div class="grid-waiting" aria-busy="true" aria-label=${t("Searching")}>
    ${Array.from({ length: 12 }, () => html`<div class="skeleton"></div>`)}
  </div>`;
}

/** @param {{query: URLSearchParams}} props */
function Nothing({ query }) {
  const narrowed = [...searchOf(query).keys()].some((name) => name !== "sort");
  return html`<div class="notice">
    <${Icon} name=${narrowed ? "search" : "film"} size=${40} />
    <h2>${narrowed ? t("No moment matches") : t("The library is empty")}</h2>
    <p>
      ${narrowed
        ? isByMeaning(query)
          ? t("Nothing in the library is similar. Use other words, or remove a filter.")
          : t("Try fewer words, the beginning of a word with * at its end, or remove a filter.")
        : t("Add videos on the Jobs page, or with `vidkit process` in a terminal.")}
    </p>
    <p>
      ${narrowed ? html`<a class="button" href="/">${t("Show everything")}</a>` : html`<a class="button button-main" href="/jobs">${t("Add videos")}</a>`}
    </p>
  </div>`;
}
