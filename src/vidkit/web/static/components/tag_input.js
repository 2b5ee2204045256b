// A field for tags: each is a chip; Enter or a comma ends one, Backspace removes the last.

import { html, useId, useState } from "../ui.js";
import { Icon } from "./icons.js";
import { t } from "../texts.js";

/**
 * @param {{label: string, tags: string[], onChange: (tags: string[]) => void, known?: string[], help?: string}} props
 */
export function TagInput({ label, tags, onChange, known = [], help }) {
  const [text, setText] = useState("");
  const id = useId();
  /** @param {string} typed */
  const add = (typed) => {
    const fresh = typed.split(",").map((tag) => tag.trim()).filter((tag) => tag && !tags.includes(tag));
    if (fresh.length) onChange([...tags, ...new Set(fresh)]);
    setText("");
  };
  /** @param {any} event */
  const onInput = (event) => {
    const typed = event.currentTarget.value;
    if (typed.includes(",")) add(typed);
    else setText(typed);
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key === "Enter" && text.trim()) {
      event.preventDefault();
      add(text);
    } else if (event.key === "Backspace" && !text && tags.length) onChange(tags.slice(0, -1));
  };
  return html`<div class="field">
    <label for=${id}><span>${label}</span></label>
    ${tags.length > 0 &&
    html`<div class="row">
      ${tags.map(
        (tag) => html`<span class="chip chip-accent" key=${tag}>
          <span class="one-line">${tag}</span>
          <button type="button" aria-label=${t("Leave out {tag}", { tag })} onClick=${() => onChange(tags.filter((one) => one !== tag))}>
            <${Icon} name="close" size=${14} />
          </button>
        </span>`,
      )}
    </div>`}
    <input id=${id} list=${`${id}-known`} value=${text} onInput=${onInput} onKeyDown=${onKeyDown} onBlur=${() => text.trim() && add(text)} />
    <datalist id=${`${id}-known`}>${known.map((tag) => html`<option value=${tag}></option>`)}</datalist>
    ${help && html`<span class="field-help">${help}</span>`}
  </div>`;
}
