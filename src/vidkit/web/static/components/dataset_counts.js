// The counts of a dataset: its labels in each split, as numbers and bars, and warnings.

import { html } from "../ui.js";
import { count, listed, sum } from "../format.js";
import { parts, served, t, tn } from "../texts.js";

/**
 * @typedef {object} Counts
 * @property {number} items
 * @property {number} videos
 * @property {Record<string, Record<string, number>>} counts split -> label -> items
 * @property {number} unlabelled
 * @property {Record<string, number>} missing reason -> items
 * @property {Record<string, number>} without_file reason -> items
 * @property {Record<string, number>} scarce label -> videos
 * @property {number} at_odds
 * @property {string | null} command
 * @property {boolean} exists
 */

const MOST = 200; // labels in the table

/** @param {{counts: Counts}} props */
export function DatasetCounts({ counts }) {
  const splits = Object.keys(counts.counts);
  /** @type {Map<string, number>} */
  const labels = new Map();
  for (const split of Object.values(counts.counts))
    for (const [label, items] of Object.entries(split)) labels.set(label, (labels.get(label) ?? 0) + items);
  const rows = [...labels].filter(([, items]) => items).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  const most = Math.max(1, ...rows.map(([, items]) => items));
  return html`
    <p data-test="totals" class="number">
      ${parts("{items} of {videos}, {labels}", {
        items: html`<strong>${tn("{n} item", "{n} items", counts.items)}</strong>`,
        videos: tn("{n} video", "{n} videos", counts.videos),
        labels: tn("{n} label", "{n} labels", rows.filter(([label]) => label).length),
      })}
    </p>
    <${Warnings} counts=${counts} />
    <div class="table-scroll" tabindex="0" role="region" aria-label=${t("Items for each label and split")}>
      <table class="table dataset-counts">
        <thead>
          <tr>
            <th>${t("Label")}</th>
            ${splits.map((split) => html`<th class="number">${split}</th>`)}
            <th class="number">${t("All")}</th>
            <th class="dataset-bars"><span class="visually-hidden">${t("Share")}</span></th>
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MOST).map(
            ([label, items]) => html`<tr key=${label}>
              <td class="dataset-label">${label || html`<span class="quiet">${t("no label")}</span>`}</td>
              ${splits.map((split) => html`<td class="number">${count(counts.counts[split][label] ?? 0)}</td>`)}
              <td class="number">${count(items)}</td>
              <td class="dataset-bars">
                <div class="dataset-bar" aria-hidden="true" style=${{ width: `${(100 * items) / most}%` }}>
                  ${splits.map((split, place) => {
                    const own = counts.counts[split][label] ?? 0;
                    return own ? html`<span class=${`dataset-split-${place % 3}`} style=${{ flexGrow: own }}></span>` : null;
                  })}
                </div>
              </td>
            </tr>`,
          )}
        </tbody>
        <tfoot>
          <tr>
            <th>${t("All")}</th>
            ${splits.map((split) => html`<td class="number">${count(sum(counts.counts[split]))}</td>`)}
            <td class="number">${count(counts.items)}</td>
            <td class="dataset-bars dataset-legend">
              ${splits.map((split, place) => html`<span><i class=${`dataset-split-${place % 3}`}></i>${split}</span>`)}
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
    ${rows.length > MOST ? html`<p class="quiet small">${t("and {n} more labels", { n: rows.length - MOST })}</p>` : null}
  `;
}

/** The first labels that are not in every split. @param {[string, number][]} scarce */
function scarceLabels(scarce) {
  const shown = scarce.slice(0, 10).map(([label, videos]) => `${label} (${tn("{n} video", "{n} videos", videos)})`);
  return listed(scarce.length > 10 ? [...shown, t("and {n} more", { n: scarce.length - 10 })] : shown);
}

/** @param {{counts: Counts}} props */
function Warnings({ counts }) {
  const scarce = Object.entries(counts.scarce);
  const lines = [
    ...Object.entries(counts.missing).map(([reason, items]) => t("left out: {n} {reason}", { n: items, reason: served(reason) })),
    ...Object.entries(counts.without_file).map(([reason, items]) => t("listed without a file: {n} {reason}", { n: items, reason: served(reason) })),
    counts.unlabelled ? t("{n} without a label", { n: counts.unlabelled }) : "",
    scarce.length
      ? t("not in every split: {labels}", { labels: scarceLabels(scarce) })
      : "",
    counts.at_odds ? tn("{n} video with different labels in different records", "{n} videos with different labels in different records", counts.at_odds) : "",
  ].filter(Boolean);
  if (!lines.length) return null;
  return html`<ul class="dataset-warnings">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}
