// A field that keeps what is typed while the page around it is drawn again, as when an answer comes.

import { html, useLayoutEffect, useRef } from "../ui.js";

/**
 * @param {{value: string, [attribute: string]: unknown}} props value: what the address or the server says; when that
 *   changes, the field shows it
 */
export function KeptField({ value, ...attributes }) {
  const own = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => {
    if (own.current) own.current.value = value;
  }, [value]);
  return html`<input ref=${own} ...${attributes} />`;
}
