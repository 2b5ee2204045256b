// Datasets: choose the contents and see the counts while you choose; a job makes the dataset.

import { html, useEffect, useMemo, useState } from "../ui.js";
import { get, may, send, useLoad, wordsOf } from "../api.js";
import { change, go } from "../router.js";
import { searchBody, searchOf } from "../addresses.js";
import { JobList } from "../job_list.js";
import { Copyable } from "../components/copy.js";
import { DatasetCounts } from "../components/dataset_counts.js";
import { Icon } from "../components/icons.js";
import { JobView } from "../components/job_view.js";
import { parameterName } from "../components/parameters.js";
import { toast } from "../components/toasts.js";
import { parts, t, tn } from "../texts.js";

export const STYLES = [new URL("jobs.css", import.meta.url).pathname, new URL("datasets.css", import.meta.url).pathname];

const PAUSE = 350; // milliseconds from a change to the request for the counts
const LEVELS = /** @type {Record<string, string>} */ ({
  video: t("one item for each video"),
  segments: t("one item for each clip"),
  scenes: t("one item for each scene"),
});
const FILES = /** @type {Record<string, string>} */ ({
  copy: t("copy the files into the dataset"),
  link: t("link the files: no extra disk space"),
  reference: t("store the paths of the files"),
  pack: t("pack the files into archives"),
});
const SPLITS = ["80/10/10", "80/20", "90/10", "70/15/15"];

/** A value some time after its last change. @template T @param {T} value @param {number} pause @returns {T} */
function useSettled(value, pause) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), pause);
    return () => clearTimeout(timer);
  }, [value, pause]);
  return settled;
}

/** The videos that were selected in the library, if the address has them. @param {string | null} text */
function keysOf(text) {
  if (!text) return null;
  if (text !== "selected") return text.split(",");
  try {
    const kept = JSON.parse(sessionStorage.getItem("selected-videos") ?? "null");
    return Array.isArray(kept) && kept.length ? kept : null;
  } catch {
    return null;
  }
}

/** @param {{query: URLSearchParams}} props */
export function Page({ query }) {
  const { value: settings, error } = useLoad("settings", (abort) => get("/settings", {}, abort));
  const list = useMemo(() => new JobList("export"), []);
  useEffect(list.start, [list]);
  const open = Number(query.get("job"));
  const onOpen = (/** @type {number | null} */ id) => change({ job: id ? String(id) : null }, { replace: true });
  return html`<div class="page">
    <div class="page-head"><h1>${t("Datasets")}</h1></div>
    ${error ? html`<p class="problem-box" role="alert">${wordsOf(error)}</p>` : null}
    ${settings && may("process") ? html`<${Maker} query=${query} form=${settings.export} list=${list} />` : null}
    ${may("process") ? null : html`<p class="quiet">${t("To make a dataset, sign in with a key of the scope process.")}</p>`}
    <section class="stack datasets-made" aria-labelledby="made">
      <h2 id="made">${t("Made here")}</h2>
      ${list.error.value ? html`<p class="problem-box" role="alert">${wordsOf(list.error.value)}</p>` : null}
      ${list.loaded.value && !list.items.value.length ? html`<p class="quiet">${t("No dataset was made here yet.")}</p>` : null}
      <ul class="jobs">
        ${list.items.value.map(
          (job) => html`<${JobView} key=${job.id} job=${job} list=${list} open=${job.id === open} onOpen=${onOpen} />`,
        )}
      </ul>
      ${list.next.value ? html`<p><button class="button" onClick=${() => list.load(true)}>${t("Older datasets")}</button></p>` : null}
    </section>
  </div>`;
}

/** @typedef {{name: string, modes: string[], needs_label: boolean, loads_with: string}} Format */

/** The options of a dataset for the API, from the address. @param {URLSearchParams} query @param {string[] | null} keys */
function optionsOf(query, keys) {
  const search = searchOf(query);
  search.delete("sort"); // a dataset has no order
  return {
    name: query.get("name") || "dataset",
    format: query.get("format") || "videofolder",
    level: query.get("level") || "video",
    label: query.get("label") || "class",
    split: query.get("split") || null,
    seed: Number(query.get("seed")) || 0,
    files: query.get("files") || null,
    no_duplicates: query.get("copies") === "no",
    ...(keys ? { keys } : search.size ? { query: searchBody(search) } : {}),
  };
}

