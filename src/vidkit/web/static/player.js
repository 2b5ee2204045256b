// <vidkit-player>: one player for a whole video, or for its clips in order as one time line. media-chrome draws the
// buttons; what it controls is <vidkit-media>, which behaves as a <video> of the whole time line does.

import "./vendor/media-chrome/media-chrome.js";

/**
 * A file and the part of the time line that it is played for, in seconds. `from` is the file's own second at `start`.
 * @typedef {{url: string, start: number, end: number, from: number}} Part
 */

const PASSED_ON = [
  "canplay", "canplaythrough", "durationchange", "loadeddata", "loadedmetadata", "loadstart", "pause", "play", "playing",
  "progress", "ratechange", "seeked", "seeking", "stalled", "timeupdate", "volumechange", "waiting",
];
const NEAR_END = 0.02; // seconds: a part is over
const AHEAD = 4; // seconds before a part ends, the next one is loaded

/** A range of seconds, as media elements give them. @param {number} end */
const rangeTo = (end) => ({ length: 1, start: () => 0, end: () => end });

/** What media-chrome controls: two <video>, of which one is seen and the other loads what comes next. */
class VidkitMedia extends HTMLElement {
  /** @type {Part[]} */
  #parts = [];
  #duration = NaN;
  #frame = 0.04;
  /** @type {HTMLVideoElement[]} */
  #videos = [];
  #seen = 0;
  #playing = false;
  /** When the frame begins that each video has drawn last, in the file's own seconds. @type {WeakMap<HTMLVideoElement, number>} */
  #mediaTimes = new WeakMap();
  /** Where it goes as soon as that can be shown. @type {{part: number, time: number} | null} */
  #wanted = null;
  /** The span that is played again and again. @type {[number, number] | null} */
  loop = null;
  /** When the frame that is seen begins, in seconds of the time line. */
  frameTime = 0;

