// <vidkit-media>: files in order as one time line. It behaves as a <video> of the whole time line does.

import { NEAR_END } from "./player_parts.js";

/** @typedef {import("./player_parts.js").Part} Part */

const PASSED_ON = [
  "canplay", "canplaythrough", "durationchange", "loadeddata", "loadedmetadata", "loadstart", "pause", "play", "playing",
  "progress", "ratechange", "seeked", "seeking", "stalled", "timeupdate", "volumechange", "waiting",
];
const AHEAD = 4; // the next part is loaded so many seconds before a part ends

/** A range of seconds, as media elements give them. @param {number} end */
const rangeTo = (end) => ({ length: 1, start: () => 0, end: () => end });

/** Whether a video is at a second of a part, or seeks to it. @param {HTMLVideoElement} video @param {number} part @param {number} own */
const isAt = (video, part, own) => video.dataset.part === String(part) && Math.abs(video.currentTime - own) <= 0.001;

/** The media for media-chrome: two <video>. One is shown, the other loads what comes next. */
export class VidkitMedia extends HTMLElement {
  /** @type {Part[]} */
  #parts = [];
  #duration = NaN;
  #frame = 0.04;
  /** @type {HTMLVideoElement[]} */
  #videos = [];
  #shown = 0;
  #playing = false;
  /** When the last drawn frame of each video begins, in seconds of its file. @type {WeakMap<HTMLVideoElement, number>} */
  #mediaTimes = new WeakMap();
  /** The time that it goes to as soon as the frame can be shown. @type {{part: number, time: number} | null} */
  #wanted = null;
  /** The time that it is likely to go to: the hidden video prepares that frame. @type {number | null} */
  #likely = null;
  /** The span that it plays in a loop. @type {[number, number] | null} */
  loop = null;
  /** When the shown frame begins, in seconds of the time line. */
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
      video.addEventListener("seeked", () => this.#isShown(video) && this.#setFrameTime(video));
      video.addEventListener("seeked", () => this.#prepareLikely());
      video.addEventListener("ended", () => this.#isShown(video) && this.#goOn());
      video.addEventListener("timeupdate", () => this.#isShown(video) && this.#watch());
      video.addEventListener("error", () => this.#onError(video));
      this.#followFrames(video);
      return video;
    });
  }

  connectedCallback() {
    if (!this.firstChild) this.append(...this.#videos);
  }

  /** Free the connections and the decoders. */
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

  /** The contact sheet, for the time line: the address of its WebVTT file. @param {string} url */
  set sheet(url) {
    const track = document.createElement("track");
    Object.assign(track, { kind: "metadata", label: "thumbnails", default: true, src: url });
    this.#videos[0].replaceChildren(track);
  }

  get #video() {
    return this.#videos[this.#shown];
  }

  /** @param {HTMLVideoElement} video */
  #isShown(video) {
    return video === this.#video && video.dataset.part !== undefined;
  }

  /** @param {HTMLVideoElement} video */
  #partOf(video) {
    return this.#parts[Number(video.dataset.part ?? -1)];
  }

  /** @param {HTMLVideoElement} video @param {string} name */
  #passOn(video, name) {
    if (!this.#isShown(video)) return;
    if ((name === "pause" || name === "ended") && this.#playing && video.ended) return; // the next part goes on
    this.dispatchEvent(new Event(name));
  }

  // The interface of a media element

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
    return null; // the player shows errors itself
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
        this.#playing = false; // the browser requires a click first
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

  /** The number of the part at a second; if there is none, the number of the next part. @param {number} time */
  #partAt(time) {
    const number = this.#parts.findIndex((part) => time < part.end);
    return number < 0 ? this.#parts.length - 1 : number;
  }

