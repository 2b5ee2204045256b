"""The folder of a job, `jobs/ID/`: the request, the progress, the outcome.

The server and the job's process exchange everything by these files, so neither needs the other to run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.core import write_whole
from vidkit.errors import OutputError

_LONGEST_LINE = 2**16
JOBS, INCOMING, SERVERS = "jobs", "incoming", "servers"


@dataclass(frozen=True)
class JobFolder:
    """Where the files of one job are."""

    path: Path

    @property
    def request(self) -> Path:
        """The request: `{"kind", "settings", ...}`."""
        return self.path / "request.json"

    @property
    def rows(self) -> Path:
        """The CSV of a job of the kind `process`."""
        return self.path / "rows.csv"

    @property
    def progress(self) -> Path:
        """The counts and the running videos, written again up to four times a second."""
        return self.path / "progress.json"

    @property
    def failures(self) -> Path:
        """The rows that failed so far, one JSON object a line."""
        return self.path / "failures.jsonl"

    @property
    def done(self) -> Path:
        """The videos that are done, one a line: a job that continues after a crash needs them for its counts."""
        return self.path / "done.txt"

    @property
    def outcome(self) -> Path:
        """The outcome of the job; it is there only if the job ended by itself."""
        return self.path / "outcome.json"

    @property
    def lock(self) -> Path:
        """Locked by the process that works on the job."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """The log of the job's process."""
        return self.path / "job.log"


def folder_of(directory: Path, number: int) -> JobFolder:
    """The folder of a job.

    Args:
        directory: [Serve] Directory.
        number: the job's id.
    """
    return JobFolder(directory / JOBS / str(number))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty if there is none, or if it cannot be read."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write an object whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, json.dumps(content))


def write_lightly(path: Path, content: dict[str, Any]) -> None:
    """Write an object that is soon written again: whole, but not forced to the disk. A full disk is ignored."""
    temporary = path.with_name(f".{path.name}")
    with suppress(OSError):
        temporary.write_text(json.dumps(content))
        os.replace(temporary, path)


def put_in_place(prepared: Path, folder: JobFolder) -> None:
    """Move a prepared folder to the place of a job's folder.

    Raises:
        OutputError: it cannot be moved.
    """
    try:
        shutil.rmtree(folder.path, ignore_errors=True)  # left by a server that was killed at this step
        folder.path.parent.mkdir(exist_ok=True)
        os.replace(prepared, folder.path)
    except OSError as error:
        raise OutputError(f"the job's folder cannot be made: {error.strerror}") from None


def failed_rows(folder: JobFolder, place: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """The rows of a job that failed so far, from an offset of the file on; each with the offset after it.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        file = folder.failures.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(place)
        while (line := file.readline(_LONGEST_LINE)).endswith(b"\n"):  # not a line that is half written
            place += len(line)
            try:
                row = json.loads(line)
            except ValueError:  # the offset is not the beginning of a line
                continue
            if isinstance(row, dict):
                yield row, place


def failed_lines(folder: JobFolder) -> list[int]:
    """The line numbers of the rows that failed."""
    return sorted({row["line"] for row, _ in failed_rows(folder)})
