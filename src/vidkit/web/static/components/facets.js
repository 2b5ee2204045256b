// Facets: the counts of a search by class, tag and so on. Each is loaded on its own, after the results.

import { html, useState } from "../ui.js";
import { get, useLoad, wordsOf } from "../api.js";
import { change } from "../router.js";
import { clock, count, shortCount } from "../format.js";
import { SEVERAL, searchOf } from "../addresses.js";
import { Icon } from "./icons.js";
import { KeptField } from "./kept_field.js";
import { served, t } from "../texts.js";

/**
 * @typedef {object} FacetValue
 * @property {string | Record<string, string>} value of the parameter, or of several
 * @property {string} label
 * @property {number} count
 * @property {boolean} chosen
 */

/** @typedef {{name: string, label: string, param: string, values: FacetValue[], more: boolean}} Facet */
/** @typedef {{videos: number | null, moments: number | null, partial: boolean, facets: Facet[]}} FacetCounts */

/** The facet that is always loaded, because its answer also counts all videos and moments. */
export const FIRST = "class";

/** The other facets that every library has. CSV columns come after them. */
const OWN = [
  { name: "tag", label: t("Tag") },
  { name: "length", label: t("Length") },
  { name: "resolution", label: t("Resolution") },
  { name: "codec", label: t("Codec") },
];
const NAMED = /** @type {Record<string, string>} */ ({ [FIRST]: t("Class"), ...Object.fromEntries(OWN.map(({ name, label }) => [name, label])) });
const SHORT = 7; // values before "Show more"

/**
 * All facets of a search.
 * @param {{query: URLSearchParams, asked: string | null, first: import("../api.js").Loaded<FacetCounts>}} props asked:
 *   the key for `useFacets`; first: the answer for `FIRST`
 */
export function Facets({ query, asked, first }) {
  const columns = useFacets(asked, query, "columns");
  return html`<div class="facets">
    <${FacetState} name=${FIRST} label=${t("Class")} loaded=${first} query=${query} />
    ${OWN.map(({ name, label }) => html`<${OneFacet} key=${name} name=${name} label=${label} asked=${asked} query=${query} />`)}
    ${columns.value?.facets.map(
      (facet) => html`<${FacetList} key=${facet.name} facet=${facet} query=${query} partial=${columns.value?.partial} />`,
    )}
    <${Range} query=${query} />
  </div>`;
}

/**
 * Count the values of one facet.
 * @param {string | null} key another key counts again; null counts nothing yet
 * @param {URLSearchParams} query
 * @param {string} facet
 * @returns {import("../api.js").Loaded<FacetCounts>}
 */
export function useFacets(key, query, facet) {
  return useLoad(key, (abort) => {
    const search = searchOf(query);
    search.delete("sort");
    search.set("facet", facet);
    return get("/facets", search, abort);
  });
}

/** @param {{name: string, label: string, asked: string | null, query: URLSearchParams}} props */
function OneFacet({ name, label, asked, query }) {
  const loaded = useFacets(asked, query, name);
  return html`<${FacetState} name=${name} label=${label} loaded=${loaded} query=${query} />`;
}

/** @param {{name: string, label: string, loaded: import("../api.js").Loaded<FacetCounts>, query: URLSearchParams}} props */
function FacetState({ name, label, loaded, query }) {
  const { value, error, loading, again } = loaded;
  const facet = value?.facets.find((one) => one.name === name);
  if (facet) return html`<${FacetList} facet=${facet} query=${query} partial=${value?.partial} stale=${loading} />`;
  let inside;
  if (error) inside = html`<p class="problem small">${wordsOf(error)} <button class="button-link" onClick=${again}>${t("Try again")}</button></p>`;
  else if (!value) inside = [70, 55, 62].map((width) => html`<div class="skeleton facet-skeleton" style=${{ width: `${width}%` }}></div>`);
  else inside = html`<p class="quiet small">${t("Not counted in time.")} <button class="button-link" onClick=${again}>${t("Try again")}</button></p>`;
  return html`<section class="facet"><h3>${label}</h3>${inside}</section>`;
}

/** @param {{facet: Facet, query: URLSearchParams, partial?: boolean, stale?: boolean}} props */
function FacetList({ facet, query, partial, stale }) {
  const [all, setAll] = useState(false);
  if (!facet.values.length) return null;
  const values = all ? facet.values : facet.values.filter((value, place) => place < SHORT || value.chosen);
  const hidden = facet.values.length - values.length;
  const label = NAMED[facet.name] ?? facet.label; // others are columns of the CSV
  return html`<section class=${`facet ${stale ? "facet-stale" : ""}`}>
    <h3 class="one-line" title=${label}>${label}</h3>
    <ul>
      ${values.map((value) => html`<li key=${value.label}><${FacetButton} facet=${facet} value=${value} query=${query} /></li>`)}
    </ul>
    ${(hidden > 0 || all) &&
    html`<button class="button-link small" onClick=${() => setAll(!all)}>${all ? t("Show fewer") : t("Show {n} more", { n: hidden })}</button>`}
    ${all && facet.more && html`<p class="quiet small">${t("There are more; search for them.")}</p>`}
    ${partial && html`<p class="quiet small">${t("The counts are not complete: there was too little time.")}</p>`}
  </section>`;
}

