// Stats: the library, or a search, in numbers. Each bar is a link to the search that it counts.

import { html, useId, useState } from "../ui.js";
import { get, useLoad, wordsOf } from "../api.js";
import { change, withParameters } from "../router.js";
import { bytes, count, lasting, sum } from "../format.js";
import { searchOf } from "../addresses.js";
import { readerName } from "../readings.js";
import { ColumnPlot } from "../components/column_plot.js";
import { Chosen } from "../components/facets.js";
import { KeptField } from "../components/kept_field.js";
import { served, t } from "../texts.js";

export const STYLES = [
  new URL("stats.css", import.meta.url).pathname,
  new URL("../vendor/uplot/uplot.css", import.meta.url).pathname,
];

/**
 * @typedef {object} Stats
 * @property {number} videos
 * @property {number} seconds
 * @property {number} bytes
 * @property {number} described
 * @property {Record<string, number>} classes
 * @property {Record<string, number>} tags
 * @property {Record<string, number>} resolutions
 * @property {Record<string, number>} codecs
 * @property {Record<string, number>} durations
 * @property {Record<string, {videos: number, failed: Record<string, number>}>} readings
 * @property {Record<string, number>} failures
 * @property {Record<string, number | null>} model
 * @property {string} [by]
 * @property {{value: string | null, videos: number, clips: number, seconds: number}[]} [values]
 *
 * @typedef {Record<string, string | string[] | null>} Changes of the address
 * @typedef {{name: string, label?: string, count: number, changes: Changes | null, more?: string[]}} Bar
 */

const SHORT = 12; // bars before "Show more"

/** @param {{query: URLSearchParams}} props */
export function Page({ query }) {
  const search = searchOf(query);
  search.delete("sort");
  const by = query.get("by") ?? "";
  const asked = new URLSearchParams(search);
  if (by) asked.set("by", by);
  const { value, error, loading, again } = useLoad(String(asked), (abort) => get("/stats", asked, abort));
  return html`<div class="page stats" aria-busy=${loading}>
    <div class="page-head">
      <h1>${t("Stats")}</h1>
      <a class="button button-small" href=${withParameters({ path: "/", query: search }, {})}>${t("Show the moments")}</a>
    </div>
    <${Search} query=${query} />
    <${Chosen} query=${query} />
    ${error &&
    html`<p class="problem-box" role="alert">${wordsOf(error)} <button class="button-link" onClick=${again}>${t("Try again")}</button></p>`}
    ${!value && !error && html`<div class="page-loading"></div>`}
    ${value && html`<${Numbers} stats=${value} /><${Charts} stats=${value} query=${search} by=${by} />`}
  </div>`;
}

/** @param {{query: URLSearchParams}} props */
function Search({ query }) {
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault();
    change({ q: String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("q")).trim() });
  };
  const q = query.get("q") ?? "";
  return html`<form class="row stats-search" role="search" onSubmit=${onSubmit}>
    <${KeptField} name="q" type="search" aria-label=${t("Search")} placeholder=${t("Only videos with these words")} value=${q} />
    <button class="button">${t("Count::verb")}</button>
  </form>`;
}

/** The sums. @param {{stats: Stats}} props */
function Numbers({ stats }) {
  const { videos, seconds, described } = stats;
  const failed = sum(stats.failures);
  const numbers = [
    [count(videos), videos === 1 ? t("video") : t("videos")],
    [lasting(seconds), t("of video")],
    [bytes(stats.bytes), t("of files")],
    [count(described), t("described")],
    ...(failed ? [[count(failed), t("failed")]] : []),
  ];
  return html`<dl class="stats-numbers">
    ${numbers.map(([number, words]) => html`<div class="panel" key=${words}><dt>${words}</dt><dd class="number">${number}</dd></div>`)}
  </dl>`;
}

/**
 * @param {Record<string, number>} counts
 * @param {(name: string) => Changes | null} changes of the address for the search of a bar
 * @returns {Bar[]}
 */
