// The search box. It searches shortly after the last letter; Enter makes the search a step for "back".

import { html, useLayoutEffect, useRef, useState } from "../ui.js";
import { change, insertStep } from "../router.js";
import { Dropdown } from "./dropdown.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

const PAUSE = 350; // milliseconds after the last letter

const WORDS = /** @type {const} */ ([
  ["red car", t("both words")],
  ['"red car"', t("exactly these words")],
  ["car -red", t("without a word")],
  ["car OR truck", t("one of them")],
  ["driv*", t("words that begin like this")],
]);

/** @param {{query: URLSearchParams, error: string}} props error: why the search cannot be read */
export function SearchBox({ query, error }) {
  const asked = query.get("q") ?? "";
  const [text, setText] = useState(asked);
  const timer = useRef(0);
  const sent = useRef(asked);
  /** The address that the last search without Enter has replaced. */
  const replaced = useRef(/** @type {{from: string, to: string} | null} */ (null));
  useLayoutEffect(() => {
    // The address changed otherwise, for example by "back"; typed text is already in the field.
    if (asked !== sent.current) {
      clearTimeout(timer.current);
      setText(asked);
    }
    sent.current = asked;
  }, [asked]);
  useLayoutEffect(() => () => clearTimeout(timer.current), []);
  /** @param {string} typed @param {boolean} replace */
  const search = (typed, replace) => {
    clearTimeout(timer.current);
    const q = typed.trim();
    if (q === asked) return;
    sent.current = q;
    const from = location.pathname + location.search;
    change({ q, open: null, t: null }, { replace });
    replaced.current = replace ? { from, to: location.pathname + location.search } : null;
  };
  /** @param {any} event */
  const onInput = (event) => {
    const typed = event.currentTarget.value;
    setText(typed);
    clearTimeout(timer.current);
    // The first letter is a step of its own, so that "back" leads to the page before the search.
    timer.current = setTimeout(() => search(typed, asked !== ""), PAUSE);
  };
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    const shown = replaced.current;
    // If the pause was over before Enter, the search is shown already; Enter makes it a step.
    if (text.trim() === asked && shown?.to === location.pathname + location.search) insertStep(shown.from);
    replaced.current = null;
    search(text, false);
  };
  return html`<form class="search" role="search" onSubmit=${onSubmit}>
    <div class="search-field">
      <${Icon} name="search" />
      <input
        id="search"
        type="search"
        placeholder=${t("Search the library")}
        aria-label=${t("Search")}
        aria-invalid=${error ? "true" : undefined}
        aria-describedby=${error ? "search-error" : undefined}
        autocomplete="off"
        spellcheck=${false}
        value=${text}
        onInput=${onInput}
      />
      <${Dropdown} label=${html`<${Icon} name="info" size=${18} />`} className="button-icon" title=${t("How to search")}>
        <dl class="search-help">
          ${WORDS.map(([words, means]) => html`<div><dt><code>${words}</code></dt><dd>${means}</dd></div>`)}
        </dl>
      <//>
    </div>
    ${error && html`<p class="problem small" id="search-error" role="alert">${error}</p>`}
  </form>`;
}
