// The page: its frame, and in it the page of the address. A new page is a module in pages/ and a row of PAGES.

import { html, render, signal, useEffect, useLayoutEffect, useState } from "./ui.js";
import { address, match, startRouter, go } from "./router.js";
import { loadSession, may, send, session, wordsOf } from "./api.js";
import { activeGroups, shownKey, startKeys, useKeys } from "./keys.js";
import { Dialog, Questions } from "./components/dialog.js";
import { Dropdown } from "./components/dropdown.js";
import { Icon } from "./components/icons.js";
import { LanguageSwitch } from "./components/language_switch.js";
import { Toasts, toastError } from "./components/toasts.js";
import { SignIn } from "./pages/sign_in.js";
import { t } from "./texts.js";

/**
 * A module of a page. `Page` gets the values of the braces in its path, and the parameters of the address as `query`.
 * `STYLES` are style sheets that only this page needs.
 * @typedef {{Page: import("./vendor/preact/preact.js").ComponentType<any>, STYLES?: string[]}} PageModule
 */

/**
 * @typedef {object} PageRow
 * @property {string} path
 * @property {string} title
 * @property {() => Promise<PageModule>} load
 * @property {string} [menu] its name in the menu
 * @property {string} [account] its name in the menu of the account
 * @property {string} [key] "g", then this key, goes there
 * @property {import("./api.js").Scope} scope that its users need
 */

/** @type {PageRow[]} */
const PAGES = [
  { path: "/", title: t("Library"), menu: t("Library"), key: "l", scope: "read", load: () => import("./pages/library.js") },
  { path: "/videos/{video}", title: t("Video"), scope: "read", load: () => import("./pages/video.js") },
  { path: "/triage", title: t("Triage"), menu: t("Triage"), key: "t", scope: "label", load: () => import("./pages/triage.js") },
  { path: "/jobs", title: t("Jobs"), menu: t("Jobs"), key: "j", scope: "read", load: () => import("./pages/jobs.js") },
  { path: "/datasets", title: t("Datasets"), menu: t("Datasets"), key: "d", scope: "read", load: () => import("./pages/datasets.js") },
  { path: "/stats", title: t("Stats"), menu: t("Stats"), key: "s", scope: "read", load: () => import("./pages/stats.js") },
  { path: "/duplicates", title: t("Duplicates"), menu: t("Duplicates"), key: "c", scope: "read", load: () => import("./pages/duplicates.js") },
  { path: "/keys", title: t("Keys::of the API"), account: t("Keys::of the API"), scope: "admin", load: () => import("./pages/keys.js") },
  { path: "/audit", title: t("Audit log"), account: t("Audit log"), scope: "admin", load: () => import("./pages/audit.js") },
];

const ICON = new URL("icon.svg", import.meta.url).pathname;
const helpOpen = signal(false);

/** The page of an address, with the values of the braces in its path. @param {string} path */
function pageOf(path) {
  for (const page of PAGES) {
    const found = match(page.path, path);
    if (found) return { page, found };
  }
  return null;
}

/** @type {Record<string, PageModule>} */
const loaded = {};

/** Load a page's module and its style. @param {PageRow} page */
async function loadPage(page) {
  const module = await page.load().catch(() => {
    throw new Error(t("The server does not answer, or vidkit was updated. Load the page again."));
  });
  await Promise.all((module.STYLES ?? []).map(loadStyle));
  loaded[page.path] = module;
}

/** @param {string} href */
function loadStyle(href) {
  if (document.querySelector(`link[href="${href}"]`)) return;
  return new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    link.onload = link.onerror = () => resolve(null);
    document.head.append(link);
  });
}

/** What the frame shows: the page of the address. */
function Content() {
  const { path, query } = address.value;
  const place = pageOf(path);
  const [, drawAgain] = useState(0);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const row = place?.page;
  const module = row && loaded[row.path];
  useEffect(() => {
    document.title = row ? `${row.title} · vidkit` : "vidkit";
    setError(null);
    if (row && !module) loadPage(row).then(() => drawAgain((turn) => turn + 1), setError);
  }, [row]);
  if (!place || !row) return html`<${Notice} title=${t("There is no such page")} text=${path} />`;
  if (!may(row.scope))
    return html`<${Notice} title=${t("You may not see this page")} text=${t("It needs a key with the scope {scope}.", { scope: row.scope })} />`;
  if (error) return html`<${Notice} title=${t("This page cannot be shown")} text=${wordsOf(error)} />`;
  if (!module) return html`<div class="page-loading" aria-busy="true"></div>`;
  return html`<${module.Page} key=${row.path} ...${place.found} query=${query} />`;
}

/** @param {{title: string, text?: string}} props */
function Notice({ title, text }) {
  return html`<section class="notice">
    <h1>${title}</h1>
    ${text && html`<p>${text}</p>`}
    <p><a class="button" href="/">${t("To the library")}</a></p>
  </section>`;
}

