// Duplicates: videos that are copies of each other, side by side, and which of them to keep.

import { html, useState } from "../ui.js";
import { get, may, Problem, wordsOf } from "../api.js";
import { clock } from "../format.js";
import { useGrowingList } from "../growing_list.js";
import { mediaOf } from "../moments.js";
import { forgetResults } from "../results.js";
import { Icon } from "../components/icons.js";
import { removeVideos } from "../components/selection_bar.js";
import { filled, t, tn } from "../texts.js";

export const STYLES = [new URL("duplicates.css", import.meta.url).pathname];

const AGAIN = 5000; // milliseconds between two requests while the server compares the videos

/**
 * @typedef {object} Video
 * @property {string} key
 * @property {number | null} picture the scene whose thumbnail shows the video
 * @property {string} url
 * @property {string} filename
 * @property {string} resolution
 * @property {number} duration seconds
 *
 * @typedef {Video & {reason: string, share: number, shift: number}} Copy
 * @typedef {{kept: Video, copies: Copy[], more: number}} Group
 * @typedef {{videos: number, groups: number, copies: number, unknown: number}} Sums
 */

/** Why to keep the other video. @type {Record<string, string>} */
const REASONS = {
  "more pixels": t("{n}% the same{where}; the other one has more pixels"),
  longer: t("{n}% the same{where}; the other one is longer"),
  "came first": t("{n}% the same{where}; the other one came first"),
};

export function Page() {
  const list = useGrowingList("duplicates", comparedPage);
  const { items: groups, last: sums, error } = list;
  /** @param {string[]} keys */
  const remove = async (keys) => {
    const gone = await removeVideos(keys);
    if (!gone.size) return;
    forgetResults();
    list.change((before) => before.map((group) => without(group, gone)).filter((group) => group.copies.length > 0));
  };
  return html`<div class="page stack duplicates" aria-busy=${list.loading}>
    <div class="page-head"><h1>${t("Duplicates")}</h1></div>
    ${sums && html`<${Summary} sums=${sums} />`}
    ${!groups && !error && html`<p class="quiet" role="status">${t("Comparing the videos…")}</p><div class="skeleton page-skeleton"></div>`}
    ${groups?.map((group) => html`<${GroupPanel} key=${group.kept.key} group=${group} onRemove=${remove} />`)}
    ${error &&
    html`<p class="problem-box" role="alert">${wordsOf(error)} <button class="button-link" onClick=${list.more}>${t("Try again")}</button></p>`}
    ${list.hasMore && !error && html`<p><button class="button" disabled=${list.loading} onClick=${list.more}>${t("Show more groups")}</button></p>`}
  </div>`;
}

/**
 * A page of groups. The first comparison of a large library takes long: the page is asked for until it is done.
 * @param {string | null} cursor
 * @param {AbortSignal} abort
 * @returns {Promise<Sums & {items: Group[], next: string | null}>}
 */
async function comparedPage(cursor, abort) {
  for (;;) {
    try {
      return await get("/duplicates", { cursor }, abort);
    } catch (problem) {
      if (!(problem instanceof Problem && problem.status === 503 && problem.message.includes("being compared"))) throw problem;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    abort.throwIfAborted();
  }
}

/** A group without the copies that are gone. @param {Group} group @param {Set<string>} gone @returns {Group} */
const without = (group, gone) => ({ ...group, copies: group.copies.filter((copy) => !gone.has(copy.key)) });

/** @param {{sums: Sums}} props */
function Summary({ sums }) {
  const { videos, groups, copies, unknown } = sums;
  return html`<p>
    ${copies
      ? [
          tn("Of {videos}, {n} is a copy of {others}.", "Of {videos}, {n} are copies of {others}.", copies, {
            videos: tn("{n} video", "{n} videos", videos),
            others: tn("{n} other video", "{n} other videos", groups),
          }),
          " ",
          t("Each group begins with the video to keep: the one with the most pixels, then the longest, then the one that came first."),
        ]
      : t("None of {videos} is a copy of another one.", { videos: tn("{n} video", "{n} videos", videos) })}
    ${unknown > 0 &&
    html` <span class="quiet">${tn(
      "{n} of them has no picture hashes and only matches identical files.",
      "{n} of them have no picture hashes and only match identical files.",
      unknown,
    )}</span>`}
  </p>`;
}

/** @param {{group: Group, onRemove: (keys: string[]) => void}} props */
function GroupPanel({ group, onRemove }) {
  const { kept, copies, more } = group;
  const id = `group-${kept.key}`;
  return html`<section class="panel" aria-labelledby=${id}>
    <div class="panel-head">
      <h2 id=${id} class="grow one-line" title=${kept.filename}>${kept.filename}</h2>
      <span class="quiet small">${tn("{n} copy", "{n} copies", copies.length + more)}</span>
      ${may("admin") &&
      html`<button class="button button-small" onClick=${() => onRemove(copies.map((copy) => copy.key))}>
        <${Icon} name="trash" size=${16} />${tn("Remove the copy…", "Remove {n} copies…", copies.length)}
      </button>`}
    </div>
    <ul class="panel-body duplicates-row">
      <li><${Shown} video=${kept}><span class="chip chip-good">${t("Keep")}</span><//></li>
      ${copies.map((copy) => html`<li key=${copy.key}><${Shown} video=${copy}><${Why} copy=${copy} kept=${kept} /><//></li>`)}
      ${more > 0 && html`<li class="quiet duplicates-more">${t("and {n} more", { n: more })}</li>`}
    </ul>
  </section>`;
}

/** A video with its thumbnail, as a link to its page. @param {{video: Video, children: any}} props */
function Shown({ video, children }) {
  const { key, picture, filename, url, resolution, duration } = video;
  const [broken, setBroken] = useState(false);
  const source = picture !== null && !broken && `${mediaOf(key)}/scenes/${picture}/thumbnail`;
  return html`<a class="duplicates-video" href=${`/videos/${key}`} title=${url}>
      <span class="duplicates-image">
        ${source && html`<img src=${source} alt="" loading="lazy" decoding="async" onError=${() => setBroken(true)} />`}
      </span>
      <span class="one-line">${filename}</span>
    </a>
    <p class="quiet small number">${resolution.replace("x", " × ")} · ${clock(duration)}</p>
    <p class="small">${children}</p>`;
}

/** Why a video is a copy, and why to keep the other one. @param {{copy: Copy, kept: Video}} props */
function Why({ copy, kept }) {
  if (copy.reason === "same file") return html`<span class="chip">${t("Copy::of a video")}</span> ${t("the same file")}`;
  const isPart = copy.shift >= 1 && copy.duration < kept.duration;
  const values = { n: Math.round(copy.share * 100), where: isPart ? t(", from {time} on", { time: clock(copy.shift) }) : "" };
  return html`<span class="chip">${t("Copy::of a video")}</span> ${filled(REASONS[copy.reason] ?? copy.reason, values)}`;
}
