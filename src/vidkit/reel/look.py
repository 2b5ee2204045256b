"""Examine a piece of a video: whether it is dull, and whether it looks like another piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vidkit.analysis.decode import Span, decode
from vidkit.analysis.frames import square_frames_output
from vidkit.errors import MediaError
from vidkit.reel.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PER_SECOND = 2
# The same thresholds for black and still as in the reader `quality`.
_DARK, _BLACK_SHARE = 25.5, 0.98
_SAME, _SAME_CELL = 0.5, 4.0
_SHORT = 0.5  # seconds
_SHARE = 0.5  # if this share of a piece's frames is in another piece, it shows the same


class Look(NamedTuple):
    """The result. `seconds`: how much of the piece has frames. `dull`: `black`, `still`, `short` or empty."""

    seconds: float
    dull: str
    hashes: NDArray[np.uint8]

    def shows_the_same(self, other: Look) -> bool:
        """Whether half of the frames are in another piece. Flat frames are not compared."""
        from vidkit.duplicates.pdq import SAME, bits_of, distances

        if not len(self.hashes) or not len(other.hashes):
            return False
        near = distances(bits_of(self.hashes), bits_of(other.hashes)).min(axis=1) <= SAME
        return float(near.mean()) >= _SHARE


def look_at(source: Source, start: float, end: float) -> Look:
    """Decode a piece of a video and examine two frames per second.

    Raises:
        MediaError: ffmpeg failed, or the piece has no frame.
    """
    import numpy as np

    from vidkit.duplicates.pdq import BYTES, SIDE, pdq
    from vidkit.duplicates.signature import GOOD
    from vidkit.readers.sampling import cells_of

    hashes: list[NDArray[np.uint8]] = []
    black: list[bool] = []
    still: list[bool] = []
    before: NDArray[np.int16] | None = None

    def take(number: int, frame: NDArray[np.uint8]) -> None:
        nonlocal before
        found, quality = pdq(frame)
        if quality >= GOOD:
            hashes.append(found)
        black.append(float((frame < _DARK).mean()) >= _BLACK_SHARE)
        levels = frame.astype(np.int16)
        if before is not None:
            change = np.abs(levels - before)
            still.append(float(change.mean()) < _SAME and float(cells_of(change).max()) < _SAME_CELL)
        before = levels

    output = square_frames_output(source.metadata, _PER_SECOND, SIDE, take)
    decode(source.path, source.metadata, [output], span=Span(start, end))
    if not black:
        raise MediaError("there is no frame from {start} to {end} s", start=f"{start:.1f}", end=f"{end:.1f}")
    seen = min(end - start, len(black) / _PER_SECOND)
    dull = "black" if 2 * sum(black) > len(black) else "still" if still and all(still) else ""
    if not dull and seen < _SHORT:
        dull = "short"
    return Look(seen, dull, np.array(hashes, np.uint8).reshape(-1, BYTES))
