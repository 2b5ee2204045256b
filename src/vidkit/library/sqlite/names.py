"""Names in a library file for command line completion. It is only read, and within a short time."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

_RECORDS = 200  # latest records whose columns are suggested
_FILES = 100  # names of files
_STEPS = 2000  # instructions of SQLite between two checks of the time


def names_in(path: Path, kind: str, beginning: str = "", seconds: float = 0.1) -> list[str]:
    """Names in a library file, as many as are found in time, without duplicates; empty if there is no library.

    Args:
        path: the file.
        kind: `tag`, `class`, `column` (of the CSV) or `file`.
        beginning: the beginning of the names of files.
        seconds: the time limit.
    """
    found: dict[str, None] = {}
    deadline = time.monotonic() + seconds
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    # No library, one of another program, or it is damaged, locked, or too large for the time limit.
    silent = suppress(sqlite3.Error, ValueError, LookupError, TypeError, AttributeError)
    with silent, closing(sqlite3.connect(uri, uri=True, timeout=seconds)) as connection:
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        for name in _KINDS[kind](connection, beginning):
            found[name] = None
            if time.monotonic() > deadline:
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
    sql = "SELECT filename FROM videos WHERE filename >= ? AND filename < ? ORDER BY filename LIMIT ?"
    for (name,) in connection.execute(sql, (beginning, f"{beginning}\U0010ffff", _FILES)):
        yield name


_KINDS: Mapping[str, Callable[[sqlite3.Connection, str], Iterator[str]]] = MappingProxyType(
    {"tag": _tags, "class": _classes, "column": _columns, "file": _files}
)
