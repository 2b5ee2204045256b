"""Search results page by page: none is repeated or missing, even if records are saved between the pages.

A page ends at a `Position`, and the next page continues from there. If the results are sorted by a column, the
position is the value and the number of the last result's video. The backend keeps the earlier sort values of
replaced videos. If the results are sorted by relevance, the position has the ranked results that are still to come,
and the result from which the rest continues by age. Videos that were added after the first page are left out. This
is the same for all backends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from vidkit.library.moments import Moment, Text
from vidkit.library.query import SORT_COLUMNS, Query
from vidkit.library.ranking import RANKED, ranks
from vidkit.messages import message

FOREIGN = message("this page is of another library: search again")
TOO_OLD = message("too many videos were processed again since the first page: search again")
Value = float | str
# A piece of a video: (0, 0) is the video itself, (n, m) is entry m (from 0) of the n-th kind of `MOMENT_KEYS`. It
# stays the same if the record gets more pieces of another kind.
PieceKey = tuple[int, int]
MARK = 5  # bytes


@dataclass(frozen=True)
class Position:
    """Where a page ended. It has only numbers, and the name of a video that was shown.

    Args:
        newest: the number of the last video that was added before the first page.
        moves: how many replacements the backend had recorded then.
        video: the number of the last result's video; by relevance, of the oldest ranked result.
        piece: its piece.
        value: the sort value of that video; None by relevance.
        ranked: marks (MARK bytes each) of the ranked results that are still to come, the best first.
    """

    newest: int
    moves: int
    video: int
    piece: PieceKey = (0, 0)
    value: Value | None = None
    ranked: bytes = b""


class Page(NamedTuple):
    """Some results, and the position of the next page; None if there are no more."""

    moments: list[Moment]
    next: Position | None


class Match(NamedTuple):
    """A match in an index. A later video has a greater number. `place` is the index in `pieces_of(record)`."""

    video: int
    piece: PieceKey
    place: int
    value: Value | None = None
    rank: float = 0.0


class Results(Protocol):
    """The results of one query in a backend."""

    def now(self) -> tuple[int, int]:
        """The current `newest` and `moves` for a position."""

    def ranked(self, after: Position | None) -> list[tuple[Match, Text]]:
        """The latest RANKED results, the latest first; or those from a position's newest to its last result."""

    def older(self, after: Position, count: int) -> list[Match]:
        """The results after a position, by age."""

    def sorted(self, after: Position | None, count: int) -> list[Match]:
        """The first results by a column, or those after a position."""


def page_of(query: Query, after: Position | None, results: Results) -> tuple[list[Match], Position | None]:
    """One page of `query.limit` results, and the position of the next."""
    if query.limit is None:
        query = replace(query, limit=2**31)
    if query.order() == "relevance":
        return _by_relevance(query, query.limit or 0, after, results)
    limit = query.limit or 0
    matches = results.sorted(after, limit + 1)
    if len(matches) <= limit or not limit:
        return matches[:limit], None
    matches = matches[:limit]
    newest, moves = (after.newest, after.moves) if after else results.now()
    return matches, Position(newest, moves, matches[-1].video, matches[-1].piece, matches[-1].value)


def _by_relevance(
    query: Query, limit: int, after: Position | None, results: Results
) -> tuple[list[Match], Position | None]:
    matches: list[Match] = []
    if after is None or after.ranked:
        rows = results.ranked(after)
        best = best_of(query, rows)
        if after is None:
            if not rows:
                return [], None
            last = rows[-1][0]
            start = Position(*results.now(), last.video, last.piece)
        else:
            by_mark = {mark(match): match for match in best}
            best = [by_mark[each] for each in _marks(after.ranked) if each in by_mark]
            start = replace(after, ranked=b"")
        if len(best) > limit:
            return best[:limit], replace(start, ranked=b"".join(map(mark, best[limit:])))
        if after is None and len(rows) < RANKED:
            return best, None
        matches = best
    else:
        start = after
    wanted = limit - len(matches)
    more = results.older(start, wanted + 1)
    matches += more[:wanted]
    if len(more) <= wanted:
        return matches, None
    return matches, replace(start, video=more[wanted - 1].video, piece=more[wanted - 1].piece) if wanted else start


def best_of(query: Query, rows: Sequence[tuple[Match, Text]]) -> list[Match]:
    """Matches with their ranks, the best first; if ranks are equal, the latest video first."""
    age = {video: at for at, video in enumerate(dict.fromkeys(match.video for match, _ in rows))}
    found = [
        match._replace(rank=rank)
        for (match, _), rank in zip(rows, ranks(query, [text for _, text in rows]), strict=True)
    ]
    return sorted(found, key=lambda match: (-match.rank, age[match.video], match.place))


def mark(match: Match) -> bytes:
    """A short key of a match in a position, which may have 500 of them."""
    named = f"{match.video} {match.piece[0]} {match.piece[1]}".encode()
    return hashlib.blake2b(named, digest_size=MARK).digest()


def _marks(ranked: bytes) -> list[bytes]:
    return [ranked[at : at + MARK] for at in range(0, len(ranked), MARK)]


def merged(sort: str, parts: Iterable[Iterable[Match]], count: int) -> list[Match]:
    """The first matches of several lists, in the order of a column, without duplicates."""
    down = SORT_COLUMNS[sort][1]
    matches = list({(match.video, match.piece): match for part in parts for match in part}.values())
    matches.sort(key=lambda match: match.place)
    matches.sort(key=lambda match: (match.value, match.video), reverse=down)
    return matches[:count]


def follows(match: Match, after: Position, sort: str) -> bool:
    """Whether a match comes after a position, in the order of a column."""
    here, there = (match.value, match.video), (after.value, after.video)
    if here == there:
        return match.piece > after.piece
    return here < there if SORT_COLUMNS[sort][1] else here > there


def piece_at(layout: Sequence[int], place: int) -> PieceKey:
    """The piece at a place in a record with this many pieces of each kind (`moments.layout_of`)."""
    if place == 0:
        return 0, 0
    place -= 1
    for kind, count in enumerate(layout, 1):
        if place < count:
            return kind, place
        place -= count
    return len(layout) + 1, place


def place_of(layout: Sequence[int], piece: PieceKey) -> int:
    """The place of a piece; if the record now has fewer of its kind, the place after the last of them."""
    kind, number = piece
    if kind == 0:
        return min(number, 1)
    before = sum(layout[: kind - 1])
    return 1 + before + (min(number, layout[kind - 1]) if kind <= len(layout) else number)


def place_behind(layout: Sequence[int], piece: PieceKey) -> int:
    """The first place that comes after a piece."""
    return place_of(layout, (piece[0], piece[1] + 1))
