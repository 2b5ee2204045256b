"""Search for moments similar to another moment, by its vectors in the library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from vidkit.core import printable
from vidkit.core.units import parse_duration
from vidkit.errors import QueryError
from vidkit.library.moments import LibraryEntry, MomentKey, Piece, is_video_key, pieces_of
from vidkit.library.protocol import Library
from vidkit.library.vectors.protocol import TEXT, kind_of
from vidkit.meaning.hybrid import SearchModel, Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

# For texts, the model's floor applies: unrelated texts are no more similar than a query and an unrelated text. For
# images no floor is known, so the most similar are always shown.
_ANY = -1.0


def wanted_like(
    library: Library, models: Iterable[SearchModel], like: str
) -> tuple[list[Wanted], Callable[[MomentKey], bool]]:
    """The search for moments similar to another moment.

    Args:
        library: the library.
        models: the models whose vectors are compared.
        like: `KEY@SECOND`: a video by its id, key, file name or URL, and a second such as `12.5` or `1:05`. It
            means the shortest moment with a vector at this second. Without a second it means the whole video.

    Returns:
        The search by each model, and whether a moment is the given one: in the same video, at this second.

    Raises:
        QueryError: there is no such video, the key fits several, or the second is after its end.
        LibraryError: the library cannot be read.
    """
    entry, second = _meant(library, like)
    url = entry.record["source"]["url"]
    duration = entry.record["duration"]
    if second is not None and second > duration:
        raise QueryError(
            "--like {like}: the video ends after {duration:.1f} s", like=printable(like), duration=duration
        )
    pieces = {(piece.kind, piece.number): piece for piece in pieces_of(entry.record)}
    here = {key for key, piece in pieces.items() if second is None or _is_at(piece, second, duration)}
    wanted = []
    for model in models:
        vector = _vector(library, model.id, url, here, pieces, whole=second is None)
        if vector is not None:
            wanted.append(Wanted(model.id, vector, model.floor if kind_of(model.id) == TEXT else _ANY))
    return wanted, lambda key: key.url == url and (key.kind, key.number) in here


def _vector(
    library: Library,
    model: str,
    url: str,
    here: set[tuple[str, int]],
    pieces: dict[tuple[str, int], Piece],
    whole: bool,
) -> NDArray[Any] | None:
    """The vector of a moment, or the mean of all vectors of a video; None if there is none."""
    import numpy as np

    there = library.vectors_of(model, url)
    rows = [row for row, key in enumerate(there.keys) if key in here] if there else []
    if there is None or not rows:
        return None
    if not whole:
        rows = [min(rows, key=lambda row: pieces[there.keys[row]].end_time - pieces[there.keys[row]].start_time)]
    mean = there.vectors[rows].astype(np.float32).mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length else None


def _is_at(piece: Piece, second: float, duration: float) -> bool:
    """Whether a second is inside a moment; the end of the video is inside the last one."""
    return piece.start_time <= second < piece.end_time or (second >= duration <= piece.end_time)


def _meant(library: Library, like: str) -> tuple[LibraryEntry, float | None]:
    """The video, and the second. A file name may contain an @ too."""
    found, second = _found(library, like), None
    key, at, after = like.rpartition("@")
    if not found and at:
        try:
            second = parse_duration(after)
        except (ValueError, OverflowError):
            shown = printable(after)
            raise QueryError(
                "--like: give KEY@SECOND, as boat.mp4@1:05; {shown!r} is no time", shown=shown
            ) from None
        found = _found(library, key)
    if not found:
        shown = printable(key if second is not None else like)
        raise QueryError("--like: no video of the library has this id, file name or URL: {shown}", shown=shown)
    if len({entry.record["sha256"] for entry in found}) > 1:
        urls = ", ".join(printable(entry.record["source"]["url"]) for entry in found[:5])
        raise QueryError(
            "--like: this means {count} videos: {urls}. Give the URL of one", count=len(found), urls=urls
        )
    return found[0], second


def _found(library: Library, key: str) -> list[LibraryEntry]:
    entry = library.by_key(key) if is_video_key(key) else None
    return [entry] if entry else library.find(key)
