// The row below a video: a field for the time, jumps, steps, the loop.

import { html, useEffect, useRef } from "../ui.js";
import { clock } from "../format.js";
import { setLoop } from "../video_address.js";
import { toggleLoop, toScene } from "../video_moves.js";
import { useKeys } from "../keys.js";
import { likeHref } from "../moments.js";
import { go } from "../router.js";
import { Icon } from "./icons.js";
import { useMeaning } from "./way_choice.js";
import { toast } from "./toasts.js";
import { t } from "../texts.js";

/** @typedef {import("../player.js").VidkitPlayer} VidkitPlayer */

/**
 * The time, jumps, steps, the loop, and the link to moments like the one that is shown.
 * @param {{player: VidkitPlayer, record: any, video: string, state: any, seek: (time: number, begin?: boolean) => void, sceneNow: number}} props
 */
export function Transport({ player, record, video, state, seek, sceneNow }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const typing = useRef(false);
  const meaning = useMeaning();
  useEffect(() => {
    const onFrame = () => {
      if (field.current && !typing.current) field.current.value = clock(player.ready ? player.frameTime : player.time, 2);
    };
    onFrame();
    player.addEventListener("frame", onFrame);
    return () => player.removeEventListener("frame", onFrame);
  }, [player]);
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    const time = readTime(field.current?.value ?? "", record.fps);
    field.current?.blur();
    if (time === null) toast(t("Write a time like 1:23.5 or 83.5, or a frame like #250."));
    else seek(Math.min(time, record.duration), true);
  };
  useKeys(t("Player"), [
    { keys: "m", does: t("moments like the one that is shown"), run: () => (meaning ? go(likeHref(video, player.time)) : false) },
  ]);
  const button = (/** @type {any} */ icon, /** @type {string} */ label, /** @type {string} */ key, /** @type {() => void} */ run) =>
    html`<button class="button-icon" aria-label=${label} title=${`${label} (${key})`} onClick=${run}><${Icon} name=${icon} /></button>`;
  return html`<div class="video-transport">
    <form onSubmit=${onSubmit}>
      <input
        ref=${field}
        id="video-time"
        class="video-time number"
        aria-label=${t("Time")}
        title=${t("Go to a time (T)")}
        autocomplete="off"
        onFocus=${(/** @type {any} */ event) => ((typing.current = true), event.currentTarget.select())}
        onBlur=${() => (typing.current = false)}
      />
    </form>
    <span class="quiet number">/ ${clock(record.duration, 2)}</span>
    <span class="video-scene quiet">${sceneNow >= 0 && t("Scene {number} of {total}", { number: String(record.scenes[sceneNow].index), total: record.scenes.length })}</span>
    ${button("previous", t("Previous scene"), "[", () => toScene(player, record, seek, -1))}
    ${button("left", t("One frame back"), ",", () => player.step(-1))}
    ${button(player.paused ? "play" : "pause", player.paused ? t("Play") : t("Pause"), "K", () => player.toggle())}
    ${button("right", t("One frame on"), ".", () => player.step(1))}
    ${button("next", t("Next scene"), "]", () => toScene(player, record, seek, 1))}
    <button
      class="button-icon"
      aria-label=${t("Loop this scene")}
      title=${t("Loop this scene (R)")}
      aria-pressed=${state.loop !== null}
      onClick=${() => toggleLoop(player, record, state)}
    >
      <${Icon} name="repeat" />
    </button>
    ${meaning && button("alike", t("More like this"), "M", () => go(likeHref(video, player.time)))}
    ${state.loop &&
    html`<span class="chip chip-accent number">
      ${clock(state.loop[0], 1)} – ${clock(state.loop[1], 1)}
      <button aria-label=${t("End the loop")} onClick=${() => setLoop(null)}><${Icon} name="close" size=${14} /></button>
    </span>`}
    ${player.rate !== 1 && html`<span class="chip number">${player.rate}×</span>`}
  </div>`;
}

/** "1:23.5", "83.5" or "#250" (a frame) in seconds; null for something else. @param {string} text @param {number} fps */
function readTime(text, fps) {
  const frame = /^#(\d+)$/.exec(text.trim());
  if (frame) return Number(frame[1]) / fps;
  if (!/^\d+(:\d+){0,2}([.,]\d*)?$/.test(text.trim())) return null;
  return text.trim().replace(",", ".").split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
