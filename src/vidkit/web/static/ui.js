// What every page draws with: Preact, its hooks, signals, and htm's templates in place of JSX.

import { h } from "./vendor/preact/preact.js";
import htm from "./vendor/htm/htm.js";

export { Component, Fragment, createContext, render } from "./vendor/preact/preact.js";
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact/hooks.js";
export { batch, computed, effect, signal, useComputed, useSignal, useSignalEffect } from "./vendor/preact-signals/signals.js";

/** A template literal to elements: html`<p class="note">${text}</p>`. What is put in is text, never markup. */
export const html = htm.bind(h);
