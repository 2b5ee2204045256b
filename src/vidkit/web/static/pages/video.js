// A video: the player, its time line, its scenes, clips and hits, its labels, and what is known of it.

import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { get, may, send, useLoad, wordsOf } from "../api.js";
import { useKeys } from "../keys.js";
import { change, go } from "../router.js";
import { bytes, clock, counted, dateTime, lasting } from "../format.js";
import { KINDS, mediaOf, momentHref } from "../moments.js";
import { forgetResults, neighbours } from "../results.js";
import { cueAt, sheetOf } from "../contact_sheet.js";
import { ask } from "../components/dialog.js";
import { Icon } from "../components/icons.js";
import { PartList } from "../components/part_list.js";
import { SheetGrid } from "../components/sheet_grid.js";
import { TimeLine } from "../components/time_line.js";
import { toast, toastError } from "../components/toasts.js";
import { VideoLabels } from "../components/video_labels.js";
import { VidkitPlayer } from "../player.js";

export const STYLES = ["/static/pages/video.css"];

/** @typedef {import("../components/part_list.js").VideoPart} VideoPart */
/** @typedef {import("../components/time_line.js").Lane} Lane */
/** @typedef {import("../moments.js").Moment} Moment */

const NOTED_AFTER = 250; // milliseconds that a frame stands still before the address has it
const RATES = [0.25, 0.5, 1, 1.5, 2, 4];

/** @param {{video: string, query: URLSearchParams}} props */
export function Page({ video, query }) {
  const { value, error } = useLoad(video, async (abort) => {
    const record = await get(`/videos/${encodeURIComponent(video)}`, {}, abort);
    return { video, record };
  });
  if (error)
    return html`<section class="notice">
      <h1>This video cannot be shown</h1>
      <p>${wordsOf(error)}</p>
      <p><a class="button" href="/">To the library</a></p>
    </section>`;
  if (value?.video !== video) return html`<div class="page-loading" aria-busy="true"></div>`;
  return html`<${Video} key=${video} video=${video} record=${value.record} query=${query} />`;
}

/** The moment of an address and the second that it begins at. @param {any} record @param {URLSearchParams} query */
function wantedOf(record, query) {
  const [kind, number] = (query.get("m") ?? "video:0").split(":");
  const list = kind === "scene" ? record.scenes : kind === "segment" ? record.segments : [];
  const part = list.find((/** @type {VideoPart} */ each) => each.index === Number(number));
  const time = query.has("t") ? Number(query.get("t")) : (part?.start_time ?? 0);
  return { id: `${kind}:${number}`, time: Number.isFinite(time) ? time : 0 };
}

/** The span of an address that is played again and again. @param {URLSearchParams} query @returns {[number, number] | null} */
function loopOf(query) {
  const [start, end] = (query.get("loop") ?? "").split("-").map(Number);
  return Number.isFinite(start) && end > start ? [start, end] : null;
}

/** A time as an address has it. @param {number} time */
const inAddress = (time) => String(Number(time.toFixed(3)));

/** @param {{video: string, record: any, query: URLSearchParams}} props */
function Video({ video, record, query }) {
  const media = mediaOf(video);
  const [player] = useState(() => /** @type {VidkitPlayer} */ (document.createElement("vidkit-player")));
  const state = usePlayer(player, record, media, query);
  const search = query.get("from") ?? "";
  const { value: hits } = useLoad(new URLSearchParams(search).get("q") ? `${video} ${search}` : null, (abort) =>
    get(`/videos/${video}/moments`, new URLSearchParams(search), abort),
  );
  const { value: cues } = useLoad(record.sprites ? video : null, () => sheetOf(video));
  const lanes = useMemo(() => lanesOf(record, hits?.items ?? []), [record, hits]);
  /** @param {number} time @param {boolean} [begin] */
  const seek = (time, begin = false) => player.seek(time, { begin });
  useVideoKeys(player, record, seek, state);
  useEffect(() => {
    document.title = `${record.filename} · vidkit`;
  }, [record]);
  const sceneNow = usePlace(player, record.scenes);
  const clipNow = usePlace(player, record.segments);
  const timeLine = useMemo(
    () =>
      html`<${TimeLine}
        duration=${record.duration}
        lanes=${lanes}
        cues=${cues ?? []}
        loop=${state.loop}
        player=${player}
        onSeek=${seek}
      />`,
    [lanes, cues, state.loop],
  );
  return html`<div class="page page-wide video">
    <${Head} record=${record} video=${video} search=${search} moment=${`${video}:${query.get("m") ?? "video:0"}`} />
    <div class="video-main">
      <${Stage} player=${player} />
      ${state.reason && html`<p class="video-reason" role="status"><${Icon} name="info" size=${18} /> ${state.reason}</p>`}
      <${Transport} player=${player} record=${record} state=${state} seek=${seek} sceneNow=${sceneNow} />
      ${timeLine}
      <${Tabs} record=${record} media=${media} cues=${cues ?? null} player=${player} seek=${seek} sceneNow=${sceneNow} clipNow=${clipNow} />
    </div>
    <div class="video-side">
      ${record.qwen_description &&
      html`<section class="panel">
        <div class="panel-head"><h2>Description</h2></div>
        <p class="panel-body video-description">${record.qwen_description}</p>
      </section>`}
      <section class="panel">
        <div class="panel-head"><h2>Labels</h2></div>
        <div class="panel-body"><${VideoLabels} videoKey=${video} onChanged=${forgetResults} /></div>
      </section>
      <${Facts} record=${record} />
      <${Erase} record=${record} video=${video} search=${search} />
    </div>
  </div>`;
}

