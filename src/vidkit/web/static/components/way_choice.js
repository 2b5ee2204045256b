// The way to search: by words and by meaning, or by one of them. It is shown if the library has vectors.

import { html } from "../ui.js";
import { get, useLoad } from "../api.js";
import { change } from "../router.js";
import { t } from "../texts.js";

const WAYS = /** @type {const} */ ([
  { way: "", label: t("Both"), title: t("By words and by meaning") },
  { way: "off", label: t("Words"), title: t("Only moments that have the words") },
  { way: "only", label: t("Meaning"), title: t("By what is meant, in any words") },
]);

/** Whether moments can be searched by meaning. It changes with the library, not with the search. */
export function useMeaning() {
  const { value } = useLoad("sources", (abort) => get("/sources", {}, abort));
  return Boolean(value?.meaning?.length);
}

/** @param {{query: URLSearchParams}} props */
export function WayChoice({ query }) {
  const now = query.get("meaning") ?? "";
  /** @param {string} way */
  const onChange = (way) => change({ meaning: way || null, open: null, t: null });
  return html`<fieldset class="ways">
    <legend class="visually-hidden">${t("Search by")}</legend>
    ${WAYS.map(
      ({ way, label, title }) => html`<label key=${way} class="way" title=${title}>
        <input type="radio" name="way" class="visually-hidden" checked=${way === now} onChange=${() => onChange(way)} />
        <span>${label}</span>
      </label>`,
    )}
  </fieldset>`;
}
