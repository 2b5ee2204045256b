// The address is the state: the page shows `address`, and `go` and `change` change it.

import { signal } from "./ui.js";

/**
 * @typedef {object} Address
 * @property {string} path
 * @property {URLSearchParams} query
 */

/** @returns {Address} */
const read = () => ({ path: location.pathname, query: new URLSearchParams(location.search) });

/** The current address. A component that reads its value is drawn again when it changes. */
export const address = signal(read());

/**
 * Go to another address of the page.
 * @param {string} href such as "/videos/0123?t=4"
 * @param {{replace?: boolean}} [options] replace: it replaces this address in the history
 */
export function go(href, { replace = false } = {}) {
  if (href === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  const before = address.value.path;
  address.value = read();
  if (address.value.path !== before) scrollTo(0, 0);
}

/**
 * Change parameters of the address and keep the others.
 * @param {Record<string, string | string[] | null>} changes null or "" removes a parameter
 * @param {{replace?: boolean}} [options]
 */
export function change(changes, options) {
  go(withParameters(address.value, changes), options);
}

/**
 * The address with other parameters, for links.
 * @param {Address} from
 * @param {Record<string, string | string[] | null>} changes
 */
export function withParameters(from, changes) {
  const query = new URLSearchParams(from.query);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) if (one) query.append(name, one);
  }
  const text = query.toString();
  return from.path + (text ? `?${text}` : "");
}

/**
 * Insert another address into the history before this one: "back" leads there. The page stays as it is.
 * @param {string} href
 */
export function insertStep(href) {
  const here = location.pathname + location.search;
  history.replaceState(null, "", href);
  history.pushState(null, "", here);
}

/**
 * The values of the braces of a pattern in a path; null if the path does not match.
 * @param {string} pattern such as "/videos/{key}"
 * @param {string} path
 * @returns {Record<string, string> | null}
 */
export function match(pattern, path) {
  const names = pattern.split("/");
  const parts = path.split("/");
  if (names.length !== parts.length) return null;
  /** @type {Record<string, string>} */
  const found = {};
  for (const [place, name] of names.entries()) {
    if (name.startsWith("{")) found[name.slice(1, -1)] = decodeURIComponent(parts[place]);
    else if (name !== parts[place]) return null;
  }
  return found;
}

/** Follow the browser's back and forward, and links within the page. Called once. */
export function startRouter() {
  addEventListener("popstate", () => (address.value = read()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (/^\/(api|static|metrics|healthz)(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
