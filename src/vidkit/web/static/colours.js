// The theme's colours where style sheets do not reach: on a canvas.

/** A colour of the style as a canvas takes it: the one of the theme that is shown. @param {HTMLElement} element @param {string} name */
export function resolved(element, name) {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

/** Do something whenever another theme is shown, until the returned function is called. @param {() => void} run */
export function onTheme(run) {
  const chosen = new MutationObserver(run);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", run);
  return () => {
    chosen.disconnect();
    dark.removeEventListener("change", run);
  };
}