/** @param {{query: URLSearchParams, form: {formats: Format[], levels: string[], labels: string[], directory: string}, list: JobList}} props */
function Maker({ query, form, list }) {
  const keys = useMemo(() => keysOf(query.get("keys")), [query.get("keys")]);
  const options = optionsOf(query, keys);
  const [overwrite, setOverwrite] = useState(false);
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const asked = useSettled(JSON.stringify(options), PAUSE);
  const { value, error, loading } = useLoad(asked, () =>
    send("POST", "/exports", JSON.parse(asked), { parameters: { dry_run: true } }),
  );
  const stale = loading || asked !== JSON.stringify(options);
  /** @param {SubmitEvent} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    setProblem(null);
    try {
      const job = await send("POST", "/exports", { ...options, overwrite });
      list.put(job);
      setOverwrite(false);
      toast(t("Job {id} makes the dataset {name}.", { id: String(job.id), name: options.name }), { kind: "good" });
    } catch (reason) {
      setProblem(reason);
    }
  };
  const format = form.formats.find((one) => one.name === options.format) ?? form.formats[0];
  return html`<form class="datasets" onSubmit=${onSubmit}>
    <section class="panel" aria-labelledby="dataset-what">
      <div class="panel-head"><h2 id="dataset-what">${t("What goes into it")}</h2></div>
      <div class="panel-body stack">
        <${Source} query=${query} keys=${keys} />
        <${Fields} query=${query} form=${form} format=${format} />
      </div>
    </section>
    <section class="panel" aria-labelledby="dataset-preview" aria-busy=${stale}>
      <div class="panel-head">
        <h2 id="dataset-preview">${t("Preview")}</h2>
        ${stale ? html`<div class="spinner" role="status" aria-label=${t("Counting")}></div>` : null}
      </div>
      <div class=${`panel-body stack ${stale ? "dataset-stale" : ""}`}>
        ${error && !stale ? html`<p class="problem" role="alert">${wordsOf(error)}</p>` : null}
        ${value && !error ? html`<${DatasetCounts} counts=${value} />` : null}
        ${value && !error
          ? value.command
            ? html`<h3>${t("The same as a command")}</h3><${Copyable} text=${value.command} label=${t("the command")} />`
            : html`<p class="quiet small">${t("Videos that were chosen one by one have no command.")}</p>`
          : null}
        ${value?.exists && !error
          ? html`<label class="check">
              <input type="checkbox" checked=${overwrite} onChange=${(/** @type {any} */ event) => setOverwrite(event.currentTarget.checked)} />
              ${t("Replace the dataset {name}, which is there already", { name: options.name })}
            </label>`
          : null}
        ${problem ? html`<p class="problem" role="alert">${wordsOf(problem)}</p>` : null}
        <p>
          <button class="button button-main" disabled=${stale || Boolean(error) || !value?.items || (value.exists && !overwrite)}>
            <${Icon} name="export" size=${18} />${t("Make the dataset")}
          </button>
        </p>
      </div>
    </section>
  </form>`;
}

/** Which videos: all, those of a search, or those that were selected. @param {{query: URLSearchParams, keys: string[] | null}} props */
function Source({ query, keys }) {
  const search = searchOf(query);
  const filters = [...search].filter(([name]) => name !== "q" && name !== "sort");
  if (keys)
    return html`<p class="row">
      <span class="chip chip-accent">${tn("{n} chosen video", "{n} chosen videos", keys.length)}</span>
      <button type="button" class="button button-small" onClick=${() => change({ keys: null })}>${t("All videos instead")}</button>
    </p>`;
  return html`<label class="field">
      <span>${t("Videos that match")}</span>
      <input
        type="search"
        value=${query.get("q") ?? ""}
        placeholder=${t("words, as in the library; empty for all videos")}
        onInput=${(/** @type {any} */ event) => change({ q: event.currentTarget.value }, { replace: true })}
      />
    </label>
    ${filters.length
      ? html`<p class="row">
          ${filters.map(([name, value]) => html`<span class="chip">${parameterName(name)}: ${value}</span>`)}
          <a class="button button-small" href=${`/?${search}`}>${t("Change in the library")}</a>
          <button type="button" class="button button-small" onClick=${() => change(Object.fromEntries(filters.map(([name]) => [name, null])))}>
            ${t("Clear")}
          </button>
        </p>`
      : html`<p class="quiet small">
          ${parts("More filters: {search}, select, and choose Export.", {
            search: html`<button type="button" class="button-link" onClick=${() => go(`/?${search}`)}>${t("search in the library")}</button>`,
          })}
        </p>`}`;
}

