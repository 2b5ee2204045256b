// <vidkit-player>: one player for a whole video, or for its clips in order as one time line. media-chrome draws the
// buttons; what it controls is <vidkit-media>.

import { setLanguage } from "./vendor/media-chrome/media-chrome.js";
import "./player_media.js";
import { partsOf } from "./player_parts.js";
import { language, t } from "./texts.js";

/** @typedef {import("./player_media.js").VidkitMedia} VidkitMedia */

/**
 * What a player is given.
 * @typedef {object} Film
 * @property {string | null} whole address of the whole video; null where it is not kept
 * @property {{url: string, start: number, end: number}[]} clips
 * @property {number} duration seconds
 * @property {number} fps frames per second
 * @property {string} codec
 * @property {string} [pictures] address of the contact sheet's WebVTT file
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

const NEAR_FOR = 40; // milliseconds that the pointer rests before a frame is prepared

/**
 * The player. It tells by the events "frame" that another frame is seen, "state" that it plays or stands still, "mode"
 * that it plays something else.
 */
export class VidkitPlayer extends HTMLElement {
  /** @type {Film | null} */
  #film = null;
  #media = /** @type {VidkitMedia} */ (document.createElement("vidkit-media"));
  /** What is played: the whole video, its clips, or nothing. @type {"whole" | "clips" | "none"} */
  mode = "none";
  /** Why it is not the whole video, in words. */
  reason = "";
  #waiting = 0;

  constructor() {
    super();
    for (const name of ["frame", "seeking", "seeked"]) this.#media.addEventListener(name, () => this.#tell("frame"));
    for (const name of ["play", "playing", "pause", "ended", "ratechange"])
      this.#media.addEventListener(name, () => this.#tell("state"));
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
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /**
   * Show a video.
   * @param {Film} film
   * @param {number} time where it begins, in seconds
   */
  open(film, time) {
    this.#film = film;
    if (film.pictures) this.#media.pictures = film.pictures;
    this.#media.loop = null;
    if (film.whole) this.#play("whole", "", time);
    else this.#playClips(t("The download of this video was not kept"), time);
  }

  /** @param {"whole" | "clips" | "none"} mode @param {string} reason @param {number} time */
  #play(mode, reason, time) {
    const film = /** @type {Film} */ (this.#film);
    this.mode = mode;
    this.reason = reason;
    if (mode === "whole" && film.whole)
      this.#media.open([{ url: film.whole, start: 0, end: Infinity, from: 0 }], film.duration, this.frame, time);
    else if (mode === "clips") this.#media.open(partsOf(film.clips), film.duration, this.frame, time);
    this.#tell("mode");
  }

  /** @param {string} why @param {number} time */
  #playClips(why, time) {
    if (this.#film?.clips.length) this.#play("clips", t("{why}: its clips are played one after another.", { why }), time);
    else this.#play("none", t("{why}, and it has no clips.", { why }), time);
  }

  /** @param {{part: number, time: number}} failed */
  #fallBack({ part, time }) {
    const film = /** @type {Film} */ (this.#film);
    if (this.mode === "whole") return this.#playClips(t("The browser cannot play this video ({codec}), or its file is gone", { codec: film.codec }), time);
    const rest = film.clips.length > 1 ? partsOf(film.clips).filter((_, number) => number !== part) : [];
    this.#film = { ...film, clips: rest.map(({ url, start, end }) => ({ url, start, end })) };
    this.#playClips(rest.length ? t("Not every clip can be played") : t("Neither this video nor its clips can be played"), time);
  }

  get time() {
    return this.#media.currentTime;
  }

  /** The length of a frame, in seconds. */
  get frame() {
    return 1 / (this.#film?.fps || 25);
  }

  get paused() {
    return this.#media.paused;
  }

  /** Whether a frame of the time that is wanted can be seen. */
  get ready() {
    return this.#media.readyState >= 2;
  }

  get rate() {
    return this.#media.playbackRate;
  }

  set rate(rate) {
    this.#media.playbackRate = rate;
  }

  /** The span that is played again and again. @returns {[number, number] | null} */
  get loop() {
    return this.#media.loop;
  }

  set loop(span) {
    this.#media.loop = span;
    this.#tell("state");
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
   * Have a frame ready that one will perhaps go to: the pointer or the focus is on what leads there.
   * @param {number} time as `seek` takes it
   * @param {{begin?: boolean}} [options]
   */
  prepare(time, { begin = false } = {}) {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#media.prepare(time + (begin ? this.frame / 4 : 0)), NEAR_FOR);
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

  /** When the frame that is seen begins, in seconds. */
  get frameTime() {
    return this.#media.frameTime;
  }

  /**
   * Go one frame on or back. Where frames do not all last as long, the times that the decoder tells count.
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

  /** Wait until another frame is seen, or until there is surely none. */
  #nextFrame() {
    return new Promise((resolve) => {
      this.#media.addEventListener("frame", resolve, { once: true });
      this.#media.addEventListener("seeked", () => setTimeout(resolve, 60), { once: true });
      setTimeout(resolve, 1000);
    });
  }
}

customElements.define("vidkit-player", VidkitPlayer);
