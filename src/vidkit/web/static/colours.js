// The theme's colours for a canvas, which style sheets do not reach.

/** A colour of the style sheet for a canvas, in the current theme. @param {HTMLElement} element @param {string} name */
export function resolved(element, name) {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

/** Call a function whenever the theme changes, until the returned function is called. @param {() => void} run */
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
