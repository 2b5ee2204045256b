// A new job: pasted URLs, or a dropped CSV with a preview.

import { html, useLayoutEffect, useRef, useState } from "../ui.js";
import { get, send, useLoad, wordsOf } from "../api.js";
import { useKeys } from "../keys.js";
import { bytes } from "../format.js";
import { Icon } from "./icons.js";
import { SettingsForm, settingsOf } from "./job_settings.js";
import { parts, t, tn } from "../texts.js";

/** @typedef {import("../job_list.js").Job} Job */

const LONG = 900_000; // more characters of URLs are sent as a CSV, which may be longer than JSON

/** @param {string} text */
const urlsIn = (text) => text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);

/** @param {{onAdded: (job: Job) => void}} props */
export function NewJob({ onAdded }) {
  const { value: settings } = useLoad("settings", (abort) => get("/settings", {}, abort));
  const [text, setText] = useState("");
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [values, setValues] = useState(/** @type {Record<string, string>} */ ({}));
  const [priority, setPriority] = useState("0");
  const [name, setName] = useState("");
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [sending, setSending] = useState(false);
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const form = settings?.process;
  const urls = urlsIn(text);
  const over = useDrop(setFile);
  useKeys("Jobs", [{ keys: "n", does: t("new job"), run: () => (area.current ? area.current.focus() : false) }]);

  const add = async () => {
    setSending(true);
    setError(null);
    try {
      const more = { priority: Number(priority) || 0, name: name.trim() };
      const job = file ? await sendCsv(file, values, more) : await sendUrls(urls, values, more, form?.most_urls ?? 10_000);
      setText("");
      setFile(null);
      setName("");
      onAdded(job);
    } catch (problem) {
      setError(problem);
    } finally {
      setSending(false);
    }
  };
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => {
    event.preventDefault();
    if (!sending && (file || urls.length)) void add();
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSubmit(/** @type {any} */ (event));
  };
  const what = !file && urls.length ? tn("Start {n} video", "Start {n} videos", urls.length) : t("Start");
  return html`<section class=${`panel new-job ${over ? "new-job-over" : ""}`} aria-labelledby="new-job">
    <div class="panel-head"><h2 id="new-job">${t("New job")}</h2></div>
    <form class="panel-body stack" onSubmit=${onSubmit}>
      ${file
        ? html`<${CsvPreview} file=${file} most=${form?.most_bytes} onClose=${() => setFile(null)} />`
        : html`<label class="field">
              <span>${t("URLs")}</span>
              <textarea
                ref=${area}
                rows="4"
                value=${text}
                spellcheck=${false}
                placeholder=${t("https://…  one on each line")}
                onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}
                onKeyDown=${onKeyDown}
              ></textarea>
            </label>
            <p class="quiet small">
              ${parts("Or drop a CSV with a column of URLs here, or {choose}.", {
                choose: html`<label class="button-link new-job-file"
                  ><input
                    type="file"
                    class="visually-hidden"
                    accept=".csv,.tsv,.txt,text/csv"
                    onChange=${(/** @type {any} */ event) => setFile(event.currentTarget.files[0] ?? null)}
                  />${t("choose a file")}</label
                >`,
              })}
            </p>`}
      ${form &&
      html`<details class="job-details">
        <summary>
          ${t("Settings")}${Object.keys(values).length ? html` <span class="chip chip-accent">${t("{n} changed", { n: Object.keys(values).length })}</span>` : null}
        </summary>
        ${form.describes ? null : html`<p class="quiet small">${t("No model is configured, so nothing is described: see [QwenVL] in config.ini.")}</p>`}
        <${SettingsForm} options=${form.options} values=${values} onChange=${setValues} />
      </details>`}
      <div class="new-job-foot">
        <label class="field">
          <span>${t("Name")}</span>
          <input value=${name} maxlength="200" placeholder=${t("optional")} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} />
        </label>
        <label class="field new-job-priority">
          <span>${t("Priority")}</span>
          <input
            type="number"
            min=${form?.priorities[0] ?? -100}
            max=${form?.priorities[1] ?? 100}
            value=${priority}
            title=${t("higher runs first")}
            onInput=${(/** @type {any} */ event) => setPriority(event.currentTarget.value)}
          />
        </label>
        <button class="button button-main" disabled=${sending || !(file || urls.length)}>
          <${Icon} name="play" size=${18} />${what}
        </button>
      </div>
      ${error ? html`<p class="problem" role="alert">${wordsOf(error)}</p>` : null}
    </form>
  </section>`;
}

/**
 * @param {string[]} urls
 * @param {Record<string, string>} values
 * @param {{priority: number, name: string}} more
 * @param {number} most
 * @returns {Promise<Job>}
 */
