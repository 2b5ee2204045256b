// A grid of cards. Only the cards near the window are in the document, however many results there are.

import { html, useLayoutEffect, useRef, useState } from "../ui.js";

const GAP = 16;
const MOST = 300; // cards in the document at once
const AHEAD = 2; // rows beyond the window, on each side
const AT_ONCE = 10; // new cards in one frame: the rest come in the next ones
const LOAD_AHEAD = 3; // windows before the end at which more is asked for
const CALM_AFTER = 90; // milliseconds without scrolling

/** @typedef {{columns: number, width: number, height: number, image: number}} Shape image: the height of the thumbnail */

/**
 * How cards are laid out in a width.
 * @param {number} available pixels
 * @param {number} text height of the part under the thumbnail
 * @returns {Shape}
 */
function shapeOf(available, text) {
  const least = available < 480 ? 150 : available < 1000 ? 220 : 250;
  const columns = Math.max(1, Math.floor((available + GAP) / (least + GAP)));
  const width = Math.floor((available - GAP * (columns - 1)) / columns);
  const image = Math.round((width * 9) / 16);
  return { columns, width, image, height: image + text };
}

/**
 * The rows that are drawn.
 * @param {Shape} shape
 * @param {number} top pixels of the grid above the window's upper edge
 * @param {number} view height of the window
 * @param {number} total cards
 * @returns {[number, number]} first row, and the row after the last
 */
function rowsInView(shape, top, view, total) {
  const each = shape.height + GAP;
  const rows = Math.ceil(total / shape.columns);
  const first = Math.min(Math.max(0, Math.floor(top / each) - AHEAD), Math.max(0, rows - 1));
  const most = Math.max(1, Math.floor(MOST / shape.columns));
  return [first, Math.min(rows, Math.ceil((top + view) / each) + AHEAD, first + most)];
}

/**
 * @typedef {object} GridProps
 * @property {number} total how many cards there are so far
 * @property {boolean} complete whether these are all cards
 * @property {() => void} onMore called near the end of the cards
 * @property {(place: number, look: {width: number, height: number, calm: boolean, current: boolean}) => any} card
 * @property {(place: number) => string} idOf
 * @property {number} current the card that has the focus, or gets it by Tab
 * @property {(place: number) => void} onCurrent
 * @property {number} text height of the part under the thumbnail, in pixels
 * @property {string} label
 */

