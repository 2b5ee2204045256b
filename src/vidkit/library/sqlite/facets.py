"""Count the videos of a library file by facets, within a time limit."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from vidkit.errors import LibraryError
from vidkit.library.facets import COLUMN, FacetTable, folded
from vidkit.library.query import Query
from vidkit.library.sql import bound_conditions, video_conditions
from vidkit.library.sqlite.file import Connections, version_of
from vidkit.library.sqlite.reading import has_few, query_with_forms, word_rows

_PART = 1000  # videos that are read in one query
_MOST_QUERIES = 16  # queries whose videos are cached
_SPELLED = 50  # values of a column that are shown as written in the CSV
_MOST_WRITTEN = 2000  # videos whose columns are cached
_ROW = (
    "SELECT v.id, v.classification, v.tags, v.duration, v.resolution, v.codec, r.facts "
    "FROM videos v JOIN records r ON r.video = v.id WHERE"
)


@dataclass(frozen=True)
class _Matched:
    """The videos of a query (None: all), their number, and the number of results if it is known."""

    videos: Sequence[int] | None
    count: int
    moments: int | None


class SqliteFacets:
    """The values of each video in memory, with changes that others have written since. Threads share it."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None
        self._begin()

    def _begin(self) -> None:
        self._table = FacetTable()
        self._written: dict[int, dict[str, str]] = {}  # the columns of some videos
        self._cached: dict[tuple[Query, int, int], _Matched] = {}
        self._newest = 0  # the last video that was read
        self._moves = 0  # the last change that was read

    def columns(self, seconds: float) -> list[str] | None:
        """The columns of the CSV as written there; None if that takes longer."""
        if not self._caught_up(time.monotonic() + seconds):
            return None
        with self._lock:
            names = self._table.columns()
            examples = {name: next(iter(self._table.examples(name).values())) for name in names}
        spelled = self._columns_of(examples.values())
        return [_spelled(spelled.get(examples[name], {}), name) for name in names]

    def counts(self, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
        """See `protocol.Library.facets`."""
        deadline = time.monotonic() + seconds
        found: dict[str, dict[str, int]] = {}
        by_query: dict[Query, list[str]] = {}
        for name, query in queries.items():
            by_query.setdefault(query, []).append(name)
        ready = self._caught_up(deadline)
        for query, names in by_query.items():
            if time.monotonic() >= deadline:
                break
            try:
                matched = self._matched(query, "moments" in names, deadline)
            except TimeoutError:
                break
            for name in names:
                if name == "videos":
                    found[name] = {"": matched.count}
                elif name == "moments":
                    found[name] = {"": matched.moments or 0}
                elif ready and time.monotonic() < deadline:
                    found[name] = self._values(name, matched.videos)
        return found

    def _values(self, name: str, videos: Sequence[int] | None) -> dict[str, int]:
        if not name.startswith(COLUMN):
            with self._lock:
                return self._table.count(name, videos)
        column = folded(name.removeprefix(COLUMN))
        with self._lock:
            counts = self._table.count(f"{COLUMN}{column}", videos)
            examples = self._table.examples(column)
        shown = {value: examples[value] for value in list(counts)[:_SPELLED]}
        spelled = self._columns_of(shown.values())
        found: dict[str, int] = {}
        for value, count in counts.items():
            columns = spelled.get(shown.get(value, 0), {})
            as_written = columns.get(_spelled(columns, column), "")
            found[as_written if folded(as_written) == value else value] = count
        return found

    def _columns_of(self, videos: Collection[int]) -> dict[int, dict[str, str]]:
        """Video -> the columns of its CSV row, as written there."""
        with self._lock:
            found = {video: self._written[video] for video in videos if video in self._written}
        new = [video for video in set(videos) if video not in found]
        for at in range(0, len(new), 500):
            part = new[at : at + 500]
            sql = f"SELECT video, record FROM records WHERE video IN ({','.join('?' * len(part))})"
            with self._connections.reading() as connection:
                for video, text in connection.execute(sql, part):
                    found[video] = json.loads(text)["source"]["columns"]
        with self._lock:
            if len(self._written) > _MOST_WRITTEN:
                self._written.clear()
            self._written |= found
        return found

    def _matched(self, query: Query, with_moments: bool, deadline: float) -> _Matched:
        """The videos that match a query now. They are cached, because the facets of a page come in several
        calls."""
        query = replace(query, sort="relevance", limit=None, offset=0)
        key = query, self._newest, self._moves
        with self._lock:
            matched = self._cached.get(key)
        if matched is None or (with_moments and matched.moments is None):
            with self._until(deadline) as connection:
                widened = query_with_forms(connection, query) if version_of(connection) >= 2 else query
                videos = None if _is_all(query) else _videos(connection, widened)
                count = _all(connection) if videos is None else len(videos)
                moments = count if not query.words else _moments(connection, widened) if with_moments else None
                matched = _Matched(videos, count, moments)
            with self._lock:
                self._cached[key] = matched
                while len(self._cached) > _MOST_QUERIES:
                    self._cached.pop(next(iter(self._cached)))
        return matched

    @contextmanager
    def _until(self, deadline: float) -> Iterator[sqlite3.Connection]:
        """A connection whose queries end at a deadline, with TimeoutError."""
        late = False

        def is_late() -> bool:
            nonlocal late
            late = time.monotonic() > deadline
            return late

        try:
            with self._connections.reading() as connection:
                connection.set_progress_handler(is_late, 5000)
                try:
                    yield connection
                finally:
                    connection.set_progress_handler(None, 0)
        except LibraryError:
            if late:
                raise TimeoutError from None
            raise

    def _caught_up(self, deadline: float) -> bool:
        """Read the changes in a thread, which continues after the deadline. Returns whether all are read."""
        with self._lock:
            if self._reader is None or not self._reader.is_alive():
                self._reader = threading.Thread(target=self._read_on, daemon=True)
                self._reader.start()
            reader = self._reader
        reader.join(max(0.0, deadline - time.monotonic()))
        return not reader.is_alive()

    def _read_on(self) -> None:
        try:
            while self._read_part():
                time.sleep(0.001)  # searches have priority
        except LibraryError:
            with self._lock:
                self._begin()

    def _read_part(self) -> bool:
        """Read some videos that are new or changed. Returns whether there are more."""
        with self._connections.reading() as connection:
            changed: Sequence[int] = ()
            moves = self._moves
            if version_of(connection) >= 3:
                first, last = connection.execute("SELECT min(seq), max(seq) FROM moved").fetchone()
                if (last or 0) < moves or (self._newest and (first or 0) > moves + 1):
                    with self._lock:
                        self._begin()  # another file, or more changes than are recorded
                    moves = 0
                if not self._newest:
                    moves = last or 0
                sql = "SELECT seq, video FROM moved WHERE seq > ? ORDER BY seq LIMIT ?"
                rows = connection.execute(sql, (moves, _PART)).fetchall()
                changed = sorted({video for _, video in rows if video <= self._newest})
                moves = rows[-1][0] if rows else moves
            new = connection.execute(f"{_ROW} v.id > ? ORDER BY v.id LIMIT ?", (self._newest, _PART)).fetchall()
            again = []
            if changed:
                among = ",".join("?" * len(changed))
                again = connection.execute(f"{_ROW} v.id IN ({among})", changed).fetchall()
        with self._lock:
            for video in changed:
                self._table.forget(video)
            for row in (*again, *new):
                self._table.put(*row)
            self._moves = moves
            self._newest = new[-1][0] if new else self._newest
        return len(new) == _PART or len(changed) >= _PART


def _spelled(columns: Mapping[str, str], name: str) -> str:
    """The name of the column with a folded name, as written in the CSV."""
    return next((each for each in columns if folded(each) == name), name)


def _is_all(query: Query) -> bool:
    return not (query.words or query.without or query.facts or query.sources) and not bound_conditions(query)[0]


def _all(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM videos").fetchone()[0])


def _moments(connection: sqlite3.Connection, query: Query) -> int:
    """The number of results of a query with words."""
    tail, values = word_rows(connection, query)
    return int(connection.execute(f"SELECT count(*) {tail}", values).fetchone()[0])


def _videos(connection: sqlite3.Connection, query: Query) -> Sequence[int]:
    where, values = video_conditions(query, has_few(connection, query))
    return array("I", [row[0] for row in connection.execute(f"SELECT v.id FROM videos v WHERE {where}", values)])
