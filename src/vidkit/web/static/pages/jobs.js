// Jobs: add videos to the queue, watch the progress, try failed videos again.

import { html, useEffect, useMemo } from "../ui.js";
import { may, wordsOf } from "../api.js";
import { change } from "../router.js";
import { JobList } from "../job_list.js";
import { JobView } from "../components/job_view.js";
import { NewJob } from "../components/new_job.js";
import { toast } from "../components/toasts.js";
import { t } from "../texts.js";

export const STYLES = [new URL("jobs.css", import.meta.url).pathname];

/** @param {{query: URLSearchParams}} props */
export function Page({ query }) {
  const list = useMemo(() => new JobList(), []);
  useEffect(list.start, [list]);
  const open = Number(query.get("job"));
  const onOpen = (/** @type {number | null} */ id) => change({ job: id ? String(id) : null }, { replace: true });
  const onAdded = (/** @type {import("../job_list.js").Job} */ job) => {
    list.put(job);
    toast(t("Job {id} is in the queue.", { id: String(job.id) }), { kind: "good" });
  };
  const { queued = 0, running = 0 } = list.counts.value;
  return html`<div class="page stack">
    <div class="page-head jobs-head">
      <h1>${t("Jobs")}</h1>
      <p class="quiet number" role="status">
        ${t("{running} running, {waiting} waiting", { running, waiting: queued })}${list.connected.value ? "" : ` · ${t("not connected, trying again")}`}
      </p>
    </div>
    ${may("process") ? html`<${NewJob} onAdded=${onAdded} />` : null}
    ${list.error.value ? html`<p class="problem-box" role="alert">${wordsOf(list.error.value)}</p>` : null}
    ${list.loaded.value && !list.items.value.length
      ? html`<p class="quiet jobs-none">${t("There are no jobs yet. Paste the URLs of some videos above.")}</p>`
      : html`<ul class="jobs" aria-label=${t("Jobs")}>
          ${list.items.value.map(
            (job) => html`<${JobView} key=${job.id} job=${job} list=${list} open=${job.id === open} onOpen=${onOpen} />`,
          )}
        </ul>`}
    ${list.next.value ? html`<p><button class="button" onClick=${() => list.load(true)}>${t("Older jobs")}</button></p>` : null}
  </div>`;
}
