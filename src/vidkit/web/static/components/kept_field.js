// A field that keeps the typed text while the page around it is drawn again, for example when an answer arrives.

import { html, useLayoutEffect, useRef } from "../ui.js";

/**
 * @param {{value: string, [attribute: string]: unknown}} props value: from the address or the server; when it
 *   changes, the field shows it
 */
export function KeptField({ value, ...attributes }) {
  const own = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => {
    if (own.current) own.current.value = value;
  }, [value]);
  return html`<input ref=${own} ...${attributes} />`;
}
