"""The library as one SQLite file: the default, with a full-text index (FTS5) and nothing to set up.

The file and its tables are in `sqlite_file.py`, the conditions of a search in `sql.py`.
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
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, cast

from vidkit.core import printable, shown_url
from vidkit.library.facts import facts_of, summary_of
from vidkit.library.forms import stems_of, with_forms
from vidkit.library.moments import (
    RANKED,
    LibraryEntry,
    Moment,
    Text,
    best_first,
    has_whole_piece,
    id_prefix,
    is_meant,
    moment_of,
    texts_of,
    words_in,
)
from vidkit.library.protocol import LENGTHS, Group, Stats, stats_of
from vidkit.library.query import Query
from vidkit.library.sql import (
    ORDERS,
    PLACE_BITS,
    bound_conditions,
    fact_condition,
    match_facts,
    match_words,
    page,
    quoted,
    video_conditions,
)
from vidkit.library.sqlite_file import SCHEMA, make_forms, open_file, reported, transaction, version_of
from vidkit.library.text import storable
from vidkit.record import Record

log = logging.getLogger(__name__)

_BATCH = 1000  # records in one transaction
_MOST_KNOWN = 500_000  # words of which it is remembered that they are stored
_FEW = 500  # videos that are looked at one by one, sooner than all rows that have a word


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
    library = SqliteLibrary(open_file(path, busy_timeout, create), path)
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
    """A library in a file (see `protocol.Library`); one connection, which the threads take in turn."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self._has_forms = False
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
            with self._lock, reported(self._path), transaction(self._connection):
                self._put_all(rows)
                self._put_forms(forms)
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
        with self._reading():
            sql = f"SELECT v.id FROM videos v WHERE {asked} ORDER BY v.id"
            found = self._by_number([row[0] for row in self._connection.execute(sql, values)])
        return [each for each in found.values() if is_meant(each.record, key)]

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        with self._reading():
            query = self._with_forms(query or Query())
            numbers = self._videos(query, ORDERS.get(query.sort, "v.id"))
        for at in range(0, len(numbers), 100):
            with self._reading():
                found = self._by_number(numbers[at : at + 100])
            yield from found.values()

    def search(self, query: Query) -> list[Moment]:
        with self._reading():
            query = self._with_forms(query)
            if query.words:
                hits = self._moments(query)
            else:
                hits = [(number, 0, 0.0) for number in self._videos(query, ORDERS[query.order()])]
            found = self._by_number(list(dict.fromkeys(number for number, _, _ in hits)))
            if not hits:
                self._see_that_the_indexes_answer()
        moments = [moment_of(found[number], place, query, rank) for number, place, rank in hits if number in found]
        return [moment for moment in moments if moment]

    def has_fact(self, beginning: str) -> bool:
        with self._lock, reported(self._path):
            sql = "SELECT 1 FROM facts WHERE facts MATCH ? LIMIT 1"
            return self._connection.execute(sql, (f"{quoted(beginning)}*",)).fetchone() is not None

    def remove(self, url: str) -> bool:
        with self._lock, reported(self._path), transaction(self._connection):
            number = self._number(storable(url))
            if number is not None:
                self._index(number, None, ())
                self._connection.execute("DELETE FROM records WHERE video = ?", (number,))
                self._connection.execute("DELETE FROM videos WHERE id = ?", (number,))
        return number is not None

    def stats(self, query: Query | None = None) -> Stats:
        with self._reading():
            where, values = video_conditions(self._with_forms(query or Query()))
        reached = " + ".join(f"(duration >= {seconds})" for seconds in LENGTHS)
        keys = f"classification, resolution, codec, described, {reached}"
        source = f"FROM videos v WHERE {where} GROUP BY"
        groups = f"SELECT {keys}, count(*), sum(duration), sum(size) {source} {keys}"
        tags = f"SELECT tags, count(*) {source} tags"
        execute = self._connection.execute
        with self._reading():
            return stats_of((Group(*row) for row in execute(groups, values)), execute(tags, values))

    def close(self) -> None:
        with self._lock, reported(self._path):
            self._connection.close()

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
        with self._lock, reported(self._path):
            if version_of(self._connection) == SCHEMA:
                self._has_forms = True
                return
            try:
                with transaction(self._connection):
                    if version_of(self._connection) != SCHEMA:  # no other process was faster
                        log.warning("%s is of an older vidkit: its words are indexed anew, once", self.name)
                        self._put_forms(stems_of(make_forms(self._connection)), made=True)
                        self._index_whole_pieces()
                self._has_forms = True
            except sqlite3.OperationalError as error:
                if not re.search("readonly|locked", str(error)):
                    raise

    def _index_whole_pieces(self) -> None:
        """Take the scenes and clips that are the whole video out of the index: they were answers of their own."""
        asked, last = "SELECT video, record, facts FROM records WHERE video > ? ORDER BY video LIMIT 500", 0
        while rows := self._connection.execute(asked, (last,)).fetchall():
            for number, text, facts in rows:
                record = cast(Record, json.loads(text))
                if has_whole_piece(record):
                    self._index(number, facts, texts_of(record))
            last = rows[-1][0]

    def _put_forms(self, forms: Sequence[tuple[str, str]], made: bool = False) -> None:
        if not made and not self._has_forms:  # unless another process has upgraded the library since
            self._has_forms = version_of(self._connection) == SCHEMA
        if made or self._has_forms:
            self._connection.executemany("INSERT OR IGNORE INTO forms VALUES (?, ?)", forms)

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
            self._connection.executemany(insert, [(at, *text) for at, text in new.items()])
        for at in sorted(gone | new.keys()) if gone else ():
            if at in gone:
                execute("DELETE FROM words WHERE rowid = ?", (at,))
            if at in new:
                execute(insert, (at, *new[at]))

    # Reading

    def _with_forms(self, query: Query) -> Query:
        def words_of(stems: list[str]) -> list[tuple[str, str]]:
            asked = f"SELECT stem, word FROM forms WHERE stem IN ({','.join('?' * len(stems))})"
            return self._connection.execute(asked, stems).fetchall()

        return with_forms(query, words_of) if self._has_forms else query

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One look at the library, in which other processes change nothing. What is no value of ours is damage."""
        with self._lock, reported(self._path), transaction(self._connection, "DEFERRED"):
            try:
                yield
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                raise sqlite3.DatabaseError(f"malformed: {error!r}") from error

    def _see_that_the_indexes_answer(self) -> None:
        """Find the oldest and the latest video by what is indexed of them: a damaged index finds nothing, and
        SQLite does not always notice."""
        execute = self._connection.execute
        for (number,) in execute("SELECT min(id) FROM videos UNION SELECT max(id) FROM videos").fetchall():
            if number is None:
                return
            row = execute("SELECT facts FROM records WHERE video = ?", (number,)).fetchone()
            looks = [("facts", number, row[0].partition("\n")[0]) if row else None]
            for place, own in execute("SELECT rowid, own FROM words WHERE rowid = ?", (number << PLACE_BITS,)):
                looks.append(("words", place, own.partition(" ")[0]))
            for look in looks:
                asked = f"SELECT 1 FROM {look[0]} WHERE {look[0]} MATCH ? AND rowid = ?" if look else ""
                if not look or (look[2] and not execute(asked, (quoted(look[2]), look[1])).fetchone()):
                    raise sqlite3.DatabaseError("malformed: an index does not find what it has")

    def _moments(self, query: Query) -> list[tuple[int, int, float]]:
        """(video, place, rank) of the moments that have the words."""
        tail, values = self._word_rows(query)
        limit, offset = page(query)
        if query.sort in ORDERS:
            sql = f"SELECT words.rowid {tail} ORDER BY {ORDERS[query.sort]}, words.rowid LIMIT ? OFFSET ?"
            rows = self._connection.execute(sql, (*values, limit, offset))
            return [(*divmod(row[0], 1 << PLACE_BITS), 0.0) for row in rows]
        wanted = -1 if limit < 0 else max(RANKED, offset + limit)
        # By the video first, where one after another is looked at: FTS5 is slow in reading a part backwards.
        order = "v.id DESC, words.rowid DESC" if "CROSS" in tail else "words.rowid DESC"
        rows = self._connection.execute(
            f"SELECT words.rowid, own, shared {tail} ORDER BY {order} LIMIT ?", (*values, wanted)
        )
        found = (
            (number, Text(place, own, shared))
            for (number, place), own, shared in ((divmod(row[0], 1 << PLACE_BITS), *row[1:]) for row in rows)
        )
        return best_first(query, found)

    def _word_rows(self, query: Query) -> tuple[str, list[Any]]:
        """FROM and WHERE of the rows that have the words, and the values to bind."""
        words = match_words(query)
        if self._has_few(query):
            where, values = video_conditions(replace(query, words=(), without=()), few=True)
            span = f"words.rowid >= v.id << {PLACE_BITS} AND words.rowid < (v.id + 1) << {PLACE_BITS}"
            tail = f"FROM videos v CROSS JOIN words WHERE {where} AND words MATCH ? AND {span}"
            return tail, [*values, words]
        facts, fact_values = fact_condition(query, f"words.rowid >> {PLACE_BITS}")
        bounds, bound_values = bound_conditions(query)
        join = f"JOIN videos v ON v.id = words.rowid >> {PLACE_BITS}" if bounds or query.sort in ORDERS else ""
        where = " AND ".join(["words MATCH ?", *facts, *bounds])
        return f"FROM words {join} WHERE {where}", [words, *fact_values, *bound_values]

    def _has_few(self, query: Query) -> bool:
        """Whether few videos have the facts that are asked for."""
        if not query.facts:
            return False
        sql = "SELECT count(*) FROM (SELECT 1 FROM facts WHERE facts MATCH ? LIMIT ?)"
        return bool(self._connection.execute(sql, (match_facts(query), _FEW + 1)).fetchone()[0] <= _FEW)

    def _videos(self, query: Query, order: str) -> list[int]:
        where, values = video_conditions(query, self._has_few(query))
        sql = f"SELECT v.id FROM videos v WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [row[0] for row in self._connection.execute(sql, (*values, *page(query)))]

    def _by_number(self, numbers: Sequence[int]) -> dict[int, LibraryEntry]:
        """The records of these videos, in this order; those that were removed are left out."""
        found: dict[int, LibraryEntry] = {}
        for at in range(0, len(numbers), 500):
            part = numbers[at : at + 500]
            sql = "SELECT v.id, v.folder, r.record FROM videos v JOIN records r ON r.video = v.id WHERE v.id IN "
            for number, folder, text in self._connection.execute(f"{sql}({','.join('?' * len(part))})", part):
                record = cast(Record, json.loads(text))
                found[number] = LibraryEntry(record, Path(os.path.normpath(self._path.parent / folder)))
        gone = [number for number in numbers if number not in found]
        if any(self._connection.execute("SELECT 1 FROM videos WHERE id = ?", (n,)).fetchone() for n in gone):
            raise sqlite3.DatabaseError("malformed: a video has no record")
        return {number: found[number] for number in numbers if number in found}
