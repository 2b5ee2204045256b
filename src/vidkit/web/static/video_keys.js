// The keys of the page of a video.

import { useKeys } from "./keys.js";
import { setLoop } from "./video_address.js";
import { toggleLoop, toScene } from "./video_moves.js";
import { t } from "./texts.js";

/** @typedef {import("./player.js").VidkitPlayer} VidkitPlayer */

const RATES = [0.25, 0.5, 1, 1.5, 2, 4];

/**
 * @param {VidkitPlayer} player
 * @param {any} record
 * @param {(time: number, begin?: boolean) => void} seek
 * @param {any} state
 */
export function useVideoKeys(player, record, seek, state) {
  const by = (/** @type {number} */ seconds) => seek(Math.min(record.duration, Math.max(0, player.time + seconds)));
  const faster = (/** @type {number} */ step) => {
    const place = RATES.indexOf(player.rate) + step;
    if (RATES[place]) player.rate = RATES[place];
  };
  const mark = (/** @type {0 | 1} */ side) => {
    const [start, end] = state.loop ?? [0, record.duration];
    const span = /** @type {[number, number]} */ (side ? [Math.min(start, player.time), player.time] : [player.time, Math.max(end, player.time)]);
    if (span[1] > span[0]) setLoop(span);
  };
  useKeys(t("Video"), [
    { keys: "space k", does: t("play, pause"), run: (event) => (onButton(event) ? false : player.toggle()) },
    { keys: "[", does: t("previous scene"), run: () => toScene(player, record, seek, -1) },
    { keys: "]", does: t("next scene"), run: () => toScene(player, record, seek, 1) },
    { keys: ",", does: t("one frame back"), run: () => void player.step(-1) },
    { keys: ".", does: t("one frame on"), run: () => void player.step(1) },
    { keys: "ArrowLeft", does: t("5 seconds back"), run: () => by(-5) },
    { keys: "ArrowRight", does: t("5 seconds on"), run: () => by(5) },
    { keys: "j", does: t("10 seconds back"), run: () => by(-10) },
    { keys: "l", does: t("10 seconds on"), run: () => by(10) },
    { keys: "Home", does: t("to the beginning"), run: () => seek(0) },
    { keys: "<", does: t("slower"), run: () => faster(-1) },
    { keys: ">", does: t("faster"), run: () => faster(1) },
    { keys: "t", does: t("go to a time"), run: () => document.getElementById("video-time")?.focus() },
    { keys: "r", does: t("loop this scene, or end the loop"), run: () => toggleLoop(player, record, state) },
    { keys: "i", does: t("loop from here"), run: () => mark(0) },
    { keys: "o", does: t("loop until here"), run: () => mark(1) },
  ]);
}

/** Whether space presses a button. @param {KeyboardEvent} event */
const onButton = (event) => event.key === " " && event.target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName);
