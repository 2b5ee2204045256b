// A text to copy, such as a command, with a button for it.

import { html, useRef, useState } from "../ui.js";
import { Icon } from "./icons.js";
import { toast } from "./toasts.js";
import { t } from "../texts.js";

/** @param {{text: string, label: string}} props label: what is copied, for the button */
export function Copyable({ text, label }) {
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      // Without HTTPS only the user may copy: select the text for Ctrl-C.
      if (own.current) getSelection()?.selectAllChildren(own.current);
      toast(t("The text is marked: copy it with Ctrl-C."));
    }
  };
  return html`<div class="copyable">
    <code ref=${own} tabindex="0">${text}</code>
    <button type="button" class="button button-small" onClick=${copy} aria-label=${t("Copy {what}", { what: label })}>
      <${Icon} name=${copied ? "check" : "copy"} size=${16} />${copied ? t("Copied") : t("Copy")}
    </button>
  </div>`;
}
