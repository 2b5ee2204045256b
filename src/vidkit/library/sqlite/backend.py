"""The library as one SQLite file: the default, with a full-text index (FTS5) and nothing to set up.

`file.py` has the file, its tables and its connections; `writing.py` writes, `reading.py` reads, and `sql.py` has
the conditions of a search.
"""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.core import printable, shown_url
from vidkit.core.files import scheme_of
from vidkit.core.stores import Address
from vidkit.library.forms import KnownWords, stems_of
from vidkit.library.moments import (
    LibraryEntry,
    Moment,
    id_prefix,
    is_meant,
    is_video_key,
    moments_at,
    video_key,
)
from vidkit.library.paging import Page, Position, page_of
from vidkit.library.protocol import (
    LENGTHS,
    ClosedAfterwards,
    Group,
    PicturesOf,
    Stats,
    closed_on_error,
    stats_of,
    streamed,
)
from vidkit.library.query import Query
from vidkit.library.sql import (
    ORDERS,
    quoted,
    video_conditions,
)
from vidkit.library.sql_pages import SqlResults
from vidkit.library.sqlite.facets import SqliteFacets
from vidkit.library.sqlite.file import SCHEMA, Connections, transaction, version_of
from vidkit.library.sqlite.forgetting import forget_videos
from vidkit.library.sqlite.reading import (
    SqliteIndex,
    check_indexes,
    entries_by_number,
    entries_by_url,
    moments_found,
    pictures_after,
    query_with_forms,
    readers_of,
    videos_found,
)
from vidkit.library.sqlite.vectors import (
    allowed_videos,
    current_vectors,
    made_of_each,
    models_in,
    put_vectors,
    vectors_after,
    vectors_of,
)
from vidkit.library.sqlite.writing import number_of, put_all, put_forms, remove_video, row_of, upgrade
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import Near, StoredVectors, VideoVectors, allows_kind
from vidkit.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkit.library.vectors.indexes import VectorIndexes

log = logging.getLogger(__name__)

_BATCH = 1000  # records in one transaction
_WITH_VECTORS = 6  # the first schema that has them


def open_sqlite(path: str | os.PathLike[str], busy_timeout: float = 10.0, create: bool = True) -> SqliteLibrary:
    """Open a library file, or create a new one.

    Args:
        path: the file; a missing folder is created.
        busy_timeout: how long to wait for other processes that write, in seconds.
        create: whether to create a missing file.

    Raises:
        LibraryError: the file is missing and `create` is False, is not a library, is from a newer vidkit, or cannot
            be opened.
    """
    path = Path(os.path.abspath(path))
    library = SqliteLibrary(Connections(path, busy_timeout, create), path)
    with closed_on_error(library):
        library.upgrade()
    return library


