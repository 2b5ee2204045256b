// The keys of a triage queue: the bar that shows them, the dialog that changes them, and "apply to all".

import { html, useLayoutEffect, useState } from "../ui.js";
import { get, send, useLoad, wordsOf } from "../api.js";
import { go } from "../router.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icons.js";
import { toast } from "./toasts.js";
import { saidText } from "../triage_queue.js";
import { t } from "../texts.js";

/**
 * @typedef {import("../triage_queue.js").Said} Said
 * @typedef {import("../triage_queue.js").Triage} Triage
 * @typedef {import("../triage_queue.js").Given} Given
 */

const FREE = "123456789abcdfhijklmnopqrtvwxyz"; // e, g, s and u have a meaning already
const DIGITS = FREE.slice(0, 9);

/** The accessible name of a button with a key. @param {string} key @param {string} text */
const named = (key, text) => t("{text} (key {key})", { text, key: key.toUpperCase() });

/**
 * One button for each key: for mouse and touch, and to show what a key means.
 * @param {{keys: Record<string, Said>, triage: Triage, onEdit: (key: string) => void, last?: Given}} props
 */
export function KeyBar({ keys, triage, onEdit, last }) {
  const none = !triage.moments.value.length;
  const free = [...DIGITS].find((key) => !keys[key]);
  return html`<div class="triage-keys" role="group" aria-label=${t("Say what it is")}>
    ${!Object.keys(keys).length && html`<${Suggestion} triage=${triage} />`}
    ${Object.entries(keys).map(
      ([key, said]) => html`<button
        key=${key}
        class="triage-key"
        disabled=${none}
        aria-label=${named(key, saidText(said))}
        onClick=${() => triage.answer(said)}
      >
        <kbd>${key.toUpperCase()}</kbd><span class="one-line">${saidText(said)}</span>
      </button>`,
    )}
    ${free &&
    html`<button class=${`triage-key triage-key-new ${Object.keys(keys).length > 2 ? "only-wide" : ""}`} onClick=${() => onEdit(free)} aria-label=${t("Give key {key} a meaning", { key: free })}>
      <kbd>${free}</kbd><${Icon} name="plus" size=${18} />
    </button>`}
    <button class="triage-key" disabled=${none} onClick=${() => triage.answer({ skip: true })} aria-label=${named("s", t("Skip"))}>
      <kbd>S</kbd><span>${t("Skip")}</span>
    </button>
    <button
      class="triage-key"
      disabled=${!last}
      onClick=${() => triage.undo()}
      aria-label=${named("u", last ? t("Undo {answer} for {name}", { answer: saidText(last.said), name: last.moment.filename }) : t("Undo"))}
    >
      <kbd>U</kbd><span class="one-line">${t("Undo")}</span>
    </button>
  </div>`;
}

/** The classes and tags of the library, the most frequent first. @returns {Promise<{classes: string[], tags: string[]}>} */
async function knownLabels() {
  const { facets } = await get("/facets", { facet: ["class", "tag"] });
  /** @param {string} name @returns {string[]} */
  const values = (name) =>
    (facets.find((/** @type {any} */ facet) => facet.name === name)?.values ?? []).map((/** @type {any} */ one) => one.value);
  return { classes: values("class"), tags: values("tag") };
}

/** The offer to use the classes of the library, for a queue without keys. @param {{triage: Triage}} props */
function Suggestion({ triage }) {
  const { value } = useLoad("labels", knownLabels);
  const classes = (value?.classes ?? []).slice(0, DIGITS.length);
  const take = () => {
    const keys = Object.fromEntries(classes.map((name, place) => [DIGITS[place], { class: name }]));
    triage.assign(keys).catch((error) => toast(wordsOf(error), { kind: "bad" }));
  };
  if (!classes.length) return null;
  return html`<button class="triage-key triage-suggestion" onClick=${take} title=${classes.join(", ")}>
    <${Icon} name="keyboard" /><span class="one-line">${t("Keys 1 to {n}: the library's classes", { n: classes.length })}</span>
  </button>`;
}

/**
 * Change the meanings of keys, for all who work on the queue.
 * @param {{keys: Record<string, Said>, first: string, assign: (keys: Record<string, Said | null>) => Promise<void>, onClose: () => void}} props
 */
