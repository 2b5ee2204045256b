// The moment that is likely to be opened next, because the pointer or the focus is on its card. Its video loads and
// seeks to the moment's first frame before the click.

import { useLayoutEffect } from "./ui.js";
import { endOf, mediaOf, momentId } from "./moments.js";

/** @typedef {import("./moments.js").Moment} Moment */

/** Seconds to add to the time of a frame, which records round: then that frame is shown and not the one before. */
export const INSIDE = 0.001;
const REST = 80; // milliseconds that the pointer or the focus rests on a card

/** @type {{id: string, video: HTMLVideoElement} | null} */
let likely = null;

/**
 * The files that can play a moment, the best first: for a clip its own file, which begins with a keyframe; and the whole
 * video, from the moment on.
 * @param {Moment} moment
 */
export function sourcesOf(moment) {
  const whole = { url: `${mediaOf(moment.key)}/video`, start: moment.start_time, end: endOf(moment) };
  if (moment.kind !== "segment") return [whole];
  const clip = { url: `${mediaOf(moment.key)}/clips/${moment.number}`, start: 0, end: moment.end_time - moment.start_time };
  return [clip, whole];
}

/** @param {string} url */
function videoOf(url) {
  const video = document.createElement("video");
  video.preload = "auto";
  video.playsInline = true;
  video.src = url;
  return video;
}

/** Free the connection and the decoder of a video. @param {HTMLVideoElement} video */
export function stop(video) {
  video.removeAttribute("src");
  video.load();
}

/** @param {Moment | null} moment null: none is likely */
function prepare(moment) {
  const id = moment && momentId(moment);
  if (likely?.id === id) return;
  if (likely) stop(likely.video);
  likely = null;
  if (!moment || !id) return;
  const [source] = sourcesOf(moment);
  const video = videoOf(source.url);
  video.addEventListener("loadedmetadata", () => (video.currentTime = source.start + INSIDE), { once: true });
  likely = { id, video };
}

/**
 * A video that plays a source of a moment: the prepared one, or a new one.
 * @param {Moment} moment
 * @param {string} url
 */
export function takeVideo(moment, url) {
  if (likely?.id !== momentId(moment) || likely.video.error || new URL(url, location.href).href !== likely.video.src) return videoOf(url);
  const { video } = likely;
  likely = null;
  return video;
}

/**
 * Prepare the moment of the card that the pointer or the focus rests on.
 * @param {import("./results.js").Results} results
 * @param {{current: HTMLElement | null}} grid
 */
export function useLikelyMoment(results, grid) {
  useLayoutEffect(() => {
    const area = /** @type {HTMLElement} */ (grid.current);
    let waiting = 0;
    /** @param {Event} event */
    const near = (event) => {
      const card = event.target instanceof Element ? event.target.closest(".card") : null;
      const place = card?.querySelector("[data-place]")?.getAttribute("data-place");
      const moment = place ? results.items[Number(place)] : null;
      if (!moment) return;
      clearTimeout(waiting);
      waiting = setTimeout(() => prepare(moment), event.type === "pointerdown" ? 0 : REST);
    };
    const leave = () => {
      clearTimeout(waiting);
      prepare(null);
    };
    for (const name of ["pointerover", "pointerdown", "focusin"]) area.addEventListener(name, near);
    area.addEventListener("pointerleave", leave);
    return () => {
      leave();
      for (const name of ["pointerover", "pointerdown", "focusin"]) area.removeEventListener(name, near);
      area.removeEventListener("pointerleave", leave);
    };
  }, [results]);
}
