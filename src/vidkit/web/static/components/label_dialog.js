// Give the videos of the selected moments a class and tags, as `vidkit label` does.

import { html, useState } from "../ui.js";
import { get, send, useLoad, wordsOf } from "../api.js";
import { Dialog } from "./dialog.js";
import { TagInput } from "./tag_input.js";
import { toast, toastError } from "./toasts.js";
import { t, tn } from "../texts.js";

const AT_ONCE = 25; // videos that are changed one by one, with undo; more are changed by a job

/** @typedef {{key: string, class: string, tags: string[], before: unknown}} Labelled */
/** @typedef {{class?: string, add_tags?: string[], remove_tags?: string[]}} Labels */

/**
 * @param {{keys: string[], tags: string[], onClose: () => void, onLabelled: (labelled: Labelled[]) => void}} props
 *   tags: the tags of the videos, to remove some
 */
export function LabelDialog({ keys, tags, onClose, onLabelled }) {
  const { value: settings } = useLoad("settings", (abort) => get("/settings", {}, abort));
  const [name, setName] = useState("");
  const [added, setAdded] = useState(/** @type {string[]} */ ([]));
  const [removed, setRemoved] = useState(/** @type {string[]} */ ([]));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const labels = {
    ...(name.trim() && { class: name.trim() }),
    ...(added.length && { add_tags: added }),
    ...(removed.length && { remove_tags: removed }),
  };
  /** @param {Event} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      if (keys.length > AT_ONCE) await labelByJob(keys, labels);
      else onLabelled(await labelEach(keys, labels, onLabelled));
      onClose();
    } catch (problem) {
      setError(wordsOf(problem));
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${tn("Label {n} video", "Label {n} videos", keys.length)} onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <div class="dialog-body stack">
        <label class="field">
          <span>${t("Class")}</span>
          <input
            list="known-classes"
            value=${name}
            placeholder=${t("stays as it is")}
            onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)}
            data-focus
          />
          <datalist id="known-classes">
            ${(settings?.classes ?? []).map((/** @type {string} */ one) => html`<option value=${one}></option>`)}
          </datalist>
        </label>
        <${TagInput} label=${t("Add tags")} tags=${added} onChange=${setAdded} known=${settings?.tags ?? []} help=${t("Enter or a comma ends a tag.")} />
        ${tags.length > 0 &&
        html`<fieldset class="plain">
          <legend>${t("Remove tags")}</legend>
          <div class="row">
            ${tags.map(
              (tag) => html`<button
                type="button"
                class=${`chip chip-button ${removed.includes(tag) ? "chip-bad" : ""}`}
                aria-pressed=${removed.includes(tag)}
                onClick=${() => setRemoved(removed.includes(tag) ? removed.filter((one) => one !== tag) : [...removed, tag])}
              >
                <span class="one-line">${tag}</span>
              </button>`,
            )}
          </div>
        </fieldset>`}
        ${keys.length > AT_ONCE && html`<p class="quiet small">${t("So many videos are labelled by a job.")}</p>`}
        ${error && html`<p class="problem" role="alert">${error}</p>`}
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t("Cancel")}</button>
        <button type="submit" class="button button-main" disabled=${busy || !Object.keys(labels).length}>
          ${busy ? t("Labelling …") : t("Label::verb")}
        </button>
      </footer>
    </form>
  <//>`;
}

/** @param {string[]} keys @param {Labels} labels */
async function labelByJob(keys, labels) {
  await send("POST", "/labels", { keys, ...labels });
  toast(tn("A job labels {n} video. See Jobs.", "A job labels {n} videos. See Jobs.", keys.length), { kind: "good" });
}

/**
 * @param {string[]} keys
 * @param {Labels} labels
 * @param {(labelled: Labelled[]) => void} onLabelled called again after undo
 */
async function labelEach(keys, labels, onLabelled) {
  /** @type {Labelled[]} */
  const done = [];
  const undo = async () => {
    try {
      onLabelled(await Promise.all(done.map(({ key, before }) => putBack(key, before))));
    } catch (error) {
      toastError(error);
    }
  };
  try {
    for (const key of keys) done.push({ key, ...(await send("PATCH", `/videos/${key}/labels`, labels)) });
  } catch (error) {
    if (done.length) onLabelled(done);
    throw done.length ? new Error(tn("{n} video labelled, then: {error}", "{n} videos labelled, then: {error}", done.length, { error: wordsOf(error) })) : error;
  }
  toast(tn("{n} video labelled.", "{n} videos labelled.", done.length), { kind: "good", action: { label: t("Undo"), run: undo } });
  return done;
}

/** @param {string} key @param {unknown} corrections @returns {Promise<Labelled>} */
const putBack = async (key, corrections) => ({ key, ...(await send("PUT", `/videos/${key}/labels`, { corrections })) });
