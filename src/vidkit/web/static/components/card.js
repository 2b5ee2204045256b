// A moment as a card: its thumbnail, which shows more of the moment under the pointer, its time, words and labels.

import { Component, html } from "../ui.js";
import { cueStyle } from "../contact_sheet.js";
import { clock } from "../format.js";
import { hasOwnWords, kindName, likeMomentHref, markedParts, numbered, thumbnailOf, whyWords } from "../moments.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/** @typedef {import("../moments.js").Moment} Moment */

/** The image under the pointer: one of the contact sheet, and how far into the moment the pointer is, 0 to 1.
 * @typedef {{cue: import("../contact_sheet.js").Cue, part: number}} Scrubbed */

/**
 * @typedef {object} CardProps
 * @property {Moment} moment
 * @property {string} href
 * @property {number} place in the results, from 0
 * @property {boolean} selected
 * @property {boolean} meaning whether the library can search for similar moments
 * @property {boolean} current the one that Tab goes to
 * @property {boolean} calm the list does not scroll fast: images may be loaded
 * @property {number} width of the thumbnail, in pixels
 * @property {number} height
 * @property {Scrubbed | null} scrubbed
 * @property {(place: number, event: MouseEvent) => void} onOpen
 * @property {(place: number, event: MouseEvent) => void} onSelect
 */

/** Small, and drawn again only if it has changed: hundreds of cards pass by while the user scrolls. */
export class Card extends Component {
  constructor() {
    super();
    /** Whether the thumbnail was requested. */
    this.requested = false;
    this.broken = false;
  }

  /** @param {CardProps} next */
  shouldComponentUpdate(next) {
    const before = /** @type {any} */ (this.props);
    const changed = Object.entries(next).some(([name, value]) => name !== "calm" && before[name] !== value);
    return changed || (next.calm && !this.requested);
  }

  render() {
    const { moment, href, place, selected, meaning, current, calm, width, height, scrubbed, onOpen, onSelect } =
      /** @type {CardProps} */ (/** @type {unknown} */ (this.props));
    const whole = moment.kind === "video";
    const worded = hasOwnWords(moment);
    const kind = kindName(moment.kind);
    const why = moment.marks.length ? "" : whyWords(moment);
    const { start_time: start, end_time: end } = moment;
    this.requested ||= calm;
    const source = this.requested && !this.broken && thumbnailOf(moment);
    const onError = () => {
      this.broken = true;
      this.forceUpdate();
    };
    return html`<article class=${selected ? "card card-selected" : "card"}>
      <div class="card-image" style=${{ height: `${height}px` }}>
        ${source && html`<img src=${source} alt="" decoding="async" draggable=${false} onError=${onError} />`}
        ${scrubbed && html`<${Scrub} ...${scrubbed} width=${width} height=${height} />`}
        <span class="card-time">${whole ? clock(end - start) : `${clock(start)} – ${clock(end)}`}</span>
      </div>
      <button
        class="card-tick"
        type="button"
        role="checkbox"
        aria-checked=${selected}
        aria-label=${t("Select {name}, {kind} at {time}", { name: moment.filename, kind, time: clock(start) })}
        tabindex=${current ? 0 : -1}
        onClick=${(/** @type {MouseEvent} */ event) => onSelect(place, event)}
      ></button>
      ${meaning &&
      html`<a
        class="card-like"
        href=${likeMomentHref(moment)}
        title=${t("More like this")}
        aria-label=${t("More like {name}, {kind} at {time}", { name: moment.filename, kind, time: clock(start) })}
        tabindex=${current ? 0 : -1}
      >
        <${Icon} name="alike" size=${16} />
      </a>`}
      <a
        class="card-title one-line"
        href=${href}
        tabindex=${current ? 0 : -1}
        data-place=${place}
        onClick=${(/** @type {MouseEvent} */ event) => onOpen(place, event)}
      >
        ${moment.filename}
      </a>
      ${worded &&
      html`<p class="card-words">
        ${markedParts(moment).map(({ text, marked }) => (marked ? html`<mark>${text}</mark>` : text))}
      </p>`}
      <p class=${worded ? "card-labels one-line" : "card-labels"}>
        ${why && html`<span class="card-why">${why}</span> · `}${!whole && `${numbered(moment.kind, moment.number)} · `}
        ${moment.classification !== "Unclassified" && html`<b>${moment.classification}</b> `}
        ${moment.tags.join(", ")}
      </p>
    </article>`;
  }
}

/** One image of the contact sheet, as large as fits. @param {Scrubbed & {width: number, height: number}} props */
function Scrub({ cue, part, width, height }) {
  const scale = Math.min(width / cue.width, height / cue.height);
  return html`<div class="card-scrub">
    <div style=${{ ...cueStyle(cue), transform: `scale(${scale})` }}></div>
    <span class="card-part" style=${{ width: `${part * 100}%` }}></span>
  </div>`;
}