const barsOf = (counts, changes) =>
  Object.entries(counts).map(([name, videos]) => ({ name, count: videos, changes: name ? changes(name) : null }));

/** @param {{stats: Stats, query: URLSearchParams, by: string}} props */
function Charts({ stats, query, by }) {
  const cost = costOf(stats.model);
  return html`<div class="stats-charts">
    <${Chart} title=${t("Classes")} query=${query} bars=${barsOf(stats.classes, (name) => ({ class: name }))} />
    <${Chart} title=${t("Tags")} query=${query} bars=${barsOf(stats.tags, (name) => ({ tag: [...query.getAll("tag"), name] }))} />
    <${Chart} title=${t("Lengths")} query=${query} bars=${lengthBars(stats.durations)} plot=${lengthPlot(stats.durations)} />
    <${Chart} title=${t("Resolutions")} query=${query} bars=${barsOf(stats.resolutions, (name) => ({ resolution: name }))} />
    <${Chart} title=${t("Codecs")} query=${query} bars=${barsOf(stats.codecs, (name) => ({ codec: name }))} />
    ${Object.keys(stats.readings).length > 0 &&
    html`<${Chart} title=${t("Readings")} of=${t("Reader")} query=${query} bars=${readingBars(stats.readings)} />`}
    <${ByKey} stats=${stats} query=${query} by=${by} />
    ${sum(stats.failures) > 0 &&
    html`<${Chart} title=${t("Failures")} of=${t("Reason")} query=${query} bars=${barsOf(stats.failures, () => null)} bad />`}
    ${cost.length > 0 &&
    html`<section class="panel">
      <div class="panel-head"><h2>${t("Model")}</h2></div>
      <dl class="facts panel-body">${cost.map(([words, number]) => html`<dt>${words}</dt><dd class="number">${number}</dd>`)}</dl>
    </section>`}
  </div>`;
}

/** The bounds of a range such as "30 s - 1 min", "under 10 s", "1 h and more". @param {string} range @returns {Changes} */
function boundsOf(range) {
  const [from, to] = range.startsWith("under ")
    ? ["", range.slice("under ".length)]
    : range.replace(" and more", " - ").split(" - ");
  const plain = (/** @type {string} */ text) => text.replaceAll(" ", "");
  return { min_duration: plain(from), max_duration: plain(to ?? "") };
}

/** @param {Record<string, number>} durations @returns {Bar[]} */
const lengthBars = (durations) => barsOf(durations, boundsOf).map((bar) => ({ ...bar, label: served(bar.name) }));

/** How many videos each reader has read, and how many it could not read, by the reason. @param {Stats["readings"]} readings @returns {Bar[]} */
const readingBars = (readings) =>
  Object.entries(readings).flatMap(([name, { videos, failed }]) => [
    { name: readerName(name), count: videos, changes: { where: `readings.${name}.error=null` } },
    ...Object.entries(failed).map(([reason, failures]) => ({ name: `${readerName(name)}: ${reason}`, count: failures, changes: null })),
  ]);

/** The lengths as columns, with short names such as "10–30 s". @param {Record<string, number>} durations */
function lengthPlot(durations) {
  const names = Object.keys(durations).map((range) => served(range).replace(/^(\d+)( \w+) - (\d+\2)$/, "$1–$3").replace(" - ", "–"));
  return names.length > 1 && html`<${ColumnPlot} names=${names} counts=${Object.values(durations)} />`;
}

/** @type {Record<string, [string, (value: number) => string]>} */
const COSTS = {
  requests: [t("requests"), count],
  cached: [t("answers from the cache"), count],
  tokens_in: [t("tokens read"), count],
  tokens_out: [t("tokens written"), count],
  seconds: [t("time of the model"), lasting],
};

/** The cost of the model, in words. @param {Stats["model"]} model */
const costOf = (model) =>
  Object.entries(COSTS)
    .filter(([name]) => model?.[name])
    .map(([name, [words, shown]]) => [words, shown(Number(model[name]))]);

