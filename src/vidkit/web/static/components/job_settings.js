// The settings of a job as a form. The server says which settings there are.

import { html } from "../ui.js";
import { served, t } from "../texts.js";

/** @typedef {{name: string, help: string, kind: "text" | "number" | "yes_no" | "choice", default: string | null, choices: string[]}} Option */

/** The groups of options in the form. Other options come last. */
const GROUPS = /** @type {[string, string[]][]} */ ([
  [t("Description"), ["describe", "qwen_instruction", "max_requests", "readers"]],
  [t("Clips"), ["max_resolution", "max_fps", "segment_by", "segment_length", "min_segment_length", "segment_overlap", "clip_mode", "encoder"]],
  [t("Scenes"), ["scene_threshold"]],
  [t("Only videos with"), ["min_size", "max_size", "min_duration", "max_duration", "modified_after", "modified_before"]],
  [t("Run"), ["workers", "force"]],
]);

const NAMES = /** @type {Record<string, string>} */ ({
  describe: t("Describe"),
  qwen_instruction: t("Instruction for the model"),
  max_requests: t("Model requests at most"),
  max_fps: t("Maximum frame rate"),
  segment_by: t("Cut clips by"),
  clip_mode: t("Copy or encode"),
  force: t("Run every stage again"),
  workers: t("Videos at once"),
});

/** "max_resolution" as "Maximum resolution". @param {string} name */
export function nameOf(name) {
  const words = NAMES[name] ?? served(name.replace(/^max_/, "maximum ").replace(/^min_/, "minimum ").replaceAll("_", " "));
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {{options: Option[], values: Record<string, string>, onChange: (values: Record<string, string>) => void}} props
 */
export function SettingsForm({ options, values, onChange }) {
  const grouped = GROUPS.flatMap(([, names]) => names);
  const others = options.filter((option) => !grouped.includes(option.name)).map((option) => option.name);
  const groups = others.length ? [...GROUPS, /** @type {[string, string[]]} */ ([t("More"), others])] : GROUPS;
  const set = (/** @type {string} */ name, /** @type {string} */ value) => {
    const { [name]: _, ...rest } = values;
    onChange(value ? { ...rest, [name]: value } : rest);
  };
  return html`<div class="job-settings">
    ${groups.map(([title, names]) => {
      const shown = names.flatMap((name) => options.filter((option) => option.name === name));
      if (!shown.length) return null;
      return html`<fieldset key=${title}>
        <legend>${title}</legend>
        <div class="job-fields">
          ${shown.map((option) => html`<${Field} key=${option.name} option=${option} value=${values[option.name] ?? ""} set=${set} />`)}
        </div>
      </fieldset>`;
    })}
  </div>`;
}

/** @param {{option: Option, value: string, set: (name: string, value: string) => void}} props */
function Field({ option, value, set }) {
  const { name, kind, help } = option;
  const onInput = (/** @type {any} */ event) => set(name, event.currentTarget.value);
  if (kind === "yes_no")
    return html`<label class="check" title=${served(help)}>
      <input
        type="checkbox"
        checked=${value === "true"}
        onChange=${(/** @type {any} */ event) => set(name, event.currentTarget.checked ? "true" : "")}
      />
      ${nameOf(name)}
    </label>`;
  return html`<label class=${`field ${name === "qwen_instruction" ? "job-field-wide" : ""}`}>
    <span>${nameOf(name)}</span>
    ${kind === "choice"
      ? html`<select value=${value} onChange=${onInput}>
          <option value="">${t("{value} (as configured)", { value: option.default ?? "" })}</option>
          ${option.choices.filter((one) => one !== option.default).map((one) => html`<option value=${one}>${one}</option>`)}
        </select>`
      : name === "qwen_instruction"
        ? html`<textarea rows="2" value=${value} placeholder=${option.default ?? ""} onInput=${onInput}></textarea>`
        : html`<input
            type=${kind === "number" ? "number" : "text"}
            min=${kind === "number" ? "0" : undefined}
            value=${value}
            placeholder=${option.default ?? ""}
            onInput=${onInput}
          />`}
    <span class="field-help">${served(help)}</span>
  </label>`;
}

/**
 * The values of the form for the API.
 * @param {Record<string, string>} values
 * @returns {Record<string, string | boolean>}
 */
export const settingsOf = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, name === "force" ? value === "true" : value]));
