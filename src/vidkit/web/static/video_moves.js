// Where in a video the player is, and its moves from scene to scene.

import { setLoop } from "./video_address.js";

/** @typedef {import("./player.js").VidkitPlayer} VidkitPlayer */

/** The place of the last part that has begun at a time; -1 for none. @param {{start_time: number}[]} parts @param {number} time */
export function placeOf(parts, time) {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle].start_time <= time + 0.0005) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Go to the next scene, or the one before; or back to the start of this scene, if that is more than a second ago.
 * @param {VidkitPlayer} player
 * @param {any} record
 * @param {(time: number, begin?: boolean) => void} seek
 * @param {1 | -1} direction
 */
export function toScene(player, record, seek, direction) {
  const now = placeOf(record.scenes, player.time);
  const late = direction < 0 && now >= 0 && player.time - record.scenes[now].start_time > 1;
  const place = late ? now : now + direction;
  const scene = record.scenes[place];
  if (!scene) return;
  seek(scene.start_time, true);
  const next = record.scenes[place + direction];
  if (next) player.prepare(next.start_time, { begin: true }); // the same key is likely to follow
}

/** Loop the scene that plays, or end the loop. @param {VidkitPlayer} player @param {any} record @param {any} state */
export function toggleLoop(player, record, state) {
  const scene = record.scenes[placeOf(record.scenes, player.time)];
  setLoop(state.loop || !scene ? null : [scene.start_time, scene.end_time]);
}
