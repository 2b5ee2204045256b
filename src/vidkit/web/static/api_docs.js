// The page of the API: swagger-ui shows /api/openapi.json and sends calls with the session of this browser.

import { t } from "./texts.js";

const place = /** @type {HTMLElement} */ (document.getElementById("api"));

/** Show a text and a link instead of the calls. @param {string} text @param {string} [href] @param {string} [name] */
function say(text, href = "/", name = t("To the library")) {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = "/static/style.css";
  document.head.append(style);
  const words = document.createElement("p");
  words.textContent = text;
  const link = document.createElement("a");
  link.textContent = name;
  link.href = href;
  link.className = "button";
  const row = document.createElement("p");
  row.append(link);
  place.className = "notice";
  place.append(words, row);
}

async function show() {
  const answer = await fetch("/api/openapi.json");
  if (answer.status === 401) {
    say(t("Sign in to see what the API can do."), "/sign-in", t("Sign in"));
    return;
  }
  if (!answer.ok) {
    say(t("The server answered with status {status}.", { status: answer.status }));
    return;
  }
  /** @type {any} */ (window).SwaggerUIBundle({
    spec: await answer.json(),
    domNode: place,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
    validatorUrl: null,
  });
}

show();
