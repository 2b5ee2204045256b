// Part of vidkit's bundle of media-chrome: shadow roots whose style needs no inline <style>, which
// `style-src 'self'` forbids. See bundle.mjs.

/**
 * Fill a shadow root from HTML. Each <style> in it becomes a constructed style sheet.
 * @param {ShadowRoot} root
 * @param {string} html
 */
export function renderShadow(root, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const styles = [...template.content.querySelectorAll("style")];
  root.adoptedStyleSheets = styles.map((style) => {
    style.remove();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style.textContent ?? "");
    return sheet;
  });
  root.replaceChildren(template.content);
}

/**
 * The style sheets of a shadow root, as objects with a `sheet`, as <style> elements have.
 * @param {ShadowRoot} root
 */
export function shadowStyles(root) {
  return [...root.adoptedStyleSheets].map((sheet) => ({ sheet }));
}
