"""Choose the frames that a reader gets, during the decode: memory does not grow with the video.

The frames of a reader do not depend on the other readers of the same decode.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.readers.protocol import PictureBatch, Pictures

_MIN_RATE = 2  # minimum frames a second that are compared, so that no scene of half a second is missed
_CELL = 16  # pixels: a change of one letter or digit changes a cell a lot
_CHANGED = 8.0  # mean levels by which one cell differs: more than an encoder changes it
_CUT = 18.0  # mean levels by which the whole frame differs from the one half a second before
_MAX_CANDIDATES = 8  # frames that are kept of the current scene
_BATCH = 8  # frames
_BATCH_BYTES = 16 << 20

Image = NDArray[np.uint8]


class Candidate(NamedTuple):
    """A frame with its time in seconds."""

    time: float
    image: Image


def rate_of(wanted: Pictures) -> float:
    """How many frames a second must be decoded for a reader."""
    return wanted.per_second if wanted.choose == "all" else max(wanted.per_second, _MIN_RATE)


class Sampler:
    """Chooses the frames of one reader from those of a decode, whose rate is a multiple of the reader's."""

    def __init__(self, wanted: Pictures, decoded_per_second: float) -> None:
        self._choose = wanted.choose
        self._step = round(decoded_per_second / rate_of(wanted))
        self._due = round(decoded_per_second / wanted.per_second)
        self._scene = _SceneFrames()
        self._before: Image | None = None
        self._last: Image | None = None
        self._scene_has_frame = False
        self._batch: list[Candidate] = []

    def take(self, number: int, time: float, image: Image) -> PictureBatch | None:
        """Add a decoded frame. If a batch for the reader is full, return it.

        Args:
            number: the frame's number, from 0, at the decoded rate.
            time: its time in seconds.
            image: height x width x 3.
        """
        if number % self._step:
            return None
        frame = Candidate(time, image)
        if self._choose == "all":
            self._batch.append(frame)
        else:
            self._compare(frame, due=number % self._due == 0)
        return self._full_batch()

    def rest(self) -> PictureBatch | None:
        """The last batch, after the last frame."""
        if self._choose != "all":
            self._end_scene()
        return self._take_batch()

    def _compare(self, frame: Candidate, due: bool) -> None:
        if self._before is not None and is_cut(self._before, frame.image):
            self._end_scene()
        self._before = frame.image
        self._scene.add(frame)
        if due and self._choose == "changed":
            self._add_if_changed(frame)

    def _end_scene(self) -> None:
        """If the reader got no frame of the scene, it gets the middle one."""
        middle = self._scene.middle()
        if middle is not None and self._choose == "scene":
            self._batch.append(middle)
        elif middle is not None and not self._scene_has_frame:
            self._add_if_changed(middle)
        self._scene_has_frame = False
        self._scene = _SceneFrames()

    def _add_if_changed(self, frame: Candidate) -> None:
        if self._last is None or is_changed(self._last, frame.image):
            self._last = frame.image
            self._scene_has_frame = True
            self._batch.append(frame)

    def _full_batch(self) -> PictureBatch | None:
        size = self._batch[0].image.nbytes if self._batch else 1
        return self._take_batch() if len(self._batch) >= max(1, min(_BATCH, _BATCH_BYTES // size)) else None

    def _take_batch(self) -> PictureBatch | None:
        if not self._batch:
            return None
        images = np.stack([frame.image for frame in self._batch])
        images.flags.writeable = False
        batch = PictureBatch(tuple(frame.time for frame in self._batch), images)
        self._batch = []
        return batch


class _SceneFrames:
    """Some evenly spaced frames of the current scene: the longer it is, the farther apart they are."""

    def __init__(self) -> None:
        self._kept: list[Candidate] = []
        self._seen = 0
        self._spacing = 1
        self._end = 0.0

    def add(self, frame: Candidate) -> None:
        if self._seen % self._spacing == 0:
            self._kept.append(frame)
        if len(self._kept) > _MAX_CANDIDATES:
            self._kept = self._kept[::2]
            self._spacing *= 2
        self._seen += 1
        self._end = frame.time

    def middle(self) -> Candidate | None:
        if not self._kept:
            return None
        middle = (self._kept[0].time + self._end) / 2
        return min(self._kept, key=lambda frame: abs(frame.time - middle))


def is_changed(before: Image, after: Image) -> bool:
    """Whether two frames differ anywhere by more than an encoder changes an image."""
    return float(cells_of(np.abs(_levels(before) - _levels(after))).max()) > _CHANGED


def is_cut(before: Image, after: Image) -> bool:
    """Whether two frames half a second apart are, or may be, from different scenes."""
    return float(np.abs(cells_of(_levels(before)) - cells_of(_levels(after))).mean()) > _CUT


def _levels(image: Image) -> NDArray[np.int16]:
    """The green channel, which has most of the brightness."""
    return image[:, :, 1].astype(np.int16)


def cells_of(levels: NDArray[np.int16]) -> NDArray[np.float64]:
    """The means of the cells of a frame; the rest at its right and lower edge belongs to the last cell."""
    rows = np.arange(0, max(1, levels.shape[0] - _CELL + 1), _CELL)
    columns = np.arange(0, max(1, levels.shape[1] - _CELL + 1), _CELL)
    sums = np.add.reduceat(np.add.reduceat(levels, rows, axis=0, dtype=np.int32), columns, axis=1)
    heights = np.diff([*rows, levels.shape[0]])
    widths = np.diff([*columns, levels.shape[1]])
    means: NDArray[np.float64] = sums / np.outer(heights, widths)
    return means
