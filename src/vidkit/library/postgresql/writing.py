"""Write to a library in PostgreSQL: the rows of records."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vidkit.core.stores import absolute
from vidkit.library.documents import key_of
from vidkit.library.facts import ERRORS
from vidkit.library.moments import LibraryEntry, Text
from vidkit.library.postgresql.queries import array, lexemes_of, numbers_of_facts
from vidkit.library.postgresql.server import Connection
from vidkit.library.postgresql.vectors import drop_older, drop_vectors
from vidkit.library.sql import PLACE_BITS
from vidkit.library.sqlite.writing import Row, row_of
from vidkit.library.text import storable

_COLUMNS = (
    "key", "url", "content", "filename", "name", "folder", "classification", "resolution", "codec", "tags",
    "described", "long_side", "short_side", "pixels", "duration", "size", "finished", "pieces", "readers",
)  # fmt: skip
_LONGEST_INDEXED = 600  # characters: an index allows no more
_LONGEST_TEXT = 200_000  # characters of a moment that are searched: a `tsvector` allows no more
_MOST_MOVED = 250_000  # rows of replaced and removed videos
_ODD = ("\\u0000", "\\ud", "NaN", "Infinity")  # texts with these may be invalid JSON for PostgreSQL


def rows_of(entries: Iterable[LibraryEntry]) -> dict[str, tuple[Row, str, str | None]]:
    """Key -> the data of a record: its row, the columns of its CSV as JSON, and its `plain` text. Computed before
    the write transaction, in which others wait."""
    found = {}
    for entry in entries:
        row = row_of(entry.record, str(absolute(entry.folder)))
        columns = _plain(entry.record["source"]["columns"] or {})
        plain = json.dumps(_plain(entry.record)) if any(odd in row.record for odd in _ODD) else None
        found[key_of(entry.record["source"]["url"])] = row, json.dumps(columns), plain
    return found


def put_all(connection: Connection, rows: Mapping[str, tuple[Row, str, str | None]]) -> None:
    """Save rows, in place of older ones with the same source URL."""
    sql = "SELECT key, id FROM videos WHERE key = ANY(%s)"
    known: dict[str, int] = dict(connection.execute(sql, (list(rows),)).fetchall())
    if known:
        _delete_rows(connection, list(known.values()))
        drop_older(connection, {known[key]: rows[key][0].made_of for key in known})
    if new := [key for key in rows if key not in known]:
        numbers = connection.execute("SELECT nextval('video_ids') FROM generate_series(1, %s)", (len(new),))
        known |= zip(new, (row[0] for row in numbers), strict=True)
    _put(connection, {known[key]: (key, *rest) for key, rest in rows.items()})


def remove_videos(connection: Connection, videos: Sequence[int]) -> None:
    """Remove videos, with their vectors."""
    _delete_rows(connection, videos)
    drop_vectors(connection, videos)


def _delete_rows(connection: Connection, videos: Sequence[int]) -> None:
    """Delete the rows of videos, and record their sort values in `moved`."""
    execute = connection.execute
    # Not from a sequence, which has gaps: paging takes a gap for removed rows.
    seq = "coalesce((SELECT max(seq) FROM moved), 0) + row_number() OVER ()"
    noted = f"SELECT {seq}, id, finished, duration, size, name FROM videos WHERE id = ANY(%s)"
    execute(f"INSERT INTO moved {noted}".encode(), (videos,))
    execute("DELETE FROM moved WHERE seq <= (SELECT max(seq) FROM moved) - %s", (_MOST_MOVED,))
    for table in ("words", "numbers", "facts", "records"):
        execute(f"DELETE FROM {table} WHERE video = ANY(%s)".encode(), (videos,))
    execute("DELETE FROM videos WHERE id = ANY(%s)", (videos,))


def erase_videos(connection: Connection, keys: Sequence[str]) -> None:
    """Erase videos, their names, and the words that no other video has."""
    sql = "SELECT id FROM videos WHERE key = ANY(%s)"
    videos = [row[0] for row in connection.execute(sql, (list(keys),)).fetchall()]
    sql = "SELECT DISTINCT unnest(tsvector_to_array(lexemes)) FROM words WHERE video = ANY(%s)"
    words = [row[0] for row in connection.execute(sql, (videos,)).fetchall()]
    remove_videos(connection, videos)
    connection.execute("UPDATE moved SET name = '' WHERE video = ANY(%s)", (videos,))
    # Words with a stem have only letters: in quotes, each is a complete query.
    found = "SELECT 1 FROM words WHERE words.lexemes @@ quote_literal(forms.word)::tsquery"
    connection.execute(f"DELETE FROM forms WHERE word = ANY(%s) AND NOT EXISTS ({found})".encode(), (words,))


def put_forms(connection: Connection, forms: Sequence[tuple[str, str]]) -> None:
    """Save words with their stems: (stem, word)."""
    if forms:
        sql = "INSERT INTO forms SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
        connection.execute(sql, tuple(map(list, zip(*forms, strict=True))))


def _put(connection: Connection, rows: Mapping[int, tuple[str, Row, str, str | None]]) -> None:
    videos, records, facts, words, numbers = [], [], [], [], []
    for video, (key, row, columns, plain) in rows.items():
        errors = (fact for fact in row.facts.split("\n") if fact.startswith(ERRORS) and ".error=" in fact)
        values = {**row.columns, "key": key, "readers": "\n".join(errors)}
        for name in ("content", "name"):
            values[name] = values[name][:_LONGEST_INDEXED]
        videos.append((video, *(values[name] for name in _COLUMNS), columns))
        records.append((video, row.record, plain))
        facts.append((video, array(numbers_of_facts(row.facts.split("\n")))))
        for text in row.texts:
            texts = _searched(text)
            words.append((video << PLACE_BITS | text.place, *texts, lexemes_of(*texts)))
        numbers += [(key, value, video) for key, value in row.numbers.items() if not math.isnan(value)]
    _copy(connection, f"videos (id, {', '.join(_COLUMNS)}, columns)", videos)
    _copy(connection, "records (video, record, plain)", records)
    _copy(connection, "facts (video, facts)", facts)
    _copy(connection, "words (rowid, own, shared, lexemes)", words)
    _copy(connection, "numbers (key, value, video)", numbers)


def _copy(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)


def _searched(text: Text) -> tuple[str, str]:
    own, shared = (
        each if len(each) <= _LONGEST_TEXT else each[:_LONGEST_TEXT].rpartition(" ")[0]
        for each in (text.own, text.shared)
    )
    return own, shared


def _plain(value: Any) -> Any:
    """A value that PostgreSQL accepts as JSON."""
    if isinstance(value, Mapping):
        return {storable(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
