"""The library as one SQLite file: the default, with a full-text index (FTS5) and nothing to set up.

`videos` has what is sorted and bounded by, `records` the records whole. Of the two full-text indexes `facts` has a
row for each video, in which a fact is a word (many times faster than a row for each fact), and `words` a row for
each piece of a video of which something is said. Words are parted before they get there (`text.py`), so FTS5 only
parts at spaces. A row of `words` is numbered by its video and its place in `pieces_of(record)`: reading it down
gives the latest video first.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, cast

from vidkit.core import ensure_directory, printable, shown_url
from vidkit.errors import LibraryError, OutputError
from vidkit.library.facts import facts_of, summary_of
from vidkit.library.moments import (
    RANKED,
    Moment,
    Stored,
    Text,
    best_first,
    id_prefix,
    is_meant,
    moment_of,
    texts_of,
)
from vidkit.library.protocol import Group, Stats, stats_of
from vidkit.library.query import Query
from vidkit.library.sql import (
    FACT_SIGNS,
    ORDERS,
    PLACE_BITS,
    bound_conditions,
    fact_condition,
    match_words,
    page,
    quoted,
    video_conditions,
)
from vidkit.library.text import storable
from vidkit.record import Record

SCHEMA = 1
_APPLICATION = 0x766B6974  # "vkit": says that a database is a vidkit library
_BATCH = 1000  # records in one transaction
_AS_FACTS = quoted("ascii tokenchars '{}'".format(FACT_SIGNS.replace("'", "''")))
_TABLES = f"""
CREATE TABLE videos (
    id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, content TEXT NOT NULL, filename TEXT NOT NULL,
    name TEXT NOT NULL, folder TEXT NOT NULL, classification TEXT NOT NULL, resolution TEXT NOT NULL,
    codec TEXT NOT NULL, tags TEXT NOT NULL, described INTEGER NOT NULL, long_side INTEGER NOT NULL,
    short_side INTEGER NOT NULL, pixels INTEGER NOT NULL, duration REAL NOT NULL, size INTEGER NOT NULL,
    finished REAL NOT NULL
);
CREATE INDEX videos_content ON videos (content);
CREATE INDEX videos_filename ON videos (filename);
CREATE INDEX videos_name ON videos (name);
CREATE INDEX videos_duration ON videos (duration);
CREATE INDEX videos_size ON videos (size);
CREATE INDEX videos_finished ON videos (finished);
CREATE TABLE records (video INTEGER PRIMARY KEY, record TEXT NOT NULL, facts TEXT NOT NULL);
CREATE VIRTUAL TABLE facts USING fts5 (
    fact, content = '', columnsize = 0, detail = none, tokenize = {_AS_FACTS}
);
CREATE VIRTUAL TABLE words USING fts5 (own, shared, columnsize = 0, tokenize = 'ascii');
INSERT INTO facts (facts, rank) VALUES ('hashsize', 4194304);
INSERT INTO words (words, rank) VALUES ('hashsize', 4194304);
"""
_DAMAGED = ("is damaged", "Move it away and build it anew from the JSON records")
# SQLite's words for what went wrong (Python before 3.11 hands over no code) -> ours, and what to do.
_REASONS = {
    "file is not a database": ("is no SQLite database", "Give [Library] Path another name"),
    "database is locked": ("is locked by another program", "Close that program, or wait for it"),
    "readonly database": ("cannot be written, only read", "Allow writing to the file and its folder"),
    "unable to open": ("cannot be opened", "See that its folder is there and may be written to"),
    "is full": ("cannot grow, the disk is full", "Make room on the disk; all records before are kept"),
    "disk I/O error": ("cannot be read or written, the disk gives an error", "See to the disk: it may be full"),
    **dict.fromkeys(("malformed", "corrupt", "vtable"), _DAMAGED),
    "no such module: fts5": ("needs SQLite with FTS5", "Use a Python whose sqlite3 has it"),
    "closed database": ("is closed already", "Open it again"),
}


def open_sqlite(path: str | os.PathLike[str], busy_timeout: float = 10.0) -> SqliteLibrary:
    """Open a library file, or make a new one.

    Args:
        path: the file; its folder is made where it is missing.
        busy_timeout: how long to wait for other processes that write, in seconds.

    Raises:
        LibraryError: the file is no library, is of a newer vidkit, or cannot be opened.
    """
    path = Path(os.path.abspath(path))
    try:
        ensure_directory(path.parent)
    except OutputError as error:
        raise LibraryError(f"the library {printable(path)} cannot be made: {error}") from None
    with _reported(path):
        connection = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    try:
        with _reported(path):
            _prepare(connection, path, busy_timeout)
    except BaseException:
        connection.close()
        raise
    return SqliteLibrary(connection, path)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """SQLite's errors in words for the user."""
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        reason, remedy = next(
            (words for key, words in _REASONS.items() if key in said), (f"fails: {printable(said)}", "")
        )
        raise LibraryError(f"the library {printable(path)} {reason}. {remedy}".rstrip(" .") + ".") from error


