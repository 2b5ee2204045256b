// A triage queue in one browser tab: the moments that it holds, the answers that are being saved, and undo.
//
// A key press shows the next moment at once. Answers are saved one after another in the background; if one cannot be
// saved, its moment comes back.

import { API } from "./addresses.js";
import { get, send, wordsOf } from "./api.js";
import { momentId } from "./moments.js";
import { signal } from "./ui.js";
import { toast } from "./components/toasts.js";
import { t } from "./texts.js";

/**
 * The meaning of a key, or an answer.
 * @typedef {{class?: string, add_tags?: string[], skip?: boolean}} Said
 *
 * @typedef {import("./moments.js").Moment & {
 *   corrections: {classification: string | null, add_tags: string[]} | null,
 *   said: (Said & {who: string}) | null,
 * }} TriageMoment
 *
 * @typedef {object} Queue
 * @property {number} id
 * @property {Record<string, string | string[]>} query
 * @property {number} total
 * @property {number} done
 * @property {number} left
 * @property {Record<string, Said>} keys
 * @property {Record<string, number>} by
 * @property {string} created_at
 * @property {string} created_by
 *
 * @typedef {{moment: TriageMoment, said: Said, id: number | null}} Given
 */

const HELD = 6; // moments that the tab holds
const FEW = 3; // with fewer moments, the tab requests more
const RENEW = 120_000; // milliseconds; the server keeps a moment for five minutes
const UNDOS = 100; // answers that can be undone after a reload
const LOOK_AGAIN = 4_000; // milliseconds between two requests while others hold all that is left

/** An answer in words. @param {Said} said */
export const saidText = (said) =>
  [said.class, ...(said.add_tags ?? []).map((tag) => `+ ${tag}`), said.skip && t("skipped")].filter(Boolean).join(", ");

/** The answers that this tab gave before a reload, the latest last. @param {string} place @returns {Given[]} */
function remembered(place) {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "[]");
  } catch {
    return []; // storage is not allowed
  }
}

/** The name under which this tab held moments before a reload; "" if there was none. @param {string} place */
function formerTab(place) {
  try {
    const tab = sessionStorage.getItem(`${place} tab`) ?? "";
    sessionStorage.removeItem(`${place} tab`); // a copy of this tab must not use it too
    return tab;
  } catch {
    return ""; // storage is not allowed
  }
}

/** Store a text until this tab is closed, if that is allowed and there is room. @param {string} place @param {string} text */
function keep(place, text) {
  try {
    sessionStorage.setItem(place, text);
  } catch {
    // Undo then ends with a reload.
  }
}

/** The last request of the queue that was open in this page before. */
let leaving = /** @type {Promise<unknown>} */ (Promise.resolve());

/** One tab's work on a queue. */
export class Triage {
  /** @param {Queue} queue */
  constructor(queue) {
    this.path = `/triage/${queue.id}`;
    /** Where the tab stores the answers that can be undone. */
    this.place = `${this.path} ${queue.created_at}`;
    this.tab = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.closed = false;
    this.queue = signal(queue);
    /** The moments that this tab holds and that have no answer; the first is shown. */
    this.moments = signal(/** @type {TriageMoment[]} */ ([]));
    /** The answers of this tab, the latest last. */
    this.given = signal(remembered(this.place));
    this.loading = signal(true);
    this.error = signal(/** @type {unknown} */ (null));
    /** Answers that are not saved yet. */
    this.unsaved = signal(0);
    this.saving = leaving;
    /** @type {Set<string>} moments whose answers are being undone */
    this.undoing = new Set();
    const former = formerTab(this.place);
    // First return what this tab held before the reload: the request from then may not have arrived yet.
    if (former) this.#after(() => this.#giveBack(former));
    this.refill();
    const renewing = setInterval(() => document.visibilityState === "visible" && this.refill(), RENEW);
    const looking = setInterval(() => this.waiting() && this.refill(), LOOK_AGAIN);
    const leave = () => {
      keep(`${this.place} tab`, this.tab);
      this.#giveBack(this.tab);
    };
    /** The browser shows the page from its cache. @param {PageTransitionEvent} event */
    const comeBack = (event) => {
      if (!event.persisted) return;
      formerTab(this.place);
      this.refill();
    };
    addEventListener("pagehide", leave);
    addEventListener("pageshow", comeBack);
    this.close = () => {
      clearInterval(renewing);
      clearInterval(looking);
      removeEventListener("pagehide", leave);
      removeEventListener("pageshow", comeBack);
      this.closed = true;
      leaving = this.#after(() => this.#giveBack(this.tab));
    };
  }

  /** Whether others hold all that is left. */
  waiting() {
    return !this.loading.value && !this.moments.value.length && this.queue.value.left > 0;
  }