/**
 * What the player does, as the page shows it; the address and the player follow each other.
 * @param {VidkitPlayer} player
 * @param {any} record
 * @param {string} media
 * @param {URLSearchParams} query
 */
function usePlayer(player, record, media, query) {
  const [, drawAgain] = useState(0);
  const noted = useRef("");
  const wanted = wantedOf(record, query);
  const loop = useMemo(() => loopOf(query), [query.get("loop")]);
  const name = `${wanted.id} ${wanted.time}`;
  useEffect(() => {
    const redraw = () => drawAgain((turn) => turn + 1);
    let waiting = 0;
    const onFrame = () => {
      clearTimeout(waiting);
      if (player.paused) waiting = setTimeout(note, NOTED_AFTER);
    };
    player.addEventListener("state", redraw);
    player.addEventListener("state", onFrame);
    player.addEventListener("frame", onFrame);
    player.addEventListener("mode", redraw);
    const clips = record.segments.map((/** @type {VideoPart} */ { index, start_time, end_time }) => ({
      url: `${media}/clips/${index}`,
      start: start_time,
      end: end_time,
    }));
    noted.current = name;
    player.open(
      {
        whole: record.path === null ? null : `${media}/video`,
        clips,
        duration: record.duration,
        fps: record.fps,
        codec: record.codec,
        pictures: record.sprites ? `${media}/sprites.vtt` : undefined,
      },
      wanted.time + (wanted.time > 0 ? player.frame / 4 : 0),
    );
    return () => {
      clearTimeout(waiting);
      player.removeEventListener("state", redraw);
      player.removeEventListener("state", onFrame);
      player.removeEventListener("frame", onFrame);
      player.removeEventListener("mode", redraw);
      player.pause();
    };
  }, []);
  useEffect(() => {
    if (noted.current === name) return;
    noted.current = name; // "back" and links within the page
    player.seek(wanted.time, { begin: true });
  }, [name]);
  useEffect(() => {
    player.loop = loop;
  }, [loop]);
  /** Keep the second of the frame that stands still in the address. */
  function note() {
    if (!player.ready) return;
    const address = new URLSearchParams(location.search);
    const known = wantedOf(record, address);
    if (Math.abs(known.time - player.frameTime) < player.frame * 0.6) return;
    const time = inAddress(player.frameTime);
    noted.current = `${known.id} ${Number(time)}`;
    change({ t: time }, { replace: true });
  }
  return { loop, reason: player.reason };
}

/** The place of the part that is played; the page is drawn again only when that changes. @param {VidkitPlayer} player @param {VideoPart[]} parts */
function usePlace(player, parts) {
  const [place, setPlace] = useState(-1);
  useEffect(() => {
    const onFrame = () => setPlace(placeOf(parts, player.time));
    onFrame();
    player.addEventListener("frame", onFrame);
    return () => player.removeEventListener("frame", onFrame);
  }, [player, parts]);
  return place;
}

/** The place of the last part that has begun at a time; -1 for none. @param {VideoPart[]} parts @param {number} time */
function placeOf(parts, time) {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle].start_time <= time + 0.0005) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** @param {any} record @param {Moment[]} hits @returns {Lane[]} */
function lanesOf(record, hits) {
  /** @param {string} noun @param {VideoPart[]} parts */
  const blocks = (noun, parts) =>
    parts.map((part) => ({
      start: part.start_time,
      end: part.end_time,
      label: `${noun} ${part.index}`,
      text: [part.description, part.tags?.join(", ")].filter(Boolean).join(" · "),
    }));
  const found = hits.map((hit) => ({
    start: hit.start_time,
    end: hit.end_time,
    label: hit.kind === "video" ? KINDS.video : `${KINDS[hit.kind] ?? hit.kind} ${hit.number}`,
    text: hit.text,
  }));
  return [
    { name: "Scenes", blocks: blocks("Scene", record.scenes) },
    ...(record.segments.length ? [{ name: "Clips", blocks: blocks("Clip", record.segments) }] : []),
    ...(found.length ? [{ name: "Hits", blocks: found }] : []),
  ];
}

