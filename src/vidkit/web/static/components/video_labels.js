// The class and the tags of a video: the origin of each and why, corrections, undo.

import { html, useId, useRef, useState } from "../ui.js";
import { get, may, send, useLoad } from "../api.js";
import { useKeys } from "../keys.js";
import { listed } from "../format.js";
import { Icon } from "./icons.js";
import { toast, toastError } from "./toasts.js";
import { parts, served, t } from "../texts.js";

/**
 * The origin of a tag or a class, from the API.
 * @typedef {{rule: string, condition: string, words: string[], where: string | null}} Reason
 * @typedef {{origin: "rule" | "built-in" | "person" | "none", why: string, reasons: Reason[]}} Origin
 * @typedef {{
 *   classification: Origin & {value: string}, tags: (Origin & {tag: string})[], removed: string[],
 *   model_tags: {tag: string, where: string[]}[], corrections: unknown, outdated: boolean,
 * }} Origins
 */

/** @type {Record<string, {words: string, chip: string}>} */
const ORIGINS = {
  person: { words: t("person"), chip: "chip-good" },
  rule: { words: t("your rule"), chip: "chip-accent" },
  "built-in": { words: t("built-in rule"), chip: "" },
  none: { words: t("no rule"), chip: "chip-warning" },
};
/** @type {Record<string, string>} */
const CONDITIONS = {
  description_keywords: t("words in a description"),
  ai_generated_tags: t("tags by the model"),
  filename_keywords: t("words in the file name"),
  speech_keywords: t("words that are said"),
  screen_keywords: t("words on the screen"),
  object_labels: t("what is seen"),
  metadata_conditions: t("metadata"),
  tags_present: t("other tags"),
};

/**
 * @param {{videoKey: string, onChanged: (labels: {class: string, tags: string[]}) => void}} props
 */
export function VideoLabels({ videoKey, onChanged }) {
  const path = `/videos/${videoKey}`;
  const { value, error, again } = useLoad(path, (abort) => get(`${path}/origins`, {}, abort));
  const { value: settings } = useLoad("settings", (abort) => get("/settings", {}, abort));
  const undo = useRef(/** @type {unknown[]} */ ([]));
  const saving = useRef(/** @type {Promise<void>} */ (Promise.resolve()));
  const editing = may("label");
  /**
   * Make a change after those that were started before it: each undo reverts the change just before it.
   * @param {() => Promise<any>} call answers null if there is nothing to change
   * @param {string} said
   */
  const change = (call, said) => (saving.current = saving.current.then(() => changeNow(call, said)));
  /** @param {() => Promise<any>} call @param {string} said */
  const changeNow = async (call, said) => {
    try {
      const labels = await call();
      if (labels === null) return;
      if (said) {
        undo.current.push(labels.before);
        toast(said, { kind: "good", action: { label: t("Undo"), run: takeBack } });
      } else toast(t("Undone"));
      onChanged(labels);
      again();
    } catch (problem) {
      toastError(problem);
    }
  };
  /** @param {Record<string, unknown>} body @param {string} said */
  const correct = (body, said) => change(() => send("PATCH", `${path}/labels`, body), said);
  const takeBack = () =>
    void change(
      async () => (undo.current.length ? send("PUT", `${path}/labels`, { corrections: undo.current.pop() }) : null),
      "",
    );
  useKeys(t("Labels"), [
    ...(editing
      ? [
          { keys: "u", does: t("undo the last correction"), run: takeBack },
          { keys: "c", does: t("change the class"), run: () => document.getElementById("video-class")?.focus() },
          { keys: "a", does: t("add a tag"), run: () => document.getElementById("video-tag")?.focus() },
        ]
      : []),
  ]);
  if (error && !value) return html`<p class="problem">${t("Where the tags are from cannot be shown.")}</p>`;
  if (!value) return html`<div class="spinner"></div>`;
  const { classification, tags, removed, model_tags: modelTags, corrections, outdated } = /** @type {Origins} */ (value);
  const there = new Set(tags.map(({ tag }) => tag.toLowerCase()));
  const offered = modelTags.filter(({ tag }) => !there.has(tag.toLowerCase()));
  return html`<div class="labels">
    <${ClassRow}
      classification=${classification}
      editing=${editing}
      known=${settings?.classes ?? []}
      onSet=${(/** @type {string} */ name) => correct({ class: name }, t("The class is {name}", { name }))}
    />
    <h3 id="tags-heading">${t("Tags")}</h3>
    <ul class="labels-tags" aria-labelledby="tags-heading">
      ${tags.map(
        (each) => html`<${TagRow}
          key=${each.tag}
          name=${each.tag}
          origin=${each}
          onRemove=${editing && (() => correct({ remove_tags: [each.tag] }, t("{tag} is removed", { tag: each.tag })))}
        />`,
      )}
      ${!tags.length && html`<li class="quiet small">${t("No tags")}</li>`}
    </ul>
    ${editing && html`<${AddTag} known=${settings?.tags ?? []} onAdd=${(/** @type {string} */ tag) => correct({ add_tags: [tag] }, t("{tag} is added", { tag }))} />`}
    ${removed.length > 0 &&
    html`<p class="row small">
      <span class="quiet">${t("Removed by a person:")}</span>
      ${removed.map(
        (tag) => html`<span class="chip labels-removed">
          <s class="one-line">${tag}</s>
          ${editing &&
          html`<button aria-label=${t("Put {tag} back", { tag })} title=${t("Put it back")} onClick=${() => correct({ add_tags: [tag] }, t("{tag} is back", { tag }))}>
            <${Icon} name="undo" size=${14} />
          </button>`}
        </span>`,
      )}
    </p>`}
    ${offered.length > 0 &&
    html`<p class="row small">
      <span class="quiet">${t("Seen by the model:")}</span>
      ${offered.map(
        ({ tag, where }) => html`<span class="chip" title=${listed(where.map(served))}>
          <span class="one-line">${tag}</span>
          ${editing &&
          html`<button aria-label=${t("Add the tag {tag}", { tag })} title=${t("Add it as a tag")} onClick=${() => correct({ add_tags: [tag] }, t("{tag} is added", { tag }))}>
            <${Icon} name="plus" size=${14} />
          </button>`}
        </span>`,
      )}
    </p>`}
    ${outdated && html`<p class="small labels-outdated">${parts("Your rules have changed since: {command} updates all videos.", { command: html`<code>vidkit retag</code>` })}</p>`}
    ${editing && corrections
      ? html`<p><button class="button button-small" onClick=${() => correct({ clear: true }, t("The rules decide again"))}>${t("Let the rules decide")}</button></p>`
      : null}
  </div>`;
}

