"""Which pictures of a decode a reader gets, chosen while they come: memory does not grow with the video.

What a reader gets does not depend on what other readers of the same decode need.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.readers.protocol import PictureBatch, Pictures

_LOOKS = 2  # pictures a second that are looked at, so that no shot of half a second is missed
_CELL = 16  # pixels: a change of one letter or digit changes a cell by much
_CHANGED = 8.0  # mean levels by which one cell differs, more than a coder changes it
_CUT = 18.0  # mean levels by which the whole picture differs from the one half a second before
_MOST_CANDIDATES = 8  # pictures that are kept of the running shot
_BATCH = 8  # pictures
_BATCH_BYTES = 16 << 20

Image = NDArray[np.uint8]


class Candidate(NamedTuple):
    """A picture with its second."""

    time: float
    image: Image


def rate_of(wanted: Pictures) -> float:
    """Pictures a second that have to be decoded for a reader."""
    return wanted.per_second if wanted.choose == "all" else max(wanted.per_second, _LOOKS)


class Sampler:
    """Chooses the pictures of one reader from those of a decode, which come at a multiple of its rate."""

    def __init__(self, wanted: Pictures, decoded_per_second: float) -> None:
        self._choose = wanted.choose
        self._step = round(decoded_per_second / rate_of(wanted))
        self._due = round(decoded_per_second / wanted.per_second)
        self._shot = _Shot()
        self._before: Image | None = None
        self._last: Image | None = None
        self._passed_of_shot = False
        self._batch: list[Candidate] = []

    def take(self, number: int, time: float, image: Image) -> PictureBatch | None:
        """Look at a picture of the decode; a batch of pictures for the reader, where one is full.

        Args:
            number: the picture's, from 0, at the rate that is decoded.
            time: its second.
            image: height x width x 3.
        """
        if number % self._step:
            return None
        picture = Candidate(time, image)
        if self._choose == "all":
            self._batch.append(picture)
        else:
            self._look(picture, due=number % self._due == 0)
        return self._full_batch()

    def rest(self) -> PictureBatch | None:
        """What is left, after the last picture."""
        if self._choose != "all":
            self._end_shot()
        return self._taken()

    def _look(self, picture: Candidate, due: bool) -> None:
        if self._before is not None and is_cut(self._before, picture.image):
            self._end_shot()
        self._before = picture.image
        self._shot.add(picture)
        if due and self._choose == "changed":
            self._pass_if_changed(picture)

    def _end_shot(self) -> None:
        """Where the reader has no picture of the shot, it gets the one in its middle."""
        middle = self._shot.middle()
        if middle is not None and self._choose == "scene":
            self._batch.append(middle)
        elif middle is not None and not self._passed_of_shot:
            self._pass_if_changed(middle)
        self._passed_of_shot = False
        self._shot = _Shot()

    def _pass_if_changed(self, picture: Candidate) -> None:
        if self._last is None or is_changed(self._last, picture.image):
            self._last = picture.image
            self._passed_of_shot = True
            self._batch.append(picture)

    def _full_batch(self) -> PictureBatch | None:
        size = self._batch[0].image.nbytes if self._batch else 1
        return self._taken() if len(self._batch) >= max(1, min(_BATCH, _BATCH_BYTES // size)) else None

    def _taken(self) -> PictureBatch | None:
        if not self._batch:
            return None
        images = np.stack([picture.image for picture in self._batch])
        images.flags.writeable = False
        batch = PictureBatch(tuple(picture.time for picture in self._batch), images)
        self._batch = []
        return batch


class _Shot:
    """Some pictures of the running shot, evenly spaced: the longer it is, the farther apart they are."""

    def __init__(self) -> None:
        self._kept: list[Candidate] = []
        self._seen = 0
        self._apart = 1
        self._end = 0.0

    def add(self, picture: Candidate) -> None:
        if self._seen % self._apart == 0:
            self._kept.append(picture)
        if len(self._kept) > _MOST_CANDIDATES:
            self._kept = self._kept[::2]
            self._apart *= 2
        self._seen += 1
        self._end = picture.time

    def middle(self) -> Candidate | None:
        if not self._kept:
            return None
        middle = (self._kept[0].time + self._end) / 2
        return min(self._kept, key=lambda picture: abs(picture.time - middle))


def is_changed(before: Image, after: Image) -> bool:
    """Whether two pictures differ by more than what a coder makes of one picture, in any place."""
    return float(cells_of(np.abs(_levels(before) - _levels(after))).max()) > _CHANGED


def is_cut(before: Image, after: Image) -> bool:
    """Whether two pictures half a second apart are of different shots, or may be."""
    return float(np.abs(cells_of(_levels(before)) - cells_of(_levels(after))).mean()) > _CUT


def _levels(image: Image) -> NDArray[np.int16]:
    """A picture's green, the most of its brightness."""
    return image[:, :, 1].astype(np.int16)


def cells_of(levels: NDArray[np.int16]) -> NDArray[np.float64]:
    """The means of the cells of a picture; what is left at its right and lower edge counts to the last cell."""
    rows = np.arange(0, max(1, levels.shape[0] - _CELL + 1), _CELL)
    columns = np.arange(0, max(1, levels.shape[1] - _CELL + 1), _CELL)
    sums = np.add.reduceat(np.add.reduceat(levels, rows, axis=0, dtype=np.int32), columns, axis=1)
    heights = np.diff([*rows, levels.shape[0]])
    widths = np.diff([*columns, levels.shape[1]])
    means: NDArray[np.float64] = sums / np.outer(heights, widths)
    return means
