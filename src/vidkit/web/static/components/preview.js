// A moment over the library: it plays from its first second, in a loop, beside its words and labels.

import { html, useEffect, useRef, useState } from "../ui.js";
import { get, useLoad, wordsOf } from "../api.js";
import { change } from "../router.js";
import { clock, lasting } from "../format.js";
import { searchOf } from "../addresses.js";
import { hasOwnWords, kindName, likeMomentHref, markedParts, momentHref, momentId, numbered, thumbnailOf, whyWords } from "../moments.js";
import { momentsOf } from "../readings.js";
import { INSIDE, sourcesOf, stop, takeVideo } from "../likely_moment.js";
import { useKeys } from "../keys.js";
import { selected, toggle } from "../selection.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/** @typedef {import("../moments.js").Moment} Moment */

/**
 * @param {{id: string, moment: Moment | undefined, query: URLSearchParams, onStep: (step: number) => boolean,
 *   meaning: boolean}} props moment: undefined if it is not among the results that are loaded; onStep goes to the next
 *   result, or the one before; meaning: whether the library can search for similar moments
 */
export function Preview({ id, moment, query, onStep, meaning }) {
  const { value, error } = useLoad(moment ? null : id, (abort) => loadMoment(id, abort));
  const shown = moment ?? (value && momentId(value) === id ? value : undefined);
  const close = () => change({ open: null, t: null });
  return html`<${Dialog} title=${shown?.filename ?? t("Moment")} onClose=${close} wide className="preview">
    <${Steps} onStep=${onStep} />
    ${shown && html`<${Playing} key=${id} moment=${shown} query=${query} meaning=${meaning} />`}
    ${!shown && error && html`<div class="dialog-body"><p class="problem">${wordsOf(error)}</p></div>`}
    ${!shown && !error && html`<div class="preview-empty"><div class="spinner"></div></div>`}
  <//>`;
}

/** @param {{onStep: (step: number) => boolean}} props */
function Steps({ onStep }) {
  useKeys(t("Open moment"), [
    { keys: "ArrowLeft k", does: t("previous result"), run: () => void onStep(-1) },
    { keys: "ArrowRight j", does: t("next result"), run: () => void onStep(1) },
    { keys: "Escape", does: t("back to the results"), run: () => false },
  ]);
  return html`<div class="preview-steps">
    <button class="button-icon" aria-label=${t("Previous result")} title=${t("Previous result (←)")} onClick=${() => onStep(-1)}>
      <${Icon} name="left" />
    </button>
    <button class="button-icon" aria-label=${t("Next result")} title=${t("Next result (→)")} onClick=${() => onStep(1)}>
      <${Icon} name="right" />
    </button>
  </div>`;
}

/** @param {{moment: Moment, query: URLSearchParams, meaning: boolean}} props */
function Playing({ moment, query, meaning }) {
  const ticked = selected.value.has(momentId(moment));
  const href = momentHref(moment, searchOf(query));
  const link = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  useKeys(t("Open moment"), [
    { keys: "x", does: t("select it"), run: () => toggle(moment) },
    { keys: "v", does: t("go to the video's page"), run: () => link.current?.click() },
  ]);
  return html`<div class="preview-parts">
    <${Player} moment=${moment} from=${Number(query.get("t")) || moment.second} />
    <div class="preview-text stack">
      <p class="row">
        <span class="chip chip-accent">${moment.kind === "video" ? kindName("video") : numbered(moment.kind, moment.number)}</span>
        <span class="number">${clock(moment.start_time, 1)} – ${clock(moment.end_time, 1)}</span>
        <span class="quiet">${lasting(moment.end_time - moment.start_time)}</span>
        ${whyWords(moment) && html`<span class="quiet">${t("found {how}", { how: whyWords(moment) })}</span>`}
      </p>
      ${hasOwnWords(moment) && html`<p>${markedParts(moment).map(({ text, marked }) => (marked ? html`<mark>${text}</mark>` : text))}</p>`}
      <div class="row">
        <span class="chip">${moment.classification}</span>
        ${moment.tags.map((tag) => html`<span class="chip"><span class="one-line">${tag}</span></span>`)}
      </div>
      <div class="row">
        <a class="button button-main" ref=${link} href=${href}>${t("Video page")}</a>
        <button class="button" aria-pressed=${ticked} onClick=${() => toggle(moment)}>
          <${Icon} name="check" size=${18} />${ticked ? t("Selected") : t("Select")}
        </button>
        ${meaning &&
        html`<a class="button" href=${likeMomentHref(moment)}>
          <${Icon} name="alike" size=${18} />${t("More like this")}
        </a>`}
      </div>
    </div>
  </div>`;
}

