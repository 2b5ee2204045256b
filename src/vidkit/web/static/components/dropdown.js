// A list that opens under a button.

import { html, useId, useLayoutEffect, useRef, useState } from "../ui.js";
import { useKeys } from "../keys.js";
import { t } from "../texts.js";

/**
 * @param {{label: any, children: any, className?: string, title?: string}} props children: the content of the list; a
 *   click on one of its links or buttons closes it, unless that has `data-stay`
 */
export function Dropdown({ label, children, className = "button", title }) {
  const [open, setOpen] = useState(false);
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    if (!open) return;
    /** @param {Event} event */
    const onOutside = (event) => {
      if (!own.current?.contains(/** @type {Node} */ (event.target))) setOpen(false);
    };
    document.addEventListener("pointerdown", onOutside);
    document.addEventListener("focusin", onOutside);
    return () => {
      document.removeEventListener("pointerdown", onOutside);
      document.removeEventListener("focusin", onOutside);
    };
  }, [open]);
  /** @param {MouseEvent} event */
  const onClick = (event) => {
    const item = event.target instanceof Element ? event.target.closest("a, button") : null;
    if (item && !item.hasAttribute("data-stay")) setOpen(false);
  };
  const close = () => {
    setOpen(false);
    own.current?.querySelector("button")?.focus();
  };
  return html`<div class="dropdown" ref=${own}>
    <button
      type="button"
      class=${className}
      title=${title}
      aria-label=${title}
      aria-expanded=${open}
      aria-controls=${id}
      onClick=${() => setOpen(!open)}
    >
      ${label}
    </button>
    ${open &&
    html`<div class="dropdown-list" id=${id} onClick=${onClick}><${EscapeKey} close=${close} />${children}</div>`}
  </div>`;
}

/** @param {{close: () => void}} props */
function EscapeKey({ close }) {
  useKeys(t("Menu"), [{ keys: "Escape", does: t("close the menu"), anywhere: true, hidden: true, run: close }]);
  return null;
}
