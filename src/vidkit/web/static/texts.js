// The page's texts in the reader's language. In the code they are English; locale/zh.json has them in Chinese.
//
// A text that needs two translations gets a context after "::", which nobody sees: t("Key::of the keyboard").

/** What there is, as each language calls itself. */
export const LANGUAGES = /** @type {const} */ ({ en: "English", zh: "中文" });

/** @typedef {keyof typeof LANGUAGES} Language */
/** What braces of a text stand for. @typedef {Record<string, string | number>} Values */

/** The language of the page: the one that was chosen in it, or the first of the browser's that there is. */
export const language = chosen() ?? wanted() ?? "en";

/** The same with the reader's country, for dates. */
export const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;

document.documentElement.lang = language === "zh" ? "zh-CN" : language;

export const whole = new Intl.NumberFormat(language);
const plural = new Intl.PluralRules(language);

/** @type {Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>} */
const catalogue = language === "en" ? {} : await load();

/** The texts of a language; without them the page is English. */
async function load() {
  try {
    return await (await fetch(new URL(`locale/${language}.json`, import.meta.url))).json();
  } catch {
    return {};
  }
}

/** @returns {Language | undefined} */
function chosen() {
  try {
    return known(localStorage.getItem("language"));
  } catch {
    return undefined; // no storage is allowed
  }
}

/** @returns {Language | undefined} */
function wanted() {
  return navigator.languages.map((one) => known(one.split("-")[0])).find(Boolean);
}

/** @param {string | null} code @returns {Language | undefined} */
function known(code) {
  return code && Object.hasOwn(LANGUAGES, code) ? /** @type {Language} */ (code) : undefined;
}

/** Show the page in another language, now and later. @param {Language} code */
export function setLanguage(code) {
  try {
    localStorage.setItem("language", code);
    location.reload();
  } catch {
    // Without storage the page cannot know it after it is loaded again.
  }
}

/**
 * A text in the reader's language.
 * @param {string} text English, as a literal, so that a test finds it; "{name}" stands for a value
 * @param {Values} [values] numbers are written as the language does
 */
export const t = (text, values) => filled(catalogue[text] ?? text, values);

/**
 * A text for a number: "1 video", "2 videos".
 * @param {string} one for 1, with "{n}" for the number
 * @param {string} other for all others; the catalogue has it under this one
 * @param {number} n
 * @param {Values} [values]
 */
export function tn(one, other, n, values) {
  const found = catalogue[other] ?? (n === 1 ? one : other);
  return filled(typeof found === "string" ? found : (found[plural.select(n)] ?? other), { n, ...values });
}

/**
 * A text with elements in it, to be put into a template.
 * @param {string} text as for `t`
 * @param {Record<string, any>} values what the braces stand for: texts or elements
 * @returns {any[]}
 */
export const parts = (text, values) =>
  t(text)
    .split(/\{(\w+)\}/)
    .map((part, place) => (place % 2 ? (typeof values[part] === "number" ? whole.format(values[part]) : values[part]) : part));

/**
 * A word of the server's in the reader's language, where the catalogue has it: "scene 3" as "scene {n}".
 * @param {string} word
 */
export function served(word) {
  if (Object.hasOwn(catalogue, word)) return t(word);
  const n = /\d+/.exec(word)?.[0] ?? "";
  const counted = n && word.replace(n, "{n}");
  return Object.hasOwn(catalogue, counted) ? t(counted, { n }) : word;
}

/**
 * A text with its values in place of the braces.
 * @param {unknown} found
 * @param {Values} [values]
 */
export function filled(found, values = {}) {
  return String(found)
    .replace(/::.*$/s, "")
    .replace(/\{(\w+)\}/g, (all, name) => {
      const value = Object.hasOwn(values, name) ? values[name] : all;
      return typeof value === "number" ? whole.format(value) : value;
    });
}
