// Make one module each of media-chrome and uPlot: `node bundle.mjs PACKAGES OUT`.
// PACKAGES is a folder with node_modules; OUT is where media-chrome.js and uplot.js are written.
//
// media-chrome fills its shadow roots with HTML that has <style> in it. Under `style-src 'self'` the browser ignores
// those. The plugin below gives the same text to constructed style sheets, which the policy allows.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const [packages, out] = process.argv.slice(2).map((name) => path.resolve(name));
const { build } = createRequire(path.join(packages, "package.json"))("esbuild");

/** What is replaced in media-chrome's modules, and how often that must happen: a new version may need a new look. */
const REPLACED = [
  {
    what: /this\.shadowRoot\.setHTMLUnsafe \? this\.shadowRoot\.setHTMLUnsafe\(html\) : this\.shadowRoot\.innerHTML = html;/g,
    by: "renderShadow(this.shadowRoot, html);",
    times: 3,
  },
  {
    what: /this\.shadowRoot\.innerHTML = this\.constructor\.getTemplateHTML\(attrs\);/g,
    by: "renderShadow(this.shadowRoot, this.constructor.getTemplateHTML(attrs));",
    times: 7,
  },
  { what: /styleParent\.querySelectorAll\("style:not\(\[media\]\)"\)/g, by: "shadowStyles(styleParent)", times: 2 },
];

const counts = REPLACED.map(() => 0);
const withoutInlineStyle = {
  name: "without inline style",
  setup(/** @type {import("esbuild").PluginBuild} */ build) {
    build.onLoad({ filter: /media-chrome[\\/]dist[\\/].*\.js$/ }, async ({ path: file }) => {
      let contents = await readFile(file, "utf8");
      REPLACED.forEach(({ what, by }, number) => {
        contents = contents.replace(what, () => (counts[number]++, by));
      });
      if (/renderShadow|shadowStyles/.test(contents))
        contents = `import { renderShadow, shadowStyles } from ${JSON.stringify(path.join(here, "shadow.js"))};\n${contents}`;
      return { contents, loader: "js" };
    });
  },
};

const shared = {
  bundle: true,
  minify: true,
  format: /** @type {const} */ ("esm"),
  target: "es2022",
  legalComments: /** @type {const} */ ("inline"),
  nodePaths: [path.join(packages, "node_modules")],
};
await build({
  ...shared,
  entryPoints: [path.join(here, "media-chrome-entry.js")],
  outfile: path.join(out, "media-chrome.js"),
  plugins: [withoutInlineStyle],
});
REPLACED.forEach(({ what, times }, number) => {
  if (counts[number] !== times) throw new Error(`${what} was replaced ${counts[number]} times, not ${times}: see bundle.mjs`);
});
await build({
  ...shared,
  entryPoints: [path.join(packages, "node_modules/uplot/dist/uPlot.esm.js")],
  outfile: path.join(out, "uplot.js"),
});
