// A video: the player, the time line, scenes, clips, the moments of a search, labels and metadata.

import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { get, may, send, useLoad, wordsOf } from "../api.js";
import { useKeys } from "../keys.js";
import { go } from "../router.js";
import { bytes, dateTime, lasting } from "../format.js";
import { kindName, mediaOf, momentHref, numbered } from "../moments.js";
import { forgetResults, neighbours } from "../results.js";
import { sheetOf } from "../contact_sheet.js";
import { readingLanes } from "../readings.js";
import { ask } from "../components/dialog.js";
import { Icon } from "../components/icons.js";
import { TimeLine } from "../components/time_line.js";
import { toast, toastError } from "../components/toasts.js";
import { VideoLabels } from "../components/video_labels.js";
import { Transcript } from "../components/transcript.js";
import { Tabs } from "../components/video_tabs.js";
import { Transport } from "../components/video_transport.js";
import { VidkitPlayer } from "../player.js";
import { useVideoKeys } from "../video_keys.js";
import { usePlace, usePlayer } from "../video_player.js";
import { t, tn } from "../texts.js";

export const STYLES = [new URL("video.css", import.meta.url).pathname];

/** @typedef {import("../components/part_list.js").VideoPart} VideoPart */
/** @typedef {import("../components/time_line.js").Lane} Lane */
/** @typedef {import("../moments.js").Moment} Moment */

/** @param {{video: string, query: URLSearchParams}} props */
export function Page({ video, query }) {
  const { value, error } = useLoad(video, async (abort) => {
    const record = await get(`/videos/${encodeURIComponent(video)}`, {}, abort);
    return { video, record };
  });
  if (error)
    return html`<section class="notice">
      <h1>${t("This video cannot be shown")}</h1>
      <p>${wordsOf(error)}</p>
      <p><a class="button" href="/">${t("To the library")}</a></p>
    </section>`;
  if (value?.video !== video) return html`<div class="page-loading" aria-busy="true"></div>`;
  return html`<${Video} key=${video} video=${video} record=${value.record} query=${query} />`;
}