  constructor() {
    super();
    this.#videos = [0, 1].map((number) => {
      const video = document.createElement("video");
      video.playsInline = true;
      video.preload = "auto";
      video.disablePictureInPicture = true;
      video.classList.toggle("waits", number > 0);
      for (const name of PASSED_ON) video.addEventListener(name, () => this.#passOn(video, name));
      video.addEventListener("loadeddata", () => this.#show(video));
      video.addEventListener("seeking", () => this.#mediaTimes.delete(video));
      video.addEventListener("seeked", () => this.#show(video));
      video.addEventListener("seeked", () => this.#isSeen(video) && this.#setFrameTime(video));
      video.addEventListener("ended", () => this.#isSeen(video) && this.#goOn());
      video.addEventListener("timeupdate", () => this.#isSeen(video) && this.#watch());
      video.addEventListener("error", () => this.#onError(video));
      this.#followFrames(video);
      return video;
    });
  }

  connectedCallback() {
    if (!this.firstChild) this.append(...this.#videos);
  }

  /** Give the network and the decoder back. */
  disconnectedCallback() {
    for (const video of this.#videos) {
      video.removeAttribute("src");
      delete video.dataset.part;
      video.load();
    }
  }

  /**
   * Play these files as one time line.
   * @param {Part[]} parts in order, without overlaps
   * @param {number} duration of the whole, in seconds
   * @param {number} frame the length of a frame, in seconds
   * @param {number} time where it begins
   */
  open(parts, duration, frame, time) {
    this.#parts = parts;
    this.#duration = duration;
    this.#frame = frame;
    for (const video of this.#videos) delete video.dataset.part;
    this.currentTime = time;
  }

  /** Where the small pictures of the time line are. @param {string} url */
  set pictures(url) {
    const track = document.createElement("track");
    Object.assign(track, { kind: "metadata", label: "thumbnails", default: true, src: url });
    this.#videos[0].replaceChildren(track);
  }

  get #video() {
    return this.#videos[this.#seen];
  }

  /** @param {HTMLVideoElement} video */
  #isSeen(video) {
    return video === this.#video && video.dataset.part !== undefined;
  }

  /** @param {HTMLVideoElement} video */
  #partOf(video) {
    return this.#parts[Number(video.dataset.part ?? -1)];
  }

  /** @param {HTMLVideoElement} video @param {string} name */
  #passOn(video, name) {
    if (!this.#isSeen(video)) return;
    if ((name === "pause" || name === "ended") && this.#playing && video.ended) return; // the next part goes on
    this.dispatchEvent(new Event(name));
  }

  // What a media element has

  get currentTime() {
    if (this.#wanted) return this.#wanted.time;
    const part = this.#partOf(this.#video);
    return part ? part.start + this.#video.currentTime - part.from : 0;
  }

  set currentTime(time) {
    const end = Number.isFinite(this.#duration) ? this.#duration : Infinity;
    this.#enter(Math.min(Math.max(0, time), end));
  }

  get duration() {
    const only = this.#parts.length === 1 && this.#parts[0].end === Infinity ? this.#video.duration : NaN;
    return Number.isFinite(only) ? only : this.#duration;
  }

  get paused() {
    return !this.#playing;
  }

  get ended() {
    return !this.#playing && this.#video.ended && Number(this.#video.dataset.part) === this.#parts.length - 1;
  }

  get readyState() {
    return this.#wanted ? Math.min(1, this.#video.readyState) : this.#video.readyState;
  }

  get seekable() {
    return rangeTo(Number.isFinite(this.duration) ? this.duration : 0);
  }

  get buffered() {
    const { buffered } = this.#video;
    const part = this.#partOf(this.#video);
    const shift = part ? part.start - part.from : 0;
    return {
      length: buffered.length,
      start: (/** @type {number} */ n) => buffered.start(n) + shift,
      end: (/** @type {number} */ n) => buffered.end(n) + shift,
    };
  }

  get textTracks() {
    return this.#videos[0].textTracks;
  }

  get videoWidth() {
    return this.#video.videoWidth;
  }

  get videoHeight() {
    return this.#video.videoHeight;
  }

  get currentSrc() {
    return this.#video.currentSrc;
  }

  get error() {
    return null; // the player says it in words
  }

  get muted() {
    return this.#videos[0].muted;
  }

  set muted(muted) {
    for (const video of this.#videos) video.muted = muted;
  }

  get volume() {
    return this.#videos[0].volume;
  }

  set volume(volume) {
    for (const video of this.#videos) video.volume = volume;
  }

  get playbackRate() {
    return this.#videos[0].playbackRate;
  }

  set playbackRate(rate) {
    for (const video of this.#videos) video.defaultPlaybackRate = video.playbackRate = rate;
  }

  load() {}

  async play() {
    if (this.currentTime >= this.duration - NEAR_END) this.currentTime = this.loop?.[0] ?? 0;
    this.#playing = true;
    if (this.#wanted) return void this.dispatchEvent(new Event("play"));
    try {
      await this.#video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "AbortError") {
        this.#playing = false; // the browser wants a click first
        this.dispatchEvent(new Event("pause"));
      }
    }
  }

  pause() {
    this.#playing = false;
    if (this.#wanted) this.dispatchEvent(new Event("pause"));
    for (const video of this.#videos) video.pause();
  }

  // From part to part

  /** The number of the part that shows a second; where nothing does, that of the next. @param {number} time */
  #partAt(time) {
    const number = this.#parts.findIndex((part) => time < part.end);
    return number < 0 ? this.#parts.length - 1 : number;
  }

  /** Go to a second. What is seen stays until the new frame can be shown. @param {number} time */
  #enter(time) {
    const number = this.#partAt(time);
    const part = this.#parts[number];
    if (!part) return;
    const own = part.from + Math.max(0, time - part.start);
    if (!this.#wanted && this.#video.dataset.part === String(number)) {
      this.#video.currentTime = own;
      return;
    }
    const other = this.#videos[1 - this.#seen];
    this.#wanted = { part: number, time: Math.max(time, part.start) };
    this.dispatchEvent(new Event("seeking"));
    this.#load(other, number, own);
    if (other.readyState >= 2 && !other.seeking) this.#show(other);
  }

  /** @param {HTMLVideoElement} video @param {number} number @param {number} own */
  #load(video, number, own) {
    if (video.dataset.part !== String(number)) {
      video.dataset.part = String(number);
      this.#mediaTimes.delete(video);
      video.src = this.#parts[number].url;
    }
    if (Math.abs(video.currentTime - own) > 0.001) video.currentTime = own;
  }

  /** See the video that has loaded, if it has what is wanted. @param {HTMLVideoElement} video */
  #show(video) {
    if (!this.#wanted || video.dataset.part !== String(this.#wanted.part) || video.seeking || video.readyState < 2) return;
    if (!video.videoWidth) return this.#onError(video); // sound without a picture: the browser has no decoder for it
    this.#wanted = null;
    const before = this.#video;
    this.#seen = this.#videos.indexOf(video);
    video.classList.remove("waits"); // one that waits is transparent, not hidden: a hidden one has no frames
    if (before !== video) {
      before.classList.add("waits");
      before.pause();
    }
    this.#setFrameTime(video);
    if (this.#playing) video.play().catch(() => undefined);
    for (const name of ["loadedmetadata", "durationchange", "loadeddata", "canplay", "seeked", "timeupdate"])
      this.dispatchEvent(new Event(name));
  }

  #goOn() {
    const number = Number(this.#video.dataset.part);
    const next = this.#parts[number + 1];
    if (this.loop) this.#enter(this.loop[0]);
    else if (next) this.#enter(next.start);
    else {
      this.#playing = false;
      this.dispatchEvent(new Event("pause"));
      this.dispatchEvent(new Event("ended"));
    }
  }

  /** While it plays: the end of the loop and of the part, and the part after it. */
  #watch() {
    if (!this.#playing || this.#wanted) return;
    const time = this.currentTime;
    const number = Number(this.#video.dataset.part);
    const part = this.#parts[number];
    const next = this.#parts[number + 1];
    if (this.loop && time >= this.loop[1] - NEAR_END) this.#enter(this.loop[0]);
    else if (part && time >= part.end - NEAR_END) this.#goOn();
    else if (part && next && time >= part.end - AHEAD) this.#load(this.#videos[1 - this.#seen], number + 1, next.from);
  }

  /** @param {HTMLVideoElement} video */
  #onError(video) {
    const number = Number(video.dataset.part ?? -1);
    if (number < 0) return;
    delete video.dataset.part;
    const time = this.#wanted?.time ?? this.#parts[number]?.start ?? 0;
    this.#wanted = null;
    this.dispatchEvent(new CustomEvent("unplayable", { detail: { part: number, time } }));
  }

  /** Until the decoder has told a frame's time, it is reckoned. @param {HTMLVideoElement} video */
  #setFrameTime(video) {
    const part = this.#partOf(video);
    const reckoned = Math.floor(video.currentTime / this.#frame + 0.01) * this.#frame;
    if (part) this.frameTime = part.start + (this.#mediaTimes.get(video) ?? reckoned) - part.from;
  }

  /** Know the time of each frame that is seen. @param {HTMLVideoElement} video */
  #followFrames(video) {
    const onFrame = (/** @type {number} */ now, /** @type {{mediaTime: number}} */ { mediaTime }) => {
      this.#mediaTimes.set(video, mediaTime);
      if (this.#isSeen(video)) {
        this.#setFrameTime(video);
        this.#watch();
        this.dispatchEvent(new Event("frame"));
      }
      video.requestVideoFrameCallback(onFrame);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(onFrame);
    else
      video.addEventListener("timeupdate", () => {
        this.frameTime = this.currentTime;
        this.dispatchEvent(new Event("frame"));
      });
  }
}

customElements.define("vidkit-media", VidkitMedia);

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
    else this.#playClips("The download of this video was not kept", time);
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
    if (this.#film?.clips.length) this.#play("clips", `${why}: its clips are played one after another.`, time);
    else this.#play("none", `${why}, and it has no clips.`, time);
  }

  /** @param {{part: number, time: number}} failed */
  #fallBack({ part, time }) {
    const film = /** @type {Film} */ (this.#film);
    if (this.mode === "whole") return this.#playClips(`The browser cannot play this video (${film.codec}), or its file is gone`, time);
    const rest = film.clips.length > 1 ? partsOf(film.clips).filter((_, number) => number !== part) : [];
    this.#film = { ...film, clips: rest.map(({ url, start, end }) => ({ url, start, end })) };
    this.#playClips(rest.length ? "Not every clip can be played" : "Neither this video nor its clips can be played", time);
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
    this.#media.currentTime = time + (begin ? this.frame / 4 : 0);
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

/**
 * Clips as parts of a time line: where two overlap, the first is played to its end.
 * @param {{url: string, start: number, end: number}[]} clips
 * @returns {Part[]}
 */
export function partsOf(clips) {
  /** @type {Part[]} */
  const parts = [];
  for (const { url, start, end } of [...clips].sort((one, other) => one.start - other.start)) {
    const begin = Math.max(start, parts.at(-1)?.end ?? 0);
    if (end - begin > NEAR_END) parts.push({ url, start: begin, end, from: begin - start });
  }
  return parts;
}
