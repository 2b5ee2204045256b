// Asks for what the page shows first, while the other modules are still on their way. `api.js` hands the answers on.

import { API, firstAnswers, searchOf } from "./addresses.js";

/** @type {Map<string, Promise<Response | null>>} */
const asked = new Map();

/**
 * The answer to a question that was asked early; null where it was not, or where it has to be asked again: it did not
 * come, or nobody was signed in then.
 * @param {string} url
 */
export async function early(url) {
  const answer = asked.get(url);
  asked.delete(url);
  return (await answer) ?? null;
}

/** @param {string} path below /api/v1 */
function ask(path) {
  const answer = fetch(API + path, { credentials: "same-origin" });
  asked.set(API + path, answer.then(unlessUnknown, () => null));
}

/** Nobody reads the body of a refusal, so the connection is given back. @param {Response} response */
function unlessUnknown(response) {
  if (response.status !== 401) return response;
  response.body?.cancel();
  return null;
}

const video = /^\/videos\/([^/]+)$/.exec(location.pathname)?.[1];
if (location.pathname !== "/sign-in") ask("/session");
if (location.pathname === "/") ask(`/search?${firstAnswers(searchOf(new URLSearchParams(location.search)))}`);
if (video) ask(`/videos/${encodeURIComponent(decodeURIComponent(video))}`);
