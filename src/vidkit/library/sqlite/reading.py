"""Queries on a library file, for `sqlite.SqliteLibrary`: each gets the connection that it uses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from vidkit.core.stores import Address, absolute, kept_address
from vidkit.library.facts import ERRORS, readers_in
from vidkit.library.forms import with_forms
from vidkit.library.moments import LibraryEntry, Text
from vidkit.library.protocol import PicturesOf
from vidkit.library.query import Query
from vidkit.library.ranking import RANKED, best_first
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
from vidkit.library.sqlite.file import version_of
from vidkit.record import Record

_PICTURES = 2000  # videos whose hashes are read in one query
_FEW = 500  # up to so many videos, looking at each is faster than reading all rows with a word


class SqliteIndex:
    """`sql_pages.SqlIndex` on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.has_moves = version_of(connection) >= 3

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def word_rows(self, query: Query) -> tuple[str, list[Any]]:
        return word_rows(self._connection, query)

    def video_conditions(self, query: Query) -> tuple[str, list[Any]]:
        return video_conditions(query, has_few(self._connection, query))


def query_with_forms(connection: sqlite3.Connection, query: Query) -> Query:
    """Add the other forms of its words in the library to a query."""

    def words_of(stems: list[str]) -> list[tuple[str, str]]:
        sql = f"SELECT stem, word FROM forms WHERE stem IN ({','.join('?' * len(stems))})"
        return connection.execute(sql, stems).fetchall()

    return with_forms(query, words_of)


def check_indexes(connection: sqlite3.Connection) -> None:
    """Find the oldest and the latest video in the indexes. A damaged index finds nothing, and SQLite does not
    always notice the damage."""
    execute = connection.execute
    for (number,) in execute("SELECT min(id) FROM videos UNION SELECT max(id) FROM videos").fetchall():
        if number is None:
            return
        row = execute("SELECT facts FROM records WHERE video = ?", (number,)).fetchone()
        checks = [("facts", number, row[0].partition("\n")[0]) if row else None]
        for place, own in execute("SELECT rowid, own FROM words WHERE rowid = ?", (number << PLACE_BITS,)):
            checks.append(("words", place, own.partition(" ")[0]))
        for check in checks:
            sql = f"SELECT 1 FROM {check[0]} WHERE {check[0]} MATCH ? AND rowid = ?" if check else ""
            if not check or (check[2] and not execute(sql, (quoted(check[2]), check[1])).fetchone()):
                raise sqlite3.DatabaseError("malformed: an index does not find what it has")


def moments_found(connection: sqlite3.Connection, query: Query) -> list[tuple[int, int, float]]:
    """(video, place, rank) of the moments with the words of a query."""
    tail, values = word_rows(connection, query)
    limit, offset = page(query)
    if query.sort in ORDERS:
        sql = f"SELECT words.rowid {tail} ORDER BY {ORDERS[query.sort]}, words.rowid LIMIT ? OFFSET ?"
        rows = connection.execute(sql, (*values, limit, offset))
        return [(*divmod(row[0], 1 << PLACE_BITS), 0.0) for row in rows]
    wanted = -1 if limit < 0 else max(RANKED, offset + limit)
    # By the video first if videos are scanned one by one: FTS5 is slow at reading a part backwards.
    order = "v.id DESC, words.rowid DESC" if "CROSS" in tail else "words.rowid DESC"
    rows = connection.execute(f"SELECT words.rowid, own, shared {tail} ORDER BY {order} LIMIT ?", (*values, wanted))
    found = (
        (number, Text(place, own, shared))
        for (number, place), own, shared in ((divmod(row[0], 1 << PLACE_BITS), *row[1:]) for row in rows)
    )
    return best_first(query, found)


def word_rows(connection: sqlite3.Connection, query: Query) -> tuple[str, list[Any]]:
    """FROM and WHERE of the rows with the words of a query, and the values to bind."""
    words = match_words(query)
    if has_few(connection, query):
        where, values = video_conditions(replace(query, words=(), without=(), sources=()), few=True)
        span = f"words.rowid >= v.id << {PLACE_BITS} AND words.rowid < (v.id + 1) << {PLACE_BITS}"
        tail = f"FROM videos v CROSS JOIN words WHERE {where} AND words MATCH ? AND {span}"
        return tail, [*values, words]
    facts, fact_values = fact_condition(query, f"words.rowid >> {PLACE_BITS}")
    bounds, bound_values = bound_conditions(query)
    join = f"JOIN videos v ON v.id = words.rowid >> {PLACE_BITS}" if bounds or query.sort in ORDERS else ""
    where = " AND ".join(["words MATCH ?", *facts, *bounds])
    return f"FROM words {join} WHERE {where}", [words, *fact_values, *bound_values]


