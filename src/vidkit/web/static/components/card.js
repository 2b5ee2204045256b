// A moment as a card: its picture, which shows more of the moment under the pointer, its time, words and labels.

import { Component, html, useEffect, useRef, useState } from "../ui.js";
import { clock } from "../format.js";
import { KINDS, markedParts, pictureOf } from "../moments.js";
import { cueAt, sheetOf } from "../contact_sheet.js";
import { Icon } from "./icons.js";

/** @typedef {import("../moments.js").Moment} Moment */
/** @typedef {import("../contact_sheet.js").Cue} Cue */

/**
 * @typedef {object} CardProps
 * @property {Moment} moment
 * @property {string} href
 * @property {number} place in the answers, from 0
 * @property {boolean} selected
 * @property {boolean} selecting a click selects, since something is selected
 * @property {boolean} current the one that Tab goes to
 * @property {boolean} calm the list is not rushing by: pictures may be loaded
 * @property {number} width of the picture, in pixels
 * @property {number} height
 * @property {(place: number, event: MouseEvent) => void} onOpen
 * @property {(place: number, event: MouseEvent) => void} onSelect
 */

/** Drawn again only if something of it changed: hundreds of cards pass by while one scrolls. */
export class Card extends Component {
  /** @param {CardProps} next */
  shouldComponentUpdate(next) {
    const before = /** @type {any} */ (this.props);
    return Object.entries(next).some(([name, value]) => name !== "calm" && before[name] !== value) || (next.calm && !before.calm);
  }

  render() {
    const { moment, href, place, selected, current, calm, width, height, onOpen, onSelect } =
      /** @type {CardProps} */ (/** @type {unknown} */ (this.props));
    const whole = moment.kind === "video";
    return html`<article class=${`card ${selected ? "card-selected" : ""}`}>
      <${Picture} moment=${moment} calm=${calm} width=${width} height=${height} />
      <button
        class="card-tick"
        type="button"
        role="checkbox"
        aria-checked=${selected}
        aria-label=${`Select ${moment.filename}, ${KINDS[moment.kind] ?? moment.kind} at ${clock(moment.start_time)}`}
        tabindex=${current ? 0 : -1}
        onClick=${(/** @type {MouseEvent} */ event) => onSelect(place, event)}
      >
        <${Icon} name="check" size=${16} />
      </button>
      <div class="card-text">
        <a
          class="card-title one-line"
          href=${href}
          tabindex=${current ? 0 : -1}
          data-place=${place}
          onClick=${(/** @type {MouseEvent} */ event) => onOpen(place, event)}
        >
          ${moment.filename}
        </a>
        <p class="card-words">
          ${markedParts(moment).map(({ text, marked }) => (marked ? html`<mark>${text}</mark>` : text))}
        </p>
        <p class="card-labels one-line">
          ${!whole && html`<span class="card-kind">${KINDS[moment.kind] ?? moment.kind} ${moment.number}</span>`}
          ${moment.classification !== "Unclassified" && html`<span class="card-class">${moment.classification}</span>`}
          ${moment.tags.join(", ")}
        </p>
      </div>
    </article>`;
  }
}

/** @param {{moment: Moment, calm: boolean, width: number, height: number}} props */
function Picture({ moment, calm, width, height }) {
  const [wanted, setWanted] = useState(calm);
  const [broken, setBroken] = useState(false);
  const [scrub, setScrub] = useState(/** @type {{cue: Cue, part: number} | null} */ (null));
  const hovered = useRef(false);
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (calm) setWanted(true);
  }, [calm]);
  const source = pictureOf(moment);

  useEffect(() => {
    // The link lies over the whole card, so it is the card that the pointer moves on.
    const card = own.current?.parentElement;
    /** @param {PointerEvent} event */
    const onMove = async (event) => {
      if (event.pointerType !== "mouse" || !card) return;
      hovered.current = true;
      const box = card.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      const cue = cueAt(await sheetOf(moment.key), moment.start_time + part * (moment.end_time - moment.start_time));
      if (hovered.current && cue) setScrub({ cue, part });
    };
    const onLeave = () => {
      hovered.current = false;
      setScrub(null);
    };
    card?.addEventListener("pointermove", onMove);
    card?.addEventListener("pointerleave", onLeave);
    return () => {
      card?.removeEventListener("pointermove", onMove);
      card?.removeEventListener("pointerleave", onLeave);
    };
  }, [moment]);
  const length = moment.end_time - moment.start_time;
  return html`<div class="card-picture" ref=${own} style=${{ height: `${height}px` }}>
    ${wanted && source && !broken
      ? html`<img src=${source} alt="" decoding="async" draggable=${false} onError=${() => setBroken(true)} />`
      : html`<${Icon} name="film" size=${32} />`}
    ${scrub && html`<${Scrub} ...${scrub} width=${width} height=${height} />`}
    <span class="card-time number">${
      moment.kind === "video" ? clock(length) : `${clock(moment.start_time)} – ${clock(moment.end_time)}`
    }</span>
  </div>`;
}

/** One picture of the contact sheet, as large as fits. @param {{cue: Cue, part: number, width: number, height: number}} props */
function Scrub({ cue, part, width, height }) {
  const scale = Math.min(width / cue.width, height / cue.height);
  return html`<div class="card-scrub">
    <div
      style=${{
        width: `${cue.width}px`,
        height: `${cue.height}px`,
        backgroundImage: `url("${cue.url}")`,
        backgroundPosition: `-${cue.x}px -${cue.y}px`,
        transform: `scale(${scale})`,
      }}
    ></div>
    <span class="card-part" style=${{ width: `${part * 100}%` }}></span>
  </div>`;
}