  /** Do something after everything that was started before. @template T @param {() => Promise<T>} work */
  #after(work) {
    const done = this.saving.then(work);
    this.saving = done.catch(() => undefined);
    return done;
  }

  /** Request the next moments, and hold the present ones for some more minutes. */
  refill() {
    return this.#after(async () => {
      if (this.closed) return;
      try {
        const body = { count: HELD + this.#unsavedIds().size, holder: this.tab };
        const { items } = await send("POST", `${this.path}/next`, body);
        this.#hold(items);
        const queue = await get(this.path);
        this.queue.value = queue;
        this.#progress(queue);
        this.error.value = null;
      } catch (error) {
        this.error.value = error;
      }
      this.loading.value = false;
    });
  }

  /** Set the moments of the tab; those that it has already come first. @param {TriageMoment[]} items */
  #hold(items) {
    const answered = this.#unsavedIds();
    const held = new Map(items.map((one) => [momentId(one), one]));
    const before = this.moments.value.filter((one) => held.has(momentId(one)) || this.undoing.has(momentId(one)));
    const kept = before.map((one) => held.get(momentId(one)) ?? one);
    const known = new Set(before.map(momentId));
    this.moments.value = [...kept, ...items.filter((one) => !known.has(momentId(one)) && !answered.has(momentId(one)))];
  }

  /** The ids of the moments whose answers are not saved yet. */
  #unsavedIds() {
    return new Set(this.given.value.filter((one) => one.id === null).map((one) => momentId(one.moment)));
  }

  /** Answer the moment that is shown, and show the next. @param {Said} said */
  answer(said) {
    const [moment, ...rest] = this.moments.value;
    if (!moment) return;
    /** @type {Given} */
    const given = { moment, said, id: null };
    this.moments.value = rest;
    this.given.value = [...this.given.value, given];
    this.#count(1);
    this.unsaved.value += 1;
    if (!rest.length) this.loading.value = this.queue.value.left > 0;
    return this.#after(() => this.#save(given));
  }

  /** Store the saved answers, so that they can be undone after a reload. */
  #remember() {
    keep(this.place, JSON.stringify(this.given.value.filter((one) => one.id !== null).slice(-UNDOS)));
  }

  /** @param {Given} given */
  async #save(given) {
    const { key, kind, number } = given.moment;
    try {
      const body = { key, kind, number, ...given.said, holder: this.tab };
      const saved = await send("POST", `${this.path}/answers`, body);
      given.id = saved.id;
      this.#remember();
      this.#show(key, saved);
      this.#progress(saved);
    } catch (error) {
      this.#drop(given, error);
    }
    this.unsaved.value -= 1;
    if (this.moments.value.length < FEW) this.refill();
  }

  /** An answer that was not saved: its moment comes back, unless somebody else has it. @param {Given} given @param {unknown} error */
  #drop(given, error) {
    if (!this.given.value.includes(given)) return; // it was undone
    const status = /** @type {{status?: number}} */ (error).status;
    this.given.value = this.given.value.filter((one) => one !== given);
    if (status !== 409 && status !== 404) this.moments.value = [given.moment, ...this.moments.value];
    this.#count(-1);
    this.loading.value = false;
    toast(t("{name} is not saved. {error}", { name: given.moment.filename, error: wordsOf(error) }), { kind: "bad" });
    if (status === 409 || status === 404) get(this.path).then((queue) => (this.queue.value = queue), () => undefined);
  }

  /** Undo the last answer. */
  undo() {
    const given = this.given.value.at(-1);
    if (!given) return;
    this.given.value = this.given.value.slice(0, -1);
    this.#remember();
    this.moments.value = [given.moment, ...this.moments.value];
    this.#count(-1);
    this.unsaved.value += 1;
    this.undoing.add(momentId(given.moment));
    return this.#after(async () => {
      try {
        if (given.id !== null) await this.#undoSaved(given, given.id);
      } catch (error) {
        this.moments.value = this.moments.value.filter((one) => momentId(one) !== momentId(given.moment));
        this.#count(1);
        toast(`${given.moment.filename}: ${wordsOf(error)}`, { kind: "bad" });
      }
      this.undoing.delete(momentId(given.moment));
      this.unsaved.value -= 1;
    });
  }

  /** @param {Given} given @param {number} id */
  async #undoSaved(given, id) {
    const path = `${this.path}/answers/${id}`;
    const { item, ...progress } = await send("DELETE", path, undefined, { parameters: { holder: this.tab } });
    const others = this.moments.value.filter((one) => momentId(one) !== momentId(given.moment));
    this.moments.value = item ? [item, ...others] : others;
    if (item) this.#show(item.key, { class: item.classification, tags: item.tags });
    this.#progress(progress);
  }

  /** The other moments of a video show the labels that it has now. @param {string} key @param {{class: string, tags: string[]}} now */
  #show(key, now) {
    this.moments.value = this.moments.value.map((one) =>
      one.key === key ? { ...one, classification: now.class, tags: now.tags } : one,
    );
  }

  /** @param {{total: number, done: number, left: number}} saved the counts of the server, without the answers that are not saved yet */
  #progress({ total, done, left }) {
    const more = Math.min(this.#unsavedIds().size, left);
    this.queue.value = { ...this.queue.value, total, done: done + more, left: left - more };
  }

  /** @param {number} more */
  #count(more) {
    const { done, left } = this.queue.value;
    this.queue.value = { ...this.queue.value, done: done + more, left: left - more };
  }

  /** Give keys a meaning; null removes it. @param {Record<string, Said | null>} keys */
  async assign(keys) {
    this.queue.value = await send("PATCH", this.path, { keys });
  }

  /** Return the moments that a tab holds, for others. @param {string} tab */
  #giveBack(tab) {
    const body = JSON.stringify({ count: 0, holder: tab });
    const headers = { "Content-Type": "application/json" };
    return fetch(`${API}${this.path}/next`, { method: "POST", keepalive: true, credentials: "same-origin", headers, body }).catch(
      () => undefined,
    );
  }
}
