// The REST API, from which the pages get everything: requests, uploads, events, and errors in words.

import { signal, useEffect, useRef, useState } from "./ui.js";
import { API } from "./addresses.js";
import { early } from "./early.js";
import { served, t } from "./texts.js";

/**
 * Who is signed in, and how: `auth` is "none" if nobody has to sign in. Each scope includes those before it.
 * @typedef {"read" | "label" | "process" | "admin"} Scope
 * @typedef {{name: string, scope: Scope, auth: string}} Session
 */
/** @typedef {Record<string, string | number | boolean | string[] | null | undefined>} Parameters */

/**
 * Who is signed in; null for nobody, undefined until that is known.
 * @type {import("./vendor/preact-signals/signals.js").Signal<Session | null | undefined>}
 */
export const session = signal(/** @type {Session | null | undefined} */ (undefined));

const SCOPES = ["read", "label", "process", "admin"];

/** Whether the user has a scope: pages only offer what will work. @param {Scope} scope */
export function may(scope) {
  const own = session.value ? SCOPES.indexOf(session.value.scope) : -1;
  return own >= SCOPES.indexOf(scope);
}

/** An error that the server answered. `message` is for people. */
export class Problem extends Error {
  /**
   * @param {number} status 0 if the server did not answer
   * @param {string} message
   * @param {{where: string, detail: string}[]} [errors] what is wrong with which part of the request
   */
  constructor(status, message, errors = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

/** The words for an error. @param {unknown} error */
export const wordsOf = (error) => (error instanceof Error ? error.message : String(error));

/** Whether an error only says that a request was aborted. @param {unknown} error */
const isAbort = (error) => error instanceof DOMException && error.name === "AbortError";

/** Parameters as a query string, with "?". @param {Parameters | URLSearchParams} [parameters] */
function queryText(parameters = {}) {
  if (parameters instanceof URLSearchParams) return parameters.size ? `?${parameters}` : "";
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined && one !== "") query.append(name, String(one));
  return query.size ? `?${query}` : "";
}

/**
 * Send a GET request.
 * @param {string} path below /api/v1, such as "/search"
 * @param {Parameters | URLSearchParams} [parameters]
 * @param {AbortSignal} [abort]
 * @returns {Promise<any>} the answer's JSON
 * @throws {Problem}
 */
export const get = (path, parameters, abort) => call("GET", API + path + queryText(parameters), { signal: abort });

/**
 * Send a request that changes something, with a body of JSON or of another type.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path below /api/v1
 * @param {unknown} [body]
 * @param {{parameters?: Parameters, type?: string}} [options] type: of a body that is not JSON, such as "text/csv"
 * @returns {Promise<any>} the answer's JSON; null if there is none
 * @throws {Problem}
 */
export function send(method, path, body, { parameters, type } = {}) {
  const content = body === undefined ? undefined : type ? /** @type {BodyInit} */ (body) : JSON.stringify(body);
  const headers = content === undefined ? undefined : { "Content-Type": type ?? "application/json" };
  return call(method, API + path + queryText(parameters), { body: content, headers });
}

/**
 * @param {string} method
 * @param {string} url
 * @param {RequestInit} options
 */
async function call(method, url, options) {
  let response;
  try {
    const sent = method === "GET" ? await early(url) : null;
    options.signal?.throwIfAborted();
    response = sent ?? (await fetch(url, { method, credentials: "same-origin", ...options }));
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Problem(0, t("The server does not answer. Is `vidkit serve` still running?"));
  }
  const text = await response.text();
  const answer = text && /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : null;
  if (response.ok) return answer;
  if (response.status === 401 && session.value) session.value = null;
  throw new Problem(response.status, detailOf(response, answer), answer?.errors);
}

/**
 * @param {Response} response
 * @param {any} answer
 */
function detailOf(response, answer) {
  if (response.status === 429) {
    const wait = response.headers.get("retry-after");
    return wait ? t("Too many requests. Try again in {n} seconds.", { n: wait }) : t("Too many requests. Try again in a few seconds.");
  }
  const detail = answer?.detail ?? answer?.title;
  return typeof detail === "string" ? sentence(served(detail)) : t("The server answered with status {status}.", { status: response.status });
}

/** @param {string} text */
function sentence(text) {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?。]$/.test(upper) ? upper : `${upper}.`;
}

/**
 * Listen to server-sent events until the returned function is called. The browser reconnects by itself.
 * @param {string} path below /api/v1
 * @param {Record<string, (data: any) => void>} on name of the event -> what to do with its JSON
 * @param {(connected: boolean) => void} [onState]
 * @returns {() => void}
 */
export function events(path, on, onState) {
  const source = new EventSource(API + path);
  for (const [name, use] of Object.entries(on))
    source.addEventListener(name, (event) => use(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  source.addEventListener("open", () => onState?.(true));
  source.addEventListener("error", () => onState?.(false));
  return () => source.close();
}

/**
 * @template T
 * @typedef {object} Loaded
 * @property {T | undefined} value the answer; while another one loads, the previous one
 * @property {unknown} error
 * @property {boolean} loading
 * @property {() => void} again
 */

/**
 * Load something for a component, and again whenever `key` changes. Requests that are no longer needed are aborted.
 * @template T
 * @param {string | null} key names what is loaded; null loads nothing
 * @param {(abort: AbortSignal) => Promise<T>} load
 * @returns {Loaded<T>}
 */
export function useLoad(key, load) {
  const [state, setState] = useState(() => ({
    value: /** @type {T | undefined} */ (undefined),
    error: /** @type {unknown} */ (null),
    answered: "",
  }));
  const [turn, setTurn] = useState(0);
  const request = `${turn} ${key}`;
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    latest
      .current(abort.signal)
      .then((value) => !abort.signal.aborted && setState({ value, error: null, answered: request }))
      .catch((error) => {
        if (!abort.signal.aborted) setState((before) => ({ ...before, error, answered: request }));
      });
    return () => abort.abort();
  }, [request]);
  // Known while the page is drawn: the answer to an earlier request never counts as the answer to this one.
  const loading = key !== null && state.answered !== request;
  return { value: state.value, error: state.error, loading, again: () => setTurn((before) => before + 1) };
}

/** Load who is signed in. */
export async function loadSession() {
  try {
    session.value = await get("/session");
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    session.value = null;
  }
}
