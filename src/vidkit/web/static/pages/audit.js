// The audit log: who changed what, the newest change first.

import { html, useEffect, useState } from "../ui.js";
import { get, isAbort, wordsOf } from "../api.js";
import { dateTime } from "../format.js";
import { t } from "../texts.js";

/** @typedef {{id: number, at: string, who: string, action: string, what: string, address: string}} Line */

export function Page() {
  const [lines, setLines] = useState(/** @type {Line[] | null} */ (null));
  const [cursor, setCursor] = useState(/** @type {string | null} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  /** @param {AbortSignal} [abort] */
  const more = async (abort) => {
    setBusy(true);
    setError("");
    try {
      const page = await get("/audit", { limit: 100, cursor }, abort);
      setLines((before) => [...(before ?? []), ...page.items]);
      setCursor(page.next);
    } catch (problem) {
      if (!isAbort(problem)) setError(wordsOf(problem));
    }
    setBusy(false);
  };
  useEffect(() => {
    const abort = new AbortController();
    more(abort.signal);
    return () => abort.abort();
  }, []);
  return html`<div class="page stack">
    <div class="page-head"><h1>${t("Audit log")}</h1></div>
    ${error && html`<p class="problem-box" role="alert">${error}</p>`}
    ${lines?.length === 0 && html`<p class="quiet">${t("Nothing has been changed through this server yet.")}</p>`}
    ${lines &&
    lines.length > 0 &&
    html`<div class="panel table-scroll" role="region" aria-label=${t("Changes")} tabindex="0">
      <table class="table">
        <thead>
          <tr>${[t("When"), t("Who"), t("What"), "", t("From::address")].map((head) => html`<th scope="col">${head}</th>`)}</tr>
        </thead>
        <tbody>
          ${lines.map(
            (line) => html`<tr key=${line.id}>
              <td class="no-wrap">${dateTime(line.at)}</td>
              <td>${line.who}</td>
              <td class="no-wrap">${line.action}</td>
              <td class="break">${line.what}</td>
              <td class="quiet no-wrap">${line.address}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`}
    ${lines && cursor && html`<p><button class="button" disabled=${busy} onClick=${() => more()}>${t("Show older changes")}</button></p>`}
    ${!lines && !error && html`<div class="skeleton page-skeleton"></div>`}
  </div>`;
}