/** @param {GridProps} props */
export function Grid({ total, complete, onMore, card, idOf, current, onCurrent, text, label }) {
  const own = useRef(/** @type {HTMLUListElement | null} */ (null));
  const [shape, setShape] = useState(/** @type {Shape | null} */ (null));
  const [rows, setRows] = useState(/** @type {[number, number]} */ ([0, 0]));
  const [calm, setCalm] = useState(true);
  const [, drawMore] = useState(0);
  const wanted = useRef(-1);
  const drawn = useRef(/** @type {Set<string>} */ (new Set()));
  const lookNow = useRef(() => {});

  useLayoutEffect(() => {
    const list = /** @type {HTMLUListElement} */ (own.current);
    const measure = () => setShape((before) => sameOr(before, shapeOf(list.clientWidth, text)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(list);
    return () => observer.disconnect();
  }, [text]);

  useLayoutEffect(() => {
    if (!shape) return;
    let frame = 0;
    let timer = 0;
    const look = () => {
      frame = 0;
      const top = -(/** @type {HTMLUListElement} */ (own.current).getBoundingClientRect().top);
      setRows((before) => sameOr(before, rowsInView(shape, top, innerHeight, total)));
      const end = Math.ceil(total / shape.columns) * (shape.height + GAP);
      if (!complete && top + innerHeight * (1 + LOAD_AHEAD) > end) onMore();
    };
    const onScroll = () => {
      setCalm(false);
      clearTimeout(timer);
      timer = setTimeout(() => setCalm(true), CALM_AFTER);
      frame ||= requestAnimationFrame(look);
    };
    look();
    lookNow.current = look;
    addEventListener("scroll", onScroll, { passive: true });
    addEventListener("resize", onScroll, { passive: true });
    return () => {
      removeEventListener("scroll", onScroll);
      removeEventListener("resize", onScroll);
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      setCalm(true);
    };
  }, [shape, total, complete, onMore]);

  useLayoutEffect(() => {
    const link = wanted.current >= 0 && own.current?.querySelector(`[data-place="${wanted.current}"]`);
    if (!(link instanceof HTMLElement)) return;
    wanted.current = -1;
    link.focus({ preventScroll: true });
  });

  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (!shape || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const step = stepOf(event.key, shape.columns, current, total);
    if (step === null) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(total - 1, Math.max(0, current + step));
    wanted.current = next;
    showRow(/** @type {HTMLElement} */ (own.current), shape, Math.floor(next / shape.columns));
    lookNow.current(); // the card gets the focus before the next key comes
    onCurrent(next);
  };
  /** @param {FocusEvent} event */
  const onFocus = (event) => {
    const link = event.target instanceof Element ? event.target.closest("li")?.querySelector("[data-place]") : null;
    const place = Number(link?.getAttribute("data-place") ?? -1);
    if (place >= 0 && place !== current) onCurrent(place);
  };

  const cards = shape ? placesToDraw(shape, rows, total, idOf, drawn, wanted.current) : { places: [], left: false };
  useLayoutEffect(() => {
    if (!cards.left) return;
    const frame = requestAnimationFrame(() => drawMore((turn) => turn + 1));
    return () => cancelAnimationFrame(frame);
  });
  const height = shape ? Math.max(0, Math.ceil(total / shape.columns) * (shape.height + GAP) - GAP) : 0;
  return html`<ul
    class="grid"
    ref=${own}
    aria-label=${label}
    style=${{ height: `${height}px` }}
    onKeyDown=${onKeyDown}
    onFocusIn=${onFocus}
  >
    ${cards.places.map((place) => {
      const style = placeStyle(/** @type {Shape} */ (shape), place);
      return html`<li key=${idOf(place)} style=${style} aria-posinset=${place + 1} aria-setsize=${complete ? total : -1}>
        ${card(place, { width: shape?.width ?? 0, height: shape?.image ?? 0, calm, current: place === current })}
      </li>`;
    })}
  </ul>`;
}

/** @param {Shape} shape @param {number} place */
function placeStyle({ columns, width, height }, place) {
  const left = (place % columns) * (width + GAP);
  const top = Math.floor(place / columns) * (height + GAP);
  return { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` };
}

/**
 * The cards of these rows to draw now: all that are drawn already, and some more. All cards of a new place would take
 * too long for one frame.
 * @param {Shape} shape
 * @param {[number, number]} rows
 * @param {number} total
 * @param {(place: number) => string} idOf
 * @param {{current: Set<string>}} drawn the ids of the cards that are drawn already
 * @param {number} wanted the card that gets the focus, which must not wait; -1 for none
 */
function placesToDraw({ columns }, [from, to], total, idOf, drawn, wanted) {
  const places = [];
  /** @type {Set<string>} */
  const ids = new Set();
  let fresh = 0;
  for (let place = from * columns; place < Math.min(total, to * columns); place++) {
    const id = idOf(place);
    if (!drawn.current.has(id) && ++fresh > AT_ONCE && place !== wanted) continue;
    ids.add(id);
    places.push(place);
  }
  drawn.current = ids;
  return { places, left: fresh > AT_ONCE };
}

/**
 * How many cards a key moves the focus; null for other keys.
 * @param {string} key
 * @param {number} columns
 * @param {number} current
 * @param {number} total
 */
function stepOf(key, columns, current, total) {
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -current, End: total - 1 - current };
  const step = steps[key] ?? null;
  // Up and down stay in the column: there is nothing above the first row.
  return step !== null && key === "ArrowUp" && current + step < 0 ? 0 : step;
}

/** Scroll until a row is in the window. @param {HTMLElement} list @param {Shape} shape @param {number} row */
function showRow(list, shape, row) {
  const header = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  const top = list.getBoundingClientRect().top + row * (shape.height + GAP);
  if (top < header + GAP) scrollBy(0, top - header - GAP);
  else if (top + shape.height > innerHeight - GAP) scrollBy(0, top + shape.height - innerHeight + GAP);
}

/**
 * The old value if the new one is the same: then nothing is drawn again.
 * @template T
 * @param {T} before
 * @param {T} next
 */
const sameOr = (before, next) => (JSON.stringify(before) === JSON.stringify(next) ? before : next);