/**
 * Bars with their counts, as a table for screen readers too.
 * @param {{title: string, bars: Bar[], query: URLSearchParams, of?: string, more?: string[], bad?: boolean, plot?: any, children?: any}} props
 *   plot: drawn above the bars
 */
function Chart({ title, bars, query, of = t("Value"), more = [], bad = false, plot, children }) {
  const [all, setAll] = useState(false);
  const id = useId();
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const shown = all ? bars : bars.slice(0, SHORT);
  const hidden = bars.length - shown.length;
  return html`<section class="panel" aria-labelledby=${id}>
    <div class="panel-head"><h2 id=${id}>${title}</h2>${children}</div>
    ${plot}
    ${bars.length
      ? html`<table class=${`stats-bars ${bad ? "stats-bad" : ""} ${plot ? "stats-plotted" : ""}`} aria-labelledby=${id}>
          <thead class=${more.length ? "" : "visually-hidden"}>
            <tr><th scope="col">${of}</th><th scope="col" class="number">${t("Videos")}</th>${more.map((name) => html`<th scope="col" class="number">${name}</th>`)}</tr>
          </thead>
          <tbody>
            ${shown.map(
              (bar) => html`<tr key=${bar.name}>
                <th scope="row">
                  <${Name} bar=${bar} query=${query} />
                  <div class="stats-bar" aria-hidden="true"><div style=${{ width: `${(100 * bar.count) / most}%` }}></div></div>
                </th>
                <td class="number">${count(bar.count)}</td>
                ${bar.more?.map((text) => html`<td class="number">${text}</td>`)}
              </tr>`,
            )}
          </tbody>
        </table>`
      : html`<p class="quiet panel-body">${t("Nothing to count.")}</p>`}
    ${(hidden > 0 || all) &&
    html`<p class="stats-more">
      <button class="button-link small" aria-expanded=${all} onClick=${() => setAll(!all)}>
        ${all ? t("Show fewer") : t("Show {n} more", { n: hidden })}
      </button>
    </p>`}
  </section>`;
}

/** @param {{bar: Bar, query: URLSearchParams}} props */
function Name({ bar, query }) {
  const text = bar.label ?? (bar.name || t("(none)"));
  if (!bar.changes) return html`<span class="stats-name" title=${text}>${text}</span>`;
  const href = withParameters({ path: "/", query }, bar.changes);
  return html`<a class="stats-name" href=${href} title=${t("Show the moments: {name}", { name: text })}>${text}</a>`;
}

/** Videos by any key: a column of the CSV, a key of the record. @param {{stats: Stats, query: URLSearchParams, by: string}} props */
function ByKey({ stats, query, by }) {
  const bars = (stats.values ?? []).map(({ value, videos, clips, seconds }) => ({
    name: value ?? "",
    count: videos,
    changes: value ? changesOf(by, value, query) : null,
    more: [count(clips), lasting(seconds)],
  }));
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault();
    change({ by: String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("by")).trim() });
  };
  const form = html`<form class="row" onSubmit=${onSubmit}>
    <${KeptField} class="stats-by" name="by" aria-label=${t("Count by")} placeholder=${t("class, a CSV column, audio.codec")} value=${by} />
    <button class="button">${t("Count::verb")}</button>
  </form>`;
  return html`<${Chart}
    title=${by ? t("By {key}", { key: by }) : t("By any key")}
    query=${query}
    bars=${bars}
    more=${bars.length ? [t("Clips"), t("Length")] : []}
  >${form}<//>`;
}

/**
 * The search for one value of a key.
 * @param {string} by
 * @param {string} value
 * @param {URLSearchParams} query
 * @returns {Changes | null}
 */
function changesOf(by, value, query) {
  if (by === "class") return { class: value };
  if (by === "tag") return { tag: [...query.getAll("tag"), value] };
  if (by === "ai_tag" || by === "folder") return null;
  return { where: [...query.getAll("where"), `${by.replace(/^column:/, "")}=${value}`] };
}
