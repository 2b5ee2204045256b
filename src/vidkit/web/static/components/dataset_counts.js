// What a dataset would hold: its labels in each split, as numbers and bars, and what is wrong with it.

import { html } from "../ui.js";
import { count, counted } from "../format.js";

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
      <strong>${counted(counts.items, "item")}</strong> of ${counted(counts.videos, "video")},
      ${" "}${counted(rows.filter(([label]) => label).length, "label")}
    </p>
    <${Warnings} counts=${counts} />
    <div class="table-scroll" tabindex="0" role="region" aria-label="Items for each label and split">
      <table class="table dataset-counts">
        <thead>
          <tr>
            <th>Label</th>
            ${splits.map((split) => html`<th class="number">${split}</th>`)}
            <th class="number">All</th>
            <th class="dataset-bars"><span class="visually-hidden">Share</span></th>
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MOST).map(
            ([label, items]) => html`<tr key=${label}>
              <td class="dataset-label">${label || html`<span class="quiet">no label</span>`}</td>
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
            <th>All</th>
            ${splits.map((split) => html`<td class="number">${count(sum(counts.counts[split]))}</td>`)}
            <td class="number">${count(counts.items)}</td>
            <td class="dataset-bars dataset-legend">
              ${splits.map((split, place) => html`<span><i class=${`dataset-split-${place % 3}`}></i>${split}</span>`)}
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
    ${rows.length > MOST ? html`<p class="quiet small">and ${count(rows.length - MOST)} more labels</p>` : null}
  `;
}

/** @param {Record<string, number>} values */
const sum = (values) => Object.values(values).reduce((all, one) => all + one, 0);

/** @param {{counts: Counts}} props */
function Warnings({ counts }) {
  const scarce = Object.entries(counts.scarce);
  const lines = [
    ...Object.entries(counts.missing).map(([reason, items]) => `left out: ${count(items)} ${reason}`),
    ...Object.entries(counts.without_file).map(([reason, items]) => `listed without a file: ${count(items)} ${reason}`),
    counts.unlabelled ? `${count(counts.unlabelled)} without a label` : "",
    scarce.length
      ? `not in every split: ${scarce.slice(0, 10).map(([label, videos]) => `${label} (${counted(videos, "video")})`).join(", ")}${scarce.length > 10 ? ` and ${count(scarce.length - 10)} more` : ""}`
      : "",
    counts.at_odds ? `${counted(counts.at_odds, "video")} with different labels in different records` : "",
  ].filter(Boolean);
  if (!lines.length) return null;
  return html`<ul class="dataset-warnings">${lines.map((line) => html`<li>${line}</li>`)}</ul>`;
}
