"""`failures.csv`: the failed rows with stage and reason. `--csv` can read it."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.batch.seen import Seen
from vidkit.core import printable, shown_url, without_secrets, writing_whole
from vidkit.core.sorting import Sorter
from vidkit.rows import FAILURE_COLUMNS, Row

NAME = "failures.csv"


@dataclass(frozen=True)
class Failure:
    """A row that failed: in which stage, and why."""

    row: Row
    stage: str
    reason: str


class Failures:
    """The failures of one run, in a temporary file until it ends. Threads may add them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._before = _state(self._path)
        self._columns: dict[str, None] = {}
        self._lock = threading.Lock()
        self._sorter = Sorter(folder)  # closed by `write`

    def add(self, failure: Failure) -> None:
        """Add a failure.

        Raises:
            OutputError: the disk is full.
        """
        row = failure.row
        cells = {
            "public_url": shown_url(row.url),
            "file_name": row.file_name,
            "file_size": row.file_size,
            "last_modified": row.last_modified,
            **row.columns,
            FAILURE_COLUMNS[0]: failure.stage,
            FAILURE_COLUMNS[1]: printable(without_secrets(failure.reason)),
        }
        # Only cells with a value, so that a row read from the file equals the original row.
        cells = {name: cell for name, cell in cells.items() if cell is not None}
        with self._lock:
            self._sorter.add(row.line, json.dumps(cells).encode())
            self._columns.update(dict.fromkeys(cells))

    def write(self, was_admitted: Callable[[str], bool]) -> None:
        """Write the file, in the order of the rows. Without failures there is no file.

        If another run wrote the file during this run, its rows are kept after those of this run, except rows that
        this run admitted too.

        Args:
            was_admitted: whether this run admitted a row with this URL.

        Raises:
            OutputError: it cannot be written.
        """
        with self._sorter:
            others, columns = self._of_others()
            names = sorted(dict.fromkeys([*self._columns, *columns]), key=lambda name: name in FAILURE_COLUMNS)
            own = map(json.loads, self._sorter)
            rows = own if others is None else self._with_others(own, others, was_admitted)
            first = next(rows, None)
            if first is None:
                self._path.unlink(missing_ok=True)
                return
            with writing_whole(self._path) as file:
                writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerow(first)
                writer.writerows(rows)

    def _with_others(
        self, own: Iterator[dict[str, Any]], others: Iterator[dict[str, str]], was_admitted: Callable[[str], bool]
    ) -> Iterator[dict[str, Any]]:
        with closing(Seen(self._path.parent)) as failed:
            for row in own:
                failed.add(row["public_url"])
                yield row
            for other in others:
                url = other.get("public_url") or ""
                if url not in failed and not was_admitted(url):
                    yield {name: cell for name, cell in other.items() if isinstance(name, str) and cell}

    def _of_others(self) -> tuple[Iterator[dict[str, str]] | None, list[str]]:
        """The rows (or None) and the columns of a file that another run wrote during this run."""
        if _state(self._path) in (None, self._before):
            return None, []
        reader = csv.DictReader(_lines_of(self._path))
        return reader, list(reader.fieldnames or [])


def _lines_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        yield from file


def _state(path: Path) -> tuple[int, int, int] | None:
    """Values that change whenever the file is written."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
