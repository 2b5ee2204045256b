"""Erasing videos from what `vidkit serve` keeps beside the library: jobs with their folders, triage, audit log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from vidkit.core import printable
from vidkit.core.units import format_count, timestamp
from vidkit.curate.traces import ERASED, Traces, erase_json, erase_lines, erase_rows, erased
from vidkit.errors import OutputError
from vidkit.library import video_key
from vidkit.web.jobs.files import INCOMING, JOBS, JobFolder
from vidkit.web.state import NAME, StateDatabase

ACTION = "forget"
# Columns of texts, and of JSON, that may name a video: table -> columns. All have an `id`.
_TEXTS = {"jobs": ("name", "error"), "audit": ("what",), "saved_searches": ("name", "address")}
_JSON = {"jobs": ("settings", "progress", "result"), "triage_answers": ("said", "before", "after")}


def forget_in_state(directory: Path, urls: Sequence[str], traces: Traces, who: str) -> tuple[list[str], list[str]]:
    """Erase videos from the server's database and from the folders of its jobs. The audit log gets a line for it.

    Args:
        directory: [Serve] Directory; if no server has ever run over it, nothing is done.
        urls: the source URLs.
        traces: the texts that name the videos.
        who: who erases, for the audit log.

    Returns:
        What was erased and what could not be, in words that do not name the videos.

    Raises:
        OutputError: a file cannot be written.
        LibraryError: the database cannot be written.
    """
    if not (directory / NAME).is_file():
        return [], []
    folders = sum(_forget_in_job(JobFolder(folder), traces) for folder in _job_folders(directory))
    with closing(StateDatabase(directory)) as state:
        with state.writing() as connection:
            rows = _forget_rows(connection, [video_key(url) for url in urls], traces)
            line = timestamp(), who, ACTION, format_count(len(urls), "video"), ""
            connection.execute("INSERT INTO audit (at, who, action, what, address) VALUES (?, ?, ?, ?, ?)", line)
        left = _rewrite(state, directory)
    said = [(folders, "jobs' folders"), (rows, "rows of the database of `vidkit serve`")]
    return [f"texts in {number} {what}" for number, what in said if number], left


def _job_folders(directory: Path) -> list[Path]:
    return [
        folder for kind in (JOBS, INCOMING) for folder in sorted((directory / kind).glob("*")) if folder.is_dir()
    ]


def _forget_in_job(folder: JobFolder, traces: Traces) -> bool:
    """Erase videos from a job's folder; whether it had any text of them. Rows keep their lines, for a retry."""
    found = erase_rows(folder.rows, traces, keep_numbers=True)
    found += sum(erase_json(path, traces) for path in (folder.request, folder.progress, folder.outcome))
    known = {folder.rows, folder.request, folder.progress, folder.outcome, folder.lock, folder.done}
    others = [path for path in folder.path.rglob("*") if path.is_file() and path not in known]
    found += sum(erase_lines(path, traces) for path in others)
    return found > 0


def _forget_rows(connection: sqlite3.Connection, keys: Sequence[str], traces: Traces) -> int:
    """Erase videos from the tables; how many rows had any text of them."""
    changed = 0
    for table, columns in (*_TEXTS.items(), *_JSON.items()):
        is_json = _JSON.get(table) == columns
        rows = connection.execute(f"SELECT id, {', '.join(columns)} FROM {table}").fetchall()
        for number, *values in map(tuple, rows):
            new = [_without(value, traces, is_json) for value in values]
            if new != values:
                changed += 1
                sets = ", ".join(f"{column} = ?" for column in columns)
                connection.execute(f"UPDATE {table} SET {sets} WHERE id = ?", (*new, number))
    for key in keys:
        for table in ("triage_answers", "triage_moments"):
            changed += connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,)).rowcount
    return changed


def _without(value: str | None, traces: Traces, is_json: bool) -> str | None:
    if value is None or not traces.any.search(value):
        return value
    return json.dumps(erased(json.loads(value), traces)) if is_json else ERASED


def _rewrite(state: StateDatabase, directory: Path) -> list[str]:
    """Write the database file again without what was deleted; what could not be erased, in words."""
    place = printable(directory / NAME)
    try:
        with state.reading() as connection:
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except Exception as error:
        raise OutputError(f"{place} cannot be rewritten: {printable(error)}") from None
    remedy = "`vidkit serve` has it open, so free pages still have texts: stop it, and forget again"
    return [f"{place}: {remedy}"] if busy else []