/** @type {Record<string, {next: string, icon: import("./components/icons.js").IconName, words: string}>} */
const THEMES = {
  auto: { next: "light", icon: "auto", words: t("the system's colours") },
  light: { next: "dark", icon: "sun", words: t("light") },
  dark: { next: "auto", icon: "moon", words: t("dark") },
};

function ThemeSwitch() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? "auto");
  const { next, icon, words } = THEMES[theme];
  const onClick = () => {
    setTheme(next);
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Without storage, the choice lasts as long as the page.
    }
  };
  const label = t("Colours: {now}. Change to {next}", { now: words, next: THEMES[next].words });
  return html`<button class="button-icon" aria-label=${label} title=${label} onClick=${onClick}><${Icon} name=${icon} /></button>`;
}

async function signOut() {
  try {
    await send("DELETE", "/session");
    session.value = null;
  } catch (error) {
    toastError(error);
  }
}

function Account() {
  const { name, scope, auth } = /** @type {import("./api.js").Session} */ (session.value);
  const label = html`<${Icon} name="user" />`;
  return html`<${Dropdown} label=${label} className="button-icon" title=${t("Account")}>
    <p class="account">
      <b>${auth === "none" ? t("No sign-in is needed") : name}</b>
      <span class="quiet small">${scope === "admin" ? t("may do everything") : t("may {scope}", { scope })}</span>
    </p>
    <hr />
    ${PAGES.filter((page) => page.account && may(page.scope)).map(
      (page) => html`<a class="dropdown-item" href=${page.path}>${page.account}</a>`,
    )}
    <a class="dropdown-item" href="/api/docs">${t("REST API")}</a>
    ${auth !== "none" && html`<hr /><button class="dropdown-item" onClick=${signOut}>${t("Sign out")}</button>`}
  <//>`;
}

function Header() {
  const { path } = address.value;
  return html`<header class="top">
    <a class="brand" href="/"><img src=${ICON} alt="" width="24" height="24" />vidkit</a>
    <nav class="menu" aria-label=${t("Pages")}>
      ${PAGES.filter((page) => page.menu && may(page.scope)).map(
        (page) => html`<a href=${page.path} aria-current=${path === page.path ? "page" : undefined}>${page.menu}</a>`,
      )}
    </nav>
    <div class="top-buttons">
      <button
        class="button-icon only-wide"
        aria-label=${t("Keyboard (?)")}
        title=${t("Keyboard (?)")}
        onClick=${() => (helpOpen.value = true)}
      >
        <${Icon} name="keyboard" />
      </button>
      <${LanguageSwitch} />
      <${ThemeSwitch} />
      <${Account} />
    </div>
  </header>`;
}

function KeyList() {
  const [shown] = useState(() => activeGroups().reverse());
  return html`<${Dialog} title=${t("Keyboard")} onClose=${() => (helpOpen.value = false)} wide>
    <div class="dialog-body key-lists" tabindex="0" role="region" aria-label=${t("All keys::of the keyboard")}>
      ${shown.map(
        (group) => html`<section>
          <h3>${group.title}</h3>
          <dl class="key-list">
            ${group.keys
              .filter((key) => !key.hidden)
              .map(
                (key) => html`<div>
                  <dt>${key.keys.split(" ").map((name, place) => [place > 0 && " ", ...shownKey(name).map((one) => html`<kbd>${one}</kbd>`)])}</dt>
                  <dd>${key.does}</dd>
                </div>`,
              )}
          </dl>
        </section>`,
      )}
    </div>
  <//>`;
}

/** The keys that every page has. */
function usePageKeys() {
  useKeys(t("Everywhere::keys"), [
    { keys: "?", does: t("this list"), run: () => void (helpOpen.value = true) },
    ...PAGES.filter((page) => page.key && may(page.scope)).map((page) => ({
      keys: `g>${page.key}`,
      does: t("go to {page}", { page: page.menu ?? "" }),
      run: () => go(page.path),
    })),
  ]);
}

function Frame() {
  usePageKeys();
  return html`<a class="skip" href="#main">${t("To the content")}</a>
    <${Header} />
    <main id="main" tabindex="-1"><${Content} /></main>
    ${helpOpen.value && html`<${KeyList} />`}`;
}

function App() {
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useLayoutEffect(() => {
    if (address.value.path !== "/sign-in") loadSession().catch(setError);
  }, []);
  let inside;
  if (address.value.path === "/sign-in" || session.value === null) inside = html`<${SignIn} />`;
  else if (error) inside = html`<main><${Notice} title=${t("The library cannot be shown")} text=${wordsOf(error)} /></main>`;
  else inside = session.value && html`<${Frame} />`;
  return html`${inside}<${Questions} /><${Toasts} />`;
}

startRouter();
startKeys();
const first = pageOf(address.value.path)?.page;
if (first) loadPage(first).catch(() => undefined); // at the same time as the session; an error is shown later
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
