"""Moments like another one: by the vectors that the library has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from vidkit.core import printable
from vidkit.core.units import parse_duration
from vidkit.errors import QueryError
from vidkit.library.moments import LibraryEntry, MomentKey, Piece, is_video_key, pieces_of
from vidkit.library.protocol import Library
from vidkit.library.vectors.protocol import TEXT, kind_of
from vidkit.meaning.hybrid import Sense, Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Texts that have nothing to do with each other are no more alike than a query is like a text. How alike two such
# pictures are is not known: the nearest are shown, however near.
_ANY = -1.0


def wanted_like(
    home: Library, senses: Iterable[Sense], like: str
) -> tuple[list[Wanted], Callable[[MomentKey], bool]]:
    """What to look for to find moments like another one.

    Args:
        home: the library.
        senses: the models whose vectors are compared.
        like: `KEY@SECOND`: a video by its id, key, file name or URL, and a second such as `12.5` or `1:05`. The
            moment is the shortest that has a vector and is going on then. Without a second it is the whole video.

    Returns:
        What is asked of each model, and which moments are the same one: those of its video that are going on then.

    Raises:
        QueryError: there is no such video, several are meant, or the second is behind its end.
        LibraryError: the library cannot be read.
    """
    entry, second = _meant(home, like)
    url = entry.record["source"]["url"]
    duration = entry.record["duration"]
    if second is not None and second > duration:
        raise QueryError(
            "--like {like}: the video ends after {duration:.1f} s", like=printable(like), duration=duration
        )
    pieces = {(piece.kind, piece.number): piece for piece in pieces_of(entry.record)}
    here = {key for key, piece in pieces.items() if second is None or _goes_on(piece, second, duration)}
    wanted = []
    for sense in senses:
        vector = _vector(home, sense.id, url, here, pieces, whole=second is None)
        if vector is not None:
            wanted.append(Wanted(sense.id, vector, sense.floor if kind_of(sense.id) == TEXT else _ANY))
    return wanted, lambda key: key.url == url and (key.kind, key.number) in here


def _vector(
    home: Library,
    model: str,
    url: str,
    here: set[tuple[str, int]],
    pieces: dict[tuple[str, int], Piece],
    whole: bool,
) -> NDArray[Any] | None:
    """The vector of a moment, or the middle of those of a whole video; None where there is none."""
    import numpy as np

    there = home.vectors_of(model, url)
    rows = [row for row, key in enumerate(there.keys) if key in here] if there else []
    if there is None or not rows:
        return None
    if not whole:
        rows = [min(rows, key=lambda row: pieces[there.keys[row]].end_time - pieces[there.keys[row]].start_time)]
    middle = there.vectors[rows].astype(np.float32).mean(axis=0)
    length = float(np.linalg.norm(middle))
    return middle / length if length else None


def _goes_on(piece: Piece, second: float, duration: float) -> bool:
    """Whether a moment is going on at a second; the last one also at the end of the video."""
    return piece.start_time <= second < piece.end_time or (second >= duration <= piece.end_time)


def _meant(home: Library, like: str) -> tuple[LibraryEntry, float | None]:
    """The video, and the second of it. A name may have an @ of its own."""
    found, second = _found(home, like), None
    key, at, after = like.rpartition("@")
    if not found and at:
        try:
            second = parse_duration(after)
        except (ValueError, OverflowError):
            shown = printable(after)
            raise QueryError(
                "--like: give KEY@SECOND, as boat.mp4@1:05; {shown!r} is no time", shown=shown
            ) from None
        found = _found(home, key)
    if not found:
        shown = printable(key if second is not None else like)
        raise QueryError("--like: no video of the library has this id, file name or URL: {shown}", shown=shown)
    if len({entry.record["sha256"] for entry in found}) > 1:
        urls = ", ".join(printable(entry.record["source"]["url"]) for entry in found[:5])
        raise QueryError(
            "--like: this means {count} videos: {urls}. Give the URL of one", count=len(found), urls=urls
        )
    return found[0], second


def _found(home: Library, key: str) -> list[LibraryEntry]:
    entry = home.by_key(key) if is_video_key(key) else None
    return [entry] if entry else home.find(key)
