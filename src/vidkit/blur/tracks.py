"""Follow faces from picture to picture, so that one that the model misses for some pictures stays covered."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vidkit.readers.boxes import Box, Found, inside

LONGEST_GAP = 0.5  # seconds in which a face may not be found and still is the same
_HELD = 0.2  # seconds before the first and after the last picture in which it was found, for which it is covered
_REACH = 0.5  # sizes of a face that it may move from one picture to the next
_REACH_A_SECOND = 3.0  # and more of them for each second that lies between
_LIKENESS = 2.0  # how many times larger or smaller it may get
_WIDER = 0.15  # share of its size by which a box is made larger on each side where it is not one that was found
_NEAR = 1e-3


@dataclass
class Track:
    """A face in successive pictures: its box by the number of the picture, where it was found."""

    hits: dict[int, Found] = field(default_factory=dict)
    first_of_shot: int = 0
    end_of_shot: int = 0

    @property
    def first(self) -> int:
        return next(iter(self.hits))

    @property
    def last(self) -> int:
        return next(reversed(self.hits))

    @property
    def best(self) -> int:
        """The picture with the best score."""
        return max(self.hits, key=lambda number: self.hits[number].score)

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The pictures between which it was not found: the last before and the first after each gap."""
        numbers = list(self.hits)
        for before, after in pairwise(numbers):
            if after - before > 1:
                yield before, after

    def boxes(self, times: Sequence[float]) -> Iterator[tuple[int, Box]]:
        """A box for each picture that is to be covered: found, filled between two, or held at an end.

        Args:
            times: the seconds of all pictures.
        """
        number = self.first
        while number > self.first_of_shot and times[self.first] - times[number - 1] <= _HELD + _NEAR:
            number -= 1
            yield number, wider(self.hits[self.first].box, _WIDER)
        for number, found in self.hits.items():
            yield number, found.box
        for before, after in self.gaps():
            for number in range(before + 1, after):
                yield number, wider(self.box_between(before, after, number, times), _WIDER)
        number = self.last
        while number + 1 < self.end_of_shot and times[number + 1] - times[self.last] <= _HELD + _NEAR:
            number += 1
            yield number, wider(self.hits[self.last].box, _WIDER)

    def box_between(self, before: int, after: int, number: int, times: Sequence[float]) -> Box:
        """Where it is on the straight way from one picture to another."""
        whole = times[after] - times[before]
        share = (times[number] - times[before]) / whole if whole > 0 else 0.5
        one, other = self.hits[before].box, self.hits[after].box
        left, top, width, height = (a + (b - a) * share for a, b in zip(one, other, strict=True))
        return left, top, width, height


def wider(box: Box, share: float) -> Box:
    """A box that is larger by a share of its size on each side, and ends at the picture's edges."""
    left, top, width, height = box
    return inside(
        left - width * share, top - height * share, left + width * (1 + share), top + height * (1 + share)
    )


def follow(
    found: Sequence[Sequence[Found]], times: Sequence[float], cuts: Collection[int], least: float
) -> list[Track]:
    """Put the faces of successive pictures together.

    Args:
        found: the faces in each picture, those with a low score too.
        times: the second of each.
        cuts: the pictures that begin a new shot: nothing is followed across them.
        least: the score that a face has to have in one of its pictures at least.
    """
    tracks: list[Track] = []
    running: list[Track] = []
    shot = 0
    for number, faces in enumerate(found):
        if number in cuts:
            running, shot = [], number
        running = [each for each in running if _goes_on(each, number, times)]
        free = list(faces)
        for track, face in _pairs(running, free, number, times):
            track.hits[number] = face
            free.remove(face)
        new = [Track({number: face}, first_of_shot=shot) for face in free]
        tracks += new
        running += new
    ends = sorted({*cuts, len(found)})
    for track in tracks:
        track.end_of_shot = ends[bisect_right(ends, track.last)]
    return [each for each in tracks if max(hit.score for hit in each.hits.values()) >= least]


def _goes_on(track: Track, number: int, times: Sequence[float]) -> bool:
    return number == track.last + 1 or times[number] - times[track.last] <= LONGEST_GAP + _NEAR


def _pairs(
    running: Sequence[Track], faces: Sequence[Found], number: int, times: Sequence[float]
) -> Iterator[tuple[Track, Found]]:
    """Which face belongs to which track: the nearest first, each once."""
    near = []
    for track in running:
        before = track.hits[track.last]
        reach = _REACH + _REACH_A_SECOND * max(0.0, times[number] - times[track.last])
        for face in faces:
            apart = _apart(before.box, face.box)
            if apart <= reach:
                near.append((apart, id(track), id(face), track, face))
    taken: set[int] = set()
    for _, one, other, track, face in sorted(near, key=lambda pair: pair[:3]):
        if not {one, other} & taken:
            taken |= {one, other}
            yield track, face


def _apart(one: Box, other: Box) -> float:
    """How far two boxes are from each other, in sizes of a face; infinite where their sizes are too unlike."""
    sizes = [max(math.sqrt(box[2] * box[3]), 1e-6) for box in (one, other)]
    if max(sizes) > _LIKENESS * min(sizes):
        return math.inf
    across = (one[0] + one[2] / 2 - other[0] - other[2] / 2) / max(one[2], other[2], 1e-6)
    down = (one[1] + one[3] / 2 - other[1] - other[3] / 2) / max(one[3], other[3], 1e-6)
    return math.hypot(across, down)