/** Where the player's element is put. @param {{player: VidkitPlayer}} props */
function Stage({ player }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => own.current?.replaceChildren(player), [player]);
  return html`<div class="video-stage" ref=${own}></div>`;
}

/** @param {{record: any, video: string, search: string, moment: string}} props */
function Head({ record, video, search, moment }) {
  const query = new URLSearchParams(search);
  const { value: beside } = useLoad(search ? `${search} ${moment}` : null, () => neighbours(query, moment));
  const previous = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  const next = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  useKeys("Answers", [
    ...(beside?.previous ? [{ keys: "p", does: "previous answer of the search", run: () => previous.current?.click() }] : []),
    ...(beside?.next ? [{ keys: "n", does: "next answer of the search", run: () => next.current?.click() }] : []),
  ]);
  const source = record.source.url;
  return html`<header class="video-head">
    <div class="grow">
      <p class="small">
        <a href=${search ? `/?${search}` : "/"}>${search ? "All answers" : "Library"}</a>
        ${beside && beside.place >= 0 && html`<span class="quiet"> · answer ${beside.place + 1}</span>`}
      </p>
      <h1 class="video-title">${record.filename}</h1>
      <p class="small quiet one-line" title=${source}>
        ${/^https?:\/\//i.test(source) ? html`<a href=${source} target="_blank" rel="noopener noreferrer">${source}</a>` : source}
      </p>
    </div>
    <nav class="row" aria-label="Answers">
      ${beside?.previous &&
      html`<a class="button" ref=${previous} href=${momentHref(beside.previous, query)} title="Previous answer (P)">
        <${Icon} name="left" size=${18} /> Previous
      </a>`}
      ${beside?.next &&
      html`<a class="button" ref=${next} href=${momentHref(beside.next, query)} title="Next answer (N)">
        Next <${Icon} name="right" size=${18} />
      </a>`}
      <a class="button" href=${`${mediaOf(video)}?download=1`} download><${Icon} name="download" size=${18} /> JSON</a>
      ${record.path !== null &&
      html`<a class="button" href=${`${mediaOf(video)}/video?download=1`} download><${Icon} name="download" size=${18} /> Video</a>`}
    </nav>
  </header>`;
}

/**
 * The time, jumps, steps, the loop.
 * @param {{player: VidkitPlayer, record: any, state: any, seek: (time: number, begin?: boolean) => void, sceneNow: number}} props
 */
function Transport({ player, record, state, seek, sceneNow }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const typing = useRef(false);
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
    if (time === null) toast("Write a time like 1:23.5 or 83.5, or a frame like #250.");
    else seek(Math.min(time, record.duration), true);
  };
  const button = (/** @type {any} */ icon, /** @type {string} */ label, /** @type {string} */ key, /** @type {() => void} */ run) =>
    html`<button class="button-icon" aria-label=${label} title=${`${label} (${key})`} onClick=${run}><${Icon} name=${icon} /></button>`;
  return html`<div class="video-transport">
    <form onSubmit=${onSubmit}>
      <input
        ref=${field}
        id="video-time"
        class="video-time number"
        aria-label="Time"
        title="Go to a time (T)"
        autocomplete="off"
        onFocus=${(/** @type {any} */ event) => ((typing.current = true), event.currentTarget.select())}
        onBlur=${() => (typing.current = false)}
      />
    </form>
    <span class="quiet number">/ ${clock(record.duration, 2)}</span>
    <span class="video-scene quiet">${sceneNow >= 0 && `Scene ${record.scenes[sceneNow].index} of ${record.scenes.length}`}</span>
    ${button("previous", "Previous scene", "[", () => toScene(player, record, seek, -1))}
    ${button("left", "One frame back", ",", () => player.step(-1))}
    ${button(player.paused ? "play" : "pause", player.paused ? "Play" : "Pause", "K", () => player.toggle())}
    ${button("right", "One frame on", ".", () => player.step(1))}
    ${button("next", "Next scene", "]", () => toScene(player, record, seek, 1))}
    <button
      class="button-icon"
      aria-label="Loop this scene"
      title="Loop this scene (R)"
      aria-pressed=${state.loop !== null}
      onClick=${() => toggleLoop(player, record, state)}
    >
      <${Icon} name="repeat" />
    </button>
    ${state.loop &&
    html`<span class="chip chip-accent number">
      ${clock(state.loop[0], 1)} – ${clock(state.loop[1], 1)}
      <button aria-label="End the loop" onClick=${() => setLoop(null)}><${Icon} name="close" size=${14} /></button>
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

