// Dialogs over the page: the <dialog> of the browser, which keeps the focus and closes with Escape.

import { html, signal, useId, useLayoutEffect, useRef, useState } from "../ui.js";
import { InDialog, useKeysAlone } from "../keys.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/**
 * A dialog that is open while it is drawn. The element with `data-focus` in it gets the focus.
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
    // Without such an element, the dialog itself gets the focus, so that Space presses no button.
    const first = dialog?.querySelector("[data-focus], [autofocus]") ?? dialog;
    if (first instanceof HTMLElement) first.focus();
    return () => {
      dialog?.close(); // while it is open, no element below it can get the focus
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  /** A click beside the dialog has the dialog itself as its target. @param {MouseEvent} event */
  const onClick = (event) => event.target === own.current && onClose();
  /** @param {Event} event */
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  // The browser closes it without a `cancel` event if the user has not used the page yet.
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
 * @property {string} action the label of the button for yes
 * @property {boolean} [danger]
 * @property {string} [option] the label of a checkbox
 */

const asked = signal(/** @type {(Question & {answer: (value: {option: boolean} | null) => void}) | null} */ (null));

/**
 * Ask the user whether to do something.
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

/** The place of questions; once in the page. */
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
