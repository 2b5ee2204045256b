// The time line of a video: lanes of scenes, clips, readings and moments over one scale, which zooms and scrolls.

import { html, useLayoutEffect, useRef, useState } from "../ui.js";
import { clock } from "../format.js";
import { useKeys } from "../keys.js";
import { onTheme, resolved } from "../colours.js";
import { cueAt, cueStyle } from "../contact_sheet.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/**
 * A block of a lane, in seconds.
 * @typedef {{start: number, end: number, label: string, text: string}} Block
 * @typedef {{name: string, colour: number, blocks: Block[]}} Lane colour: the number of its colours in the style
 */

const RULER = 24; // pixels
const LANE = 30;
const CLICK = 5; // pixels that a pointer may move and still click
const SHORTEST = 0.2; // seconds of the whole width at the largest zoom
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600];

/** The visible part of the time line: from `start`, `seconds` long. */
class View {
  /** @param {number} duration */
  constructor(duration) {
    this.duration = Math.max(duration, 0.001);
    this.start = 0;
    this.seconds = this.duration;
  }

  /** Zoom so that the second under the pointer stays there. @param {number} factor @param {number} at share of the width */
  zoom(factor, at) {
    const fixed = this.start + at * this.seconds;
    this.seconds = Math.min(this.duration, Math.max(Math.min(SHORTEST, this.duration), this.seconds * factor));
    this.move(fixed - at * this.seconds);
  }

  /** @param {number} start */
  move(start) {
    this.start = Math.min(Math.max(0, start), this.duration - this.seconds);
  }

  /** Make a second visible; true if that moves the view. @param {number} time */
  follow(time) {
    if (time >= this.start && time <= this.start + this.seconds) return false;
    this.move(time - this.seconds * 0.1);
    return true;
  }

  get isWhole() {
    return this.seconds >= this.duration * 0.9999;
  }
}

/**
 * @param {{
 *   duration: number, lanes: Lane[], cues: import("../contact_sheet.js").Cue[], loop: [number, number] | null,
 *   player: import("../player.js").VidkitPlayer, onSeek: (time: number, begin: boolean) => void,
 * }} props
 */
export function TimeLine({ duration, lanes, cues, loop, player, onSeek }) {
  const [view] = useState(() => new View(duration));
  const [hover, setHover] = useState(/** @type {{x: number, time: number, block: Block | null} | null} */ (null));
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const head = useRef(/** @type {HTMLElement | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const shown = useRef({ lanes, loop });
  shown.current = { lanes, loop };
  const height = RULER + lanes.length * LANE;

  const redraw = useRef(() => {});
  const placeHead = useRef(() => {});
  useLayoutEffect(() => {
    let asked = 0;
    /** @type {Record<string, string>} */
    let colours = {};
    redraw.current = () => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => {
        if (canvas.current) draw(canvas.current, view, shown.current.lanes, shown.current.loop, colours);
        placeHead.current();
      });
    };
    placeHead.current = () => {
      if (!head.current || !canvas.current) return;
      const x = ((player.time - view.start) / view.seconds) * canvas.current.clientWidth;
      head.current.style.transform = `translateX(${x}px)`;
      head.current.hidden = x < -1 || x > canvas.current.clientWidth + 1;
      box.current?.setAttribute("aria-valuenow", player.time.toFixed(2));
      box.current?.setAttribute("aria-valuetext", clock(player.time, 1));
    };
    const onFrame = () => {
      if (!player.paused && !view.isWhole && view.follow(player.time)) redraw.current();
      else placeHead.current();
    };
    player.addEventListener("frame", onFrame);
    const sized = new ResizeObserver(() => redraw.current());
    if (canvas.current) sized.observe(canvas.current);
    const themed = onTheme(() => {
      colours = {};
      redraw.current();
    });
    return () => {
      cancelAnimationFrame(asked);
      player.removeEventListener("frame", onFrame);
      sized.disconnect();
      themed();
    };
  }, [player]);
  useLayoutEffect(() => redraw.current(), [lanes, loop]);

  const onNear = (/** @type {number} */ time) => player.prepare(time, { begin: true });
  usePointers(canvas, view, lanes, { redraw: () => redraw.current(), onSeek, onNear, setHover });
  const zoom = (/** @type {number} */ factor) => {
    const at = (player.time - view.start) / view.seconds;
    view.zoom(factor, at >= 0 && at <= 1 ? at : 0.5);
    redraw.current();
  };
  const whole = () => {
    view.zoom(Infinity, 0);
    redraw.current();
  };
  useKeys(t("Time line"), [
    { keys: "+ =", does: t("zoom in"), run: () => zoom(0.5) },
    { keys: "-", does: t("zoom out"), run: () => zoom(2) },
    { keys: "0", does: t("show all of the time line"), run: whole },
  ]);
  return html`<div class="time-line">
    <div class="time-line-names" aria-hidden="true">
      ${lanes.map((lane) => html`<span>${lane.name}</span>`)}
    </div>
    <div
      class="time-line-lanes"
      ref=${box}
      role="slider"
      tabindex="0"
      aria-label=${t("Time line")}
      aria-valuemin="0"
      aria-valuemax=${duration.toFixed(2)}
      aria-valuenow="0"
    >
      <canvas ref=${canvas} style=${{ height: `${height}px` }}></canvas>
      <div class="time-line-head" ref=${head}></div>
      ${hover && html`<${Hover} ...${hover} cues=${cues} />`}
    </div>
    <div class="time-line-zoom">
      <button class="button-icon" aria-label=${t("Zoom in (+)")} title=${t("Zoom in (+)")} onClick=${() => zoom(0.5)}><${Icon} name="plus" size=${18} /></button>
      <button class="button-icon" aria-label=${t("Zoom out (-)")} title=${t("Zoom out (-)")} onClick=${() => zoom(2)}><${Icon} name="minus" size=${18} /></button>
      <button class="button-icon" aria-label=${t("Show all (0)")} title=${t("Show all (0)")} onClick=${whole}><${Icon} name="fit" size=${18} /></button>
    </div>
  </div>`;
}

