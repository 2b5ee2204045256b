// Sends the requests that the page needs first, while the other modules still load. `api.js` uses the answers.

import { API, firstPage, searchOf } from "./addresses.js";

/** @type {Map<string, Promise<Response | null>>} */
const asked = new Map();

/**
 * The answer to a request that was sent early; null if none was sent, or if it has to be sent again, because it failed
 * or nobody was signed in then.
 * @param {string} url
 */
export async function early(url) {
  const answer = asked.get(url);
  asked.delete(url);
  return (await answer) ?? null;
}

/** @param {string} path below /api/v1 */
function request(path) {
  const answer = fetch(API + path, { credentials: "same-origin" });
  asked.set(API + path, answer.then(unlessSignedOut, () => null));
}

/** Nobody reads the body of a refusal, so it is cancelled, which frees the connection. @param {Response} response */
function unlessSignedOut(response) {
  if (response.status !== 401) return response;
  response.body?.cancel();
  return null;
}

const video = /^\/videos\/([^/]+)$/.exec(location.pathname)?.[1];
if (location.pathname !== "/sign-in") request("/session");
if (location.pathname === "/") request(`/search?${firstPage(searchOf(new URLSearchParams(location.search)))}`);
if (video) request(`/videos/${encodeURIComponent(decodeURIComponent(video))}`);