/** @param {{facet: Facet, value: FacetValue, query: URLSearchParams}} props */
function FacetButton({ facet, value, query }) {
  const chosen = isChosen(facet, value, query);
  const label = facet.name === "length" ? served(value.label) : value.label;
  return html`<button
    class="facet-value"
    aria-pressed=${chosen}
    title=${`${label}: ${count(value.count)}`}
    onClick=${() => change({ ...choose(facet, value, query, !chosen), open: null, t: null })}
  >
    <span class="facet-box">${chosen && html`<${Icon} name="check" size=${12} />`}</span>
    <span class="one-line grow">${label}</span>
    <span class="facet-count number">${shortCount(value.count)}</span>
  </button>`;
}

/** Whether two values are the same for the server, which ignores case. @param {string} one @param {string} other */
const same = (one, other) => one.toLowerCase() === other.toLowerCase();

/** @param {Facet} facet @param {FacetValue} value @param {URLSearchParams} query */
function isChosen(facet, value, query) {
  const name = value.value;
  if (typeof name === "string") return query.getAll(facet.param).some((one) => same(one, name));
  return ["min_duration", "max_duration"].every((bound) => (query.get(bound) ?? "") === (name[bound] ?? ""));
}

/**
 * The changes of the address that choose a value, or remove it.
 * @param {Facet} facet
 * @param {FacetValue} value
 * @param {URLSearchParams} query
 * @param {boolean} on
 * @returns {Record<string, string | string[] | null>}
 */
function choose(facet, value, query, on) {
  const name = value.value;
  if (typeof name !== "string") return { min_duration: null, max_duration: null, ...(on ? name : {}) };
  if (!SEVERAL.includes(facet.param)) return { [facet.param]: on ? name : null };
  const others = query.getAll(facet.param).filter((one) => !same(one, name));
  return { [facet.param]: on ? [...others, name] : others };
}

const RANGES = /** @type {const} */ ([
  { name: "min_duration", label: t("Longer than"), help: t("such as 90 or 1:30"), type: "text" },
  { name: "max_duration", label: t("Shorter than"), help: t("such as 10:00 or 1h"), type: "text" },
  { name: "after", label: t("Processed from"), help: "", type: "date" },
  { name: "before", label: t("Processed before"), help: "", type: "date" },
]);

/** Fields for bounds. @param {{query: URLSearchParams}} props */
function Range({ query }) {
  return html`<details class="facet" open=${RANGES.some(({ name }) => query.has(name))}>
    <summary>${t("Length and date")}</summary>
    ${RANGES.map(
      ({ name, label, help, type }) => html`<label class="field" key=${name}>
        <span>${label}</span>
        <${KeptField}
          type=${type}
          placeholder=${help}
          value=${query.get(name) ?? ""}
          onChange=${(/** @type {any} */ event) => change({ [name]: event.currentTarget.value.trim(), open: null, t: null })}
        />
      </label>`,
    )}
  </details>`;
}

/** A bound in words: a plain number is seconds. @param {string} value */
const inWords = (value) => (/^\d+$/.test(value) ? t("{n} s", { n: value }) : value);

/** The words for a filter. @type {Record<string, (value: string) => string>} */
const SAYS = {
  tag: (value) => value,
  class: (value) => value,
  codec: (value) => t("codec {value}", { value }),
  resolution: (value) => t("resolution {value}", { value }),
  min_duration: (value) => t("at least {time}", { time: inWords(value) }),
  max_duration: (value) => t("at most {time}", { time: inWords(value) }),
  after: (value) => t("from {date}", { date: value }),
  before: (value) => t("before {date}", { date: value }),
  where: (value) => value,
  like: (value) => t("like {what}", { what: value }),
};

/** The filters of the search, each with a button to remove it. @param {{query: URLSearchParams}} props */
export function Chosen({ query }) {
  const like = useLikeWords(query.get("like"));
  /** @param {string} name @param {string} value */
  const says = (name, value) => (name === "like" ? like : SAYS[name](value));
  const chosen = Object.keys(SAYS).flatMap((name) => query.getAll(name).map((value) => ({ name, value })));
  if (!chosen.length) return null;
  return html`<div class="row chosen" role="group" aria-label=${t("Filters")}>
    ${chosen.map(
      ({ name, value }) => html`<span class="chip chip-accent" key=${`${name}=${value}`}>
        <span class="one-line">${says(name, value)}</span>
        <button
          aria-label=${t("Remove the filter {filter}", { filter: says(name, value) })}
          onClick=${() => change({ [name]: query.getAll(name).filter((one) => one !== value), open: null, t: null })}
        >
          <${Icon} name="close" size=${14} />
        </button>
      </span>`,
    )}
    <button class="button-link small" onClick=${() => change(Object.fromEntries(Object.keys(SAYS).map((name) => [name, null])))}>
      ${t("Clear all")}
    </button>
  </div>`;
}

/** The words for a search for similar moments: the address has only the key of the video. @param {string | null} like */
function useLikeWords(like) {
  const [, key, second] = /^([0-9a-f]{20})(?:@([\d.]+))?$/.exec(like ?? "") ?? [];
  const { value } = useLoad(key ?? null, (abort) => get(`/videos/${key}`, {}, abort));
  if (!key) return t("like {what}", { what: String(like) });
  const what = value?.filename ?? t("a video");
  return second ? t("like {what} at {time}", { what, time: clock(Number(second)) }) : t("like {what}", { what });
}