/** @param {{x: number, time: number, block: Block | null, cues: import("../contact_sheet.js").Cue[]}} props */
function Hover({ x, time, block, cues }) {
  const cue = cueAt(cues, time);
  return html`<div class="time-line-hover" style=${{ left: `${x}px` }}>
    ${cue && html`<div class="sheet-image" style=${cueStyle(cue)}></div>`}
    <div><span class="number">${clock(time, 1)}</span>${block ? ` · ${block.label}` : ""}</div>
    ${block?.text && html`<div class="time-line-text">${block.text}</div>`}
  </div>`;
}

/**
 * The wheel and one or two pointers: zoom, scroll, seek.
 * @param {{current: HTMLCanvasElement | null}} canvas
 * @param {View} view
 * @param {Lane[]} lanes
 * @param {{redraw: () => void, onSeek: (time: number, begin: boolean) => void, onNear: (time: number) => void,
 *   setHover: (hover: any) => void}} on onNear: a click on what begins then is likely to follow
 */
function usePointers(canvas, view, lanes, on) {
  const latest = useRef({ lanes, on });
  latest.current = { lanes, on };
  useLayoutEffect(() => {
    const element = /** @type {HTMLCanvasElement} */ (canvas.current);
    /** @type {Map<number, {x: number, y: number}>} */
    const down = new Map();
    let moved = 0;
    let scrubbing = false;
    /** The block under the pointer. @type {Block | null} */
    let near = null;
    /** @param {{clientX: number, clientY: number}} event */
    const place = (event) => {
      const { left, top, width } = element.getBoundingClientRect();
      const x = event.clientX - left;
      const y = event.clientY - top;
      return { x, y, width, time: view.start + (x / width) * view.seconds };
    };
    /** @param {{x: number, y: number, width: number, time: number}} at */
    const blockAt = ({ y, width, time }) => {
      const lane = latest.current.lanes[Math.floor((y - RULER) / LANE)];
      return y < RULER || !lane ? null : findBlock(lane.blocks, time, (3 / width) * view.seconds);
    };
    /** @param {WheelEvent} event */
    const onWheel = (event) => {
      const { x, width } = place(event);
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        view.move(view.start + ((event.deltaX || event.deltaY) / width) * view.seconds);
      } else {
        if (event.deltaY > 0 && view.isWhole) return; // the page scrolls on
        view.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * (event.ctrlKey ? 0.02 : 0.005)), x / width);
      }
      event.preventDefault();
      latest.current.on.redraw();
    };
    /** @param {PointerEvent} event */
    const onDown = (event) => {
      if (event.button) return;
      element.setPointerCapture(event.pointerId);
      const at = place(event);
      down.set(event.pointerId, at);
      moved = 0;
      scrubbing = down.size === 1 && at.y < RULER;
      if (scrubbing) latest.current.on.onSeek(at.time, false);
    };
    /** @param {PointerEvent} event */
    const onMove = (event) => {
      const at = place(event);
      const before = down.get(event.pointerId);
      if (!before) {
        const time = Math.min(view.duration, Math.max(0, at.time));
        const block = blockAt(at);
        if (event.pointerType === "mouse") latest.current.on.setHover({ x: Math.min(Math.max(at.x, 90), at.width - 90), time, block });
        if (block && block !== near) latest.current.on.onNear(block.start);
        near = block;
        return;
      }
      latest.current.on.setHover(null);
      const others = [...down].filter(([id]) => id !== event.pointerId).map(([, each]) => each);
      down.set(event.pointerId, at);
      moved += Math.abs(at.x - before.x);
      if (scrubbing) return latest.current.on.onSeek(Math.min(view.duration, Math.max(0, at.time)), false);
      if (others.length) {
        const apart = Math.max(10, Math.abs(at.x - others[0].x));
        view.zoom(Math.max(10, Math.abs(before.x - others[0].x)) / apart, (at.x + others[0].x) / 2 / at.width);
      } else if (moved > CLICK) view.move(view.start - ((at.x - before.x) / at.width) * view.seconds);
      latest.current.on.redraw();
    };
    /** @param {PointerEvent} event */
    const onUp = (event) => {
      const known = down.delete(event.pointerId);
      if (!known || event.type === "pointercancel" || down.size || scrubbing || moved > CLICK) return;
      const at = place(event);
      const block = blockAt(at);
      latest.current.on.onSeek(block ? block.start : at.time, block !== null);
    };
    const onLeave = () => latest.current.on.setHover(null);
    element.addEventListener("wheel", onWheel, { passive: false });
    element.addEventListener("pointerdown", onDown);
    element.addEventListener("pointermove", onMove);
    element.addEventListener("pointerup", onUp);
    element.addEventListener("pointercancel", onUp);
    element.addEventListener("pointerleave", onLeave);
    return () => {
      element.removeEventListener("wheel", onWheel);
      element.removeEventListener("pointerdown", onDown);
      element.removeEventListener("pointermove", onMove);
      element.removeEventListener("pointerup", onUp);
      element.removeEventListener("pointercancel", onUp);
      element.removeEventListener("pointerleave", onLeave);
    };
  }, [view]);
}