def has_few(connection: sqlite3.Connection, query: Query) -> bool:
    """Whether only a few videos have the facts of a query."""
    if not query.facts:
        return False
    sql = "SELECT count(*) FROM (SELECT 1 FROM facts WHERE facts MATCH ? LIMIT ?)"
    return bool(connection.execute(sql, (match_facts(query), _FEW + 1)).fetchone()[0] <= _FEW)


def videos_found(connection: sqlite3.Connection, query: Query, order: str) -> list[int]:
    """The numbers of the videos that match a query, in this order."""
    where, values = video_conditions(query, has_few(connection, query))
    sql = f"SELECT v.id FROM videos v WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    return [row[0] for row in connection.execute(sql, (*values, *page(query)))]


def readers_of(connection: sqlite3.Connection, query: Query) -> dict[str, dict[str, int]]:
    """See `protocol.Library.readers`: the index knows how many videos have each fact."""
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.all_facts USING fts5vocab ('main', 'facts', 'row')")
    sql = "SELECT term, doc FROM all_facts WHERE term >= ? AND term < ? AND term LIKE '%.error=%'"
    found = connection.execute(sql, (ERRORS, f"{ERRORS[:-1]}/")).fetchall()
    where, values = video_conditions(replace(query, limit=None, offset=0))
    if where == "TRUE":
        return readers_in(found)
    having = "SELECT count(*) FROM videos v WHERE v.id IN (SELECT rowid FROM facts WHERE facts MATCH ?) AND "
    counted = [
        (fact, connection.execute(having + where, (quoted(fact), *values)).fetchone()[0]) for fact, _ in found
    ]
    return readers_in(counted)


def pictures_after(connection: sqlite3.Connection, number: int) -> list[tuple[int, PicturesOf]]:
    """The values for finding duplicates, of the next videos after this number."""
    keys = ", ".join(f"'$.{key}'" for key in ("source.url", *PicturesOf._fields[1:]))
    sql = f"SELECT video, json_extract(record, {keys}) FROM records WHERE video > ?"
    sql += f" ORDER BY video LIMIT {_PICTURES}"
    return [(video, PicturesOf(*json.loads(text))) for video, text in connection.execute(sql, (number,))]


def entries_by_url(connection: sqlite3.Connection, urls: Sequence[str], beside: Path) -> dict[str, LibraryEntry]:
    """Source URL -> record, for those URLs that have one."""
    numbers: dict[int, str] = {}
    for at in range(0, len(urls), 500):
        part = urls[at : at + 500]
        sql = f"SELECT id, url FROM videos WHERE url IN ({','.join('?' * len(part))})"
        numbers.update(connection.execute(sql, part))
    found = entries_by_number(connection, list(numbers), beside)
    return {numbers[number]: entry for number, entry in found.items()}


def entries_by_number(
    connection: sqlite3.Connection, numbers: Sequence[int], beside: Path
) -> dict[int, LibraryEntry]:
    """The records of these videos, in this order, without removed videos. Folders are relative to `beside`, the
    folder of the library."""
    found: dict[int, LibraryEntry] = {}
    folders: dict[str, Address] = {}
    for at in range(0, len(numbers), 500):
        part = numbers[at : at + 500]
        sql = "SELECT v.id, v.folder, r.record FROM videos v JOIN records r ON r.video = v.id WHERE v.id IN "
        for number, folder, text in connection.execute(f"{sql}({','.join('?' * len(part))})", part):
            if folder not in folders:
                folders[folder] = absolute(kept_address(folder), beside)
            found[number] = LibraryEntry(cast(Record, json.loads(text)), folders[folder])
    gone = [number for number in numbers if number not in found]
    if any(connection.execute("SELECT 1 FROM videos WHERE id = ?", (n,)).fetchone() for n in gone):
        raise sqlite3.DatabaseError("malformed: a video has no record")
    return {number: found[number] for number in numbers if number in found}
