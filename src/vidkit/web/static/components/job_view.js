// A job in the list: its progress, the videos that run, the failures.

import { html } from "../ui.js";
import { get, may, wordsOf } from "../api.js";
import { bytes, count, dateTime, lasting } from "../format.js";
import { useGrowingList } from "../growing_list.js";
import { rowsDone, hasEnded } from "../job_list.js";
import { Copyable } from "./copy.js";
import { ask } from "./dialog.js";
import { Icon } from "./icons.js";
import { nameOf } from "./job_settings.js";
import { KeptField } from "./kept_field.js";
import { toast, toastError } from "./toasts.js";
import { filled, served, t, tn } from "../texts.js";

/** @typedef {import("../job_list.js").Job} Job */
/** @typedef {import("../job_list.js").JobList} JobList */

const STATES = {
  queued: { words: t("Waiting"), chip: "chip" },
  running: { words: t("Running"), chip: "chip chip-accent" },
  done: { words: t("Done"), chip: "chip chip-good" },
  failed: { words: t("Failed"), chip: "chip chip-bad" },
  cancelled: { words: t("Cancelled"), chip: "chip chip-warning" },
};

const KINDS = { process: t("Process videos"), export: t("Dataset"), label: t("Label videos"), retag: t("Apply the rules") };

const COUNTS = /** @type {const} */ ([
  ["processed", t("{n} processed")],
  ["skipped", t("{n} done already")],
  ["filtered", t("{n} filtered out")],
  ["partial", t("{n} without description")],
  ["failed", t("{n} failed")],
]);

/** @param {{job: Job}} props */
function StateChip({ job }) {
  const { words, chip } = STATES[job.state];
  return html`<span class=${chip} data-test="state">${job.cancelling ? t("Stopping") : words}</span>`;
}

/** The progress of a job. @param {{job: Job}} props */
function JobBar({ job }) {
  const done = rowsDone(job);
  const part = job.total ? Math.min(1, done / job.total) : job.state === "done" ? 1 : 0;
  const failed = job.total ? (100 * job.failed) / job.total : 0;
  return html`<div
    class="bar job-bar"
    role="progressbar"
    aria-label=${t("Progress of {name}", { name: job.name })}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.round(100 * part)}
  >
    <div style=${{ width: `${100 * part - failed}%` }}></div>
    <div class="job-bar-failed" style=${{ width: `${failed}%` }}></div>
  </div>`;
}

/** @param {{job: Job}} props */
function Counts({ job }) {
  const shown = COUNTS.filter(([name]) => job[name]);
  const done = rowsDone(job);
  const words = [
    job.total === null ? count(done) : t("{done} of {total}", { done, total: job.total }),
    ...shown.map(([name, counted]) => filled(counted, { n: job[name] })),
    ...(job.bytes ? [bytes(job.bytes)] : []),
    ...(job.seconds >= 1 ? [lasting(job.seconds)] : []),
  ];
  return html`<p class="small number job-counts" data-test="counts">${words.join(" · ")}</p>`;
}

/** @param {{job: Job}} props */
function RunningVideos({ job }) {
  if (!job.videos.length) return null;
  return html`<ul class="job-videos">
    ${job.videos.slice(0, 12).map(
      (video) => html`<li key=${video.url}>
        <span class="one-line" title=${video.url}>${video.name}</span>
        <span class="quiet small">${served(video.stage) || t("begins")}</span>
        <span class="quiet small number">
          ${video.total ? t("{done} of {total}", { done: bytes(video.done), total: bytes(video.total) }) : video.done ? bytes(video.done) : ""}
        </span>
        ${video.total
          ? html`<span class="bar" aria-hidden="true"><div style=${{ width: `${Math.min(100, (100 * video.done) / video.total)}%` }}></div></span>`
          : null}
      </li>`,
    )}
    ${job.videos.length > 12 ? html`<li class="quiet small">${t("and {n} more", { n: job.videos.length - 12 })}</li>` : null}
  </ul>`;
}

/**
 * @param {{job: Job, list: JobList, open: boolean, onOpen: (id: number | null) => void}} props
 */
