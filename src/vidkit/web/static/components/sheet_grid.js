// The contact sheet as a grid: a whole video at a glance. A click on an image goes to its second.

import { html, useEffect, useMemo, useRef } from "../ui.js";
import { clock } from "../format.js";
import { cueStyle } from "../contact_sheet.js";
import { t } from "../texts.js";

/**
 * @param {{
 *   cues: import("../contact_sheet.js").Cue[], now: number, onSeek: (time: number) => void, onNear: (time: number) => void,
 * }} props now: the number of the current image; onNear: a click is likely to follow
 */
export function SheetGrid({ cues, now, onSeek, onNear }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const box = own.current;
    const cell = /** @type {HTMLElement | undefined} */ (box?.children[now]);
    for (const before of box?.querySelectorAll("[aria-current]") ?? []) {
      before.removeAttribute("aria-current");
      before.setAttribute("tabindex", "-1");
    }
    cell?.setAttribute("aria-current", "true");
    cell?.setAttribute("tabindex", "0");
    if (!box || !cell || document.activeElement?.parentElement === box) return;
    if (cell.offsetTop < box.scrollTop || cell.offsetTop + cell.offsetHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = cell.offsetTop - box.clientHeight / 2;
  }, [now]);
  /** Arrows go from image to image; Tab only reaches the current one. @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const box = /** @type {HTMLElement} */ (own.current);
    const cells = /** @type {HTMLElement[]} */ ([...box.children]);
    const across = cells.filter((each) => each.offsetTop === cells[0].offsetTop).length;
    const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across });
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    cells[cells.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step]?.focus();
  };
  /** @param {Event} event */
  const near = (event) => {
    const cell = event.target instanceof Element ? event.target.closest(".sheet-cell") : null;
    const cue = cell && cues[[.../** @type {HTMLElement} */ (own.current).children].indexOf(cell)];
    if (cue) onNear(cue.start);
  };
  // The effect above marks the current image, so that the others are not drawn again.
  const cells = useMemo(
    () =>
      cues.map(
        (cue) => html`<button class="sheet-cell" aria-label=${clock(cue.start)} tabindex="-1" onClick=${() => onSeek(cue.start)}>
          <span class="sheet-image" style=${cueStyle(cue)}>
            <span class="sheet-time number" aria-hidden="true">${clock(cue.start)}</span>
          </span>
        </button>`,
      ),
    [cues],
  );
  return html`<div
    class="sheet"
    ref=${own}
    onKeyDown=${onKeyDown}
    onPointerOver=${near}
    onPointerDown=${near}
    onFocusIn=${near}
    role="group"
    aria-label=${t("Contact sheet")}
  >
    ${cells}
  </div>`;
}
