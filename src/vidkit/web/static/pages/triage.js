// Triage: the moments of a search one by one. A key labels the moment, and the next is there at once.

import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { get, send, useLoad, wordsOf } from "../api.js";
import { useKeys } from "../keys.js";
import { go } from "../router.js";
import { count } from "../format.js";
import { searchBody, searchOf } from "../addresses.js";
import { momentId } from "../moments.js";
import { ask } from "../components/dialog.js";
import { Icon } from "../components/icons.js";
import { parameterName } from "../components/parameters.js";
import { toastError } from "../components/toasts.js";
import { Triage, saidText } from "../triage_queue.js";
import { KeyBar, KeysDialog, RestDialog } from "../components/triage_keys.js";
import { MomentFacts, MomentPlayer } from "../components/triage_moment.js";
import { parts, t, tn } from "../texts.js";

export const STYLES = [new URL("triage.css", import.meta.url).pathname];

/** @typedef {import("../triage_queue.js").Queue} Queue */

/** @param {{query: URLSearchParams}} props */
export function Page({ query }) {
  const search = searchOf(query);
  const number = query.get("queue");
  const key = number ? `queue ${number}` : search.size ? String(search) : null;
  const { value, error, loading } = useLoad(key, () => (number ? get(`/triage/${number}`) : start(search)));
  if (error) return html`<div class="page"><p class="problem-box" role="alert">${wordsOf(error)}</p><${Start} /></div>`;
  if (key === null) return html`<div class="page"><${Start} /></div>`;
  if (!value || loading)
    return html`<div class="notice" aria-busy="true"><div class="spinner triage-spinner"></div><p>${t("Collecting the moments …")}</p></div>`;
  return html`<${Work} key=${value.id} queue=${value} />`;
}

/** The queue of a search. @param {URLSearchParams} search @returns {Promise<Queue>} */
function start(search) {
  return send("POST", "/triage", { query: searchBody(search) });
}

/** A queue's search in words. @param {Queue["query"]} query */
const searchText = (query) =>
  Object.entries(query)
    .map(([name, value]) => (name === "q" ? value : `${parameterName(name)}: ${[value].flat().join(", ")}`))
    .join(" · ") || t("all videos");

/** Start a queue by a search, or continue one. */
function Start() {
  const { value, error, again } = useLoad("queues", () => get("/triage"));
  /** @param {SubmitEvent} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    const q = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("q")).trim();
    if (q) go(`/triage?${new URLSearchParams({ q })}`);
    else
      await start(new URLSearchParams())
        .then((queue) => go(`/triage?queue=${queue.id}`))
        .catch(toastError);
  };
  /** @param {Queue} queue */
  const forget = async (queue) => {
    const question = { title: t("Forget this queue?"), text: t("The labels that were given stay."), action: t("Forget") };
    if (!(await ask({ ...question, danger: true }))) return;
    await send("DELETE", `/triage/${queue.id}`).then(again, toastError);
  };
  return html`<div class="triage-start stack">
    <h1>${t("Triage")}</h1>
    <p class="quiet">
      ${parts("Go through the moments of a search one by one. A key gives a moment's video a class or a tag, as {command} does. Several people can work on one queue; nobody sees a moment that another has.", {
        command: html`<code>vidkit label</code>`,
      })}
    </p>
    <form class="row" role="search" onSubmit=${onSubmit}>
      <input class="grow" name="q" type="search" aria-label=${t("Search")} placeholder=${t("Words to look for; empty for all videos")} />
      <button class="button button-main">${t("Start")}</button>
    </form>
    ${error ? html`<p class="problem" role="alert">${wordsOf(error)}</p>` : null}
    ${value?.items.length
      ? html`<section class="panel">
          <div class="panel-head"><h2>${t("Queues")}</h2></div>
          <ul class="triage-queues">
            ${value.items.map(
              (/** @type {Queue} */ queue) => html`<li key=${queue.id}>
                <a class="grow" href=${`/triage?queue=${queue.id}`}>${searchText(queue.query)}</a>
                <${Progress} queue=${queue} />
                <button class="button-icon" aria-label=${t("Forget the queue {name}", { name: searchText(queue.query) })} onClick=${() => forget(queue)}>
                  <${Icon} name="trash" />
                </button>
              </li>`,
            )}
          </ul>
        </section>`
      : null}
  </div>`;
}

/** @param {{queue: Queue}} props */
function Progress({ queue }) {
  const { done, total, by } = queue;
  const people = Object.entries(by).map(([who, answers]) => `${who}: ${count(answers)}`);
  return html`<span class="triage-progress" title=${people.join("\n")}>
    <span class="bar" aria-hidden="true"><div style=${{ width: `${total ? (100 * done) / total : 100}%` }}></div></span>
    <span class="number" data-test="progress">${t("{done} of {total}", { done, total })}</span>
  </span>`;
}

