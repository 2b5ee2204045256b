// The source of texts for a search: all, the descriptions, or one reader.

import { html } from "../ui.js";
import { get, useLoad } from "../api.js";
import { change } from "../router.js";
import { readerName } from "../readings.js";
import { t } from "../texts.js";

/** @param {{query: URLSearchParams}} props */
export function SourceChoice({ query }) {
  const { value } = useLoad("sources", (abort) => get("/sources", {}, abort));
  const now = query.getAll("in").join(",");
  const names = (value?.items ?? []).map((/** @type {{name: string}} */ { name }) => name);
  if (names.length < 2 && !now) return null; // there are no readings, so there is nothing to choose
  const other = now && !names.includes(now) ? [now] : [];
  /** @param {any} event */
  const onChange = (event) => change({ in: event.currentTarget.value || null, open: null, t: null });
  return html`<select class="library-sort" aria-label=${t("Look for the words in")} onChange=${onChange}>
    <option value="" selected=${!now}>${t("Everywhere")}</option>
    ${[...names, ...other].map(
      (name) => html`<option key=${name} value=${name} selected=${name === now}>${name.split(",").map(readerName).join(", ")}</option>`,
    )}
  </select>`;
}
