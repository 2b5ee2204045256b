// The address of a video's page: the moment, the second, and the span to loop.

import { momentsOf } from "./readings.js";
import { change } from "./router.js";

/** @typedef {import("./components/part_list.js").VideoPart} VideoPart */

/** The moment of an address and the second that it begins at. @param {any} record @param {URLSearchParams} query */
export function wantedOf(record, query) {
  const [kind, number] = (query.get("m") ?? "video:0").split(":");
  const list = kind === "scene" ? record.scenes : kind === "segment" ? record.segments : momentsOf(record, kind);
  const part = list.find((/** @type {VideoPart} */ each) => each.index === Number(number));
  const time = query.has("t") ? Number(query.get("t")) : (part?.start_time ?? 0);
  return { id: `${kind}:${number}`, time: Number.isFinite(time) ? time : 0 };
}

/** The span that the address loops. @param {URLSearchParams} query @returns {[number, number] | null} */
export function loopOf(query) {
  const [start, end] = (query.get("loop") ?? "").split("-").map(Number);
  return Number.isFinite(start) && end > start ? [start, end] : null;
}

/** A time for an address. @param {number} time */
export const inAddress = (time) => String(Number(time.toFixed(3)));

/** @param {[number, number] | null} span */
export const setLoop = (span) => change({ loop: span && span.map(inAddress).join("-") }, { replace: true });
