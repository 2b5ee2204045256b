// The contact sheet, the scenes and the clips of a video, one tab for each.

import { html, useEffect, useMemo, useState } from "../ui.js";
import { cueAt } from "../contact_sheet.js";
import { placeOf } from "../video_moves.js";
import { PartList } from "./part_list.js";
import { SheetGrid } from "./sheet_grid.js";
import { t } from "../texts.js";

/** @typedef {import("./part_list.js").VideoPart} VideoPart */
/** @typedef {import("../player.js").VidkitPlayer} VidkitPlayer */

/**
 * @param {{record: any, media: string, cues: import("../contact_sheet.js").Cue[] | null, player: VidkitPlayer,
 *   seek: (time: number, begin?: boolean) => void, sceneNow: number, clipNow: number}} props
 */
export function Tabs({ record, media, cues, player, seek, sceneNow, clipNow }) {
  const [tab, setTab] = useState(cues === null || cues.length ? "sheet" : "scenes");
  const [cueNow, setCueNow] = useState(0);
  useEffect(() => {
    if (!cues?.length) return;
    const onFrame = () => setCueNow(cues.indexOf(/** @type {any} */ (cueAt(cues, player.time))));
    player.addEventListener("frame", onFrame);
    return () => player.removeEventListener("frame", onFrame);
  }, [cues, player]);
  const tabs = [
    ...(record.sprites ? [{ id: "sheet", title: t("Contact sheet") }] : []),
    { id: "scenes", title: t("Scenes ({n})", { n: record.scenes.length }) },
    ...(record.segments.length ? [{ id: "clips", title: t("Clips ({n})", { n: record.segments.length }) }] : []),
  ];
  const chosen = tabs.some(({ id }) => id === tab) ? tab : tabs[0].id;
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const place = tabs.findIndex(({ id }) => id === chosen) + step;
    const next = tabs[(place + tabs.length) % tabs.length].id;
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  /** @param {number} time */
  const near = (time) => player.prepare(time, { begin: true });
  const onNear = (/** @type {VideoPart} */ part) => near(part.start_time);
  const sheet = useMemo(
    () =>
      cues?.length &&
      html`<${SheetGrid} cues=${cues} now=${cueNow} onSeek=${(/** @type {number} */ time) => seek(time, true)} onNear=${near} />`,
    [cues, cueNow],
  );
  const scenes = useMemo(
    () =>
      html`<${PartList}
        parts=${record.scenes}
        now=${sceneNow}
        kind="scene"
        thumbnail=${(/** @type {VideoPart} */ part) => (part.thumbnail ? `${media}/scenes/${part.index}/thumbnail` : null)}
        onSeek=${(/** @type {VideoPart} */ part) => seek(part.start_time, true)}
        onNear=${onNear}
      />`,
    [record, sceneNow],
  );
  const clips = useMemo(
    () =>
      html`<${PartList}
        parts=${record.segments}
        now=${clipNow}
        kind="segment"
        thumbnail=${(/** @type {VideoPart} */ part) => thumbnailOfClip(record, media, part)}
        download=${(/** @type {VideoPart} */ part) => `${media}/clips/${part.index}?download=1`}
        onSeek=${(/** @type {VideoPart} */ part) => seek(part.start_time, true)}
        onNear=${onNear}
      />`,
    [record, clipNow],
  );
  const shown = /** @type {Record<string, any>} */ ({ sheet: sheet || html`<p class="quiet panel-body">${t("The contact sheet is not there.")}</p>`, scenes, clips });
  return html`<section class="panel video-tabs">
    <div class="tab-list" role="tablist" onKeyDown=${onKeyDown}>
      ${tabs.map(
        ({ id, title }) => html`<button
          id=${`tab-${id}`}
          role="tab"
          aria-selected=${id === chosen}
          aria-controls="tab-panel"
          tabindex=${id === chosen ? 0 : -1}
          onClick=${() => setTab(id)}
        >
          ${title}
        </button>`,
      )}
    </div>
    <div id="tab-panel" role="tabpanel" aria-labelledby=${`tab-${chosen}`}>${chosen === "sheet" && cues === null ? html`<div class="spinner"></div>` : shown[chosen]}</div>
  </section>`;
}

/** The thumbnail of the scene that a clip begins in. @param {any} record @param {string} media @param {VideoPart} part */
function thumbnailOfClip(record, media, part) {
  const scene = record.scenes[placeOf(record.scenes, part.start_time)];
  return scene?.thumbnail ? `${media}/scenes/${scene.index}/thumbnail` : null;
}
