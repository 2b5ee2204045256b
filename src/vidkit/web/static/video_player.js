// The player on the page of a video: it follows the address, and the page follows it.

import { useLayoutEffect, useMemo, useRef, useState } from "./ui.js";
import { change } from "./router.js";
import { inAddress, loopOf, wantedOf } from "./video_address.js";
import { placeOf } from "./video_moves.js";

/** @typedef {import("./components/part_list.js").VideoPart} VideoPart */
/** @typedef {import("./player.js").VidkitPlayer} VidkitPlayer */

const NOTED_AFTER = 250; // milliseconds that a frame is shown before the address gets its time

/**
 * The state of the player, for the page. The address and the player follow each other.
 * @param {VidkitPlayer} player
 * @param {any} record
 * @param {string} media
 * @param {URLSearchParams} query
 */
export function usePlayer(player, record, media, query) {
  const [, drawAgain] = useState(0);
  const noted = useRef("");
  const wanted = wantedOf(record, query);
  const loop = useMemo(() => loopOf(query), [query.get("loop")]);
  const name = `${wanted.id} ${wanted.time}`;
  useLayoutEffect(() => {
    const redraw = () => drawAgain((turn) => turn + 1);
    let waiting = 0;
    const onFrame = () => {
      clearTimeout(waiting);
      if (player.paused) waiting = setTimeout(note, NOTED_AFTER);
    };
    player.addEventListener("state", redraw);
    player.addEventListener("state", onFrame);
    player.addEventListener("frame", onFrame);
    player.addEventListener("mode", redraw);
    const clips = record.segments.map((/** @type {VideoPart} */ { index, start_time, end_time }) => ({
      url: `${media}/clips/${index}`,
      start: start_time,
      end: end_time,
    }));
    noted.current = name;
    player.open(
      {
        whole: record.path === null ? null : `${media}/video`,
        clips,
        duration: record.duration,
        fps: record.fps,
        codec: record.codec,
        sheet: record.sprites ? `${media}/sprites.vtt` : undefined,
      },
      wanted.time + (wanted.time > 0 ? player.frame / 4 : 0),
    );
    return () => {
      clearTimeout(waiting);
      player.removeEventListener("state", redraw);
      player.removeEventListener("state", onFrame);
      player.removeEventListener("frame", onFrame);
      player.removeEventListener("mode", redraw);
      player.pause();
    };
  }, []);
  useLayoutEffect(() => {
    if (noted.current === name) return;
    noted.current = name; // "back" and links within the page
    player.seek(wanted.time, { begin: true });
  }, [name]);
  useLayoutEffect(() => {
    player.loop = loop;
  }, [loop]);
  /** Put the second of the shown frame into the address. */
  function note() {
    if (!player.ready) return;
    const address = new URLSearchParams(location.search);
    const known = wantedOf(record, address);
    if (Math.abs(known.time - player.frameTime) < player.frame * 0.6) return;
    const time = inAddress(player.frameTime);
    noted.current = `${known.id} ${Number(time)}`;
    change({ t: time }, { replace: true });
  }
  return { loop, reason: player.reason };
}

/** The place of the part that plays; the page is drawn again only if that changes. @param {VidkitPlayer} player @param {{start_time: number}[]} parts */
export function usePlace(player, parts) {
  const [place, setPlace] = useState(-1);
  useLayoutEffect(() => {
    const onFrame = () => setPlace(placeOf(parts, player.time));
    onFrame();
    player.addEventListener("frame", onFrame);
    return () => player.removeEventListener("frame", onFrame);
  }, [player, parts]);
  return place;
}
