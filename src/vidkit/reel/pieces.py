"""Moments -> the pieces of their videos for a reel, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from vidkit.library.moments import MOMENT_KEYS, LibraryEntry, Moment
from vidkit.record import Record

LEAST = 1.0  # the minimum seconds of a moment in a reel
_LEAD = 0.5  # seconds before and after a reading


class Piece(NamedTuple):
    """A part of a video, in seconds. It is shown up to `end`, or a frame longer if `limit` allows it."""

    start: float
    end: float
    limit: float


class Candidate(NamedTuple):
    """A piece with its moment, and the place of this moment among all: 0 is the best."""

    place: int
    moment: Moment
    entry: LibraryEntry
    piece: Piece


def candidates(moments: Iterable[tuple[Moment, LibraryEntry]], longest: float) -> Iterator[Candidate]:
    """First the best piece of each moment, then the second best of each, and so on.

    Args:
        moments: the best first.
        longest: the maximum seconds of a piece.
    """
    waiting: list[tuple[int, Moment, LibraryEntry, Iterator[Piece]]] = []
    for place, (moment, entry) in enumerate(moments):
        pieces = pieces_of(entry.record, moment, longest)
        for piece in pieces:
            yield Candidate(place, moment, entry, piece)
            waiting.append((place, moment, entry, pieces))
            break
    while waiting:
        for each in list(waiting):
            another = next(each[3], None)
            if another is None:
                waiting.remove(each)
            else:
                yield Candidate(*each[:3], another)


def pieces_of(record: Record, moment: Moment, longest: float) -> Iterator[Piece]:
    """The pieces of one moment. They do not overlap.

    For a scene or a clip, the middle comes first. For a whole video, the middles of its scenes come first, in an
    order that spreads them over the video at any point. A reading has one piece, which begins just before it.
    """
    duration = record["duration"]
    if moment.kind != "video" and moment.kind not in MOMENT_KEYS:
        start = max(0.0, min(moment.second, duration - LEAST) - _LEAD)
        end = min(duration, max(moment.end_time + _LEAD, start + LEAST))
        yield Piece(start, min(end, start + longest), end)
        return
    spans = [(moment.start_time, moment.end_time)]
    if moment.kind == "video" and record["scenes"]:
        spans = [(scene["start_time"], scene["end_time"]) for scene in record["scenes"]]
    tiles = [_tiles(*_widened(start, end, duration), longest) for start, end in spans]
    middles = [each[0] for each in tiles]
    yield from _spread(middles, duration)
    yield from _spread([piece for each in tiles for piece in each[1:]], duration, middles)


def _widened(start: float, end: float, duration: float) -> tuple[float, float]:
    """The span, made at least LEAST seconds long."""
    if end - start >= LEAST:
        return start, end
    start = max(0.0, min((start + end - LEAST) / 2, duration - LEAST))
    return start, min(duration, start + LEAST)


def _tiles(start: float, end: float, longest: float) -> list[Piece]:
    """Split a span into pieces: its middle, then the rest on both sides."""
    if end - start <= longest:
        return [Piece(start, end, end)]
    left = (start + end - longest) / 2
    tiles = [Piece(left, left + longest, end)]
    while left - start >= LEAST:
        before = max(start, left - longest)
        tiles.append(Piece(before, left, left))
        left = before
    right = tiles[0].end
    while end - right >= LEAST:
        after = min(end, right + longest)
        tiles.append(Piece(right, after, end))
        right = after
    return tiles


def _spread(pieces: Sequence[Piece], duration: float, taken: Sequence[Piece] = ()) -> Iterator[Piece]:
    """Pieces in an order in which each is as far as possible from the earlier ones, and half as far from the
    ends."""
    import numpy as np

    middles = np.array([(piece.start + piece.end) / 2 for piece in pieces])
    distance = 2 * np.minimum(middles, duration - middles)
    for piece in taken:
        distance = np.minimum(distance, np.abs(middles - (piece.start + piece.end) / 2))
    for _ in pieces:
        best = int(np.argmax(distance))
        yield pieces[best]
        distance = np.minimum(distance, np.abs(middles - middles[best]))
        distance[best] = -np.inf
