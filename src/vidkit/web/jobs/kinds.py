"""What jobs do: one function for each kind, called in the job's own process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vidkit.batch import process_rows
from vidkit.core import ensure_directory
from vidkit.core.config import Config
from vidkit.curate.corrections import correct_entry, make_change
from vidkit.curate.retag import retag_library
from vidkit.curate.statistics import model_cost_in
from vidkit.download.names import local_path
from vidkit.errors import OutputError, Terminated
from vidkit.export import export_dataset
from vidkit.export.media import ClipLimits
from vidkit.ffmpeg import find_tool
from vidkit.library import Library, open_library, video_key
from vidkit.rows import CsvRow, Row, read_video_metadata_from_csv
from vidkit.rows.folder import rows_of
from vidkit.tagging.user_rules import open_rules
from vidkit.web.export_options import ExportOptions, counts_as_json
from vidkit.web.jobs.files import JobFolder
from vidkit.web.jobs.progress import JobProgress
from vidkit.web.jobs.settings import run_spec
from vidkit.web.search_parameters import SearchParameters
from vidkit.workflow.run import open_run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """The work of a job's process.

    Attributes:
        config: the server's settings.
        folder: the job's folder.
        what: the content of its `request.json`.
        progress: gets the counts.
        priority: the job's; runs outside the server see it too.
    """

    config: Config
    folder: JobFolder
    what: Mapping[str, Any]
    progress: JobProgress
    priority: int = 0


def process(task: Task) -> dict[str, Any]:
    """Process rows, as `vidkit process` does; the result is the cost of the model.

    Raises:
        Terminated: it was stopped; finished videos are kept.
        VidkitError: it cannot be done.
    """
    for tool in ("ffmpeg", "ffprobe"):
        find_tool(tool)
    spec = run_spec(task.config, task.what["settings"], task.folder.path, task.priority)
    with open_run(spec) as run:
        summary = process_rows(run, _rows(task), run.config.concurrency.max_workers, task.progress)
        task.progress.summary(summary)
        if summary.interrupted:
            raise Terminated
    return {"model": model_cost_in(task.folder.path) or None}


def _rows(task: Task) -> Iterator[CsvRow]:
    """The rows of a job, or the rows to try again; for a folder, the videos in it."""
    lines, total = task.what.get("lines"), task.what.get("total")
    wanted = None if lines is None else frozenset(lines)
    for row in read_video_metadata_from_csv(task.folder.rows, task.what.get("base_url")):
        if wanted is not None and row.line not in wanted:
            continue
        rows = _expanded(row, task.config)
        if len(rows) > 1 and total is not None:
            total += len(rows) - 1
            task.progress.expect(total)
        for each in rows:
            if not (isinstance(each, Row) and task.progress.was_done(each.url)):
                yield each


def _expanded(row: CsvRow, config: Config) -> Sequence[CsvRow]:
    """A row; for a folder, the videos in it, if jobs may read the files of this machine."""
    if not config.serve.allow_local_files or not isinstance(row, Row):
        return (row,)
    path = local_path(row.url)
    if path is None or not path.is_dir():
        return (row,)
    own_folders = config.paths.processed_directory, config.paths.download_directory
    videos = rows_of([row.url], own_folders)
    return [
        each._replace(line=row.line, priority=row.priority) if isinstance(each, Row) else each for each in videos
    ]


def retag(task: Task) -> dict[str, Any]:
    """Apply the rules to the library, as `vidkit retag` does.

    Raises:
        VidkitError: it cannot be done; videos that were tagged before the error stay so.
    """
    rules = open_rules(task.config)
    with open_library(task.config) as library:
        task.progress.expect(library.stats().videos)
        done = retag_library(library, rules, lambda number: task.progress.set(processed=number))
    return {"looked_at": done.looked_at, "changed": done.changed, "missing": done.missing[:100]}


def label(task: Task) -> dict[str, Any]:
    """Correct many videos in the same way, as `vidkit label` does for one.

    Raises:
        VidkitError: it cannot be done; videos that were corrected before the error stay so.
    """
    request = task.what
    change = make_change(request.get("class"), request.get("add_tags") or (), request.get("remove_tags") or ())
    rules = open_rules(task.config)
    with open_library(task.config) as library:
        keys = list(dict.fromkeys(_keys_of(library, request)))
        task.progress.expect(len(keys))
        for key in keys:
            entry = library.by_key(key)
            try:
                corrected = entry and correct_entry(library, rules, entry, change)
            except OutputError as error:
                task.progress.fail(entry.record["source"]["url"] if entry else key, 0, "label", str(error))
                continue
            task.progress.count(**{"processed" if corrected else "skipped": 1})
    return {"videos": len(keys)}


def _keys_of(library: Library, request: Mapping[str, Any]) -> Iterable[str]:
    """The keys of the videos; all videos of a query are found before the first is changed."""
    if request.get("keys") is not None:
        keys: list[str] = request["keys"]
        return keys
    query = SearchParameters.model_validate(request["query"]).query()
    return [video_key(entry.record["source"]["url"]) for entry in library.records(query)]


def export(task: Task) -> dict[str, Any]:
    """Make a dataset, as `vidkit export` does; the result is its counts, its folder and the command.

    Raises:
        VidkitError: it cannot be made; the next job with the same options continues it.
    """
    options = ExportOptions.model_validate(task.what["options"])
    target = task.config.serve.export_directory / options.name
    ensure_directory(target.parent)
    caps = ClipLimits(task.config.processing.max_resolution, task.config.processing.max_fps)

    def tell(what: str, done: int, total: int | None) -> None:
        if total is not None:
            task.progress.expect(total)
            task.progress.set(processed=done)

    with open_library(task.config) as library:
        made = export_dataset(
            options.records(library),
            target,
            options.format,
            **options.dataset(),
            overwrite=options.overwrite,
            caps=caps,
            command=options.command(task.config) or "",
            progress=tell,
        )
    return {**counts_as_json(made), "folder": str(made.folder), "command": options.command(task.config)}


Kind = Callable[[Task], "dict[str, Any]"]
# A job's kind -> its function. A new kind is one row here.
RUN: dict[str, Kind] = {"process": process, "retag": retag, "label": label, "export": export}
