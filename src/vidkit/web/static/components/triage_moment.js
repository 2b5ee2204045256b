// The moment that triage shows: its part of the video in a loop, and its labels and text.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { clock } from "../format.js";
import { endOf, kindName, markedParts, mediaOf, momentHref, numbered } from "../moments.js";
import { saidText } from "../triage_queue.js";
import { Icon } from "./icons.js";
import { parts, t } from "../texts.js";

/** @typedef {import("../triage_queue.js").TriageMoment} TriageMoment */

/**
 * The files that can play a moment, the best first: a clip's own file, the span in the video.
 * @param {TriageMoment} moment
 * @returns {{src: string, start: number, end: number}[]} seconds within the file
 */
function sourcesOf(moment) {
  const span = { src: `${mediaOf(moment.key)}/video`, start: moment.start_time, end: endOf(moment) };
  if (moment.kind !== "segment") return [span];
  return [{ src: `${mediaOf(moment.key)}/clips/${moment.number}`, start: 0, end: Infinity }, span];
}

/**
 * A moment's part of the video in a loop. The next moments are loaded and hidden, at their first frame.
 * @param {{moment: TriageMoment, shown: boolean, paused: boolean, muted: boolean, video: {current: HTMLVideoElement | null}}} props
 */
export function MomentPlayer({ moment, shown, paused, muted, video }) {
  const own = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const [source, setSource] = useState(0);
  const { src, start, end } = sourcesOf(moment)[source] ?? { src: "", start: 0, end: 0 };
  useEffect(() => {
    if (own.current) own.current.muted = muted;
  }, [muted, src]);
  useLayoutEffect(() => {
    const player = own.current;
    if (shown) video.current = player;
    if (!player || !shown || paused) return void player?.pause();
    player.play().catch(() => undefined); // the browser may want a click first
    let frame = requestAnimationFrame(function loop() {
      if (player.currentTime >= end - 0.02 || player.ended) {
        player.currentTime = start;
        if (player.ended) player.play().catch(() => undefined);
      }
      frame = requestAnimationFrame(loop);
    });
    return () => cancelAnimationFrame(frame);
  }, [shown, paused, src]);
  const toStart = () => own.current && (own.current.currentTime = start);
  const name = t("{name}, {start} to {end}", { name: moment.filename, start: clock(moment.start_time), end: clock(moment.end_time) });
  if (!src)
    return html`<div class="triage-still" hidden=${!shown}>
      <${Icon} name="film" size=${48} />
      <p>${t("The video is not kept, so it cannot be shown.")}</p>
    </div>`;
  return html`<video
    ref=${own}
    class="triage-video"
    hidden=${!shown}
    src=${src}
    loop=${end === Infinity}
    playsinline
    preload="auto"
    aria-label=${name}
    onLoadedMetadata=${toStart}
    onError=${() => setSource(source + 1)}
  ></video>`;
}

/**
 * The labels and the text of a moment, and the buttons of its player.
 * @param {{moment: TriageMoment, muted: boolean, setMuted: (muted: boolean) => void, paused: boolean, setPaused: (paused: boolean) => void}} props
 */
export function MomentFacts({ moment, muted, setMuted, paused, setPaused }) {
  const person = moment.corrections?.classification === moment.classification;
  return html`<div class="triage-facts">
    <div class="triage-play">
      <button class="button-icon" aria-label=${paused ? t("Play") : t("Pause")} onClick=${() => setPaused(!paused)}>
        <${Icon} name=${paused ? "play" : "pause"} />
      </button>
      <button class="button-icon" aria-label=${t("Audio")} aria-pressed=${!muted} onClick=${() => setMuted(!muted)}>
        <${Icon} name=${muted ? "silent" : "sound"} />
      </button>
    </div>
    <div class="grow" aria-live="polite">
      <p class="triage-name">
        <a href=${momentHref(moment)} class="one-line">${moment.filename}</a>
        <span class="quiet number">
          ${moment.number ? numbered(moment.kind, moment.number) : kindName(moment.kind)},${" "}
          ${clock(moment.start_time)} – ${clock(moment.end_time)}
        </span>
      </p>
      <p class="triage-labels">
        <span class="chip chip-accent" title=${person ? t("A person says so") : t("The rules say so")} data-test="class">
          <span class="one-line">${moment.classification}</span>${person ? html`<${Icon} name="user" size=${14} />` : null}
        </span>
        ${moment.tags.map((tag) => html`<span class="chip" key=${tag}><span class="one-line">${tag}</span></span>`)}
      </p>
      ${moment.said &&
      html`<p class="small triage-said">
        ${parts("{who} has said for another moment of this video: {answer}", {
          who: moment.said.who,
          answer: html`<b>${saidText(moment.said)}</b>`,
        })}
      </p>`}
      <p class="triage-text">
        ${markedParts(moment).map((part) => (part.marked ? html`<mark>${part.text}</mark>` : part.text))}
      </p>
    </div>
  </div>`;
}
