// Short messages at the edge of the page, which screen readers read out. A message may offer an action, such as undo.

import { html, signal } from "../ui.js";
import { wordsOf } from "../api.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/**
 * @typedef {object} Toast
 * @property {number} id
 * @property {string} text
 * @property {"info" | "good" | "bad"} kind
 * @property {{label: string, run: () => void}} [action]
 */

const toasts = signal(/** @type {Toast[]} */ ([]));
let last = 0;

/**
 * Show a message for some seconds; an error stays until it is closed.
 * @param {string} text
 * @param {{kind?: "info" | "good" | "bad", action?: {label: string, run: () => void}}} [options]
 */
export function toast(text, { kind = "info", action } = {}) {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, text, kind, action }];
  if (kind !== "bad") setTimeout(() => close(id), action ? 20_000 : 5_000);
}

/** Show an error. @param {unknown} error */
export const toastError = (error) => toast(wordsOf(error), { kind: "bad" });

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      ({ id, text, kind, action }) => html`<div key=${id} class=${`toast toast-${kind}`}>
        <${Icon} name=${kind === "bad" ? "warning" : kind === "good" ? "check" : "info"} />
        <span class="toast-text">${text}</span>
        ${action &&
        html`<button class="button-link" onClick=${() => (close(id), action.run())}>${action.label}</button>`}
        <button class="button-icon" aria-label=${t("Close this message")} onClick=${() => close(id)}>
          <${Icon} name="close" size=${16} />
        </button>
      </div>`,
    )}
  </div>`;
}

/** @param {number} id */
function close(id) {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}
