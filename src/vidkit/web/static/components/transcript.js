// The speech of a video, or its text on the screen, beside the player. The current line is marked; a click goes to a line.

import { html, useEffect, useMemo, useRef, useState } from "../ui.js";
import { clock } from "../format.js";
import { readerName, textsOf } from "../readings.js";
import { usePlace } from "../video_player.js";
import { t } from "../texts.js";

/** @typedef {import("../player.js").VidkitPlayer} VidkitPlayer */
/** @typedef {import("../readings.js").ReadMoment} ReadMoment */

const MOST = 2000; // lines at once; of a longer text, those around the current line

/** @param {{record: any, player: VidkitPlayer, seek: (time: number, begin?: boolean) => void}} props */
export function Transcript({ record, player, seek }) {
  const texts = useMemo(() => textsOf(record), [record]);
  const [reader, setReader] = useState("");
  if (!texts.length) return null;
  const [name, lines] = texts.find(([each]) => each === reader) ?? texts[0];
  return html`<section class="panel transcript" aria-label=${t("Transcript")}>
    <div class="panel-head">
      <h2>${t("Transcript")}</h2>
      ${texts.length > 1 &&
      html`<div class="transcript-readers" role="group" aria-label=${t("Read by")}>
        ${texts.map(
          ([each]) => html`<button class="chip" aria-pressed=${each === name} onClick=${() => setReader(each)}>${readerName(each)}</button>`,
        )}
      </div>`}
    </div>
    <${Lines} key=${name} lines=${lines} player=${player} seek=${seek} />
  </section>`;
}

/** @param {{lines: ReadMoment[], player: VidkitPlayer, seek: (time: number, begin?: boolean) => void}} props */
function Lines({ lines, player, seek }) {
  const now = usePlace(player, lines);
  const half = MOST / 2;
  const first = Math.max(0, Math.min(Math.floor(Math.max(0, now) / half) * half - half / 2, lines.length - MOST));
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const box = own.current;
    box?.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const line = /** @type {HTMLElement | undefined} */ (box?.children[now - first]);
    line?.setAttribute("aria-current", "true");
    // The list does not scroll while the user reads or chooses a line in it.
    if (!box || !line || box.matches(":hover") || box.contains(document.activeElement)) return;
    if (line.offsetTop < box.scrollTop || line.offsetTop + line.offsetHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = line.offsetTop - box.clientHeight / 3;
  }, [now, first]);
  // The lines are not drawn again for each that is said: the effect above marks the current one.
  const rows = useMemo(() => lines.slice(first, first + MOST).map((line) => row(line, seek)), [lines, first]);
  return html`${lines.length > MOST &&
    html`<p class="small quiet transcript-part">
      ${t("Lines {from} to {to} of {total}: the list follows the player.", { from: first + 1, to: first + rows.length, total: lines.length })}
    </p>`}
    <ol class="transcript-lines" ref=${own}>${rows}</ol>`;
}

/** @param {ReadMoment} line @param {(time: number, begin?: boolean) => void} seek */
function row(line, seek) {
  return html`<li>
    <button class="transcript-line" onClick=${() => seek(line.start_time, true)}>
      <span class="number quiet">${clock(line.start_time)}</span>
      <span>${line.text}</span>
    </button>
  </li>`;
}
