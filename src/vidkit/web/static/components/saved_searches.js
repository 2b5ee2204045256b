// Saved searches: names for addresses of searches, shared by all who use the library.

import { html, useState } from "../ui.js";
import { get, may, send, useLoad, wordsOf } from "../api.js";
import { searchOf } from "../addresses.js";
import { Dialog } from "./dialog.js";
import { Dropdown } from "./dropdown.js";
import { Icon } from "./icons.js";
import { toast, toastError } from "./toasts.js";
import { t } from "../texts.js";

/** @typedef {{id: number, name: string, address: string}} SavedSearch */

/** @param {{query: URLSearchParams}} props */
export function SavedSearches({ query }) {
  const [saving, setSaving] = useState(false);
  return html`
    <${Dropdown} label=${html`<${Icon} name="save" size=${18} /><span class="only-wide">${t("Saved::searches")}</span>`} title=${t("Saved searches")}>
      <${SavedList} query=${query} onSave=${() => setSaving(true)} />
    <//>
    ${saving && html`<${SaveDialog} query=${query} onClose=${() => setSaving(false)} />`}
  `;
}

/** @param {{query: URLSearchParams, onSave: () => void}} props */
function SavedList({ query, onSave }) {
  const { value, error, loading, again } = useLoad("saved", (abort) => get("/searches", {}, abort));
  /** @type {SavedSearch[]} */
  const searches = value?.items ?? [];
  /** @param {SavedSearch} search */
  const remove = async ({ id }) => {
    try {
      await send("DELETE", `/searches/${id}`);
      again();
    } catch (problem) {
      toastError(problem);
    }
  };
  return html`
    ${loading && !value && html`<p class="quiet small dropdown-note">${t("Loading …")}</p>`}
    ${error && html`<p class="problem small dropdown-note">${wordsOf(error)}</p>`}
    ${value && !searches.length && html`<p class="quiet small dropdown-note">${t("No search has been saved yet.")}</p>`}
    ${searches.map(
      (search) => html`<div class="saved" key=${search.id}>
        <a class="dropdown-item one-line" href=${`/?${search.address}`}>${search.name}</a>
        ${may("label") &&
        html`<button class="button-icon" data-stay aria-label=${t("Forget {name}", { name: search.name })} onClick=${() => remove(search)}>
          <${Icon} name="close" size=${16} />
        </button>`}
      </div>`,
    )}
    ${may("label") &&
    html`<hr /><button class="dropdown-item" disabled=${!searchOf(query).size} onClick=${onSave}>
        <${Icon} name="plus" size=${18} />${t("Save this search")}
      </button>`}
  `;
}

/** @param {{query: URLSearchParams, onClose: () => void}} props */
function SaveDialog({ query, onClose }) {
  const [name, setName] = useState(query.get("q") ?? "");
  const [error, setError] = useState("");
  /** @param {Event} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    try {
      await send("POST", "/searches", { name: name.trim(), address: String(searchOf(query)) });
      toast(t("Saved as “{name}”.", { name: name.trim() }), { kind: "good" });
      onClose();
    } catch (problem) {
      setError(wordsOf(problem));
    }
  };
  return html`<${Dialog} title=${t("Save this search")} onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <div class="dialog-body stack">
        <label class="field">
          <span>${t("Name")}</span>
          <input value=${name} maxlength="200" onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} data-focus />
        </label>
        ${error && html`<p class="problem" role="alert">${error}</p>`}
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t("Cancel")}</button>
        <button type="submit" class="button button-main" disabled=${!name.trim()}>${t("Save")}</button>
      </footer>
    </form>
  <//>`;
}