/**
 * @param {{query: URLSearchParams, form: {formats: Format[], levels: string[], labels: string[], directory: string}, format: Format}} props
 */
function Fields({ query, form, format }) {
  const set = (/** @type {string} */ name) => (/** @type {any} */ event) =>
    change({ [name]: event.currentTarget.value }, { replace: true });
  const setFormat = (/** @type {any} */ event) => change({ format: event.currentTarget.value, files: null }, { replace: true });
  return html`<div class="dataset-fields">
    <label class="field">
      <span>${t("Name")}</span>
      <input value=${query.get("name") ?? ""} placeholder="dataset" maxlength="100" onInput=${set("name")} />
      <span class="field-help">${parts("a folder in {folder}", { folder: html`<code>${form.directory}</code>` })}</span>
    </label>
    <label class="field">
      <span>${t("Format")}</span>
      <select value=${format.name} onChange=${setFormat}>
        ${form.formats.map((one) => html`<option value=${one.name}>${one.name}</option>`)}
      </select>
      <span class="field-help"><code>${format.loads_with.replace("{folder}", query.get("name") || "dataset")}</code></span>
    </label>
    <label class="field">
      <span>${t("Items")}</span>
      <select value=${query.get("level") ?? "video"} onChange=${set("level")}>
        ${form.levels.map((level) => html`<option value=${level}>${LEVELS[level] ?? level}</option>`)}
      </select>
    </label>
    <label class="field">
      <span>${t("Label")}</span>
      <input value=${query.get("label") ?? ""} placeholder="class" list="dataset-labels" onInput=${set("label")} />
      <datalist id="dataset-labels">${form.labels.map((label) => html`<option value=${label}></option>`)}</datalist>
      <span class="field-help">${t("class, tag, tag:A,B, ai_tag, folder, or a column of the CSV")}</span>
    </label>
    <label class="field">
      <span>${t("Split")}</span>
      <input value=${query.get("split") ?? ""} placeholder=${t("everything in train")} list="dataset-splits" onInput=${set("split")} />
      <datalist id="dataset-splits">${SPLITS.map((split) => html`<option value=${split}></option>`)}</datalist>
      <span class="field-help">${t("train/validation/test such as 80/10/10, or train/test such as 80/20")}</span>
    </label>
    <label class="field">
      <span>${t("Seed of the split")}</span>
      <input type="number" value=${query.get("seed") ?? ""} placeholder="0" onInput=${set("seed")} />
    </label>
    <label class="field">
      <span>${t("Files")}</span>
      <select value=${query.get("files") ?? ""} disabled=${format.modes.length < 2} onChange=${set("files")}>
        <option value="">${t("{choice} (usual)", { choice: FILES[format.modes[0]] })}</option>
        ${format.modes.slice(1).map((mode) => html`<option value=${mode}>${FILES[mode]}</option>`)}
      </select>
    </label>
    <div class="field">
      <span aria-hidden="true">${t("Duplicates")}</span>
      <label class="check">
        <input
          type="checkbox"
          checked=${query.get("copies") === "no"}
          onChange=${(/** @type {any} */ event) => change({ copies: event.currentTarget.checked ? "no" : null }, { replace: true })}
        />
        ${t("Without duplicates")}
      </label>
      <span class="field-help">${parts("only the best of the {copies}; a split never separates copies", {
          copies: html`<a href="/duplicates">${t("copies of one video")}</a>`,
        })}</span>
    </div>
  </div>`;
}
