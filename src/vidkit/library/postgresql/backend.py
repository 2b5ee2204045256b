"""The library in PostgreSQL: for many writers at the same time, and beside other data.

`server.py` has the connections and the errors, `schema.py` the tables, `writing.py` writes, and `queries.py` has
the conditions of a search. Results and their order come from the same words and functions as for the other
backends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, cast

from vidkit.core import shown_url
from vidkit.core.stores import Address, kept_address
from vidkit.library.documents import key_of
from vidkit.library.facts import readers_in
from vidkit.library.forms import KnownWords, stems_of
from vidkit.library.moments import LibraryEntry, Moment, Text, id_prefix, is_meant, is_video_key, moments_at
from vidkit.library.paging import Page, Position, page_of
from vidkit.library.postgresql.facets import REACHED, columns_of, facets_of
from vidkit.library.postgresql.queries import PostgresIndex, beginning_number
from vidkit.library.postgresql.schema import prepare
from vidkit.library.postgresql.server import Connection, Connections
from vidkit.library.postgresql.vectors import (
    made_of_each,
    make_index,
    models_in,
    nearest_of,
    put_vectors,
    remove_model,
    use_pgvector,
    vectors_after,
    vectors_of,
)
from vidkit.library.postgresql.writing import erase_videos, put_all, put_forms, remove_videos, rows_of
from vidkit.library.protocol import (
    ClosedAfterwards,
    Group,
    PicturesOf,
    Stats,
    closed_on_error,
    pictures_of,
    stats_of,
    streamed,
)
from vidkit.library.query import Query
from vidkit.library.ranking import RANKED, best_first
from vidkit.library.sql import ORDERS, PLACE_BITS
from vidkit.library.sql_pages import SqlResults
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import Near, StoredVectors, VideoVectors
from vidkit.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 500  # records in one transaction
_PICTURES = 500  # videos whose hashes are read in one query
_MANY = 2000  # records saved in one call, after which the server analyzes its tables


def open_postgresql(uri: str, timeout: float = 5.0) -> PostgresLibrary:
    """Open the library in a PostgreSQL database, and create missing tables.

    Args:
        uri: `postgresql://user:password@host:5432/database`; missing parts come from libpq's environment variables
            and files.
        timeout: the time to connect, in seconds.

    Raises:
        LibraryError: the server does not answer or rejects the login, the URI is invalid, or the tables are from a
            newer vidkit.
    """
    connections = Connections(uri, timeout)
    with closed_on_error(connections):
        prepare(connections)
    return PostgresLibrary(connections)


class PostgresLibrary(ClosedAfterwards):
    """A library in a database of PostgreSQL (see `protocol.Library`)."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known = KnownWords()

    @property
    def name(self) -> str:
        return self._connections.name

    def save(self, record: Record, folder: Address) -> None:
        self.save_all([LibraryEntry(record, folder)])

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        rest, count = iter(entries), 0
        while batch := list(islice(rest, _BATCH)):
            rows = rows_of(batch)
            words = self._known.without_known(chain.from_iterable(row.words for row, _, _ in rows.values()))
            forms = stems_of(words)
            with self._connections.writing() as connection:
                put_all(connection, rows)
                put_forms(connection, forms)
            self._known.add(words)
            count += len(batch)
        if count >= _MANY:
            self._analyze()
        return count

    def _analyze(self) -> None:
        """Update the server's statistics, which it uses to plan searches. By itself it would do so later."""
        with self._connections.connection() as connection:
            connection.execute("ANALYZE vidkit.videos, vidkit.words, vidkit.facts")

    def find(self, key: str) -> list[LibraryEntry]:
        condition = "v.key IN (?, ?) OR v.filename = ?"
        values = [key_of(key), key_of(shown_url(key)), storable(key)]
        if prefix := id_prefix(key):
            condition += " OR v.content BETWEEN ? AND ?"
            values += [prefix, prefix + "g"]
        found = self._where(condition, values)
        return [each for each in found if is_meant(each.record, key)]

    def by_key(self, key: str) -> LibraryEntry | None:
        if not is_video_key(key):
            return None
        return next(iter(self._where("v.key >= ? AND v.key < ?", [key, key + "g"])), None)  # a key begins with it

    def entries(self, urls: Sequence[str]) -> dict[str, LibraryEntry]:
        wanted = {key_of(url): url for url in urls}
        with self._connections.reading() as connection:
            sql = "SELECT v.id, v.key FROM videos v WHERE v.key = ANY(%s)"
            rows: Any = connection.execute(sql, (list(wanted),)) if wanted else ()
            numbers = {number: wanted[key] for number, key in rows}
            return {numbers[number]: entry for number, entry in _entries(connection, list(numbers)).items()}

    def _where(self, condition: str, values: Sequence[str]) -> list[LibraryEntry]:
        with self._connections.reading() as connection:
            rows = PostgresIndex(connection).rows(
                f"SELECT v.id FROM videos v WHERE {condition} ORDER BY v.id", values
            )
            return list(_entries(connection, [row[0] for row in rows]).values())

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        with self._connections.reading() as connection:
            index = PostgresIndex(connection)
            query = index.with_forms(query or Query())
            numbers = _videos(index, query, ORDERS.get(query.sort, "v.id"))
        for at in range(0, len(numbers), 100):
            with self._connections.reading() as connection:
                found = _entries(connection, numbers[at : at + 100])
            yield from found.values()

    def search(self, query: Query) -> list[Moment]:
        with self._connections.reading() as connection:
            index = PostgresIndex(connection)
            query = index.with_forms(query)
            if query.words:
                matches = _moments(index, query)
            else:
                matches = [(number, 0, 0.0) for number in _videos(index, query, ORDERS[query.order()])]
            found = _entries(connection, list(dict.fromkeys(number for number, _, _ in matches)))
        return moments_at(found, matches, query)

    def page(self, query: Query, after: Position | None = None) -> Page:
        with self._connections.reading() as connection:
            index = PostgresIndex(connection)
            query = index.with_forms(query)
            matches, following = page_of(query, after, SqlResults(index, query))
            found = _entries(connection, list(dict.fromkeys(match.video for match in matches)))
        return Page(
            moments_at(found, ((match.video, match.place, match.rank) for match in matches), query), following
        )

    def has_fact(self, beginning: str) -> bool:
        with self._connections.reading() as connection:
            sql = "SELECT 1 FROM facts WHERE facts && ARRAY[?::bigint] LIMIT 1"
            return bool(PostgresIndex(connection).rows(sql, (beginning_number(beginning),)))

    def pictures(self, after: int = 0) -> Iterator[tuple[int, PicturesOf]]:
        sql = "SELECT video, record FROM records WHERE video > ? ORDER BY video LIMIT ?"

        def read(position: int) -> Sequence[tuple[int, str]]:
            with self._connections.reading() as connection:
                return PostgresIndex(connection).rows(sql, (position, _PICTURES))

        for video, text in streamed(read, after):
            yield video, pictures_of(json.loads(text))

    def remove(self, url: str) -> bool:
        with self._connections.writing() as connection:
            rows = PostgresIndex(connection).rows("SELECT id FROM videos WHERE key = ?", (key_of(url),))
            if rows:
                remove_videos(connection, [rows[0][0]])
        return bool(rows)

    def forget(self, urls: Sequence[str]) -> list[str]:
        with self._connections.writing() as connection:
            erase_videos(connection, [key_of(url) for url in urls])
        self._known.clear()
        # Until then, deleted data stays in the pages of the tables, and words in the server's statistics.
        with self._connections.connection() as connection:
            connection.execute(
                "VACUUM (ANALYZE) vidkit.videos, vidkit.records, vidkit.words, vidkit.facts, "
                "vidkit.numbers, vidkit.forms, vidkit.moved"
            )
        return []

    def stats(self, query: Query | None = None) -> Stats:
        keys = f"classification, resolution, codec, described, {REACHED}"
        with self._connections.reading() as connection:
            index = PostgresIndex(connection)
            where, values = index.video_conditions(index.with_forms(query or Query()))
            source = f"FROM videos v WHERE {where} GROUP BY"
            counts = "count(*), sum(duration), sum(size)"
            groups = index.rows(f"SELECT {keys}, {counts} {source} 1, 2, 3, 4, 5", values)
            tags = index.rows(f"SELECT tags, count(*) {source} tags", values)
        return stats_of((Group(*row) for row in groups), cast(list[tuple[str, int]], tags))

    def readers(self, query: Query | None = None) -> dict[str, dict[str, int]]:
        with self._connections.reading() as connection:
            index = PostgresIndex(connection)
            where, values = index.video_conditions(index.with_forms(query or Query()))
            facts = "unnest(string_to_array(v.readers, E'\\n'))"
            rows = index.rows(f"SELECT {facts}, count(*) FROM videos v WHERE {where} GROUP BY 1", values)
        return readers_in(cast(list[tuple[str, int]], rows))

    def columns(self, seconds: float) -> list[str] | None:
        return columns_of(self._connections, seconds)

    def facets(self, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
        return facets_of(self._connections, queries, seconds)

    def save_vectors(self, model: str, found: Iterable[VideoVectors]) -> int:
        rest, count = iter(found), 0
        while batch := list(islice(rest, _BATCH)):
            with self._connections.writing() as connection:
                use_pgvector(connection, self.name, make=True)
                count += put_vectors(connection, model, batch)
        if count:
            with self._connections.writing() as connection:
                use_pgvector(connection, self.name)
                make_index(connection, model)
        return count

    def vectors(self, model: str, after: int = 0) -> Iterator[StoredVectors]:
        def read(position: int) -> Sequence[StoredVectors]:
            with self._connections.reading() as connection:
                return vectors_after(connection, model, position)

        return streamed(read, after)

    def vectors_of(self, model: str, url: str) -> VideoVectors | None:
        with self._connections.reading() as connection:
            return vectors_of(connection, model, url)

    def vectors_made_of(self, model: str, urls: Sequence[str]) -> dict[str, str]:
        with self._connections.reading() as connection:
            return made_of_each(connection, model, urls)

    def vector_models(self) -> dict[str, int]:
        with self._connections.reading() as connection:
            return models_in(connection)

    def remove_vectors(self, model: str) -> int:
        with self._connections.writing() as connection:
            return remove_model(connection, model)

    def nearest(self, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int) -> list[Near]:
        with self._connections.reading() as connection:
            return nearest_of(connection, self.name, model, vector, query, limit)

    def close(self) -> None:
        self._connections.close()


def _moments(index: PostgresIndex, query: Query) -> list[tuple[int, int, float]]:
    """(video, place, rank) of the moments with the words of a query."""
    tail, values = index.word_rows(query)
    if query.sort in ORDERS:
        sql = f"SELECT words.rowid {tail} ORDER BY {ORDERS[query.sort]}, words.rowid LIMIT ? OFFSET ?"
        rows = index.rows(sql, [*values, query.limit, query.offset])
        return [(*divmod(row[0], 1 << PLACE_BITS), 0.0) for row in rows]
    wanted = None if query.limit is None else max(RANKED, query.offset + query.limit)
    sql = f"SELECT words.rowid, own, shared {tail} ORDER BY words.rowid DESC LIMIT ?"

    def found() -> Iterator[tuple[int, Text]]:
        for row, own, shared in index.rows(sql, [*values, wanted]):
            number, place = divmod(row, 1 << PLACE_BITS)
            yield number, Text(place, own, shared)

    return best_first(query, found())


def _videos(index: PostgresIndex, query: Query, order: str) -> list[int]:
    """The numbers of the videos that match a query, in this order."""
    where, values = index.video_conditions(query)
    sql = f"SELECT v.id FROM videos v WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    return [row[0] for row in index.rows(sql, [*values, query.limit, query.offset])]


def _entries(connection: Connection, numbers: Sequence[int]) -> dict[int, LibraryEntry]:
    """The records of these videos, in this order, without removed videos."""
    sql = "SELECT v.id, v.folder, r.record FROM videos v JOIN records r ON r.video = v.id WHERE v.id = ANY(%s)"
    rows: Any = connection.execute(sql, (list(numbers),)) if numbers else ()
    found = {
        number: LibraryEntry(cast(Record, json.loads(text)), kept_address(folder)) for number, folder, text in rows
    }
    return {number: found[number] for number in numbers if number in found}