def _prepare(connection: sqlite3.Connection, path: Path, busy_timeout: float) -> None:
    """See that the file is a library of ours, and make the tables in a new one."""
    with _transaction(connection, "DEFERRED"):  # another process may be making it: all of it is seen, or nothing
        version = _version(connection, path)
    if version == 0:
        _use_wal(connection, busy_timeout)
        with _transaction(connection):
            if _version(connection, path) == 0:  # no other process was faster
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
    # Each commit is on the disk: a record that was saved is there after a power loss.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -2048")  # kB: a long run stays small; the system caches the file


def _use_wal(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """Let readers and a writer work at once; here SQLite does not wait for other processes that do the same."""
    end = time.monotonic() + busy_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version, 0 for an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION and (version or application or tables):
        raise LibraryError(f"{printable(path)} is a database of another program. Give [Library] Path another name.")
    if version > SCHEMA:
        raise LibraryError(
            f"the library {printable(path)} was made by a newer vidkit (its schema is {version}, this vidkit knows "
            f"{SCHEMA}). Upgrade vidkit, or give [Library] Path another name."
        )
    return int(version)


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    # IMMEDIATE: two processes that write wait for one another at the start, where waiting is possible.
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class _Row(NamedTuple):
    columns: dict[str, Any]
    record: str
    facts: str
    texts: list[Text]


class SqliteLibrary:
    """A library in a file (see `protocol.Library`); one connection, which the threads take in turn."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        return printable(self._path)

    def save(self, record: Record, folder: Path) -> None:
        self.save_all([Stored(record, folder)])

    def save_all(self, stored: Iterable[Stored]) -> int:
        rest, count = iter(stored), 0
        while batch := list(islice(rest, _BATCH)):
            rows = [self._row(each) for each in batch]
            with self._lock, _reported(self._path), _transaction(self._connection):
                self._put_all(rows)
            count += len(batch)
        return count

    def find(self, key: str) -> list[Stored]:
        asked = "v.url IN (?, ?) OR v.filename = ?"
        values = [storable(key), storable(shown_url(key)), storable(key)]
        if prefix := id_prefix(key):
            asked += " OR v.content BETWEEN ? AND ?"
            values += [prefix, prefix + "g"]
        with self._lock, _reported(self._path):
            sql = f"SELECT v.id FROM videos v WHERE {asked} ORDER BY v.id"
            found = self._by_number([row[0] for row in self._connection.execute(sql, values)])
        return [each for each in found.values() if is_meant(each.record, key)]

    def records(self, query: Query | None = None) -> Iterator[Stored]:
        query = query or Query()
        with self._lock, _reported(self._path):
            numbers = self._videos(query, ORDERS.get(query.sort, "v.id"))
        for at in range(0, len(numbers), 100):
            with self._lock, _reported(self._path):
                found = self._by_number(numbers[at : at + 100])
            yield from found.values()

    def search(self, query: Query) -> list[Moment]:
        with self._lock, _reported(self._path):
            if query.words:
                hits = self._moments(query)
            else:
                hits = [(number, 0, 0.0) for number in self._videos(query, ORDERS[query.order()])]
            found = self._by_number(list(dict.fromkeys(number for number, _, _ in hits)))
        moments = [moment_of(found[number], place, query, rank) for number, place, rank in hits if number in found]
        return [moment for moment in moments if moment]

    def remove(self, url: str) -> bool:
        with self._lock, _reported(self._path), _transaction(self._connection):
            number = self._number(storable(url))
            if number is not None:
                self._index(number, None, ())
                self._connection.execute("DELETE FROM records WHERE video = ?", (number,))
                self._connection.execute("DELETE FROM videos WHERE id = ?", (number,))
        return number is not None

    def stats(self) -> Stats:
        keys = "classification, resolution, codec, tags, described"
        sql = f"SELECT {keys}, count(*), sum(duration), sum(size) FROM videos GROUP BY {keys}"
        with self._lock, _reported(self._path):
            return stats_of(Group(*row) for row in self._connection.execute(sql))

    def close(self) -> None:
        with self._lock, _reported(self._path):
            self._connection.close()

    def __enter__(self) -> SqliteLibrary:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def _row(self, stored: Stored) -> _Row:
        """All that is kept of a record, worked out before anybody has to wait."""
        record = stored.record
        columns = {**summary_of(record)._asdict(), "folder": storable(self._folder_text(stored.folder))}
        return _Row(columns, json.dumps(record), "\n".join(facts_of(record)), texts_of(record))

    def _folder_text(self, folder: Path) -> str:
        """A folder beside the library is kept relative to it, so that both can be moved together."""
        folder = Path(os.path.abspath(folder))
        if folder.is_relative_to(self._path.parent):
            return folder.relative_to(self._path.parent).as_posix()
        return str(folder)

    def _put_all(self, rows: Sequence[_Row]) -> None:
        numbers = [self._number(row.columns["url"]) for row in rows]
        # FTS5 is many times faster when its rows come in the order of their numbers.
        for at in sorted(range(len(rows)), key=lambda at: numbers[at] or sys.maxsize):
            self._put(rows[at])

    def _number(self, url: str) -> int | None:
        found = self._connection.execute("SELECT id FROM videos WHERE url = ?", (url,)).fetchone()
        return found[0] if found else None

    def _put(self, row: _Row) -> None:
        execute = self._connection.execute
        number = self._number(row.columns["url"])
        old = number is not None
        if number is None:
            columns = f"({', '.join(row.columns)}) VALUES ({', '.join(f':{name}' for name in row.columns)})"
            number = cast(int, execute(f"INSERT INTO videos {columns}", row.columns).lastrowid)
        else:
            settings = ", ".join(f"{name} = :{name}" for name in row.columns)
            execute(f"UPDATE videos SET {settings} WHERE id = :id", {**row.columns, "id": number})
        self._index(number, row.facts, row.texts, old)
        execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (number, row.record, row.facts))

    def _index(self, number: int, facts: str | None, texts: Sequence[Text], old: bool = True) -> None:
        """Put a video into the two indexes, instead of what they had of it."""
        execute = self._connection.execute
        new = {number << PLACE_BITS | text.place: text for text in texts}
        gone: set[int] = set()
        if old:
            (had,) = execute("SELECT facts FROM records WHERE video = ?", (number,)).fetchone()
            delete = "INSERT INTO facts (facts, rowid, fact) VALUES ('delete', ?, ?)"
            execute(delete, (number, had))
            bounds = number << PLACE_BITS, (number + 1) << PLACE_BITS
            gone = {row[0] for row in execute("SELECT rowid FROM words WHERE rowid >= ? AND rowid < ?", bounds)}
        if facts is not None:
            execute("INSERT INTO facts (rowid, fact) VALUES (?, ?)", (number, facts))
        for at in sorted(gone | new.keys()):
            if at in gone:
                execute("DELETE FROM words WHERE rowid = ?", (at,))
            if at in new:
                values = at, new[at].own, new[at].shared
                execute("INSERT INTO words (rowid, own, shared) VALUES (?, ?, ?)", values)

    # Reading

    def _moments(self, query: Query) -> list[tuple[int, int, float]]:
        """(video, place, rank) of the moments that have the words."""
        facts, fact_values = fact_condition(query, f"words.rowid >> {PLACE_BITS}")
        bounds, bound_values = bound_conditions(query)
        where = " AND ".join(["words MATCH ?", *facts, *bounds])
        values = [match_words(query), *fact_values, *bound_values]
        join = f"JOIN videos v ON v.id = words.rowid >> {PLACE_BITS}" if bounds or query.sort in ORDERS else ""
        tail = f"FROM words {join} WHERE {where}"
        limit, offset = page(query)
        if query.sort in ORDERS:
            sql = f"SELECT words.rowid {tail} ORDER BY {ORDERS[query.sort]}, words.rowid LIMIT ? OFFSET ?"
            rows = self._connection.execute(sql, (*values, limit, offset))
            return [(*divmod(row[0], 1 << PLACE_BITS), 0.0) for row in rows]
        wanted = -1 if limit < 0 else max(RANKED, offset + limit)
        sql = f"SELECT words.rowid, own, shared {tail} ORDER BY words.rowid DESC LIMIT ?"
        rows = self._connection.execute(sql, (*values, wanted))
        found = (
            (number, Text(place, own, shared))
            for (number, place), own, shared in ((divmod(row[0], 1 << PLACE_BITS), *row[1:]) for row in rows)
        )
        return best_first(query, found)

    def _videos(self, query: Query, order: str) -> list[int]:
        where, values = video_conditions(query)
        sql = f"SELECT v.id FROM videos v WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [row[0] for row in self._connection.execute(sql, (*values, *page(query)))]

    def _by_number(self, numbers: Sequence[int]) -> dict[int, Stored]:
        """The records of these videos, in this order; those that are gone by now are left out."""
        found: dict[int, Stored] = {}
        for at in range(0, len(numbers), 500):
            part = numbers[at : at + 500]
            sql = "SELECT v.id, v.folder, r.record FROM videos v JOIN records r ON r.video = v.id WHERE v.id IN "
            for number, folder, text in self._connection.execute(f"{sql}({','.join('?' * len(part))})", part):
                record = cast(Record, json.loads(text))
                found[number] = Stored(record, Path(os.path.normpath(self._path.parent / folder)))
        return {number: found[number] for number in numbers if number in found}