/** @param {{video: string, record: any, query: URLSearchParams}} props */
function Video({ video, record, query }) {
  const media = mediaOf(video);
  const [player] = useState(() => /** @type {VidkitPlayer} */ (document.createElement("vidkit-player")));
  const state = usePlayer(player, record, media, query);
  const search = query.get("from") ?? "";
  const { value: found } = useLoad(new URLSearchParams(search).get("q") ? `${video} ${search}` : null, (abort) =>
    get(`/videos/${video}/moments`, new URLSearchParams(search), abort),
  );
  const { value: cues } = useLoad(record.sprites ? video : null, () => sheetOf(video));
  const lanes = useMemo(() => lanesOf(record, found?.items ?? []), [record, found]);
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
      <${Transport} player=${player} record=${record} video=${video} state=${state} seek=${seek} sceneNow=${sceneNow} />
      ${timeLine}
      <${Tabs} record=${record} media=${media} cues=${cues ?? null} player=${player} seek=${seek} sceneNow=${sceneNow} clipNow=${clipNow} />
    </div>
    <div class="video-side">
      <${Transcript} record=${record} player=${player} seek=${seek} />
      ${record.qwen_description &&
      html`<section class="panel">
        <div class="panel-head"><h2>${t("Description")}</h2></div>
        <p class="panel-body video-description">${record.qwen_description}</p>
      </section>`}
      <section class="panel">
        <div class="panel-head"><h2>${t("Labels")}</h2></div>
        <div class="panel-body"><${VideoLabels} videoKey=${video} onChanged=${forgetResults} /></div>
      </section>
      <${Facts} record=${record} />
      <${Erase} record=${record} video=${video} search=${search} />
    </div>
  </div>`;
}

/** @param {any} record @param {Moment[]} moments those of the search @returns {Lane[]} */
function lanesOf(record, moments) {
  /** @param {"scene" | "segment"} kind @param {VideoPart[]} of */
  const blocks = (kind, of) =>
    of.map((part) => ({
      start: part.start_time,
      end: part.end_time,
      label: numbered(kind, part.index),
      text: [part.description, part.tags?.join(", ")].filter(Boolean).join(" · "),
    }));
  const found = moments.map(({ kind, number, start_time, end_time, text }) => ({
    start: start_time,
    end: end_time,
    label: kind === "video" ? kindName(kind) : numbered(kind, number),
    text,
  }));
  return [
    { name: t("Scenes"), colour: 1, blocks: blocks("scene", record.scenes) },
    ...(record.segments.length ? [{ name: t("Clips"), colour: 2, blocks: blocks("segment", record.segments) }] : []),
    ...readingLanes(record),
    ...(found.length ? [{ name: t("Moments"), colour: 3, blocks: found }] : []),
  ];
}

/** The place of the player. @param {{player: VidkitPlayer}} props */
function Stage({ player }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => own.current?.replaceChildren(player), [player]);
  return html`<div class="video-stage" ref=${own}></div>`;
}

/** @param {{record: any, video: string, search: string, moment: string}} props */
function Head({ record, video, search, moment }) {
  const query = new URLSearchParams(search);
  const { value: beside } = useLoad(search ? `${search} ${moment}` : null, () => neighbours(query, moment));
  const previous = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  const next = useRef(/** @type {HTMLAnchorElement | null} */ (null));
  useKeys(t("Results"), [
    ...(beside?.previous ? [{ keys: "p", does: t("previous result of the search"), run: () => previous.current?.click() }] : []),
    ...(beside?.next ? [{ keys: "n", does: t("next result of the search"), run: () => next.current?.click() }] : []),
  ]);
  const source = record.source.url;
  return html`<header class="video-head">
    <div class="grow">
      <p class="small">
        <a href=${search ? `/?${search}` : "/"}>${search ? t("All results") : t("Library")}</a>
        ${beside && beside.place >= 0 && html`<span class="quiet"> · ${t("result {n}", { n: beside.place + 1 })}</span>`}
      </p>
      <h1 class="video-title">${record.filename}</h1>
      <p class="small quiet one-line" title=${source}>
        ${/^https?:\/\//i.test(source) ? html`<a href=${source} target="_blank" rel="noopener noreferrer">${source}</a>` : source}
      </p>
    </div>
    <nav class="row" aria-label=${t("Results")}>
      ${beside?.previous &&
      html`<a class="button" ref=${previous} href=${momentHref(beside.previous, query)} title=${t("Previous result (P)")}>
        <${Icon} name="left" size=${18} /> ${t("Previous")}
      </a>`}
      ${beside?.next &&
      html`<a class="button" ref=${next} href=${momentHref(beside.next, query)} title=${t("Next result (N)")}>
        ${t("Next")} <${Icon} name="right" size=${18} />
      </a>`}
      <a class="button" href=${`${mediaOf(video)}?download=1`} download><${Icon} name="download" size=${18} /> JSON</a>
      ${record.path !== null &&
      html`<a class="button" href=${`${mediaOf(video)}/video?download=1`} download><${Icon} name="download" size=${18} /> ${t("Video")}</a>`}
    </nav>
  </header>`;
}

/** @param {{record: any}} props */
function Facts({ record }) {
  const { audio, source } = record;
  const columns = Object.entries(source.columns ?? {});
  /** @type {[string, any][]} */
  const facts = [
    [t("Length"), lasting(record.duration)],
    [t("Resolution"), t("{resolution}, {fps} frames a second", { resolution: record.resolution, fps: Number(record.fps.toFixed(3)) })],
    [t("Video"), `${record.codec}, ${bytes(record.bit_rate)}/s`.replace(/B\/s$/, "bit/s")],
    [t("Audio"), audio ? `${audio.codec}, ${tn("{n} channel", "{n} channels", audio.channels)}, ${audio.sample_rate / 1000} kHz` : t("none")],
    [t("Size"), bytes(record.size)],
    [t("Container"), record.container],
    [t("Id"), html`<code>${record.id}</code>`],
    ...(record.ai?.model ? [/** @type {[string, any]} */ ([t("Described by"), record.ai.model])] : []),
    [t("Processed"), dateTime(record.processing?.finished_at)],
  ];
  return html`<section class="panel">
    <div class="panel-head"><h2>${t("Metadata")}</h2></div>
    <div class="panel-body">
      <dl class="facts small">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      ${columns.length > 0 &&
      html`<h3 class="video-columns">${t("From the CSV")}</h3>
        <dl class="facts small">${columns.map(([name, value]) => html`<dt class="one-line" title=${name}>${name}</dt><dd>${value}</dd>`)}</dl>`}
    </div>
  </section>`;
}

/** @param {{record: any, video: string, search: string}} props */
function Erase({ record, video, search }) {
  if (!may("admin")) return null;
  const erase = async () => {
    const answer = await ask({
      title: t("Erase this video?"),
      text: t("{name} is removed from the library. This cannot be undone.", { name: record.filename }),
      action: t("Erase"),
      danger: true,
      option: t("Also delete its files: record, clips, thumbnails and download"),
    });
    if (!answer) return;
    try {
      const { left } = await send("DELETE", `/videos/${video}`, undefined, { parameters: { files: answer.option } });
      forgetResults();
      go(search ? `/?${search}` : "/");
      const name = record.filename;
      const words = left.length ? t("{name} is erased, but some files were left: {files}", { name, files: left.join("; ") }) : t("{name} is erased", { name });
      toast(words, { kind: "good" });
    } catch (error) {
      toastError(error);
    }
  };
  return html`<p><button class="button video-erase" onClick=${erase}><${Icon} name="trash" size=${18} /> ${t("Erase…")}</button></p>`;
}