class SqliteLibrary(ClosedAfterwards):
    """A library in a file (see `protocol.Library`). Threads read at the same time, and write one after another."""

    def __init__(self, connections: Connections, path: Path) -> None:
        self._connections = connections
        self._path = path
        self._schema = 0
        self._clear_caches()
        connections.replaced = self._on_replaced
        self._lock = threading.Lock()

    def _clear_caches(self) -> None:
        self._known = KnownWords()
        self._facets = SqliteFacets(self._connections)
        self._vector_indexes: VectorIndexes | None = None

    def _on_replaced(self) -> None:
        """Clear the caches: another file is at the path now."""
        with self._lock:
            self._clear_caches()
        self.upgrade()

    @property
    def name(self) -> str:
        return printable(self._path)

    def save(self, record: Record, folder: Address) -> None:
        self.save_all([LibraryEntry(record, folder)])

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        rest, count = iter(entries), 0
        while batch := list(islice(rest, _BATCH)):
            if self._schema != SCHEMA:
                self.upgrade(must=True)
            rows = [row_of(each.record, self._folder_text(each.folder)) for each in batch]
            words = self._known.without_known(chain.from_iterable(row.words for row in rows))
            forms = stems_of(words)
            with self._connections.writing() as connection, transaction(connection):
                put_all(connection, rows)
                put_forms(connection, forms)
            self._known.add(words)
            count += len(batch)
        return count

    def find(self, key: str) -> list[LibraryEntry]:
        condition = "v.url IN (?, ?) OR v.filename = ?"
        values = [storable(key), storable(shown_url(key)), storable(key)]
        if prefix := id_prefix(key):
            condition += " OR v.content BETWEEN ? AND ?"
            values += [prefix, prefix + "g"]
        with self._connections.reading() as connection:
            rows = connection.execute(f"SELECT v.id FROM videos v WHERE {condition} ORDER BY v.id", values)
            found = self._entries(connection, [row[0] for row in rows])
        return [each for each in found.values() if is_meant(each.record, key)]

    def by_key(self, key: str) -> LibraryEntry | None:
        if not is_video_key(key):
            return None
        # Without the column, or for a row that an older vidkit still writes, compare the URLs.
        where, values = ("WHERE key IN (?, '')", [key]) if self._schema >= 3 else ("", [])
        with self._connections.reading() as connection:
            rows = connection.execute(f"SELECT id, url FROM videos {where} ORDER BY id", values)
            number = next((number for number, url in rows if video_key(url) == key), None)
            return None if number is None else next(iter(self._entries(connection, [number]).values()), None)

    def entries(self, urls: Sequence[str]) -> dict[str, LibraryEntry]:
        wanted = {storable(url): url for url in urls}
        with self._connections.reading() as connection:
            found = entries_by_url(connection, list(wanted), self._path.parent)
        return {wanted[url]: entry for url, entry in found.items()}

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
                matches = moments_found(connection, query)
            else:
                matches = [(number, 0, 0.0) for number in videos_found(connection, query, ORDERS[query.order()])]
            found = self._entries(connection, list(dict.fromkeys(number for number, _, _ in matches)))
            if not matches:
                check_indexes(connection)
        return moments_at(found, matches, query)

    def page(self, query: Query, after: Position | None = None) -> Page:
        with self._connections.reading() as connection:
            query = self._with_forms(connection, query)
            matches, following = page_of(query, after, SqlResults(SqliteIndex(connection), query))
            found = self._entries(connection, list(dict.fromkeys(match.video for match in matches)))
            if not matches and after is None:
                check_indexes(connection)
        return Page(
            moments_at(found, ((match.video, match.place, match.rank) for match in matches), query), following
        )

    def has_fact(self, beginning: str) -> bool:
        with self._connections.reading() as connection:
            sql = "SELECT 1 FROM facts WHERE facts MATCH ? LIMIT 1"
            return connection.execute(sql, (f"{quoted(beginning)}*",)).fetchone() is not None

    def pictures(self, after: int = 0) -> Iterator[tuple[int, PicturesOf]]:
        def read(position: int) -> Sequence[tuple[int, PicturesOf]]:
            with self._connections.reading() as connection:
                return pictures_after(connection, position)

        return streamed(read, after)

    def remove(self, url: str) -> bool:
        with self._connections.writing() as connection, transaction(connection):
            number = number_of(connection, storable(url))
            if number is not None:
                remove_video(connection, number)
        return number is not None

    def forget(self, urls: Sequence[str]) -> list[str]:
        if self._schema != SCHEMA:
            self.upgrade(must=True)
        with self._connections.writing() as connection:
            with self._lock:
                self._clear_caches()
            failed = [f"{self.name}: {reason}" for reason in forget_videos(connection, list(map(storable, urls)))]
        return failed + self._indexes().erase()

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

    def readers(self, query: Query | None = None) -> dict[str, dict[str, int]]:
        with self._connections.reading() as connection:
            return readers_of(connection, self._with_forms(connection, query or Query()))

    def columns(self, seconds: float) -> list[str] | None:
        return self._facets.columns(seconds)

    def facets(self, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
        return self._facets.counts(queries, seconds)

    def save_vectors(self, model: str, found: Iterable[VideoVectors]) -> int:
        rest, count = iter(found), 0
        while batch := list(islice(rest, _BATCH)):
            if self._schema != SCHEMA:
                self.upgrade(must=True)
            with self._connections.writing() as connection, transaction(connection):
                count += put_vectors(connection, model, batch)
        return count

    def vectors(self, model: str, after: int = 0) -> Iterator[StoredVectors]:
        def read(position: int) -> Sequence[StoredVectors]:
            if self._schema < _WITH_VECTORS:
                return []
            with self._connections.reading() as connection:
                return vectors_after(connection, model, position)

        return streamed(read, after)

    def vectors_of(self, model: str, url: str) -> VideoVectors | None:
        with self._connections.reading() as connection:
            return vectors_of(connection, model, url) if self._schema >= _WITH_VECTORS else None

    def vectors_made_of(self, model: str, urls: Sequence[str]) -> dict[str, str]:
        with self._connections.reading() as connection:
            return made_of_each(connection, model, urls) if self._schema >= _WITH_VECTORS else {}

    def vector_models(self) -> dict[str, int]:
        with self._connections.reading() as connection:
            return models_in(connection) if self._schema >= _WITH_VECTORS else {}

    def remove_vectors(self, model: str) -> int:
        if self._schema < _WITH_VECTORS:
            return 0
        with self._connections.writing() as connection, transaction(connection):
            count = models_in(connection).get(model, 0)
            connection.execute("DELETE FROM vectors WHERE model = ?", (model,))
        return count

    def nearest(self, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int) -> list[Near]:
        if self._schema < _WITH_VECTORS:
            return []
        with self._connections.reading() as connection:
            allowed = allowed_videos(connection, self._with_forms(connection, query))
        return self._indexes().of(model).nearest(vector, limit, allowed, lambda kind: allows_kind(kind, query))

    def current_vectors(self, model: str, videos: Sequence[int]) -> dict[int, tuple[str, int, str]]:
        """See `index.VectorSource`."""
        with self._connections.reading() as connection:
            return current_vectors(connection, model, videos)

    def _indexes(self) -> VectorIndexes:
        from vidkit.library.vectors.indexes import VectorIndexes  # numpy, which takes long to import

        with self._lock:
            if self._vector_indexes is None:
                self._vector_indexes = VectorIndexes(self, self._path)
            return self._vector_indexes

    def close(self) -> None:
        self._connections.close()

    # Writing

    def _folder_text(self, folder: Address) -> str:
        """The text for a folder. Inside the library's own folder it is relative, so that both can be moved."""
        if isinstance(folder, str) and scheme_of(folder):
            return folder
        folder = Path(os.path.abspath(folder))
        if folder.is_relative_to(self._path.parent):
            return folder.relative_to(self._path.parent).as_posix()
        return str(folder)

    def upgrade(self, must: bool = False) -> None:
        """Upgrade a library from an older vidkit, once. Unless `must`, a library that cannot be written now is read
        as it is: without other forms of words, or with slower look-ups by key."""
        with self._connections.writing() as connection:
            self._schema = version_of(connection)
            if self._schema == SCHEMA:
                return
            try:
                with transaction(connection):
                    upgrade(connection, self.name)
                self._schema = SCHEMA
            except sqlite3.OperationalError as error:
                if must or not re.search("readonly|locked", str(error)):
                    raise

    # Reading

    def _with_forms(self, connection: sqlite3.Connection, query: Query) -> Query:
        return query_with_forms(connection, query) if self._schema >= 2 else query

    def _entries(self, connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, LibraryEntry]:
        return entries_by_number(connection, numbers, self._path.parent)