/** Work on a queue. @param {{queue: Queue}} props */
function Work({ queue }) {
  const triage = useMemo(() => new Triage(queue), [queue.id]);
  useEffect(() => triage.close, [triage]);
  const [editing, setEditing] = useState(/** @type {string | null} */ (null));
  const [resting, setResting] = useState(false);
  const [paused, setPaused] = useState(false);
  const [muted, setMuted] = useState(true);
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const now = triage.queue.value;
  const moments = triage.moments.value;
  const seek = (/** @type {number} */ seconds) => void (video.current && (video.current.currentTime += seconds));
  /** Space on a button presses the button. @param {KeyboardEvent} event */
  const onSpace = (event) =>
    event.target instanceof Element && event.target.closest("button, a") ? false : void setPaused(!paused);
  const assigned = Object.entries(now.keys).map(([key, said]) => ({
    keys: key,
    does: saidText(said),
    run: () => void triage.answer(said),
  }));
  useKeys(t("Triage"), [
    ...assigned,
    ...[..."123456789"]
      .filter((key) => !now.keys[key])
      .map((key) => ({ keys: key, does: t("say what this key means"), hidden: true, run: () => setEditing(key) })),
    { keys: "s", does: t("skip this moment"), run: () => void triage.answer({ skip: true }) },
    { keys: "u Backspace", does: t("undo"), run: () => void triage.undo() },
    { keys: "space", does: t("pause, continue"), run: onSpace },
    { keys: "ArrowLeft", does: t("a second back"), run: () => seek(-1) },
    { keys: "ArrowRight", does: t("a second on"), run: () => seek(1) },
    { keys: "e", does: t("change the keys"), run: () => setEditing("") },
  ]);
  const last = triage.given.value.at(-1);
  return html`<div class="triage">
    <div class="triage-head">
      <h1 class="one-line grow" title=${searchText(now.query)}>${searchText(now.query)}</h1>
      <${Progress} queue=${now} />
      <span class="triage-saving quiet small" role="status">${triage.unsaved.value ? t("Saving …") : last ? t("Saved") : ""}</span>
      <button class="button button-small" onClick=${() => setEditing("")}><${Icon} name="keyboard" size=${18} />${t("Keys::of the keyboard")}</button>
      ${now.left > 0 &&
      html`<button class="button button-small" onClick=${() => setResting(true)}>${t("Apply to all {n} …", { n: now.left })}</button>`}
    </div>
    ${triage.error.value
      ? html`<p class="problem-box" role="alert">
          ${wordsOf(triage.error.value)} <button class="button-link" onClick=${() => triage.refill()}>${t("Try again")}</button>
        </p>`
      : null}
    <div class="triage-stage" aria-busy=${triage.loading.value && !moments.length}>
      ${moments.slice(0, 3).map(
        (moment, place) =>
          html`<${MomentPlayer} key=${momentId(moment)} moment=${moment} shown=${place === 0} paused=${paused} muted=${muted} video=${video} />`,
      )}
      ${!moments.length && html`<${Empty} triage=${triage} />`}
    </div>
    ${moments.length > 0 && html`<${MomentFacts} moment=${moments[0]} muted=${muted} setMuted=${setMuted} paused=${paused} setPaused=${setPaused} />`}
    <${KeyBar} keys=${now.keys} triage=${triage} onEdit=${setEditing} last=${last} />
    ${editing !== null &&
    html`<${KeysDialog} keys=${now.keys} first=${editing} assign=${(/** @type {any} */ keys) => triage.assign(keys)} onClose=${() => setEditing(null)} />`}
    ${resting && html`<${RestDialog} triage=${triage} onClose=${() => setResting(false)} />`}
  </div>`;
}

/** What is shown if there is no moment. @param {{triage: Triage}} props */
function Empty({ triage }) {
  const { left, total } = triage.queue.value;
  if (triage.loading.value) return html`<div class="spinner" aria-label=${t("Loading the next moments")}></div>`;
  if (left > 0)
    return html`<div class="notice">
      <h2>${tn("Others have the last {n} moment", "Others have the last {n} moments", left)}</h2>
      <p>${t("The moments that they leave will appear here.")}</p>
    </div>`;
  return html`<div class="notice">
    <h2>${total ? tn("All {n} moment done", "All {n} moments done", total) : t("No moments found")}</h2>
    <p><a class="button" href="/triage">${t("To the queues")}</a></p>
  </div>`;
}
