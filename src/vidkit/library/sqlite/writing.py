"""Write to a library file: the rows of a record, and the one-time upgrade of a file from an older vidkit."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from vidkit.library.facts import facts_of, numbers_of, summary_of
from vidkit.library.forms import stems_of
from vidkit.library.moments import Text, has_whole_piece, layout_of, texts_of, video_key, words_in
from vidkit.library.sql import PLACE_BITS
from vidkit.library.sqlite.file import FORMS, MOVED, NUMBERS, SCHEMA, VECTORS, VIDEO_KEYS, version_of
from vidkit.library.sqlite.vectors import drop_older, drop_vectors
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import made_of
from vidkit.record import Record

log = logging.getLogger(__name__)


class Row(NamedTuple):
    """All rows of a record."""

    columns: dict[str, Any]
    record: str
    facts: str
    texts: list[Text]
    words: set[str]
    numbers: dict[str, float]
    made_of: Callable[[str], str]
    """Model -> fingerprint of the model's input (`vectors.made_of`)."""


def row_of(record: Record, folder: str) -> Row:
    """The rows of a record, computed before the write transaction, in which others wait."""
    summary = summary_of(record)
    columns = {
        **summary._asdict(),
        "folder": storable(folder),
        "key": video_key(summary.url),
        "pieces": _layout_text(record),
    }
    texts = texts_of(record)
    facts, made = "\n".join(facts_of(record)), partial(made_of, record)
    return Row(columns, json.dumps(record), facts, texts, words_in(texts), numbers_of(record), made)


def _layout_text(record: Record) -> str:
    return ",".join(map(str, layout_of(record)))


def put_all(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Save rows, in place of older ones with the same source URL."""
    numbers = [number_of(connection, row.columns["url"]) for row in rows]
    # FTS5 is many times faster if rows are written in the order of their numbers.
    for at in sorted(range(len(rows)), key=lambda at: numbers[at] or sys.maxsize):
        _put(connection, rows[at])


def put_forms(connection: sqlite3.Connection, forms: Iterable[tuple[str, str]]) -> None:
    """Save words with their stems: (stem, word)."""
    connection.executemany("INSERT OR IGNORE INTO forms VALUES (?, ?)", forms)


def number_of(connection: sqlite3.Connection, url: str) -> int | None:
    """The number of the video with a source URL; None if there is none."""
    found = connection.execute("SELECT id FROM videos WHERE url = ?", (url,)).fetchone()
    return found[0] if found else None


def remove_video(connection: sqlite3.Connection, number: int) -> None:
    """Remove a video."""
    _index(connection, number, None, ())
    drop_vectors(connection, number)
    connection.execute("DELETE FROM numbers WHERE video = ?", (number,))
    connection.execute("DELETE FROM records WHERE video = ?", (number,))
    connection.execute("DELETE FROM videos WHERE id = ?", (number,))


def _put(connection: sqlite3.Connection, row: Row) -> None:
    execute = connection.execute
    number = number_of(connection, row.columns["url"])
    old = number is not None
    if number is None:
        columns = f"({', '.join(row.columns)}) VALUES ({', '.join(f':{name}' for name in row.columns)})"
        number = cast(int, execute(f"INSERT INTO videos {columns}", row.columns).lastrowid)
    else:
        settings = ", ".join(f"{name} = :{name}" for name in row.columns)
        execute(f"UPDATE videos SET {settings} WHERE id = :id", {**row.columns, "id": number})
    _index(connection, number, row.facts, row.texts, old)
    if old:
        execute("DELETE FROM numbers WHERE video = ?", (number,))
        drop_older(connection, number, row.made_of)
    numbers = [(key, value, number) for key, value in row.numbers.items()]
    connection.executemany("INSERT INTO numbers VALUES (?, ?, ?)", numbers)
    execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (number, row.record, row.facts))


def _index(
    connection: sqlite3.Connection, number: int, facts: str | None, texts: Sequence[Text], old: bool = True
) -> None:
    """Put a video into the two indexes, in place of its older entries."""
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


def upgrade(connection: sqlite3.Connection, name: str) -> None:
    """Upgrade a file from an older vidkit, in the open transaction; a current file stays as it is."""
    version = version_of(connection)
    if version == SCHEMA:  # another process was faster
        return
    if version < 3:
        what = "its words are indexed again" if version == 1 else "its videos get keys"
        log.warning("%s is of an older vidkit: %s, once", name, what)
        if version == 1:
            _make_forms(connection)
            _index_whole_pieces(connection)
        _make_keys(connection)
    if version < 4:  # older records have no readings
        for statement in NUMBERS:
            connection.execute(statement)
    elif version < 5:
        _index_readings(connection, name)
    for statement in VECTORS:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _index_readings(connection: sqlite3.Connection, name: str) -> None:
    """Add readings to the index of words."""
    sql = "SELECT video, record, facts FROM records WHERE video > ? AND instr(record, ?) ORDER BY video LIMIT 100"
    last, logged = 0, False
    while rows := connection.execute(sql, (last, '"readings": {')).fetchall():
        if not logged:
            log.warning("%s is of an older vidkit: its readings are indexed, once", name)
            logged = True
        for number, text, facts in rows:
            record = cast(Record, json.loads(text))
            texts = texts_of(record)
            _index(connection, number, facts, texts)
            put_forms(connection, stems_of(words_in(texts)))
            connection.execute("UPDATE videos SET pieces = ? WHERE id = ?", (_layout_text(record), number))
        last = rows[-1][0]


def _make_forms(connection: sqlite3.Connection) -> None:
    connection.execute(FORMS)
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab ('main', 'words', 'row')")
    words = [row[0] for row in connection.execute("SELECT term FROM vocabulary WHERE length(term) > 2")]
    connection.execute("DROP TABLE temp.vocabulary")
    put_forms(connection, stems_of(words))


def _index_whole_pieces(connection: sqlite3.Connection) -> None:
    """Remove the scenes and clips that are the whole video from the index: they were separate results."""
    sql, last = "SELECT video, record, facts FROM records WHERE video > ? ORDER BY video LIMIT 500", 0
    while rows := connection.execute(sql, (last,)).fetchall():
        for number, text, facts in rows:
            record = cast(Record, json.loads(text))
            if has_whole_piece(record):
                _index(connection, number, facts, texts_of(record))
        last = rows[-1][0]


def _make_keys(connection: sqlite3.Connection) -> None:
    for column in ("key", "pieces"):
        connection.execute(f"ALTER TABLE videos ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    connection.create_function("video_key", 1, video_key, deterministic=True)
    connection.create_function("layout", 1, _layout_in, deterministic=True)
    layout = "coalesce((SELECT layout(record) FROM records WHERE video = id), '')"
    connection.execute(f"UPDATE videos SET key = video_key(url), pieces = {layout}")
    for statement in (VIDEO_KEYS, *MOVED):
        connection.execute(statement)


def _layout_in(text: str) -> str:
    try:
        return _layout_text(json.loads(text))
    except (ValueError, TypeError, AttributeError):  # damaged: reading the record reports it
        return ""