export function JobView({ job, list, open, onOpen }) {
  const cancel = async () => {
    const running = job.state === "running";
    const text = running ? t("The running videos are stopped. What is done is kept.") : t("It does not run any more.");
    if (!(await ask({ title: t("Cancel “{name}”?", { name: job.name }), text, action: t("Cancel the job"), danger: true }))) return;
    await list.change(job, { state: "cancelled" }).catch(toastError);
  };
  const retry = () =>
    list.retry(job).then((again) => {
      toast(t("Job {id} tries again.", { id: String(again.id) }), { kind: "good" });
      onOpen(again.id);
    }, toastError);
  const again = hasEnded(job) && (job.state !== "done" || (job.kind === "process" && job.failed > 0));
  const id = `job-${job.id}`;
  return html`<li class="panel job" data-job=${job.id}>
    <div class="job-head">
      <${StateChip} job=${job} />
      <h3 id=${id} class="grow one-line" title=${job.name}>
        <span class="quiet">#${job.id}</span> ${job.name}
      </h3>
      ${job.kind === "process" ? null : html`<span class="chip">${KINDS[job.kind]}</span>`}
      <div class="job-buttons">
        ${hasEnded(job) && job.kind === "process" && job.processed + job.partial > 0
          ? html`<a class="button button-small" href="/?sort=newest"><${Icon} name="film" size=${16} />${t("In the library")}</a>`
          : null}
        ${again && may("process")
          ? html`<button class="button button-small" onClick=${retry}><${Icon} name="repeat" size=${16} />${job.state === "done" ? t("Retry failed") : t("Retry")}</button>`
          : null}
        ${!hasEnded(job) && may("process")
          ? html`<button class="button button-small" disabled=${job.cancelling} onClick=${cancel}><${Icon} name="close" size=${16} />${t("Cancel")}</button>`
          : null}
        <button class="button button-small" aria-expanded=${open} aria-controls=${`${id}-more`} onClick=${() => onOpen(open ? null : job.id)}>
          ${open ? t("Less") : t("Details")}
        </button>
      </div>
    </div>
    ${job.state === "queued" ? null : html`<${JobBar} job=${job} /><${Counts} job=${job} />`}
    ${job.error ? html`<p class="problem">${job.error}</p>` : null}
    <${RunningVideos} job=${job} />
    ${open ? html`<div id=${`${id}-more`} class="stack job-more"><${Details} job=${job} list=${list} /></div>` : null}
  </li>`;
}

/** @param {{job: Job, list: JobList}} props */
function Details({ job, list }) {
  const settings = Object.entries(job.settings);
  return html`
    <dl class="facts small">
      <dt>${t("Added")}</dt><dd>${t("{time} by {who}", { time: dateTime(job.created_at), who: job.created_by })}</dd>
      ${job.started_at ? html`<dt>${t("Started")}</dt><dd>${dateTime(job.started_at)}</dd>` : null}
      ${job.finished_at ? html`<dt>${t("Ended")}</dt><dd>${dateTime(job.finished_at)}</dd>` : null}
      <dt>${t("Priority")}</dt>
      <dd>${job.state === "queued" && may("process") ? html`<${PriorityField} job=${job} list=${list} />` : job.priority}</dd>
      ${settings.map(([name, value]) => html`<dt>${nameOf(name)}</dt><dd>${textOf(value)}</dd>`)}
      ${job.result?.folder ? html`<dt>${t("Folder")}</dt><dd><code>${job.result.folder}</code></dd>` : null}
      ${job.result?.items !== undefined ? html`<dt>${t("Holds")}</dt><dd>${t("{items} of {videos}", {
            items: tn("{n} item", "{n} items", job.result.items),
            videos: tn("{n} video", "{n} videos", job.result.videos),
          })}</dd>` : null}
      ${job.result?.changed !== undefined ? html`<dt>${t("Changed")}</dt><dd>${tn("{n} record", "{n} records", job.result.changed)}</dd>` : null}
    </dl>
    ${job.result?.command ? html`<${Copyable} text=${job.result.command} label=${t("the command")} />` : null}
    ${job.failed ? html`<${FailureList} job=${job} />` : null}
  `;
}

/** @param {any} value @returns {string} */
function textOf(value) {
  if (value === true) return t("yes");
  if (value === false) return t("no");
  if (Array.isArray(value)) return value.join(", ");
  if (value && typeof value === "object")
    return Object.entries(value).map(([name, one]) => `${name}: ${textOf(one)}`).join("; ");
  return String(value);
}

/** @param {{job: Job, list: JobList}} props */
function PriorityField({ job, list }) {
  /** @param {any} event */
  const onChange = (event) => {
    const priority = Number(event.currentTarget.value);
    if (Number.isInteger(priority)) list.change(job, { priority }).catch(toastError);
  };
  return html`<${KeptField} class="job-priority" type="number" min="-100" max="100" aria-label=${t("Priority")} value=${String(job.priority)} onChange=${onChange} />`;
}

/** @typedef {{url: string, line: number, stage: string, reason: string}} FailedRow */

/** The rows that failed, page by page. @param {{job: Job}} props */
function FailureList({ job }) {
  /** @param {string | null} cursor @param {AbortSignal} abort @returns {Promise<{items: FailedRow[], next: string | null}>} */
  const load = (cursor, abort) => get(`/jobs/${job.id}/failures`, { cursor }, abort);
  const list = useGrowingList(`${job.id} ${job.failed}`, load);
  if (list.error) return html`<p class="problem" role="alert">${wordsOf(list.error)}</p>`;
  if (!list.items) return html`<div class="spinner" aria-label=${t("Loading")}></div>`;
  return html`<section aria-label=${t("Failures")}>
    <div class="table-scroll" tabindex="0" role="region" aria-label=${t("Rows that failed")}>
      <table class="table small">
        <thead><tr><th class="number">${t("Line")}</th><th>${t("URL")}</th><th>${t("Stage")}</th><th>${t("Reason")}</th></tr></thead>
        <tbody>
          ${list.items.map(
            (one) => html`<tr key=${`${one.line} ${one.url}`}>
              <td class="number">${one.line || ""}</td><td class="csv-url">${one.url}</td><td>${served(one.stage)}</td><td class="job-reason">${one.reason}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${list.hasMore ? html`<button class="button button-small" disabled=${list.loading} onClick=${list.more}>${t("More")}</button>` : null}
  </section>`;
}
