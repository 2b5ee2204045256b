// The texts of the pages in the user's language. In the code they are English; locale/zh.json has them in Chinese.
//
// A text that needs two translations gets a context after "::", which is not shown: t("Key::of the keyboard").

/** The languages, each with its own name. */
export const LANGUAGES = /** @type {const} */ ({ en: "English", zh: "中文" });

/** @typedef {keyof typeof LANGUAGES} Language */
/** The values for the braces of a text. @typedef {Record<string, string | number>} Values */

/** The language of the page: the one that the user chose, or the first of the browser's languages that is known. */
export const language = chosen() ?? wanted() ?? "en";

/** The same with the user's country, for dates. */
export const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;

document.documentElement.lang = language === "zh" ? "zh-CN" : language;

export const whole = new Intl.NumberFormat(language);
const plural = new Intl.PluralRules(language);

/** @type {Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>} */
const catalogue = language === "en" ? {} : await load();

/** Load the texts of the language; without them the page is English. */
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
    // Without storage, the choice would be lost after the reload.
  }
}

/**
 * A text in the user's language.
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
 * A text with elements in it, for a template.
 * @param {string} text as for `t`
 * @param {Record<string, any>} values texts or elements for the braces
 * @returns {any[]}
 */
export const parts = (text, values) =>
  t(text)
    .split(/\{(\w+)\}/)
    .map((part, place) => (place % 2 ? (typeof values[part] === "number" ? whole.format(values[part]) : values[part]) : part));

/**
 * A word from the server in the user's language, if the catalogue has it: "scene 3" as "scene {n}".
 * @param {string} word
 */
export function served(word) {
  if (Object.hasOwn(catalogue, word)) return t(word);
  const n = /\d+/.exec(word)?.[0] ?? "";
  const counted = n && word.replace(n, "{n}");
  return Object.hasOwn(catalogue, counted) ? t(counted, { n }) : word;
}

/**
 * A text with the values in place of the braces.
 * @param {unknown} text
 * @param {Values} [values]
 */
export function filled(text, values = {}) {
  return String(text)
    .replace(/::.*$/s, "")
    .replace(/\{(\w+)\}/g, (all, name) => {
      const value = Object.hasOwn(values, name) ? values[name] : all;
      return typeof value === "number" ? whole.format(value) : value;
    });
}