  /** Go to a second. The old frame stays until the new one can be shown. @param {number} time */
  #enter(time) {
    const number = this.#partAt(time);
    const part = this.#parts[number];
    if (!part) return;
    const own = part.from + Math.max(0, time - part.start);
    const other = this.#videos[1 - this.#shown];
    this.#likely = null;
    if (!this.#wanted && this.#video.dataset.part === String(number) && !isAt(other, number, own)) {
      this.#video.currentTime = own;
      return;
    }
    this.#wanted = { part: number, time: Math.max(time, part.start) };
    this.dispatchEvent(new Event("seeking"));
    this.#load(other, number, own);
    if (other.readyState >= 2 && !other.seeking) this.#show(other);
  }

  /**
   * Prepare the frame of a second: to go there then takes no time, wherever the keyframes are.
   * @param {number} time
   */
  prepare(time) {
    this.#likely = time;
    this.#prepareLikely();
  }

  /** Prepare the likely frame, unless something else has to be decoded: the wanted frame, or the part that plays next. */
  #prepareLikely() {
    if (this.#likely === null || this.#wanted || this.#video.seeking || (this.#playing && this.#parts.length > 1)) return;
    const number = this.#partAt(this.#likely);
    const part = this.#parts[number];
    if (!part) return;
    const own = part.from + Math.max(0, this.#likely - part.start);
    this.#likely = null;
    if (!isAt(this.#video, number, own)) this.#load(this.#videos[1 - this.#shown], number, own);
  }

  /** @param {HTMLVideoElement} video @param {number} number @param {number} own */
  #load(video, number, own) {
    if (video.dataset.part !== String(number)) {
      video.dataset.part = String(number);
      this.#mediaTimes.delete(video);
      video.src = this.#parts[number].url;
    }
    if (!isAt(video, number, own)) video.currentTime = own;
  }

  /** Show the video that has loaded, if it has the wanted frame. @param {HTMLVideoElement} video */
  #show(video) {
    if (!this.#wanted || video.dataset.part !== String(this.#wanted.part) || video.seeking || video.readyState < 2) return;
    if (!video.videoWidth) return this.#onError(video); // only audio: the browser cannot decode the video
    this.#wanted = null;
    const before = this.#video;
    this.#shown = this.#videos.indexOf(video);
    video.classList.remove("waits"); // one that waits is transparent and not hidden: a hidden one draws no frames
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

  /** While it plays: watch for the end of the loop and of the part, and load the part after it. */
  #watch() {
    if (!this.#playing || this.#wanted) return;
    const time = this.currentTime;
    const number = Number(this.#video.dataset.part);
    const part = this.#parts[number];
    const next = this.#parts[number + 1];
    if (this.loop && time >= this.loop[1] - NEAR_END) this.#enter(this.loop[0]);
    else if (part && time >= part.end - NEAR_END) this.#goOn();
    else if (part && next && time >= part.end - AHEAD) this.#load(this.#videos[1 - this.#shown], number + 1, next.from);
  }

  /** @param {HTMLVideoElement} video */
  #onError(video) {
    const number = Number(video.dataset.part ?? -1);
    if (number < 0) return;
    delete video.dataset.part;
    if (!this.#wanted && video !== this.#video) return; // it only loaded ahead
    const time = this.#wanted?.time ?? this.#parts[number]?.start ?? 0;
    this.#wanted = null;
    this.dispatchEvent(new CustomEvent("unplayable", { detail: { part: number, time } }));
  }

  /** Set `frameTime`. Until the decoder has told the time of the frame, it is computed. @param {HTMLVideoElement} video */
  #setFrameTime(video) {
    const part = this.#partOf(video);
    const computed = Math.floor(video.currentTime / this.#frame + 0.01) * this.#frame;
    if (part) this.frameTime = part.start + (this.#mediaTimes.get(video) ?? computed) - part.from;
  }

  /** Follow the times of the frames that are drawn. @param {HTMLVideoElement} video */
  #followFrames(video) {
    const onFrame = (/** @type {number} */ now, /** @type {{mediaTime: number}} */ { mediaTime }) => {
      this.#mediaTimes.set(video, mediaTime);
      if (this.#isShown(video)) {
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
