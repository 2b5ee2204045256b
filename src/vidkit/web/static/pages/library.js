// The library: search, and the moments that answer it.

import { html, useMemo } from "../ui.js";
import { wordsOf } from "../api.js";
import { momentHref, momentId, searchOf } from "../moments.js";
import { resultsOf } from "../results.js";
import { clock } from "../format.js";
import { change } from "../router.js";

/** @param {{query: URLSearchParams}} props */
export function Page({ query }) {
  const search = searchOf(query);
  const results = useMemo(() => resultsOf(query), [String(search)]);
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    change({ q: String(form.get("q")) });
  };
  return html`<div class="page" data-turn=${results.changed.value}>
    <form class="row" role="search" onSubmit=${onSubmit}>
      <input class="grow" name="q" type="search" aria-label="Search" value=${query.get("q") ?? ""} />
      <button class="button button-main">Search</button>
    </form>
    ${results.error.value ? html`<p class="problem" role="alert">${wordsOf(results.error.value)}</p>` : null}
    <ul>
      ${results.items.map(
        (moment) => html`<li key=${momentId(moment)}>
          <a href=${momentHref(moment, search)}>${moment.filename}, ${clock(moment.start_time)}</a> ${moment.text}
        </li>`,
      )}
    </ul>
  </div>`;
}
