"""Names that a library file has, for the completion of a command line: read within a moment, and only read."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

_RECORDS = 200  # the latest, whose columns are proposed
_FILES = 100
_STEPS = 2000  # of SQLite, between two looks at the clock


def names_in(path: Path, kind: str, beginning: str = "", seconds: float = 0.1) -> list[str]:
    """Names of a library file, as many as are found in time, each once; none where there is no library.

    Args:
        path: the file.
        kind: `tag`, `class`, `column` (of the CSV) or `file`.
        beginning: what the names of files begin with.
        seconds: how long it may take.
    """
    found: dict[str, None] = {}
    until = time.monotonic() + seconds
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    # There is no library, or one of another program, or it is damaged, locked, or too large for this time.
    silent = suppress(sqlite3.Error, ValueError, LookupError, TypeError, AttributeError)
    with silent, closing(sqlite3.connect(uri, uri=True, timeout=seconds)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        for name in _KINDS[kind](connection, beginning):
            found[name] = None
            if time.monotonic() > until:
                break
    return [name for name in found if name]


def _tags(connection: sqlite3.Connection, _: str) -> Iterator[str]:
    for (tags,) in connection.execute("SELECT DISTINCT tags FROM videos"):
        yield from tags.split("\n")


def _classes(connection: sqlite3.Connection, _: str) -> Iterator[str]:
    for (name,) in connection.execute("SELECT DISTINCT classification FROM videos"):
        yield name


def _columns(connection: sqlite3.Connection, _: str) -> Iterator[str]:
    for (record,) in connection.execute("SELECT record FROM records ORDER BY video DESC LIMIT ?", (_RECORDS,)):
        yield from json.loads(record)["source"]["columns"] or ()


def _files(connection: sqlite3.Connection, beginning: str) -> Iterator[str]:
    asked = "SELECT filename FROM videos WHERE filename >= ? AND filename < ? ORDER BY filename LIMIT ?"
    for (name,) in connection.execute(asked, (beginning, f"{beginning}\U0010ffff", _FILES)):
        yield name


_KINDS: Mapping[str, Callable[[sqlite3.Connection, str], Iterator[str]]] = MappingProxyType(
    {"tag": _tags, "class": _classes, "column": _columns, "file": _files}
)
