// The address of the REST API, and the parameters of a search. It imports nothing: `early.js` needs it at once.

export const API = "/api/v1";

/** The parameters of an address that belong to the search; others name the moment that is open. */
const SEARCH_PARAMETERS = [
  "q", "tag", "class", "codec", "resolution", "min_duration", "max_duration", "after", "before", "where", "in", "sort",
  "meaning", "like",
];

const FIRST_PAGE = 50; // results: few, so that they come soon, and enough for a window

/** Parameters that can be given more than once. */
export const SEVERAL = ["tag", "class", "where"];

/** Only the parameters of the search, always in the same order. @param {URLSearchParams} query */
export function searchOf(query) {
  const search = new URLSearchParams();
  for (const name of SEARCH_PARAMETERS) for (const value of query.getAll(name)) if (value) search.append(name, value);
  return search;
}

/** A search as the API takes it in a body. @param {URLSearchParams} search as of `searchOf` */
export function searchBody(search) {
  /** @type {Record<string, string | string[]>} */
  const body = {};
  for (const name of search.keys()) body[name] = SEVERAL.includes(name) ? search.getAll(name) : String(search.get(name));
  return body;
}

/** Whether a search is by meaning alone: words and filters cannot tell which moments it finds. @param {URLSearchParams} query */
export const isByMeaning = (query) => query.get("meaning") === "only" || query.has("like");

/** The parameters for the first page of a search. @param {URLSearchParams} search as of `searchOf` */
export function firstPage(search) {
  const query = new URLSearchParams(search);
  query.set("limit", String(FIRST_PAGE));
  return query;
}
