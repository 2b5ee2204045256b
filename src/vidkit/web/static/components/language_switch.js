// The button that shows the page in the next language.

import { html } from "../ui.js";
import { language, LANGUAGES, setLanguage } from "../texts.js";

const SHORT = { en: "EN", zh: "中文" };

export function LanguageSwitch() {
  const codes = /** @type {import("../texts.js").Language[]} */ (Object.keys(LANGUAGES));
  const next = codes[(codes.indexOf(language) + 1) % codes.length];
  const name = LANGUAGES[next];
  return html`<button
    type="button"
    class="button-icon language-switch"
    lang=${next}
    title=${name}
    aria-label=${name}
    onClick=${() => setLanguage(next)}
  >
    ${SHORT[next]}
  </button>`;
}
