"""Going through answers page by page: none comes twice and none is missing, also while records are saved meanwhile.

A page ends at a `Position`, and the next one goes on from there. By a column, that is the value and the number of
the last answer's video; the home remembers what videos that were replaced meanwhile were sorted by before. By
relevance, the position names the ranked answers that are still to come, and the answer below which the rest follows
by age. Videos that came in after the first page are left out. The same in every home.
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
TOO_OLD = message("too much was processed anew since the first page: search again")
Value = float | str
# A piece of a video: (0, 0) is the video itself, (n, m) is entry m (from 0) of the n-th kind of `MOMENT_KEYS`. It
# stays the same where the record gets more pieces of another kind.
PieceKey = tuple[int, int]
MARK = 5  # bytes


@dataclass(frozen=True)
class Position:
    """Where a page ended. It holds nothing but numbers, and the name of a video that was shown.

    Args:
        newest: the video that came in last before the first page; its number says when.
        moves: how many replacements the home had noted then.
        video: the number of the last answer's video; by relevance, of the last ranked answer by age.
        piece: which piece of it.
        value: what that video was sorted by; None by relevance.
        ranked: marks (MARK bytes each) of the ranked answers that are still to come, the best first.
    """

    newest: int
    moves: int
    video: int
    piece: PieceKey = (0, 0)
    value: Value | None = None
    ranked: bytes = b""


class Page(NamedTuple):
    """Some answers, and where the next ones begin; None where there are no more."""

    moments: list[Moment]
    next: Position | None


class Hit(NamedTuple):
    """An answer in an index. `video` is the number that says when its video came in, `place` is that in
    `pieces_of(record)`."""

    video: int
    piece: PieceKey
    place: int
    value: Value | None = None
    rank: float = 0.0


class Answers(Protocol):
    """What a home tells about the answers of one query."""

    def now(self) -> tuple[int, int]:
        """`newest` and `moves` of a position of now."""

    def ranked(self, after: Position | None) -> list[tuple[Hit, Text]]:
        """The latest RANKED answers, the latest first; or those from a position's newest to its last answer."""

    def older(self, after: Position, count: int) -> list[Hit]:
        """The answers that follow a position by age."""

    def sorted(self, after: Position | None, count: int) -> list[Hit]:
        """The first answers by a column, or those that follow a position."""


def page_of(query: Query, after: Position | None, answers: Answers) -> tuple[list[Hit], Position | None]:
    """One page, of `query.limit` answers, and where the next begins."""
    if query.limit is None:
        query = replace(query, limit=2**31)
    if query.order() == "relevance":
        return _by_relevance(query, query.limit or 0, after, answers)
    limit = query.limit or 0
    hits = answers.sorted(after, limit + 1)
    if len(hits) <= limit or not limit:
        return hits[:limit], None
    hits = hits[:limit]
    newest, moves = (after.newest, after.moves) if after else answers.now()
    return hits, Position(newest, moves, hits[-1].video, hits[-1].piece, hits[-1].value)


def _by_relevance(
    query: Query, limit: int, after: Position | None, answers: Answers
) -> tuple[list[Hit], Position | None]:
    hits: list[Hit] = []
    if after is None or after.ranked:
        rows = answers.ranked(after)
        best = best_of(query, rows)
        if after is None:
            if not rows:
                return [], None
            last = rows[-1][0]
            start = Position(*answers.now(), last.video, last.piece)
        else:
            by_mark = {mark(hit): hit for hit in best}
            best = [by_mark[each] for each in _marks(after.ranked) if each in by_mark]
            start = replace(after, ranked=b"")
        if len(best) > limit:
            return best[:limit], replace(start, ranked=b"".join(map(mark, best[limit:])))
        if after is None and len(rows) < RANKED:
            return best, None
        hits = best
    else:
        start = after
    wanted = limit - len(hits)
    more = answers.older(start, wanted + 1)
    hits += more[:wanted]
    if len(more) <= wanted:
        return hits, None
    return hits, replace(start, video=more[wanted - 1].video, piece=more[wanted - 1].piece) if wanted else start


def best_of(query: Query, rows: Sequence[tuple[Hit, Text]]) -> list[Hit]:
    """Answers with their ranks, the best first; of equals, the latest video's."""
    age = {video: at for at, video in enumerate(dict.fromkeys(hit.video for hit, _ in rows))}
    found = [
        hit._replace(rank=rank)
        for (hit, _), rank in zip(rows, ranks(query, [text for _, text in rows]), strict=True)
    ]
    return sorted(found, key=lambda hit: (-hit.rank, age[hit.video], hit.place))


def mark(hit: Hit) -> bytes:
    """What an answer is known by in a position: short, since there may be 500 of them."""
    named = f"{hit.video} {hit.piece[0]} {hit.piece[1]}".encode()
    return hashlib.blake2b(named, digest_size=MARK).digest()


def _marks(ranked: bytes) -> list[bytes]:
    return [ranked[at : at + MARK] for at in range(0, len(ranked), MARK)]


def merged(sort: str, parts: Iterable[Iterable[Hit]], count: int) -> list[Hit]:
    """The first answers of several lists, in the order of a column, each once."""
    down = SORT_COLUMNS[sort][1]
    hits = list({(hit.video, hit.piece): hit for part in parts for hit in part}.values())
    hits.sort(key=lambda hit: hit.place)
    hits.sort(key=lambda hit: (hit.value, hit.video), reverse=down)
    return hits[:count]


def follows(hit: Hit, after: Position, sort: str) -> bool:
    """Whether an answer comes after a position, in the order of a column."""
    here, there = (hit.value, hit.video), (after.value, after.video)
    if here == there:
        return hit.piece > after.piece
    return here < there if SORT_COLUMNS[sort][1] else here > there


def piece_at(layout: Sequence[int], place: int) -> PieceKey:
    """Which piece is at a place, in a record with so many pieces of each kind (`moments.layout_of`)."""
    if place == 0:
        return 0, 0
    place -= 1
    for kind, count in enumerate(layout, 1):
        if place < count:
            return kind, place
        place -= count
    return len(layout) + 1, place


def place_of(layout: Sequence[int], piece: PieceKey) -> int:
    """Where a piece is; where the record has fewer of its kind by now, the place behind the last of them."""
    kind, number = piece
    if kind == 0:
        return min(number, 1)
    before = sum(layout[: kind - 1])
    return 1 + before + (min(number, layout[kind - 1]) if kind <= len(layout) else number)


def place_behind(layout: Sequence[int], piece: PieceKey) -> int:
    """The first place that comes after a piece."""
    return place_of(layout, (piece[0], piece[1] + 1))
