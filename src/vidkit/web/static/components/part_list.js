// The scenes or the clips of a video as a list, with thumbnails and descriptions. A click goes to the first frame.

import { html, useEffect, useMemo, useRef } from "../ui.js";
import { clock, lasting } from "../format.js";
import { numbered } from "../moments.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/**
 * A scene or a clip.
 * @typedef {object} VideoPart
 * @property {number} index
 * @property {number} start_time
 * @property {number} end_time
 * @property {string | null} description
 * @property {string[]} [tags]
 * @property {string | null} [thumbnail]
 */

/**
 * @param {{
 *   parts: VideoPart[], now: number, kind: "scene" | "segment", thumbnail: (part: VideoPart) => string | null,
 *   download?: (part: VideoPart) => string, onSeek: (part: VideoPart) => void, onNear: (part: VideoPart) => void,
 * }} props onNear: a click is likely to follow; now: the place of the part that plays, -1 for none
 */
export function PartList({ parts, now, kind, thumbnail, download, onSeek, onNear }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const box = own.current;
    const row = /** @type {HTMLElement | undefined} */ (box?.children[now]);
    box?.querySelector("[aria-current]")?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    if (!box || !row || box.contains(document.activeElement)) return;
    if (row.offsetTop < box.scrollTop || row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = row.offsetTop - 60;
  }, [now]);
  // Thousands of rows are not drawn again for each scene that plays: the effect above marks the current one.
  const rows = useMemo(() => parts.map((part) => row(part, kind, thumbnail(part), onSeek, download)), [parts]);
  if (!parts.length) return html`<p class="quiet panel-body">${kind === "scene" ? t("This video has no scenes.") : t("This video has no clips.")}</p>`;
  /** @param {Event} event */
  const near = (event) => {
    const button = event.target instanceof Element ? event.target.closest(".part-go") : null;
    const place = button ? [.../** @type {HTMLElement} */ (own.current).children].indexOf(/** @type {Element} */ (button.closest("li"))) : -1;
    if (place >= 0) onNear(parts[place]);
  };
  return html`<ol class="parts" ref=${own} onPointerOver=${near} onPointerDown=${near} onFocusIn=${near}>${rows}</ol>`;
}

/**
 * @param {VideoPart} part
 * @param {"scene" | "segment"} kind
 * @param {string | null} thumbnail
 * @param {(part: VideoPart) => void} onSeek
 * @param {((part: VideoPart) => string) | undefined} download
 */
function row(part, kind, thumbnail, onSeek, download) {
  return html`<li class="part">
    <button class="part-go" onClick=${() => onSeek(part)} aria-label=${`${numbered(kind, part.index)}, ${clock(part.start_time, 1)}`}>
      <span class="part-image">
        ${thumbnail && html`<img src=${thumbnail} alt="" loading="lazy" decoding="async" width="112" height="63" />`}
      </span>
    </button>
    <div class="part-text">
      <p class="part-head number">
        <b>${part.index}</b>
        <span>${clock(part.start_time, 1)} – ${clock(part.end_time, 1)}</span>
        <span class="quiet">${lasting(part.end_time - part.start_time)}</span>
        ${download &&
        html`<a class="part-download" href=${download(part)} download aria-label=${t("Download {what}", { what: numbered(kind, part.index) })} title=${t("Download")}>
          <${Icon} name="download" size=${16} />
        </a>`}
      </p>
      ${part.description && html`<p>${part.description}</p>`}
      ${part.tags && part.tags.length > 0 &&
      html`<p class="row">${part.tags.map((tag) => html`<span class="chip"><span class="one-line">${tag}</span></span>`)}</p>`}
    </div>
  </li>`;
}
