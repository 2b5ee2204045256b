// The tools to draw pages: Preact, its hooks, signals, and the templates of htm instead of JSX.

import { h } from "./vendor/preact/preact.js";
import htm from "./vendor/htm/htm.js";

export { Component, createContext, render } from "./vendor/preact/preact.js";
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact/hooks.js";
export { computed, signal } from "./vendor/preact-signals/signals.js";

/** A template literal to elements: html`<p class="note">${text}</p>`. Values are text, never markup. */
export const html = htm.bind(h);
