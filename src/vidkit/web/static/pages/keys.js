// Keys: who may call the API and sign in, and how much each may do.

import { html, useState } from "../ui.js";
import { get, may, send, useLoad, wordsOf } from "../api.js";
import { dateTime } from "../format.js";
import { Dialog, ask } from "../components/dialog.js";
import { Icon } from "../components/icons.js";
import { toast, toastError } from "../components/toasts.js";
import { parts, t } from "../texts.js";

/** @typedef {import("../api.js").Scope} Scope */

/**
 * @typedef {object} Key
 * @property {string} id
 * @property {string} name
 * @property {Scope} scope
 * @property {"active" | "expired" | "revoked"} state
 * @property {string} created_at
 * @property {string} created_by
 * @property {string | null} expires_at
 * @property {string | null} used_at
 */

/** What each scope may do; each includes those before it. @type {Record<Scope, string>} */
const SCOPES = {
  read: t("search, watch, statistics"),
  label: t("and correct classes and tags"),
  process: t("and start jobs and exports"),
  admin: t("and remove videos, manage keys"),
};

const STATES = { active: t("active"), expired: t("expired"), revoked: t("revoked") };

/** The times after which a key can expire. */
const ENDS = /** @type {const} */ ([
  ["90d", t("in 90 days")],
  ["30d", t("in 30 days")],
  ["7d", t("in 7 days")],
  ["365d", t("in a year")],
  ["", t("never")],
]);

export function Page() {
  const { value, error, again } = useLoad("keys", (abort) => get("/keys", {}, abort));
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState(/** @type {(Key & {key: string}) | null} */ (null));
  /** @type {Key[] | undefined} */
  const keys = value?.items;
  /** @param {Key} key */
  const revoke = async (key) => {
    const text = t("It can no longer be used for the API, and its users are signed out.");
    if (!(await ask({ title: t("Revoke the key {name}?", { name: key.name }), text, action: t("Revoke"), danger: true }))) return;
    try {
      await send("DELETE", `/keys/${encodeURIComponent(key.id)}`);
      toast(t("The key {name} is revoked.", { name: key.name }), { kind: "good" });
      again();
    } catch (problem) {
      toastError(problem);
    }
  };
  return html`<div class="page stack">
    <div class="page-head">
      <h1>${t("Keys::of the API")}</h1>
      <button class="button button-main" onClick=${() => setAdding(true)}><${Icon} name="plus" size=${18} />${t("New key")}</button>
    </div>
    <p class="quiet">
      ${parts("A program sends its key as {header}; a person signs in with it. Never put a key into an address. The server keeps only the hashes of keys.", {
        header: html`<code>Authorization: Bearer KEY</code>`,
      })}
    </p>
    ${error && html`<p class="problem-box" role="alert">${wordsOf(error)}</p>`}
    ${keys?.length === 0 && html`<p class="quiet">${t("There is no key yet.")}</p>`}
    ${keys && keys.length > 0 && html`<${KeyTable} keys=${keys} revoke=${revoke} />`}
    ${!keys && !error && html`<div class="skeleton page-skeleton"></div>`}
    ${adding && html`<${NewKey} onClose=${() => setAdding(false)} onMade=${(/** @type {any} */ key) => (setMade(key), again())} />`}
    ${made && html`<${MadeKey} made=${made} onClose=${() => setMade(null)} />`}
  </div>`;
}

/** @param {{keys: Key[], revoke: (key: Key) => void}} props */
function KeyTable({ keys, revoke }) {
  return html`<div class="panel table-scroll" role="region" aria-label=${t("All keys::of the API")} tabindex="0">
    <table class="table">
      <thead>
        <tr>${[t("Name"), t("Scope"), t("State"), t("Last use"), t("Ends"), t("Made"), ""].map((head) => html`<th scope="col">${head}</th>`)}</tr>
      </thead>
      <tbody>
        ${keys.map(
          (key) => html`<tr key=${key.id}>
            <td class="break">${key.name}</td>
            <td>${key.scope}</td>
            <td><span class=${`chip ${key.state === "active" ? "chip-good" : ""}`}>${STATES[key.state]}</span></td>
            <td class="no-wrap">${dateTime(key.used_at) || t("never")}</td>
            <td class="no-wrap">${dateTime(key.expires_at) || t("never")}</td>
            <td class="no-wrap">${dateTime(key.created_at)}</td>
            <td>
              ${key.state === "active" &&
              html`<button class="button button-small" aria-label=${t("Revoke {name}", { name: key.name })} onClick=${() => revoke(key)}>${t("Revoke")}</button>`}
            </td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** @param {{onClose: () => void, onMade: (key: Key & {key: string}) => void}} props */
function NewKey({ onClose, onMade }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState(/** @type {Scope} */ ("read"));
  const [ends, setEnds] = useState("90d");
  const [error, setError] = useState("");
  /** @param {Event} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    try {
      onMade(await send("POST", "/keys", { name: name.trim(), scope, expires: ends || null }));
      onClose();
    } catch (problem) {
      setError(wordsOf(problem));
    }
  };
  return html`<${Dialog} title=${t("New key")} onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <div class="dialog-body stack">
        <label class="field">
          <span>${t("Name")}</span>
          <input
            value=${name}
            placeholder=${t("who or what uses it")}
            onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)}
            data-focus
          />
        </label>
        <fieldset class="plain">
          <legend>${t("Scope")}</legend>
          ${Object.entries(SCOPES)
            .filter(([one]) => may(/** @type {Scope} */ (one)))
            .map(
              ([one, does]) => html`<label class="check key-scope">
                <input
                  type="radio"
                  name="scope"
                  checked=${scope === one}
                  onChange=${() => setScope(/** @type {Scope} */ (one))}
                />
                <span><b>${one}</b> <span class="quiet">${does}</span></span>
              </label>`,
            )}
        </fieldset>
        <label class="field">
          <span>${t("Ends")}</span>
          <select value=${ends} onChange=${(/** @type {any} */ event) => setEnds(event.currentTarget.value)}>
            ${ENDS.map(([time, words]) => html`<option value=${time}>${words}</option>`)}
          </select>
        </label>
        ${error && html`<p class="problem" role="alert">${error}</p>`}
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t("Cancel")}</button>
        <button type="submit" class="button button-main" disabled=${!name.trim()}>${t("Make the key")}</button>
      </footer>
    </form>
  <//>`;
}

/** The key itself, which is only shown once. @param {{made: Key & {key: string}, onClose: () => void}} props */
function MadeKey({ made, onClose }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.key);
      toast(t("Copied."), { kind: "good" });
    } catch {
      toast(t("The browser does not allow copying here: select the key and copy it."));
    }
  };
  return html`<${Dialog} title=${t("The key {name}", { name: made.name })} onClose=${onClose}>
    <div class="dialog-body stack">
      <p>${t("Copy it now: it is not shown again.")}</p>
      <p class="key-made"><code>${made.key}</code></p>
    </div>
    <footer class="dialog-foot">
      <button class="button" onClick=${copy}>${t("Copy")}</button>
      <button class="button button-main" onClick=${onClose}>${t("Done")}</button>
    </footer>
  <//>`;
}
