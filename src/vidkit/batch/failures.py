"""`failures.csv`: the failed rows with stage and reason, in a form that `--csv` reads."""

from __future__ import annotations

import csv
import json
import tempfile
import threading
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.batch.seen import Seen
from vidkit.core import printable, shown_url, without_secrets, writing_whole
from vidkit.errors import OutputError
from vidkit.rows import FAILURE_COLUMNS, Row

NAME = "failures.csv"
_IN_MEMORY = 2**20  # bytes of failures that need no temporary file


@dataclass(frozen=True)
class Failure:
    """A row that failed: where in the pipeline, and why."""

    row: Row
    stage: str
    reason: str


class Failures:
    """The failures of one run, millions if need be: in a temporary file until it ends. Threads may add them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._before = _state(self._path)
        self._lines = array("q")
        self._starts = array("q", [0])
        self._columns: dict[str, None] = {}
        self._lock = threading.Lock()
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed by `write`

    def add(self, failure: Failure) -> None:
        """Keep a failure.

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
        # Only columns that say something, so that a row read from the file is the row that was read before.
        cells = {name: cell for name, cell in cells.items() if cell is not None}
        line = json.dumps(cells).encode() + b"\n"
        with self._lock:
            try:
                self._file.write(line)
            except OSError as error:
                raise OutputError(f"{printable(self._path)} cannot be written: {error.strerror}") from None
            self._lines.append(row.line)
            self._starts.append(self._starts[-1] + len(line))
            self._columns.update(dict.fromkeys(cells))

    def write(self, taken_up: Callable[[str], bool]) -> None:
        """Write the file, in the order of the rows; no failures, no file.

        What another run wrote there while this one was under way stays, behind the failures of this one, except the
        rows that this one took up itself.

        Args:
            taken_up: whether this run took up the row of a URL.

        Raises:
            OutputError: it cannot be written.
        """
        with self._file:
            others, columns = self._of_others()
            names = sorted(dict.fromkeys([*self._columns, *columns]), key=lambda name: name in FAILURE_COLUMNS)
            own = Seen()
            first = next(rows := self._all(own, others, taken_up), None)
            if first is None:
                self._path.unlink(missing_ok=True)
                return
            with writing_whole(self._path) as file:
                writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerow(first)
                writer.writerows(rows)

    def _all(
        self, own: Seen, others: Iterator[dict[str, str]], taken_up: Callable[[str], bool]
    ) -> Iterator[dict[str, Any]]:
        for row in self._sorted():
            own.add(row["public_url"])
            yield row
        for other in others:
            url = other.get("public_url") or ""
            if url not in own and not taken_up(url):
                yield {name: cell for name, cell in other.items() if isinstance(name, str) and cell}

    def _sorted(self) -> Iterator[dict[str, Any]]:
        """The failures of this run in the order of their lines."""
        lines, order = self._lines, range(len(self._lines))
        places = order if all(map(int.__le__, lines, lines[1:])) else sorted(order, key=lines.__getitem__)
        for place in places:
            self._file.seek(self._starts[place])
            yield json.loads(self._file.readline())

    def _of_others(self) -> tuple[Iterator[dict[str, str]], list[str]]:
        """The rows, and the columns, of a file that another run wrote while this one was under way."""
        if _state(self._path) in (None, self._before):
            return iter(()), []
        reader = csv.DictReader(_lines_of(self._path))
        return reader, list(reader.fieldnames or [])


def _lines_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        yield from file


def _state(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever a file is written anew."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