export function KeysDialog({ keys, first, assign, onClose }) {
  const { value: known } = useLoad("labels", knownLabels);
  const next = [...FREE].find((one) => !keys[one]) ?? "1";
  const [key, setKey] = useState(first || next);
  const [kind, setKind] = useState(/** @type {"class" | "tag"} */ ("class"));
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  /** @param {Record<string, Said | null>} changes */
  const change = async (changes) => {
    try {
      setProblem("");
      await assign(changes);
      return true;
    } catch (error) {
      setProblem(wordsOf(error));
      return false;
    }
  };
  /** @param {Event} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    const name = text.trim();
    if (!name) return onClose();
    if (!(await change({ [key]: kind === "class" ? { class: name } : { add_tags: [name] } }))) return;
    setText("");
    if (first) onClose();
  };
  useLayoutEffect(() => {
    if (!first) setKey(next);
  }, [next]);
  const suggestions = (kind === "class" ? known?.classes : known?.tags) ?? [];
  return html`<${Dialog} title=${t("Keys of this queue")} onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <div class="dialog-body stack">
        <p class="quiet small">${t("All who work on this queue have the same keys.")}</p>
        ${Object.keys(keys).length
          ? html`<ul class="triage-key-list">
              ${Object.entries(keys).map(
                ([one, said]) => html`<li key=${one}>
                  <kbd>${one.toUpperCase()}</kbd>
                  <span class="grow">${said.class ? t("Class") : t("Tag")} <b>${said.class ?? said.add_tags?.join(", ")}</b></span>
                  <button
                    type="button"
                    class="button-icon"
                    aria-label=${t("Take {answer} from key {key}", { answer: saidText(said), key: one.toUpperCase() })}
                    onClick=${() => change({ [one]: null })}
                  >
                    <${Icon} name="trash" />
                  </button>
                </li>`,
              )}
            </ul>`
          : null}
        <div class="triage-key-form">
          <label class="field">
            <span>${t("Key::of the keyboard")}</span>
            <select value=${key} onChange=${(/** @type {any} */ event) => setKey(event.currentTarget.value)}>
              ${[...FREE].map((one) => html`<option key=${one} value=${one}>${one.toUpperCase()}</option>`)}
            </select>
          </label>
          <label class="field">
            <span>${t("Says")}</span>
            <select value=${kind} onChange=${(/** @type {any} */ event) => setKind(event.currentTarget.value)}>
              <option value="class">${t("class")}</option>
              <option value="tag">${t("tag")}</option>
            </select>
          </label>
          <label class="field grow">
            <span>${kind === "class" ? t("Class") : t("Tag")}</span>
            <input
              value=${text}
              maxlength="200"
              list="triage-suggestions"
              autocomplete="off"
              autofocus
              onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}
            />
            <datalist id="triage-suggestions">${suggestions.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>
          </label>
        </div>
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t("Close")}</button>
        <button type="submit" class="button button-main" disabled=${!text.trim()}>${t("Assign")}</button>
      </footer>
    </form>
  <//>`;
}

/** Give the same answer to all moments that are left. @param {{triage: Triage, onClose: () => void}} props */
export function RestDialog({ triage, onClose }) {
  const { keys, left } = triage.queue.value;
  const choices = Object.entries(keys);
  const [chosen, setChosen] = useState(choices[0]?.[0] ?? "");
  const [problem, setProblem] = useState("");
  /** @param {Event} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    try {
      await triage.saving;
      await send("POST", `${triage.path}/rest`, { ...keys[chosen], holder: triage.tab });
      const action = { label: t("Show the job"), run: () => go("/jobs") };
      toast(t("{answer}: a job writes it to what is left.", { answer: saidText(keys[chosen]) }), { kind: "good", action });
      onClose();
      triage.refill();
    } catch (error) {
      setProblem(wordsOf(error));
    }
  };
  return html`<${Dialog} title=${t("Apply to all {n} that are left", { n: left })} onClose=${onClose}>
    <form onSubmit=${onSubmit}>
      <div class="dialog-body stack">
        ${choices.length
          ? html`<fieldset class="triage-choices">
              <legend class="quiet small">${t("Their videos get this, except those that others hold. It cannot be undone here.")}</legend>
              ${choices.map(
                ([key, said]) => html`<label class="check" key=${key}>
                  <input
                    type="radio"
                    name="said"
                    value=${key}
                    checked=${key === chosen}
                    onChange=${() => setChosen(key)}
                  />
                  ${saidText(said)}
                </label>`,
              )}
            </fieldset>`
          : html`<p>${t("Give a key a meaning first, so that there is something to apply.")}</p>`}
        ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t("Cancel")}</button>
        <button type="submit" class="button button-main" disabled=${!choices.length}>${t("Apply to all {n}", { n: left })}</button>
      </footer>
    </form>
  <//>`;
}
