// Keys of the keyboard: each component has its own while it is shown; "?" lists them all.

import { createContext, useContext, useLayoutEffect, useRef, useState } from "./ui.js";
import { t } from "./texts.js";

/**
 * @typedef {object} Key
 * @property {string} keys as in `KeyboardEvent.key`, with "shift+" or "ctrl+" before it; alternatives after a space,
 *   and two keys one after another as "g>l"
 * @property {string} does what it does, for the list
 * @property {(event: KeyboardEvent) => void | false} run returns false to leave the key to others
 * @property {boolean} [anywhere] also while the user types into a field
 * @property {boolean} [hidden] not in the list
 */

/** @typedef {{title: string, dialog: object | null, keys: Key[]}} KeyGroup */

/** The groups of the components that are shown; the last one gets a key first. @type {KeyGroup[]} */
let groups = [];

/** The dialogs that are open, the one on top last. @type {object[]} */
let dialogs = [];

/** The dialog that a component is in; null for the page itself. */
export const InDialog = createContext(/** @type {object | null} */ (null));

let first = "";
let firstAt = 0;

/**
 * Handle keys while a component is shown, from its first frame on.
 * @param {string} title over the keys in the list
 * @param {Key[]} keys
 */
export function useKeys(title, keys) {
  const latest = useRef(keys);
  latest.current = keys;
  const dialog = useContext(InDialog);
  useLayoutEffect(() => {
    /** @type {KeyGroup} */
    const group = {
      title,
      dialog,
      get keys() {
        return latest.current;
      },
    };
    groups = [...groups, group];
    return () => {
      groups = groups.filter((one) => one !== group);
    };
  }, [title, dialog]);
}

/**
 * While a dialog is on top, only components in it get keys.
 * @returns {object} the dialog, for `InDialog`
 */
export function useKeysAlone() {
  const [dialog] = useState(() => ({}));
  useLayoutEffect(() => {
    dialogs = [...dialogs, dialog];
    return () => {
      dialogs = dialogs.filter((one) => one !== dialog);
    };
  }, []);
  return dialog;
}

/** @param {KeyboardEvent} event */
function nameOf(event) {
  const shift = event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key)) ? "shift+" : "";
  const key = event.key === " " ? "space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "ctrl+" : "") + shift + key;
}

/** Whether an element takes letters. @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "range", "button", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const name = nameOf(event);
  const pair = first && event.timeStamp - firstAt < 1500 ? `${first}>${name}` : "";
  first = "";
  const typing = isTyping(event.composedPath()[0] ?? null);
  const active = activeGroups();
  // The second of two keys does not count on its own: "g" and "s" go to a page, even if that page has a key "s".
  for (const wanted of pair ? [pair, name] : [name]) {
    for (const key of active.flatMap((group) => group.keys)) {
      if ((typing && !key.anywhere) || !key.keys.split(" ").includes(wanted)) continue;
      if (key.run(event) === false) continue;
      event.preventDefault();
      return;
    }
  }
  const begins = active.some(({ keys }) => keys.some((key) => key.keys.split(" ").some((one) => one.startsWith(`${name}>`))));
  if (!typing && begins) {
    first = name;
    firstAt = event.timeStamp;
  }
}

/** The groups that get keys now, the last one first. */
export function activeGroups() {
  const top = dialogs.at(-1) ?? null;
  return [...groups].reverse().filter((group) => group.dialog === top);
}

/** Listen. Called once. */
export function startKeys() {
  document.addEventListener("keydown", onKey);
}

const SHOWN = /** @type {Record<string, string>} */ ({
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  space: t("Space"),
  PageUp: t("Page ↑"),
  PageDown: t("Page ↓"),
});

/**
 * A key as people read it: "shift+ArrowLeft" is ["Shift", "←"].
 * @param {string} name
 */
export const shownKey = (name) =>
  name.split(/[+>](?=.)/).map((part) => SHOWN[part] ?? (part.length === 1 ? part.toUpperCase() : part[0].toUpperCase() + part.slice(1)));
