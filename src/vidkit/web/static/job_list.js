// The jobs as they are now: loaded page by page, and kept up to date by events.

import { computed, signal } from "./ui.js";
import { events, get, send } from "./api.js";

/** @typedef {{url: string, name: string, stage: string, done: number, total: number | null}} RunningVideo */

/**
 * @typedef {object} Job
 * @property {number} id
 * @property {"process" | "export" | "label" | "retag"} kind
 * @property {"queued" | "running" | "done" | "failed" | "cancelled"} state
 * @property {boolean} cancelling
 * @property {number} priority
 * @property {string} name
 * @property {string} created_at
 * @property {string} created_by
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {Record<string, any>} settings
 * @property {number | null} total
 * @property {number} processed
 * @property {number} skipped
 * @property {number} failed
 * @property {number} partial
 * @property {number} filtered
 * @property {number} bytes
 * @property {number} seconds
 * @property {RunningVideo[]} videos
 * @property {string | null} error
 * @property {Record<string, any> | null} result
 */

const PAGE = 50;
const POLL = 5000; // milliseconds between two requests while events do not come
const RANK = { running: 0, queued: 1, done: 2, failed: 2, cancelled: 2 };

/** Whether a job has come to its end. @param {Job} job */
export const hasEnded = (job) => RANK[job.state] === 2;

/** How many of a job's rows are done. @param {Job} job */
export const rowsDone = (job) => job.processed + job.skipped + job.failed + job.partial + job.filtered;

/** Jobs that run, then those that wait, in the order in which they will run, then those that ended, the newest first. @param {Job} a @param {Job} b */
function inOrder(a, b) {
  if (RANK[a.state] !== RANK[b.state]) return RANK[a.state] - RANK[b.state];
  if (hasEnded(a)) return b.id - a.id;
  return b.priority - a.priority || a.id - b.id;
}

/** The jobs of one kind, or all of them. */
export class JobList {
  /** @param {string} [kind] */
  constructor(kind) {
    this.kind = kind;
    this.jobs = signal(/** @type {ReadonlyMap<number, Job>} */ (new Map()));
    this.items = computed(() => [...this.jobs.value.values()].sort(inOrder));
    this.counts = signal(/** @type {Record<string, number>} */ ({}));
    this.next = signal(/** @type {string | null} */ (null));
    this.error = signal(/** @type {unknown} */ (null));
    this.loaded = signal(false);
    this.connected = signal(true);
  }

  /** Load and listen, until the returned function is called. */
  start = () => {
    const reload = () => void this.load();
    const stop = events("/jobs/events", { job: (job) => this.put(job), reload }, (connected) => {
      if (connected && !this.connected.value) reload();
      this.connected.value = connected;
    });
    const timer = setInterval(() => !this.connected.value && reload(), POLL);
    reload();
    return () => {
      stop();
      clearInterval(timer);
    };
  };

  /** Load the newest jobs, or the next page of older ones. */
  load = async (older = false) => {
    try {
      const parameters = { kind: this.kind, limit: PAGE, cursor: older ? this.next.value : null };
      const { items, next, counts } = await get("/jobs", parameters);
      const jobs = new Map(this.jobs.value);
      for (const job of items) jobs.set(job.id, job);
      if (older || !this.loaded.value) this.next.value = next;
      this.jobs.value = jobs;
      this.counts.value = counts;
      this.error.value = null;
      this.loaded.value = true;
    } catch (error) {
      this.error.value = error;
    }
  };

  /** Add a job, or update it. @param {Job} job */
  put = (job) => {
    if (this.kind && job.kind !== this.kind) return;
    const before = this.jobs.value.get(job.id);
    if (before?.state !== job.state) {
      const counts = { ...this.counts.value, [job.state]: (this.counts.value[job.state] ?? 0) + 1 };
      if (before) counts[before.state] -= 1;
      this.counts.value = counts;
    }
    this.jobs.value = new Map(this.jobs.value).set(job.id, job);
  };

  /** Change a job. @param {Job} job @param {{priority: number} | {state: "cancelled"}} changes */
  change = async (job, changes) => this.put(await send("PATCH", `/jobs/${job.id}`, changes));

  /** Try a job again; the new one. @param {Job} job @returns {Promise<Job>} */
  retry = async (job) => {
    const again = await send("POST", `/jobs/${job.id}/retry`);
    this.put(again);
    return again;
  };
}
