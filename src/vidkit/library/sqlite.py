"""The library as one SQLite file: the default, with a full-text index (FTS5) and nothing to set up.

The file, its tables and its connections are in `sqlite_file.py`, the questions in `sqlite_reading.py`, and the
conditions of a search in `sql.py`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, cast

from vidkit.core import printable, shown_url
from vidkit.library.facts import facts_of, summary_of
from vidkit.library.forms import stems_of
from vidkit.library.moments import (
    LibraryEntry,
    Moment,
    Text,
    has_whole_piece,
    id_prefix,
    is_meant,
    moments_at,
    texts_of,
    words_in,
)
from vidkit.library.protocol import LENGTHS, Group, Stats, stats_of
from vidkit.library.query import Query
from vidkit.library.sql import (
    ORDERS,
    PLACE_BITS,
    quoted,
    video_conditions,
)
from vidkit.library.sqlite_file import SCHEMA, Connections, make_forms, transaction, version_of
from vidkit.library.sqlite_reading import (
    check_indexes,
    entries_by_number,
    moments_found,
    query_with_forms,
    videos_found,
)
from vidkit.library.text import storable
from vidkit.record import Record

log = logging.getLogger(__name__)

_BATCH = 1000  # records in one transaction
_MOST_KNOWN = 500_000  # words of which it is remembered that they are stored


def open_sqlite(path: str | os.PathLike[str], busy_timeout: float = 10.0, create: bool = True) -> SqliteLibrary:
    """Open a library file, or make a new one.

    Args:
        path: the file; its folder is made where it is missing.
        busy_timeout: how long to wait for other processes that write, in seconds.
        create: whether a file that is not there is made.

    Raises:
        LibraryError: the file is not there and not to be made, is no library, is of a newer vidkit, or cannot be
            opened.
    """
    path = Path(os.path.abspath(path))
    library = SqliteLibrary(Connections(path, busy_timeout, create), path)
    try:
        library.upgrade()
    except BaseException:
        library.close()
        raise
    return library


class _Row(NamedTuple):
    columns: dict[str, Any]
    record: str
    facts: str
    texts: list[Text]
    words: set[str]


class SqliteLibrary:
    """A library in a file (see `protocol.Library`). Threads read at once, and write in turn."""

    def __init__(self, connections: Connections, path: Path) -> None:
        self._connections = connections
        self._path = path
        self._has_forms = False
        self._lock = threading.Lock()
        self._known: set[str] = set()  # words that are in `forms`, as far as it is known

    @property
    def name(self) -> str:
        return printable(self._path)

    def save(self, record: Record, folder: Path) -> None:
        self.save_all([LibraryEntry(record, folder)])

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        rest, count = iter(entries), 0
        while batch := list(islice(rest, _BATCH)):
            rows = [self._row(each) for each in batch]
            with self._lock:
                words = set().union(*(row.words for row in rows)) - self._known
            forms = stems_of(words)
            with self._connections.writing() as connection, transaction(connection):
                _put_all(connection, rows)
                self._put_forms(connection, forms)
            with self._lock:  # it is committed
                if len(self._known) > _MOST_KNOWN:
                    self._known.clear()
                self._known |= words
            count += len(batch)
        return count

    def find(self, key: str) -> list[LibraryEntry]:
        asked = "v.url IN (?, ?) OR v.filename = ?"
        values = [storable(key), storable(shown_url(key)), storable(key)]
        if prefix := id_prefix(key):
            asked += " OR v.content BETWEEN ? AND ?"
            values += [prefix, prefix + "g"]
        with self._connections.reading() as connection:
            rows = connection.execute(f"SELECT v.id FROM videos v WHERE {asked} ORDER BY v.id", values)
            found = self._entries(connection, [row[0] for row in rows])
        return [each for each in found.values() if is_meant(each.record, key)]

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        with self._connections.reading() as connection:
            query = self._with_forms(connection, query or Query())
            numbers = videos_found(connection, query, ORDERS.get(query.sort, "v.id"))
        for at in range(0, len(numbers), 100):
            with self._connections.reading() as connection:
                found = self._entries(connection, numbers[at : at + 100])
            yield from found.values()

    def search(self, query: Query) -> list[Moment]:
        with self._connections.reading() as connection:
            query = self._with_forms(connection, query)
            if query.words:
                hits = moments_found(connection, query)
            else:
                hits = [(number, 0, 0.0) for number in videos_found(connection, query, ORDERS[query.order()])]
            found = self._entries(connection, list(dict.fromkeys(number for number, _, _ in hits)))
            if not hits:
                check_indexes(connection)
        return moments_at(found, hits, query)

    def has_fact(self, beginning: str) -> bool:
        with self._connections.reading() as connection:
            sql = "SELECT 1 FROM facts WHERE facts MATCH ? LIMIT 1"
            return connection.execute(sql, (f"{quoted(beginning)}*",)).fetchone() is not None

    def remove(self, url: str) -> bool:
        with self._connections.writing() as connection, transaction(connection):
            number = _number(connection, storable(url))
            if number is not None:
                _index(connection, number, None, ())
                connection.execute("DELETE FROM records WHERE video = ?", (number,))
                connection.execute("DELETE FROM videos WHERE id = ?", (number,))
        return number is not None

    def stats(self, query: Query | None = None) -> Stats:
        reached = " + ".join(f"(duration >= {seconds})" for seconds in LENGTHS)
        keys = f"classification, resolution, codec, described, {reached}"
        with self._connections.reading() as connection:
            where, values = video_conditions(self._with_forms(connection, query or Query()))
            source = f"FROM videos v WHERE {where} GROUP BY"
            groups = connection.execute(
                f"SELECT {keys}, count(*), sum(duration), sum(size) {source} {keys}", values
            )
            tags = connection.execute(f"SELECT tags, count(*) {source} tags", values)
            return stats_of((Group(*row) for row in groups), tags)

    def close(self) -> None:
        self._connections.close()

    def __enter__(self) -> SqliteLibrary:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Writing

    def _row(self, entry: LibraryEntry) -> _Row:
        """All that is kept of a record, worked out before anybody has to wait."""
        record = entry.record
        columns = {**summary_of(record)._asdict(), "folder": storable(self._folder_text(entry.folder))}
        texts = texts_of(record)
        return _Row(columns, json.dumps(record), "\n".join(facts_of(record)), texts, words_in(texts))

    def _folder_text(self, folder: Path) -> str:
        """A folder beside the library is kept relative to it, so that both can be moved together."""
        folder = Path(os.path.abspath(folder))
        if folder.is_relative_to(self._path.parent):
            return folder.relative_to(self._path.parent).as_posix()
        return str(folder)

    def upgrade(self) -> None:
        """Index anew, once, what an older vidkit has indexed. A library that cannot be written now is read as it
        is, without other forms of words."""
        with self._connections.writing() as connection:
            if version_of(connection) == SCHEMA:
                self._has_forms = True
                return
            try:
                with transaction(connection):
                    if version_of(connection) != SCHEMA:  # no other process was faster
                        log.warning("%s is of an older vidkit: its words are indexed anew, once", self.name)
                        self._put_forms(connection, stems_of(make_forms(connection)), made=True)
                        _index_whole_pieces(connection)
                self._has_forms = True
            except sqlite3.OperationalError as error:
                if not re.search("readonly|locked", str(error)):
                    raise

    def _put_forms(
        self, connection: sqlite3.Connection, forms: Sequence[tuple[str, str]], made: bool = False
    ) -> None:
        if not made and not self._has_forms:  # unless another process has upgraded the library since
            self._has_forms = version_of(connection) == SCHEMA
        if made or self._has_forms:
            connection.executemany("INSERT OR IGNORE INTO forms VALUES (?, ?)", forms)

    # Reading

    def _with_forms(self, connection: sqlite3.Connection, query: Query) -> Query:
        return query_with_forms(connection, query) if self._has_forms else query

    def _entries(self, connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, LibraryEntry]:
        return entries_by_number(connection, numbers, self._path.parent)


def _index_whole_pieces(connection: sqlite3.Connection) -> None:
    """Take the scenes and clips that are the whole video out of the index: they were answers of their own."""
    asked, last = "SELECT video, record, facts FROM records WHERE video > ? ORDER BY video LIMIT 500", 0
    while rows := connection.execute(asked, (last,)).fetchall():
        for number, text, facts in rows:
            record = cast(Record, json.loads(text))
            if has_whole_piece(record):
                _index(connection, number, facts, texts_of(record))
        last = rows[-1][0]


def _put_all(connection: sqlite3.Connection, rows: Sequence[_Row]) -> None:
    numbers = [_number(connection, row.columns["url"]) for row in rows]
    # FTS5 is many times faster when its rows come in the order of their numbers.
    for at in sorted(range(len(rows)), key=lambda at: numbers[at] or sys.maxsize):
        _put(connection, rows[at])


def _number(connection: sqlite3.Connection, url: str) -> int | None:
    found = connection.execute("SELECT id FROM videos WHERE url = ?", (url,)).fetchone()
    return found[0] if found else None


def _put(connection: sqlite3.Connection, row: _Row) -> None:
    execute = connection.execute
    number = _number(connection, row.columns["url"])
    old = number is not None
    if number is None:
        columns = f"({', '.join(row.columns)}) VALUES ({', '.join(f':{name}' for name in row.columns)})"
        number = cast(int, execute(f"INSERT INTO videos {columns}", row.columns).lastrowid)
    else:
        settings = ", ".join(f"{name} = :{name}" for name in row.columns)
        execute(f"UPDATE videos SET {settings} WHERE id = :id", {**row.columns, "id": number})
    _index(connection, number, row.facts, row.texts, old)
    execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (number, row.record, row.facts))


def _index(
    connection: sqlite3.Connection, number: int, facts: str | None, texts: Sequence[Text], old: bool = True
) -> None:
    """Put a video into the two indexes, instead of what they had of it."""
    execute = connection.execute
    insert = "INSERT INTO words (rowid, own, shared) VALUES (?, ?, ?)"
    new = {number << PLACE_BITS | text.place: (text.own, text.shared) for text in texts}
    gone: set[int] = set()
    if old:
        (had,) = execute("SELECT facts FROM records WHERE video = ?", (number,)).fetchone()
        delete = "INSERT INTO facts (facts, rowid, fact) VALUES ('delete', ?, ?)"
        execute(delete, (number, had))
        bounds = number << PLACE_BITS, (number + 1) << PLACE_BITS
        gone = {row[0] for row in execute("SELECT rowid FROM words WHERE rowid >= ? AND rowid < ?", bounds)}
    if facts is not None:
        execute("INSERT INTO facts (rowid, fact) VALUES (?, ?)", (number, facts))
    if not gone:
        connection.executemany(insert, [(at, *text) for at, text in new.items()])
    for at in sorted(gone | new.keys()) if gone else ():
        if at in gone:
            execute("DELETE FROM words WHERE rowid = ?", (at,))
        if at in new:
            execute(insert, (at, *new[at]))
