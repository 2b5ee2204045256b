// The selected moments, and what to do with them: label, export, remove.

import { html, useState } from "../ui.js";
import { may, send, wordsOf } from "../api.js";
import { go } from "../router.js";
import { useKeys } from "../keys.js";
import { deselectVideos, selectAll, selectNone, selected, selectedKeys } from "../selection.js";
import { ask } from "./dialog.js";
import { Icon } from "./icons.js";
import { LabelDialog } from "./label_dialog.js";
import { toast } from "./toasts.js";
import { parts, t, tn } from "../texts.js";

const IN_ADDRESS = 80; // keys of videos that an address holds

/**
 * @param {{items: import("../moments.js").Moment[], complete: boolean,
 *   onLabelled: (labelled: import("./label_dialog.js").Labelled[]) => void, onRemoved: () => void}} props
 */
export function SelectionBar({ items, complete, onLabelled, onRemoved }) {
  const [labelling, setLabelling] = useState(false);
  const keys = selectedKeys.value;
  const some = selected.value.size > 0;
  const remove = async () => {
    const gone = await removeVideos(keys);
    if (gone.size) {
      deselectVideos(gone);
      onRemoved();
    }
  };
  useKeys(t("Selected moments"), [
    { keys: "l", does: t("label their videos"), run: () => (some && may("label") ? setLabelling(true) : false) },
    { keys: "e", does: t("export"), run: () => (some && may("process") ? goToExport(keys) : false) },
    { keys: "Delete", does: t("remove their videos from the library"), run: () => (some && may("admin") ? void remove() : false) },
    { keys: "Escape", does: t("select nothing"), run: () => (some ? selectNone() : false) },
  ]);
  const tags = [...new Set([...selected.value.values()].flatMap((moment) => moment.tags))].sort();
  return html`
    ${some &&
    html`<div class="selection" role="region" aria-label=${t("Selected moments")}>
      <span class="selection-count" aria-live="polite">
        ${parts("{moments} of {videos}", {
          moments: html`<strong>${tn("{n} moment", "{n} moments", selected.value.size)}</strong>`,
          videos: tn("{n} video", "{n} videos", keys.length),
        })}
      </span>
      <button class="button button-quiet" onClick=${() => selectAll(items)}>
        ${complete ? t("All {n}", { n: items.length }) : t("All {n} shown", { n: items.length })}
      </button>
      <span class="grow"></span>
      ${may("label") &&
      html`<button class="button" title=${t("Label (l)")} onClick=${() => setLabelling(true)}><${Icon} name="tag" size=${18} />${t("Label::verb")}</button>`}
      ${may("process") &&
      html`<button class="button" title=${t("Export (e)")} onClick=${() => goToExport(keys)}><${Icon} name="export" size=${18} />${t("Export")}</button>`}
      ${may("admin") &&
      html`<button class="button" title=${t("Remove (Delete)")} onClick=${remove}><${Icon} name="trash" size=${18} />${t("Remove")}</button>`}
      <button class="button-icon" aria-label=${t("Select nothing (Escape)")} onClick=${selectNone}><${Icon} name="close" /></button>
    </div>`}
    ${labelling &&
    html`<${LabelDialog} keys=${keys} tags=${tags} onClose=${() => setLabelling(false)} onLabelled=${onLabelled} />`}
  `;
}

/** Open the Datasets page for some videos. Keys that do not fit into an address are stored in this tab. @param {string[]} keys */
function goToExport(keys) {
  if (keys.length <= IN_ADDRESS) return go(`/datasets?keys=${keys.join(",")}`);
  sessionStorage.setItem("selected-videos", JSON.stringify(keys));
  go("/datasets?keys=selected");
}

/**
 * Remove videos from the library, after asking once.
 * @param {string[]} keys
 * @returns {Promise<Set<string>>} the videos that are gone
 */
export async function removeVideos(keys) {
  const answer = await ask({
    title: tn("Remove {n} video from the library?", "Remove {n} videos from the library?", keys.length),
    text: t("All their moments and labels are removed. This cannot be undone."),
    action: t("Remove"),
    danger: true,
    option: t("Also delete their files: record, clips, thumbnails and download"),
  });
  /** @type {Set<string>} */
  const gone = new Set();
  if (!answer) return gone;
  try {
    for (const key of keys) {
      await send("DELETE", `/videos/${key}`, undefined, { parameters: answer.option ? { files: true } : {} });
      gone.add(key);
    }
    toast(tn("{n} video removed.", "{n} videos removed.", gone.size), { kind: "good" });
  } catch (error) {
    const done = gone.size ? tn("{n} video removed, then: ", "{n} videos removed, then: ", gone.size) : "";
    toast(done + wordsOf(error), { kind: "bad" });
  }
  return gone;
}
