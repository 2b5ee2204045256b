// <vidkit-player>: one player for a whole video, or for its clips in order as one time line. media-chrome draws the
// buttons, and they control <vidkit-media>.

import { setLanguage } from "./vendor/media-chrome/media-chrome.js";
import "./player_media.js";
import { partsOf } from "./player_parts.js";
import { language, t } from "./texts.js";

/** @typedef {import("./player_media.js").VidkitMedia} VidkitMedia */

/**
 * A video for the player.
 * @typedef {object} PlayerVideo
 * @property {string | null} whole address of the whole video; null if it was not kept
 * @property {{url: string, start: number, end: number}[]} clips
 * @property {number} duration seconds
 * @property {number} fps frames per second
 * @property {string} codec
 * @property {string} [sheet] address of the contact sheet's WebVTT file
 */

const CONTROLS = [
  ["media-play-button"],
  ["media-mute-button"],
  ["media-volume-range"],
  ["media-time-range"],
  ["media-time-display", { showduration: "" }],
  ["media-playback-rate-button", { rates: "0.25 0.5 1 1.5 2 4" }],
  ["media-fullscreen-button"],
];

setLanguage(language === "zh" ? "zh-CN" : language);

const REST = 40; // milliseconds that the pointer rests before a frame is prepared

/**
 * The player. Its events: "frame" when another frame is shown, "state" when it plays or pauses, "mode" when it plays
 * something else.
 */
export class VidkitPlayer extends HTMLElement {
  /** @type {PlayerVideo | null} */
  #video = null;
  #media = /** @type {VidkitMedia} */ (document.createElement("vidkit-media"));
  /** What it plays: the whole video, its clips, or nothing. @type {"whole" | "clips" | "none"} */
  mode = "none";
  /** Why it does not play the whole video, in words. */
  reason = "";
  #waiting = 0;

  constructor() {
    super();
    for (const name of ["frame", "seeking", "seeked"]) this.#media.addEventListener(name, () => this.#notify("frame"));
    for (const name of ["play", "playing", "pause", "ended", "ratechange"])
      this.#media.addEventListener(name, () => this.#notify("state"));
    this.#media.addEventListener("unplayable", (event) => this.#fallBack(/** @type {CustomEvent} */ (event).detail));
  }

  connectedCallback() {
    if (this.firstChild) return;
    const controller = document.createElement("media-controller");
    controller.setAttribute("nohotkeys", "");
    this.#media.slot = "media";
    const busy = document.createElement("media-loading-indicator");
    busy.setAttribute("noautohide", "");
    busy.slot = "centered-chrome";
    const bar = document.createElement("media-control-bar");
    for (const [name, attributes] of CONTROLS) {
      const control = document.createElement(/** @type {string} */ (name));
      for (const [key, value] of Object.entries(attributes ?? {})) control.setAttribute(key, value);
      bar.append(control);
    }
    controller.append(this.#media, busy, bar);
    this.append(controller);
  }

  /** @param {string} name */
  #notify(name) {
    this.dispatchEvent(new Event(name));
  }

  /**
   * Show a video.
   * @param {PlayerVideo} video
   * @param {number} time where it begins, in seconds
   */
  open(video, time) {
    this.#video = video;
    if (video.sheet) this.#media.sheet = video.sheet;
    this.#media.loop = null;
    if (video.whole) this.#play("whole", "", time);
    else this.#playClips(t("The download of this video was not kept"), time);
  }

  /** @param {"whole" | "clips" | "none"} mode @param {string} reason @param {number} time */
  #play(mode, reason, time) {
    const video = /** @type {PlayerVideo} */ (this.#video);
    this.mode = mode;
    this.reason = reason;
    if (mode === "whole" && video.whole)
      this.#media.open([{ url: video.whole, start: 0, end: Infinity, from: 0 }], video.duration, this.frame, time);
    else if (mode === "clips") this.#media.open(partsOf(video.clips), video.duration, this.frame, time);
    this.#notify("mode");
  }

  /** @param {string} why @param {number} time */
  #playClips(why, time) {
    if (this.#video?.clips.length) this.#play("clips", t("{why}: its clips are played one after another.", { why }), time);
    else this.#play("none", t("{why}, and it has no clips.", { why }), time);
  }

  /** @param {{part: number, time: number}} failed */
  #fallBack({ part, time }) {
    const video = /** @type {PlayerVideo} */ (this.#video);
    if (this.mode === "whole") return this.#playClips(t("The browser cannot play this video ({codec}), or its file is gone", { codec: video.codec }), time);
    const rest = video.clips.length > 1 ? partsOf(video.clips).filter((_, number) => number !== part) : [];
    this.#video = { ...video, clips: rest.map(({ url, start, end }) => ({ url, start, end })) };
    this.#playClips(rest.length ? t("Not every clip can be played") : t("Neither this video nor its clips can be played"), time);
  }

  get time() {
    return this.#media.currentTime;
  }

  /** The length of a frame, in seconds. */
  get frame() {
    return 1 / (this.#video?.fps || 25);
  }

  get paused() {
    return this.#media.paused;
  }

  /** Whether the frame of the wanted time can be shown. */
  get ready() {
    return this.#media.readyState >= 2;
  }

  get rate() {
    return this.#media.playbackRate;
  }

  set rate(rate) {
    this.#media.playbackRate = rate;
  }

  /** The span that it plays in a loop. @returns {[number, number] | null} */
  get loop() {
    return this.#media.loop;
  }

  set loop(span) {
    this.#media.loop = span;
    this.#notify("state");
  }

  /**
   * Go to a second.
   * @param {number} time
   * @param {{begin?: boolean}} [options] begin: the first frame that begins there, not the one that ends there
   */
  seek(time, { begin = false } = {}) {
    clearTimeout(this.#waiting);
    this.#media.currentTime = time + (begin ? this.frame / 4 : 0);
  }

  /**
   * Prepare a frame that the user is likely to go to: the pointer or the focus is on its button.
   * @param {number} time as `seek` takes it
   * @param {{begin?: boolean}} [options]
   */
  prepare(time, { begin = false } = {}) {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#media.prepare(time + (begin ? this.frame / 4 : 0)), REST);
  }

  play() {
    return this.#media.play();
  }

  pause() {
    this.#media.pause();
  }

  toggle() {
    if (this.paused) this.play();
    else this.pause();
  }

  /** When the shown frame begins, in seconds. */
  get frameTime() {
    return this.#media.frameTime;
  }

  /**
   * Go one frame forward or back. If frames differ in length, the times from the decoder count.
   * @param {1 | -1} direction
   */
  async step(direction) {
    this.pause();
    if (!this.ready) return;
    const began = this.frameTime;
    if (direction < 0) return this.seek(Math.max(0, began - Math.min(0.002, this.frame / 4)));
    for (let frames = 1; frames <= 30; frames++) {
      const next = this.#nextFrame();
      this.seek(began + (frames + 0.25) * this.frame);
      await next;
      if (Math.abs(this.frameTime - began) > 0.0005 || this.time >= this.#media.duration) return;
    }
  }

  /** Wait until another frame is shown, or until it is certain that there is none. */
  #nextFrame() {
    return new Promise((resolve) => {
      this.#media.addEventListener("frame", resolve, { once: true });
      this.#media.addEventListener("seeked", () => setTimeout(resolve, 60), { once: true });
      setTimeout(resolve, 1000);
    });
  }
}

customElements.define("vidkit-player", VidkitPlayer);
