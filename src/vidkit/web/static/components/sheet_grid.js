// The contact sheet as a grid: a whole video at a glance. A click on a picture goes there.

import { html, useEffect, useMemo, useRef } from "../ui.js";
import { clock } from "../format.js";
import { pictureStyle } from "./time_line.js";
import { t } from "../texts.js";

/**
 * @param {{
 *   cues: import("../contact_sheet.js").Cue[], now: number, onSeek: (time: number) => void, onNear: (time: number) => void,
 * }} props now: the number of the picture that shows the second that is played; onNear: a click is likely to follow
 */
export function SheetGrid({ cues, now, onSeek, onNear }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const box = own.current;
    const picture = /** @type {HTMLElement | undefined} */ (box?.children[now]);
    for (const before of box?.querySelectorAll("[aria-current]") ?? []) {
      before.removeAttribute("aria-current");
      before.setAttribute("tabindex", "-1");
    }
    picture?.setAttribute("aria-current", "true");
    picture?.setAttribute("tabindex", "0");
    if (!box || !picture || document.activeElement?.parentElement === box) return;
    if (picture.offsetTop < box.scrollTop || picture.offsetTop + picture.offsetHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = picture.offsetTop - box.clientHeight / 2;
  }, [now]);
  /** Arrows go from picture to picture; only one of them is reached by Tab. @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const box = /** @type {HTMLElement} */ (own.current);
    const pictures = /** @type {HTMLElement[]} */ ([...box.children]);
    const across = pictures.filter((each) => each.offsetTop === pictures[0].offsetTop).length;
    const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across });
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    pictures[pictures.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step]?.focus();
  };
  /** @param {Event} event */
  const near = (event) => {
    const picture = event.target instanceof Element ? event.target.closest(".sheet-cell") : null;
    const cue = picture && cues[[.../** @type {HTMLElement} */ (own.current).children].indexOf(picture)];
    if (cue) onNear(cue.start);
  };
  // Which picture is the one that is played is marked above, so that the others need not be made again.
  const pictures = useMemo(
    () =>
      cues.map(
        (cue) => html`<button class="sheet-cell" aria-label=${clock(cue.start)} tabindex="-1" onClick=${() => onSeek(cue.start)}>
          <span class="sheet-picture" style=${pictureStyle(cue)}>
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
    ${pictures}
  </div>`;
}
