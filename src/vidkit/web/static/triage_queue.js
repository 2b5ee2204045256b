// A triage queue as one tab works on it: the moments it holds, the answers on their way, and undo.
//
// A key press shows the next moment at once. Answers are saved one after another behind it; one that cannot be saved
// brings its moment back.

import { API } from "./addresses.js";
import { get, send, wordsOf } from "./api.js";
import { signal } from "./ui.js";
import { toast } from "./components/toasts.js";
import { t } from "./texts.js";

/**
 * What a key or an answer says.
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

const HELD = 6; // moments that the tab has before it
const FEW = 3; // below this more are asked for
const RENEW = 120_000; // milliseconds; the server keeps a moment for five minutes
const UNDOS = 100; // answers that can be taken back after the page is loaded again
const LOOK_AGAIN = 4_000; // milliseconds, where others have all that is left

/** What an answer says, in words. @param {Said} said */
export const saidText = (said) =>
  [said.class, ...(said.add_tags ?? []).map((tag) => `+ ${tag}`), said.skip && t("skipped")].filter(Boolean).join(", ");

/** @param {TriageMoment} moment */
const idOf = (moment) => `${moment.key}:${moment.kind}:${moment.number}`;

/** The answers that this tab gave before it was loaded again, the latest last. @param {string} place @returns {Given[]} */
function remembered(place) {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "[]");
  } catch {
    return []; // no storage is allowed
  }
}

/** The name under which this tab held moments before it was loaded again; "" where it did not. @param {string} place */
function formerTab(place) {
  try {
    const tab = sessionStorage.getItem(`${place} tab`) ?? "";
    sessionStorage.removeItem(`${place} tab`); // a copy of this tab is another one
    return tab;
  } catch {
    return ""; // no storage is allowed
  }
}

/** Keep a text until this tab is closed, where that is allowed and there is room. @param {string} place @param {string} text */
function keep(place, text) {
  try {
    sessionStorage.setItem(place, text);
  } catch {
    // Undo then ends with a reload.
  }
}

/** What the queue that was worked on before this one in the page still sends. */
let leaving = /** @type {Promise<unknown>} */ (Promise.resolve());

/** One tab's work on a queue. */
export class Triage {
  /** @param {Queue} queue */
  constructor(queue) {
    this.path = `/triage/${queue.id}`;
    /** Where the tab keeps what can be undone. */
    this.place = `${this.path} ${queue.created_at}`;
    this.tab = crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    this.closed = false;
    this.queue = signal(queue);
    /** The moments that this tab holds and has not answered; the first is shown. */
    this.moments = signal(/** @type {TriageMoment[]} */ ([]));
    /** What this tab has answered, the latest last. */
    this.given = signal(remembered(this.place));
    this.loading = signal(true);
    this.error = signal(/** @type {unknown} */ (null));
    /** Answers that are not saved yet. */
    this.unsaved = signal(0);
    this.saving = leaving;
    /** @type {Set<string>} moments whose answers are being taken back */
    this.undoing = new Set();
    const former = formerTab(this.place);
    // What this tab held before comes first: what it sent when it was left may still be on its way.
    if (former) this.#after(() => this.#giveBack(former));
    this.refill();
    const renewing = setInterval(() => document.visibilityState === "visible" && this.refill(), RENEW);
    const looking = setInterval(() => this.waiting() && this.refill(), LOOK_AGAIN);
    const leave = () => {
      keep(`${this.place} tab`, this.tab);
      this.#giveBack(this.tab);
    };
    /** The browser shows the page as it was left. @param {PageTransitionEvent} event */
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

  /** Whether others have all that is left. */
  waiting() {
    return !this.loading.value && !this.moments.value.length && this.queue.value.left > 0;
  }

  /** Do something after all that was begun before. @template T @param {() => Promise<T>} work */
  #after(work) {
    const done = this.saving.then(work);
    this.saving = done.catch(() => undefined);
    return done;
  }