/**
 * The block at a time: the last that begins before it, if it has not ended.
 * @param {Block[]} blocks by their start
 * @param {number} time
 * @param {number} [slack] seconds beside a block that count as it
 * @returns {Block | null}
 */
function findBlock(blocks, time, slack = 0) {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle].start <= time + slack) low = middle + 1;
    else high = middle;
  }
  const found = blocks[low - 1];
  return found && time <= found.end + slack ? found : null;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {View} view
 * @param {Lane[]} lanes
 * @param {[number, number] | null} loop
 * @param {Record<string, string>} colours of the theme, filled as they are needed
 */
function draw(canvas, view, lanes, loop, colours) {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const style = getComputedStyle(canvas);
  const colour = (/** @type {string} */ name) => (colours[name] ??= resolved(canvas, name));
  const x = (/** @type {number} */ time) => ((time - view.start) / view.seconds) * width;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `12px ${style.fontFamily}`;
  pen.textBaseline = "middle";
  drawRuler(pen, view, width, x, colour);
  for (const [number, lane] of lanes.entries())
    drawLane(pen, lane, RULER + number * LANE, x, width, [colour(`--lane-${lane.colour}`), colour(`--on-lane-${lane.colour}`)]);
  if (loop) {
    pen.fillStyle = colour("--loop");
    pen.fillRect(x(loop[0]), 0, Math.max(1, x(loop[1]) - x(loop[0])), height);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {View} view
 * @param {number} width
 * @param {(time: number) => number} x
 * @param {(name: string) => string} colour
 */
function drawRuler(pen, view, width, x, colour) {
  const step = STEPS.find((each) => (each / view.seconds) * width >= 80) ?? 43200;
  pen.fillStyle = colour("--quiet");
  const end = view.start + view.seconds;
  for (let number = Math.floor(view.start / step); number * step <= end; number++) {
    const at = number * step;
    pen.globalAlpha = 0.4;
    pen.fillRect(Math.round(x(at)), RULER - 7, 1, 7);
    pen.globalAlpha = 1;
    pen.fillText(clock(at, step < 1 ? 1 : 0), Math.round(x(at)) + 4, RULER / 2 - 1);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Lane} lane
 * @param {number} top
 * @param {(time: number) => number} x
 * @param {number} width
 * @param {string[]} colours of a block and of its text
 */
function drawLane(pen, lane, top, x, width, [fill, text]) {
  let until = -1; // blocks that are narrower than a pixel are not drawn over each other
  for (const { start, end, label } of lane.blocks) {
    const left = Math.max(-4, x(start));
    const right = Math.min(width + 4, x(end));
    if (right < 0 || left > width || right < until) continue;
    const wide = Math.max(1, right - left - 1.5);
    pen.fillStyle = fill;
    pen.beginPath();
    pen.roundRect(left, top + 3, wide, LANE - 6, Math.min(4, wide / 2));
    pen.fill();
    until = left + 1;
    if (wide > 34) {
      pen.save();
      pen.clip();
      pen.fillStyle = text;
      pen.fillText(label, Math.max(left, 0) + 7, top + LANE / 2);
      pen.restore();
    }
  }
}
