// The audit log: who changed what, the newest change first.

import { html } from "../ui.js";
import { get, wordsOf } from "../api.js";
import { dateTime } from "../format.js";
import { useGrowingList } from "../growing_list.js";
import { t } from "../texts.js";

/** @typedef {{id: number, at: string, who: string, action: string, what: string, address: string}} Change */

export function Page() {
  /** @param {string | null} cursor @param {AbortSignal} abort @returns {Promise<{items: Change[], next: string | null}>} */
  const load = (cursor, abort) => get("/audit", { limit: 100, cursor }, abort);
  const list = useGrowingList("audit", load);
  const { items: changes, error } = list;
  return html`<div class="page stack">
    <div class="page-head"><h1>${t("Audit log")}</h1></div>
    ${error && html`<p class="problem-box" role="alert">${wordsOf(error)}</p>`}
    ${changes?.length === 0 && html`<p class="quiet">${t("Nothing has been changed through this server yet.")}</p>`}
    ${changes &&
    changes.length > 0 &&
    html`<div class="panel table-scroll" role="region" aria-label=${t("Changes")} tabindex="0">
      <table class="table">
        <thead>
          <tr>${[t("When"), t("Who"), t("What"), "", t("From::address")].map((head) => html`<th scope="col">${head}</th>`)}</tr>
        </thead>
        <tbody>
          ${changes.map(
            (change) => html`<tr key=${change.id}>
              <td class="no-wrap">${dateTime(change.at)}</td>
              <td>${change.who}</td>
              <td class="no-wrap">${change.action}</td>
              <td class="break">${change.what}</td>
              <td class="quiet no-wrap">${change.address}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`}
    ${list.hasMore && html`<p><button class="button" disabled=${list.loading} onClick=${list.more}>${t("Show older changes")}</button></p>`}
    ${!changes && !error && html`<div class="skeleton page-skeleton"></div>`}
  </div>`;
}