/** @param {[number, number] | null} span */
const setLoop = (span) => change({ loop: span && span.map(inAddress).join("-") }, { replace: true });

/** Loop the scene that is played, or end the loop. @param {VidkitPlayer} player @param {any} record @param {any} state */
function toggleLoop(player, record, state) {
  const scene = record.scenes[placeOf(record.scenes, player.time)];
  setLoop(state.loop || !scene ? null : [scene.start_time, scene.end_time]);
}

/**
 * The next scene, or the one before; back to the beginning of this one where that is more than a second ago.
 * @param {VidkitPlayer} player
 * @param {any} record
 * @param {(time: number, begin?: boolean) => void} seek
 * @param {1 | -1} direction
 */
function toScene(player, record, seek, direction) {
  const now = placeOf(record.scenes, player.time);
  const late = direction < 0 && now >= 0 && player.time - record.scenes[now].start_time > 1;
  const scene = record.scenes[late ? now : now + direction];
  if (scene) seek(scene.start_time, true);
}

/**
 * @param {VidkitPlayer} player
 * @param {any} record
 * @param {(time: number, begin?: boolean) => void} seek
 * @param {any} state
 */
function useVideoKeys(player, record, seek, state) {
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
  useKeys("Video", [
    { keys: "space k", does: "play, pause", run: (event) => (onButton(event) ? false : player.toggle()) },
    { keys: "[", does: "previous scene", run: () => toScene(player, record, seek, -1) },
    { keys: "]", does: "next scene", run: () => toScene(player, record, seek, 1) },
    { keys: ",", does: "one frame back", run: () => void player.step(-1) },
    { keys: ".", does: "one frame on", run: () => void player.step(1) },
    { keys: "ArrowLeft", does: "5 seconds back", run: () => by(-5) },
    { keys: "ArrowRight", does: "5 seconds on", run: () => by(5) },
    { keys: "j", does: "10 seconds back", run: () => by(-10) },
    { keys: "l", does: "10 seconds on", run: () => by(10) },
    { keys: "Home", does: "to the beginning", run: () => seek(0) },
    { keys: "<", does: "slower", run: () => faster(-1) },
    { keys: ">", does: "faster", run: () => faster(1) },
    { keys: "t", does: "go to a time", run: () => document.getElementById("video-time")?.focus() },
    { keys: "r", does: "loop this scene, or end the loop", run: () => toggleLoop(player, record, state) },
    { keys: "i", does: "loop from here", run: () => mark(0) },
    { keys: "o", does: "loop until here", run: () => mark(1) },
  ]);
}

/** Whether space presses a button. @param {KeyboardEvent} event */
const onButton = (event) => event.key === " " && event.target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName);

/**
 * @param {{record: any, media: string, cues: import("../contact_sheet.js").Cue[] | null, player: VidkitPlayer,
 *   seek: (time: number, begin?: boolean) => void, sceneNow: number, clipNow: number}} props
 */