/** @param {{moment: Moment, from: number}} props from: the second of the video to start at */
function Player({ moment, from }) {
  const sources = sourcesOf(moment);
  const [place, setPlace] = useState(0);
  const [startAt] = useState(from); // the address changes while it plays
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const source = sources[place];
  useKeys(t("Open moment"), [
    { keys: "space", does: t("play, pause"), run: () => void (video.current && playOrPause(video.current)) },
  ]);
  useEffect(() => {
    if (!source) return;
    const element = takeVideo(moment, source.url);
    element.className = "preview-video preview-seeking";
    element.controls = true;
    video.current = element;
    const forget = follow(element, moment, source, startAt);
    const onError = () => setPlace(place + 1);
    element.addEventListener("error", onError);
    box.current?.append(element);
    return () => {
      element.removeEventListener("error", onError);
      forget();
      element.remove();
      stop(element);
      video.current = null;
    };
  }, [place]);
  if (!source)
    return html`<div class="preview-video preview-none">
      <${Icon} name="warning" size=${28} />
      <p>${t("The browser cannot play this video, or its file was not kept.")}</p>
    </div>`;
  // Until the moment's first frame is there, its thumbnail is shown: the browser would show the video's first frame.
  const thumbnail = thumbnailOf(moment);
  return html`<div class="preview-player" ref=${box} style=${thumbnail ? { backgroundImage: `url("${thumbnail}")` } : {}}></div>`;
}

/**
 * Play a moment in a loop. When it is paused, the address gets the second.
 * @param {HTMLVideoElement} element
 * @param {Moment} moment
 * @param {{start: number, end: number}} source
 * @param {number} from the second of the whole video to start at
 * @returns {() => void} ends it
 */
function follow(element, moment, source, from) {
  const shift = moment.start_time - source.start;
  const first = Math.min(Math.max(0, from - shift), source.end) + INSIDE;
  /** @type {Record<string, () => void>} */
  const on = {
    loadedmetadata: () => {
      if (Math.abs(element.currentTime - first) > INSIDE / 2) element.currentTime = first;
      else if (!element.seeking) reveal();
      element.play().catch(() => {}); // The browser may want a click first.
    },
    seeked: () => {
      reveal();
      note();
    },
    timeupdate: () => {
      if (element.currentTime >= source.end && !element.paused) element.currentTime = source.start + INSIDE;
    },
    ended: () => {
      element.currentTime = source.start + INSIDE;
      element.play().catch(() => {});
    },
    pause: note,
  };
  function reveal() {
    element.classList.remove("preview-seeking");
  }
  function note() {
    const at = element.currentTime + shift;
    if (!element.paused || element.ended) return;
    change({ t: at > moment.start_time + 0.05 ? String(Number(at.toFixed(2))) : null }, { replace: true });
  }
  for (const [name, run] of Object.entries(on)) element.addEventListener(name, run);
  if (element.readyState >= 1) on.loadedmetadata();
  return () => {
    for (const [name, run] of Object.entries(on)) element.removeEventListener(name, run);
  };
}

/** @param {HTMLVideoElement} video */
const playOrPause = (video) => (video.paused ? video.play().catch(() => {}) : video.pause());

/**
 * A moment that is not among the results, from its video's record.
 * @param {string} id as of `momentId`
 * @param {AbortSignal} abort
 * @returns {Promise<Moment>}
 */
async function loadMoment(id, abort) {
  const [key, kind, number] = id.split(":");
  const record = await get(`/videos/${encodeURIComponent(key)}`, {}, abort);
  const list = kind === "scene" ? record.scenes : kind === "segment" ? record.segments : momentsOf(record, kind);
  const whole = { index: 0, start_time: 0, end_time: record.duration, description: record.qwen_description };
  const part = kind === "video" ? whole : list?.find((/** @type {any} */ one) => one.index === Number(number));
  if (!part) throw new Error(t("This video has no such moment any more."));
  return {
    key,
    kind,
    number: part.index,
    filename: record.filename,
    url: record.source.url,
    start_time: part.start_time,
    end_time: part.end_time,
    source: part.source ?? "description",
    second: part.start_time,
    text: part.description ?? part.text ?? "",
    marks: [],
    thumbnail: part.thumbnail ?? record.scenes[0]?.thumbnail ?? null,
    tags: record.tags,
    classification: record.classification,
    why: [],
  };
}
