// Numbers, times and sizes as people read them.

import { language, locale, t, whole } from "./texts.js";

const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });

/** 12345 as "12,345". @param {number} value */
export const count = (value) => whole.format(value);

/** 12345 as "12.3K". @param {number} value */
export const shortCount = (value) => short.format(value);

/** The sum of counts by name. @param {Record<string, number>} counts */
export const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);

/** Words one after another: "meaning, picture". @param {string[]} words */
export const listed = (words) => words.join(language === "zh" ? "、" : ", ");

/**
 * Seconds as a clock shows them: "0:07", "12:34", "1:02:03".
 * @param {number} seconds
 * @param {number} [digits] after the second
 */
export function clock(seconds, digits = 0) {
  const scale = 10 ** digits;
  const total = Math.round(Math.max(0, seconds) * scale);
  const rest = total % (60 * scale);
  const minutes = Math.floor(total / (60 * scale));
  const shown = (rest / scale).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return minutes < 60
    ? `${minutes}:${shown}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${shown}`;
}

/** Seconds in words: "7.5 s", "3 min", "2 h 5 min". @param {number} seconds */
export function lasting(seconds) {
  if (seconds < 60) return t("{n} s", { n: Number(seconds.toFixed(seconds < 10 ? 1 : 0)) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return t("{n} min", { n: minutes });
  return minutes % 60 ? t("{hours} h {n} min", { hours: Math.floor(minutes / 60), n: minutes % 60 }) : t("{n} h", { n: minutes / 60 });
}

/** Bytes as "1.5 MB". @param {number} size */
export function bytes(size) {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 99.5 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** A time of the server in the user's time zone. @param {string | null | undefined} time ISO 8601 */
export const dateTime = (time) =>
  time ? new Date(time).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" }) : "";