function Tabs({ record, media, cues, player, seek, sceneNow, clipNow }) {
  const [tab, setTab] = useState(cues === null || cues.length ? "sheet" : "scenes");
  const [cueNow, setCueNow] = useState(0);
  useEffect(() => {
    if (!cues?.length) return;
    const onFrame = () => setCueNow(cues.indexOf(/** @type {any} */ (cueAt(cues, player.time))));
    player.addEventListener("frame", onFrame);
    return () => player.removeEventListener("frame", onFrame);
  }, [cues, player]);
  const tabs = [
    ...(record.sprites ? [{ id: "sheet", title: "Contact sheet" }] : []),
    { id: "scenes", title: `Scenes (${record.scenes.length})` },
    ...(record.segments.length ? [{ id: "clips", title: `Clips (${record.segments.length})` }] : []),
  ];
  const chosen = tabs.some(({ id }) => id === tab) ? tab : tabs[0].id;
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const place = tabs.findIndex(({ id }) => id === chosen) + step;
    const next = tabs[(place + tabs.length) % tabs.length].id;
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  const sheet = useMemo(
    () => cues?.length && html`<${SheetGrid} cues=${cues} now=${cueNow} onSeek=${(/** @type {number} */ time) => seek(time, true)} />`,
    [cues, cueNow],
  );
  const scenes = useMemo(
    () =>
      html`<${PartList}
        parts=${record.scenes}
        now=${sceneNow}
        noun="Scene"
        picture=${(/** @type {VideoPart} */ part) => (part.thumbnail ? `${media}/scenes/${part.index}/thumbnail` : null)}
        onSeek=${(/** @type {VideoPart} */ part) => seek(part.start_time, true)}
      />`,
    [record, sceneNow],
  );
  const clips = useMemo(
    () =>
      html`<${PartList}
        parts=${record.segments}
        now=${clipNow}
        noun="Clip"
        picture=${(/** @type {VideoPart} */ part) => pictureOfClip(record, media, part)}
        download=${(/** @type {VideoPart} */ part) => `${media}/clips/${part.index}?download=1`}
        onSeek=${(/** @type {VideoPart} */ part) => seek(part.start_time, true)}
      />`,
    [record, clipNow],
  );
  const shown = /** @type {Record<string, any>} */ ({ sheet: sheet || html`<p class="quiet panel-body">The contact sheet is not there.</p>`, scenes, clips });
  return html`<section class="panel video-tabs">
    <div class="tab-list" role="tablist" onKeyDown=${onKeyDown}>
      ${tabs.map(
        ({ id, title }) => html`<button
          id=${`tab-${id}`}
          role="tab"
          aria-selected=${id === chosen}
          aria-controls="tab-panel"
          tabindex=${id === chosen ? 0 : -1}
          onClick=${() => setTab(id)}
        >
          ${title}
        </button>`,
      )}
    </div>
    <div id="tab-panel" role="tabpanel" aria-labelledby=${`tab-${chosen}`}>${chosen === "sheet" && cues === null ? html`<div class="spinner"></div>` : shown[chosen]}</div>
  </section>`;
}

/** The picture of the scene that a clip begins in. @param {any} record @param {string} media @param {VideoPart} part */
function pictureOfClip(record, media, part) {
  const scene = record.scenes[placeOf(record.scenes, part.start_time)];
  return scene?.thumbnail ? `${media}/scenes/${scene.index}/thumbnail` : null;
}

/** @param {{record: any}} props */
function Facts({ record }) {
  const { audio, source } = record;
  const columns = Object.entries(source.columns ?? {});
  /** @type {[string, any][]} */
  const facts = [
    ["Length", lasting(record.duration)],
    ["Picture", `${record.resolution}, ${Number(record.fps.toFixed(3))} frames a second`],
    ["Video", `${record.codec}, ${bytes(record.bit_rate)}/s`.replace(/B\/s$/, "bit/s")],
    ["Sound", audio ? `${audio.codec}, ${counted(audio.channels, "channel")}, ${audio.sample_rate / 1000} kHz` : "none"],
    ["Size", bytes(record.size)],
    ["Container", record.container],
    ["Id", html`<code>${record.id}</code>`],
    ...(record.ai?.model ? [/** @type {[string, any]} */ (["Described by", record.ai.model])] : []),
    ["Processed", dateTime(record.processing?.finished_at)],
  ];
  return html`<section class="panel">
    <div class="panel-head"><h2>Metadata</h2></div>
    <div class="panel-body">
      <dl class="facts small">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      ${columns.length > 0 &&
      html`<h3 class="video-columns">From the CSV</h3>
        <dl class="facts small">${columns.map(([name, value]) => html`<dt class="one-line" title=${name}>${name}</dt><dd>${value}</dd>`)}</dl>`}
    </div>
  </section>`;
}

/** @param {{record: any, video: string, search: string}} props */
function Erase({ record, video, search }) {
  if (!may("admin")) return null;
  const erase = async () => {
    const answer = await ask({
      title: "Erase this video?",
      text: `${record.filename} is removed from the library. This cannot be undone.`,
      action: "Erase",
      danger: true,
      option: "Also delete its files: record, clips, thumbnails and download",
    });
    if (!answer) return;
    try {
      const { left } = await send("DELETE", `/videos/${video}`, undefined, { parameters: { files: answer.option } });
      forgetResults();
      go(search ? `/?${search}` : "/");
      toast(`${record.filename} is erased${left.length ? `, but some files were left: ${left.join("; ")}` : ""}`, { kind: "good" });
    } catch (error) {
      toastError(error);
    }
  };
  return html`<p><button class="button video-erase" onClick=${erase}><${Icon} name="trash" size=${18} /> Erase…</button></p>`;
}
