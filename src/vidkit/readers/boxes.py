"""Boxes in frames: their overlap, which of them show the same object, and spans of objects that stay in place.

A box is left, top, width and height, as fractions of the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.readers.protocol import Span

Box = tuple[float, float, float, float]
_SAME_PLACE = 0.3  # minimum overlap with the previous box of the same span


class Found(NamedTuple):
    """An object in a frame: its box, its score from 0 to 1, its label."""

    box: Box
    score: float
    label: str = ""


def overlap(one: Box, other: Box) -> float:
    """The intersection over union of two boxes, 0 to 1."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def keep_best(boxes: NDArray[np.float32], scores: NDArray[np.float32], most: float) -> list[int]:
    """Non-maximum suppression: the boxes that do not overlap a better one by more than `most`, best first.

    Args:
        boxes: n x 4: left, top, right, bottom.
        scores: n.
        most: 0 to 1, as `overlap`.
    """
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        size = np.minimum(boxes[best, 2:], boxes[order, 2:]) - np.maximum(boxes[best, :2], boxes[order, :2])
        shared = np.clip(size, 0, None).prod(axis=1)
        order = order[shared <= most * (areas[best] + areas[order] - shared)]
    return kept


def inside(left: float, top: float, right: float, bottom: float) -> Box:
    """A box, cut off at the frame's edges."""
    left, top = min(max(left, 0.0), 1.0), min(max(top, 0.0), 1.0)
    return left, top, max(min(right, 1.0) - left, 0.0), max(min(bottom, 1.0) - top, 0.0)


@dataclass
class _OpenSpan:
    """An object that stays in its place: its start, its latest box, its boxes so far."""

    since: float
    label: str
    last: Box
    score: float
    boxes: list[Box] = field(default_factory=list)

    def add(self, found: Found) -> None:
        self.last = found.box
        self.score = max(self.score, found.score)
        self.boxes.append(found.box)

    def span(self, end: float) -> Span:
        """The span from its first frame to `end`, with the smallest box around all of its boxes."""
        left, top = (min(box[side] for box in self.boxes) for side in (0, 1))
        right, bottom = (max(box[side] + box[side + 2] for box in self.boxes) for side in (0, 1))
        box = inside(left, top, right, bottom)
        return Span(self.since, end, label=self.label, score=round(self.score, 4), box=box)


class ObjectSpans:
    """Makes spans from the objects in successive frames: an object has one span while it stays in its place.

    A frame counts until the next one: a reader gets only frames that differ.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.most = 0
        """The maximum number of objects in one frame."""
        self._open: list[_OpenSpan] = []
        self._since: float | None = None
        self._seconds: dict[str, float] = {}

    def add(self, time: float, found: Sequence[Found]) -> None:
        """Add a frame with its time in seconds and its objects."""
        self._count(time)
        self.most = max(self.most, len(found))
        before, self._open = self._open, []
        for each in found:
            near = max(
                (open_span for open_span in before if open_span.label == each.label),
                key=lambda open_span: overlap(open_span.last, each.box),
                default=None,
            )
            if near is not None and overlap(near.last, each.box) >= _SAME_PLACE:
                before.remove(near)
            else:
                near = _OpenSpan(time, each.label, each.box, each.score)
            near.add(each)
            self._open.append(near)
        self.spans += [open_span.span(time) for open_span in before]

    def end(self, duration: float) -> None:
        """End all spans at the end of the video."""
        self._count(duration)
        self.spans += [open_span.span(max(duration, open_span.since)) for open_span in self._open]
        self._open = []

    def seconds(self, label: str) -> float:
        """For how many seconds an object with this label was there."""
        return self._seconds.get(label, 0.0)

    def _count(self, time: float) -> None:
        if self._since is not None:
            for label in {open_span.label for open_span in self._open}:
                self._seconds[label] = self._seconds.get(label, 0.0) + max(0.0, time - self._since)
        self._since = time
