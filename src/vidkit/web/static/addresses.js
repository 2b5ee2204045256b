// Addresses of the REST API that the first answers come from. It imports nothing: `early.js` needs it at once.

export const API = "/api/v1";

/** The parameters of an address that belong to the search; others say what is open. */
export const SEARCH_PARAMETERS = [
  "q", "tag", "class", "codec", "resolution", "min_duration", "max_duration", "after", "before", "where", "in", "sort",
  "meaning", "like",
];

const FIRST_PAGE = 50; // answers: what a window shows, soon

/** Only the search's own parameters, in one order. @param {URLSearchParams} query */
export function searchOf(query) {
  const search = new URLSearchParams();
  for (const name of SEARCH_PARAMETERS) for (const value of query.getAll(name)) if (value) search.append(name, value);
  return search;
}

/** Whether a search finds by meaning alone: words and filters cannot say which moments it finds. @param {URLSearchParams} query */
export const isByMeaning = (query) => query.get("meaning") === "only" || query.has("like");

/** The parameters that ask for the first answers of a search. @param {URLSearchParams} search as of `searchOf` */
export function firstAnswers(search) {
  const query = new URLSearchParams(search);
  query.set("limit", String(FIRST_PAGE));
  return query;
}
