// Dialogs over the page: the browser's own <dialog>, which keeps the focus and closes by Escape.

import { html, signal, useId, useLayoutEffect, useRef, useState } from "../ui.js";
import { InDialog, useKeysAlone } from "../keys.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/**
 * A dialog, open while it is shown. What has `data-focus` in it gets the focus.
 * @param {{title: string, onClose: () => void, children: any, wide?: boolean, className?: string}} props
 */
export function Dialog({ title, onClose, children, wide = false, className = "" }) {
  const own = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  const self = useKeysAlone();
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = own.current;
    dialog?.showModal();
    // Without a field that wants the focus it is the dialog's own, so that no button answers to the space bar.
    const first = dialog?.querySelector("[data-focus], [autofocus]") ?? dialog;
    if (first instanceof HTMLElement) first.focus();
    return () => {
      dialog?.close(); // while it is open, nothing below it can have the focus
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  /** A click beside the dialog is one on the dialog's own element. @param {MouseEvent} event */
  const onClick = (event) => event.target === own.current && onClose();
  /** @param {Event} event */
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  // The browser closes it without asking where nobody has used the page yet.
  const onClosed = () => own.current && onClose();
  return html`<dialog
    ref=${own}
    class=${`dialog ${wide ? "dialog-wide" : ""} ${className}`}
    aria-labelledby=${id}
    tabindex="-1"
    onClick=${onClick}
    onCancel=${onCancel}
    onClose=${onClosed}
  >
    <div class="dialog-inside">
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <button class="button-icon" aria-label=${t("Close")} onClick=${onClose}><${Icon} name="close" /></button>
      </header>
      <${InDialog.Provider} value=${self}>${children}<//>
    </div>
  </dialog>`;
}

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {any} text
 * @property {string} action the words of the button that does it
 * @property {boolean} [danger]
 * @property {string} [option] a box that can be ticked
 */

const asked = signal(/** @type {(Question & {answer: (value: {option: boolean} | null) => void}) | null} */ (null));

/**
 * Ask whether something is to be done.
 * @param {Question} question
 * @returns {Promise<{option: boolean} | null>} null: no
 */
export function ask(question) {
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (value) => {
        asked.value = null;
        resolve(value);
      },
    };
  });
}

/** Where questions are shown; once in the page. */
export function Questions() {
  return asked.value && html`<${QuestionDialog} ...${asked.value} />`;
}

/** @param {Question & {answer: (value: {option: boolean} | null) => void}} props */
function QuestionDialog({ title, text, action, danger, option, answer }) {
  const [ticked, setTicked] = useState(false);
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    answer({ option: ticked });
  };
  return html`<${Dialog} title=${title} onClose=${() => answer(null)}>
    <form onSubmit=${onSubmit}>
      <div class="dialog-body">
        <p>${text}</p>
        ${option &&
        html`<label class="check">
          <input
            type="checkbox"
            checked=${ticked}
            onChange=${(/** @type {any} */ event) => setTicked(event.currentTarget.checked)}
          />
          ${option}
        </label>`}
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${() => answer(null)}>${t("Cancel")}</button>
        <button type="submit" class=${`button ${danger ? "button-danger" : "button-main"}`} data-focus>${action}</button>
      </footer>
    </form>
  <//>`;
}
