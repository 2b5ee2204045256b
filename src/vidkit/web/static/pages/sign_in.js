// Sign in with a key, or with the link that `vidkit serve` prints: its token is in the fragment, which no server sees.

import { html, useEffect, useState } from "../ui.js";
import { send, session, wordsOf } from "../api.js";
import { address, go } from "../router.js";
import { LanguageSwitch } from "../components/language_switch.js";
import { parts, t } from "../texts.js";

const ICON = new URL("../icon.svg", import.meta.url).pathname;

/** Exchange a key or a token for a session. @param {{key: string} | {token: string}} proof */
async function signIn(proof) {
  const answer = await send("POST", "/session", proof);
  if (address.value.path === "/sign-in") go("/", { replace: true });
  session.value = answer;
}

export function SignIn() {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  /** @param {{key: string} | {token: string}} proof */
  const attempt = async (proof) => {
    setBusy(true);
    setError("");
    try {
      await signIn(proof);
    } catch (problem) {
      setError(wordsOf(problem));
      setBusy(false);
    }
  };
  useEffect(() => {
    document.title = `${t("Sign in")} · vidkit`;
    const token = decodeURIComponent(location.hash.slice(1));
    if (address.value.path !== "/sign-in" || !token) return;
    // The token works only once, but it is still removed from the address and the history.
    history.replaceState(null, "", "/sign-in");
    attempt({ token });
  }, []);
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    if (key.trim()) attempt({ key: key.trim() });
  };
  return html`<main class="sign-in">
    <form class="panel sign-in-form" onSubmit=${onSubmit}>
      <div class="sign-in-language"><${LanguageSwitch} /></div>
      <img src=${ICON} alt="" width="48" height="48" />
      <h1>${t("Sign in to vidkit")}</h1>
      <label class="field">
        <span>${t("Key::of the API")}</span>
        <input
          type="password"
          autocomplete="current-password"
          value=${key}
          onInput=${(/** @type {any} */ event) => setKey(event.currentTarget.value)}
          aria-describedby="sign-in-help"
          autofocus
        />
      </label>
      ${error && html`<p class="problem" role="alert">${error}</p>`}
      <button class="button button-main" type="submit" disabled=${busy || !key.trim()}>${busy ? t("Signing in …") : t("Sign in")}</button>
      <p id="sign-in-help" class="quiet">
        ${parts("Open the link that {serve} printed when it started; {link} prints a new one. Or make a key: {add}", {
          serve: html`<code>vidkit serve</code>`,
          link: html`<code>vidkit keys link</code>`,
          add: html`<code>vidkit keys add NAME --scope read</code>`,
        })}
      </p>
    </form>
  </main>`;
}