  /** Ask for the next moments, and keep those that are held for some more minutes. */
  refill() {
    return this.#after(async () => {
      if (this.closed) return;
      try {
        const body = { count: HELD + this.#underWay().size, holder: this.tab };
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

  /** Show these moments, those that were there before first. @param {TriageMoment[]} items */
  #hold(items) {
    const answered = this.#underWay();
    const held = new Map(items.map((one) => [idOf(one), one]));
    const before = this.moments.value.filter((one) => held.has(idOf(one)) || this.undoing.has(idOf(one)));
    const kept = before.map((one) => held.get(idOf(one)) ?? one);
    const known = new Set(before.map(idOf));
    this.moments.value = [...kept, ...items.filter((one) => !known.has(idOf(one)) && !answered.has(idOf(one)))];
  }

  /** The moments whose answers are not saved yet. */
  #underWay() {
    return new Set(this.given.value.filter((one) => one.id === null).map((one) => idOf(one.moment)));
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

  /** Keep what is saved, so that it can be undone after a reload. */
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
      this.#takeBack(given, error);
    }
    this.unsaved.value -= 1;
    if (this.moments.value.length < FEW) this.refill();
  }

  /** An answer that was not saved: its moment comes back, unless it is another's. @param {Given} given @param {unknown} error */
  #takeBack(given, error) {
    if (!this.given.value.includes(given)) return; // it is undone meanwhile
    const status = /** @type {{status?: number}} */ (error).status;
    this.given.value = this.given.value.filter((one) => one !== given);
    if (status !== 409 && status !== 404) this.moments.value = [given.moment, ...this.moments.value];
    this.#count(-1);
    this.loading.value = false;
    toast(t("{name} is not saved. {error}", { name: given.moment.filename, error: wordsOf(error) }), { kind: "bad" });
    if (status === 409 || status === 404) get(this.path).then((queue) => (this.queue.value = queue), () => undefined);
  }

  /** Take the last answer back. */
  undo() {
    const given = this.given.value.at(-1);
    if (!given) return;
    this.given.value = this.given.value.slice(0, -1);
    this.#remember();
    this.moments.value = [given.moment, ...this.moments.value];
    this.#count(-1);
    this.unsaved.value += 1;
    this.undoing.add(idOf(given.moment));
    return this.#after(async () => {
      try {
        if (given.id !== null) await this.#takeAnswerBack(given, given.id);
      } catch (error) {
        this.moments.value = this.moments.value.filter((one) => idOf(one) !== idOf(given.moment));
        this.#count(1);
        toast(`${given.moment.filename}: ${wordsOf(error)}`, { kind: "bad" });
      }
      this.undoing.delete(idOf(given.moment));
      this.unsaved.value -= 1;
    });
  }

  /** @param {Given} given @param {number} id */
  async #takeAnswerBack(given, id) {
    const path = `${this.path}/answers/${id}`;
    const { item, ...progress } = await send("DELETE", path, undefined, { parameters: { holder: this.tab } });
    const others = this.moments.value.filter((one) => idOf(one) !== idOf(given.moment));
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

  /** @param {{total: number, done: number, left: number}} saved as the server counts; what is under way comes on top */
  #progress({ total, done, left }) {
    const more = Math.min(this.#underWay().size, left);
    this.queue.value = { ...this.queue.value, total, done: done + more, left: left - more };
  }

  /** @param {number} more */
  #count(more) {
    const { done, left } = this.queue.value;
    this.queue.value = { ...this.queue.value, done: done + more, left: left - more };
  }

  /** Give keys a meaning; null takes it away. @param {Record<string, Said | null>} keys */
  async assign(keys) {
    this.queue.value = await send("PATCH", this.path, { keys });
  }

  /** Let others have the moments that a tab holds. @param {string} tab */
  #giveBack(tab) {
    const body = JSON.stringify({ count: 0, holder: tab });
    const headers = { "Content-Type": "application/json" };
    return fetch(`${API}${this.path}/next`, { method: "POST", keepalive: true, credentials: "same-origin", headers, body }).catch(
      () => undefined,
    );
  }
}