/** @param {{classification: Origin & {value: string}, editing: boolean, known: string[], onSet: (name: string) => void}} props */
function ClassRow({ classification, editing, known, onSet }) {
  const id = useId();
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const save = () => {
    const name = typed?.trim();
    setTyped(null);
    if (name && name !== classification.value) onSet(name);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    if (event.key === "Escape") setTyped(null);
    /** @type {HTMLElement} */ (event.currentTarget).blur();
    event.stopPropagation();
  };
  return html`<div class="labels-class">
    <h3><label for="video-class">${t("Class")}</label></h3>
    <div class="labels-line">
      ${editing
        ? html`<input
              id="video-class"
              class="labels-field"
              list=${id}
              maxlength="200"
              value=${typed ?? classification.value}
              onInput=${(/** @type {any} */ event) => setTyped(event.currentTarget.value)}
              onKeyDown=${onKeyDown}
              onBlur=${save}
            />
            <datalist id=${id}>${known.map((name) => html`<option value=${name}></option>`)}</datalist>`
        : html`<b class="grow">${classification.value}</b>`}
      ${classification.origin !== "none" && html`<${Badge} origin=${classification.origin} />`}
    </div>
    <${Why} origin=${classification} />
  </div>`;
}

/** @param {{name: string, origin: Origin, onRemove: false | (() => void)}} props */
function TagRow({ name, origin, onRemove }) {
  return html`<li>
    <div class="labels-line">
      <span class="labels-name">${name}</span>
      <${Badge} origin=${origin.origin} />
      ${onRemove &&
      html`<button class="button-icon labels-remove" aria-label=${t("Remove {name}", { name })} title=${t("Remove")} onClick=${onRemove}>
        <${Icon} name="close" size=${16} />
      </button>`}
    </div>
    <${Why} origin=${origin} />
  </li>`;
}

/** "custom_tags.json, rule 3" in the user's language. @param {string} rule */
function ruleName(rule) {
  const [, file = rule, kind, n] = /^(.*), (rule|classification) (\d+)$/s.exec(rule) ?? [];
  if (!kind) return rule;
  return kind === "rule" ? t("{file}, rule {n}", { file: served(file), n }) : t("{file}, classification {n}", { file: served(file), n });
}

/** @param {{origin: string}} props */
const Badge = ({ origin }) => html`<span class=${`chip ${ORIGINS[origin].chip}`}>${ORIGINS[origin].words}</span>`;

/** The reason in one line; the details open under it. @param {{origin: Origin}} props */
function Why({ origin: { origin, why, reasons } }) {
  if (!reasons.length) return html`<p class="quiet small labels-why">${served(why)}</p>`;
  return html`<details class="small labels-why">
    <summary class="quiet">${origin === "person" ? t("{why} So do rules.", { why: served(why) }) : ruleName(reasons[0].rule)}${reasons.length > 1 ? ` ${t("and {n} more", { n: reasons.length - 1 })}` : ""}</summary>
    <ul>
      ${reasons.map(
        ({ rule, condition, words, where }) => html`<li>
          ${ruleName(rule)}: ${CONDITIONS[condition] ?? condition}${" "}
          ${words.map((word, place) => html`${place > 0 && ", "}<mark>${word}</mark>`)}
          ${where && html` <span class="quiet">${t("in {place}", { place: listed(where.split(", ").map(served)) })}</span>`}
        </li>`,
      )}
    </ul>
  </details>`;
}

/** @param {{known: string[], onAdd: (tag: string) => void}} props */
function AddTag({ known, onAdd }) {
  const id = useId();
  const [text, setText] = useState("");
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    if (text.trim()) onAdd(text.trim());
    setText("");
  };
  return html`<form class="labels-add" onSubmit=${onSubmit}>
    <input
      id="video-tag"
      class="labels-field"
      list=${id}
      maxlength="200"
      aria-label=${t("Add a tag")}
      placeholder=${t("Add a tag")}
      value=${text}
      onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}
    />
    <datalist id=${id}>${known.map((tag) => html`<option value=${tag}></option>`)}</datalist>
    <button class="button-icon" aria-label=${t("Add it")} disabled=${!text.trim()}><${Icon} name="plus" /></button>
  </form>`;
}
