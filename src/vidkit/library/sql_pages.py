"""The results of a query in an SQL database (SQLite and PostgreSQL), for `paging.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from vidkit.errors import QueryError
from vidkit.library.moments import Text
from vidkit.library.paging import FOREIGN, TOO_OLD, Match, Position, merged, piece_at, place_behind, place_of
from vidkit.library.query import SORT_COLUMNS, Query
from vidkit.library.ranking import RANKED
from vidkit.library.sql import PLACE_BITS

# The sort value of a video at the time of the first page, if it was replaced since.
_MOVED = (
    "was (video, value) AS (SELECT video, {column} FROM moved WHERE seq IN "
    "(SELECT min(seq) FROM moved WHERE seq > {seq} GROUP BY video))"
)
Layout = Sequence[int]


class SqlIndex(Protocol):
    """A library on one connection, with the tables `videos`, `words` and `moved` (see `sqlite/file.py`)."""

    @property
    def has_moves(self) -> bool:
        """Whether it has `moved`. A library of an older vidkit that cannot be written does not."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement, with `?` for its values."""

    def word_rows(self, query: Query) -> tuple[str, list[Any]]:
        """FROM and WHERE of the rows of `words` that match, and the values to bind."""

    def video_conditions(self, query: Query) -> tuple[str, list[Any]]:
        """The condition for a row `v` of `videos` that matches, or has a moment that does; the values to bind."""


class SqlResults:
    """The results of one query (see `paging.Results`)."""

    def __init__(self, index: SqlIndex, query: Query) -> None:
        self._index = index
        self._query = query

    def now(self) -> tuple[int, int]:
        newest = self._number("SELECT max(id) FROM videos")
        return newest, self._number("SELECT max(seq) FROM moved") if self._index.has_moves else 0

    def ranked(self, after: Position | None) -> list[tuple[Match, Text]]:
        spans, values = [], []
        if after is not None:
            first = self._row_of(after)
            spans, values = ["words.rowid >= ?", "words.rowid < ?"], [first, (after.newest + 1) << PLACE_BITS]
        rows = self._by_age("words.rowid, own, shared", spans, values, RANKED if after is None else 2 * RANKED)
        matches = self._matches([(row[0], None) for row in rows])
        return [
            (match, Text(match.place, own, shared)) for match, (_, own, shared) in zip(matches, rows, strict=True)
        ]

    def older(self, after: Position, count: int) -> list[Match]:
        rows = self._by_age("words.rowid", ["words.rowid < ?"], [self._row_of(after)], count)
        return self._matches([(row[0], None) for row in rows])

    def sorted(self, after: Position | None, count: int) -> list[Match]:
        if after is None:
            return self._matches(self._sorted_rows([], [], count))
        _check(after)
        column, down = SORT_COLUMNS[self._query.order()]
        sign = "<" if down else ">"
        span = "v.id <= ? AND ((VALUE, v.id) SIGN (?, ?)"
        values: list[Any] = [after.newest, after.value, after.video]
        if self._query.words:
            span += " OR (v.id = ? AND words.rowid >= ?)"
            values += [
                after.video,
                after.video << PLACE_BITS | place_behind(self._layout(after.video), after.piece),
            ]
        span = span.replace("SIGN", sign) + ")"
        here = span.replace("VALUE", f"v.{column}")
        if not self._moved_since(after.moves):
            return self._matches(self._sorted_rows([here], values, count))
        there = span.replace("VALUE", "was.value")
        moved = _MOVED.format(column=column, seq=after.moves)
        stayed = self._sorted_rows([here, "v.id NOT IN (SELECT video FROM was)"], values, count, moved)
        gone = self._sorted_rows([there], values, count, moved, "was.value")
        return merged(self._query.order(), (self._matches(stayed), self._matches(gone)), count)

    def _moved_since(self, moves: int) -> bool:
        if not self._index.has_moves or self._number("SELECT max(seq) FROM moved") <= moves:
            return False
        if self._number("SELECT min(seq) FROM moved") > moves + 1:
            raise QueryError(TOO_OLD)
        return True

    def _sorted_rows(
        self, spans: list[str], values: list[Any], count: int, moved: str = "", value: str = ""
    ) -> list[tuple[int, Any]]:
        """(row of `words`, sort value of its video)."""
        column, down = SORT_COLUMNS[self._query.order()]
        order = f"{value or f'v.{column}'} {'DESC' if down else ''}, v.id {'DESC' if down else ''}"
        if self._query.words:
            tail, bound = self._index.word_rows(self._query)
            row, order = "words.rowid", f"{order}, words.rowid"
        else:
            where, bound = self._index.video_conditions(self._query)
            row, tail = f"v.id << {PLACE_BITS}", f"FROM videos v WHERE {where}"
        if value:
            tail = tail.replace("WHERE", "JOIN was ON was.video = v.id WHERE", 1)
        sql = f"SELECT {row}, {value or f'v.{column}'} {' AND '.join([tail, *spans])} ORDER BY {order} LIMIT ?"
        if moved:
            sql = f"WITH {moved} {sql}"
        return self._index.rows(sql, (*bound, *values, count))

    def _by_age(self, columns: str, spans: list[str], values: list[Any], count: int) -> list[Any]:
        """Rows of `words`, the latest first."""
        tail, bound = self._index.word_rows(self._query)
        # By the video first if videos are scanned one by one: FTS5 is slow at reading a part backwards.
        order = "v.id DESC, words.rowid DESC" if "CROSS" in tail else "words.rowid DESC"
        sql = f"SELECT {columns} {' AND '.join([tail, *spans])} ORDER BY {order} LIMIT ?"
        return self._index.rows(sql, (*bound, *values, count))

    def _row_of(self, after: Position) -> int:
        """The row of `words` of a position's last result, or where it was."""
        _check(after)
        return after.video << PLACE_BITS | place_of(self._layout(after.video), after.piece)

    def _matches(self, rows: Sequence[tuple[int, Any]]) -> list[Match]:
        found = [(*divmod(row, 1 << PLACE_BITS), value) for row, value in rows]
        layouts = self._layouts(list(dict.fromkeys(video for video, place, _ in found if place)))
        return [
            Match(video, piece_at(layouts.get(video, ()), place), place, value) for video, place, value in found
        ]

    def _layout(self, video: int) -> Layout:
        return self._layouts([video]).get(video, ())

    def _layouts(self, videos: Sequence[int]) -> dict[int, Layout]:
        """Video -> number of its pieces of each kind, if the library has it."""
        found: dict[int, Layout] = {}
        for at in range(0, len(videos), 500) if self._index.has_moves else ():
            part = videos[at : at + 500]
            sql = f"SELECT id, pieces FROM videos WHERE id IN ({','.join('?' * len(part))})"
            for video, text in self._index.rows(sql, part):
                found[video] = [int(count) for count in text.split(",")] if text else ()
        return found

    def _number(self, sql: str) -> int:
        return int(self._index.rows(sql)[0][0] or 0)


def _check(after: Position) -> None:
    """Raise QueryError for a position with numbers that no row has: it is from MongoDB."""
    if not all(0 <= number < 2**63 >> PLACE_BITS for number in (after.newest, after.video, after.moves)):
        raise QueryError(FOREIGN)