function sendUrls(urls, values, more, most) {
  const settings = settingsOf(values);
  if (urls.length <= most && urls.reduce((sum, url) => sum + url.length, 0) < LONG)
    return send("POST", "/jobs", { urls, settings, ...more });
  const table = ["url", ...urls.map((url) => (/[",]/.test(url) ? `"${url.replaceAll('"', '""')}"` : url))].join("\n");
  return sendCsv(new Blob([table]), values, { ...more, name: more.name || tn("{n} URL", "{n} URLs", urls.length) });
}

/**
 * @param {Blob} file
 * @param {Record<string, string>} values
 * @param {{priority: number, name: string}} more
 * @returns {Promise<Job>}
 */
function sendCsv(file, values, { priority, name }) {
  const parameters = {
    name: name || (file instanceof File ? file.name : ""),
    priority,
    settings: JSON.stringify(settingsOf(values)),
  };
  return send("POST", "/jobs", file, { type: "text/csv", parameters });
}

/** Accept a file that is dropped anywhere on the page; true while one is over the page. @param {(file: File) => void} onFile */
function useDrop(onFile) {
  const [over, setOver] = useState(false);
  useLayoutEffect(() => {
    const hasFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
    const onOver = (/** @type {DragEvent} */ event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (/** @type {DragEvent} */ event) => !event.relatedTarget && setOver(false);
    const onDrop = (/** @type {DragEvent} */ event) => {
      if (!hasFile(event)) return;
      event.preventDefault();
      setOver(false);
      const [file] = event.dataTransfer?.files ?? [];
      if (file) onFile(file);
    };
    document.addEventListener("dragover", onOver);
    document.addEventListener("dragleave", onLeave);
    document.addEventListener("drop", onDrop);
    return () => {
      document.removeEventListener("dragover", onOver);
      document.removeEventListener("dragleave", onLeave);
      document.removeEventListener("drop", onDrop);
    };
  }, [onFile]);
  return over;
}

/**
 * How the server would read a CSV.
 * @param {{file: File, most: number | undefined, onClose: () => void}} props
 */
function CsvPreview({ file, most, onClose }) {
  const tooLarge = most !== undefined && file.size > most;
  const key = tooLarge ? null : `${file.name} ${file.size} ${file.lastModified}`;
  const { value, error } = useLoad(key, () => send("POST", "/jobs/preview", file, { type: "text/csv" }));
  return html`<div class="csv-preview" aria-live="polite">
    <p class="row">
      <${Icon} name="film" /><strong class="one-line">${file.name}</strong><span class="quiet">${bytes(file.size)}</span>
      <button type="button" class="button button-small" onClick=${onClose}>${t("Another source")}</button>
    </p>
    ${tooLarge ? html`<p class="problem" role="alert">${t("A CSV has {size} at most: divide the file.", { size: bytes(most) })}</p>` : null}
    ${error ? html`<p class="problem" role="alert">${wordsOf(error)}</p>` : null}
    ${!value && !error && !tooLarge ? html`<div class="spinner" aria-label=${t("Reading")}></div>` : null}
    ${value && !error ? html`<${CsvFound} found=${value} />` : null}
  </div>`;
}

/** @param {{found: any}} props */
function CsvFound({ found }) {
  const { columns, url_column, rows, checked, errors, sample } = found;
  /** @type {string[]} */
  const others = [...new Set(sample.flatMap((/** @type {any} */ row) => Object.keys(row.columns)))].slice(0, 6);
  return html`
    <p>
      ${parts("{rows}; the URLs are in {column}. Columns: {columns}", {
        rows: rows === null ? t("Rows that are not counted") : tn("{n} row", "{n} rows", rows),
        column: html`<strong>${url_column ?? t("the names")}</strong>`,
        columns: html`<span class="quiet">${columns.join(", ")}</span>`,
      })}
    </p>
    ${errors.length
      ? html`<div class="problem-box">
          <p>${checked < rows ? t("Rows that cannot be read among the first {n}:", { n: checked }) : t("Rows that cannot be read:")}</p>
          <ul>
            ${errors.map((/** @type {any} */ one) => html`<li>${t("line {line}: {reason}", { line: String(one.line), reason: one.reason })}</li>`)}
          </ul>
        </div>`
      : null}
    ${sample.length
      ? html`<div class="table-scroll" tabindex="0" role="region" aria-label=${t("The first rows")}>
          <table class="table small">
            <thead>
              <tr><th class="number">${t("Line")}</th><th>${t("URL")}</th><th>${t("Name")}</th>${others.map((name) => html`<th>${name}</th>`)}</tr>
            </thead>
            <tbody>
              ${sample.map(
                (/** @type {any} */ row) => html`<tr>
                  <td class="number">${row.line}</td>
                  <td class="csv-url">${row.url}</td>
                  <td>${row.name}</td>
                  ${others.map((name) => html`<td>${row.columns[name]}</td>`)}
                </tr>`,
              )}
            </tbody>
          </table>
        </div>`
      : null}
  `;
}
