"""Track faces from frame to frame, so that a face stays covered if the model misses it in some frames."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from vidkit.readers.boxes import Box, Found, inside

LONGEST_GAP = 0.5  # maximum seconds without detection in the track of a face
_HELD = 0.2  # seconds before its first and after its last detection in which a face is covered too
_REACH = 0.5  # maximum distance between two detections of a face, in sizes of the face
_REACH_A_SECOND = 3.0  # added to it for each second between the two
_SIZE_RATIO = 2.0  # maximum ratio of its sizes in the two
_WIDER = 0.15  # share of its size by which a box without detection is enlarged on each side
_NEAR = 1e-3


@dataclass
class Track:
    """A face in successive frames: its detections by the number of the frame."""

    hits: dict[int, Found] = field(default_factory=dict)
    first_of_scene: int = 0
    end_of_scene: int = 0

    @property
    def first(self) -> int:
        return next(iter(self.hits))

    @property
    def last(self) -> int:
        return next(reversed(self.hits))

    @property
    def best(self) -> int:
        """The frame with the best score."""
        return max(self.hits, key=lambda number: self.hits[number].score)

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The gaps in which it was not found: the last frame before and the first frame after each."""
        numbers = list(self.hits)
        for before, after in pairwise(numbers):
            if after - before > 1:
                yield before, after

    def boxes(self, times: Sequence[float]) -> Iterator[tuple[int, Box]]:
        """A box for each frame to cover: a detection, or in a gap, or beyond the first or last detection.

        Args:
            times: the times of all frames in seconds.
        """
        number = self.first
        while number > self.first_of_scene and times[self.first] - times[number - 1] <= _HELD + _NEAR:
            number -= 1
            yield number, wider(self.hits[self.first].box, _WIDER)
        for number, found in self.hits.items():
            yield number, found.box
        for before, after in self.gaps():
            for number in range(before + 1, after):
                yield number, wider(self.box_between(before, after, number, times), _WIDER)
        number = self.last
        while number + 1 < self.end_of_scene and times[number + 1] - times[self.last] <= _HELD + _NEAR:
            number += 1
            yield number, wider(self.hits[self.last].box, _WIDER)

    def box_between(self, before: int, after: int, number: int, times: Sequence[float]) -> Box:
        """Its box in a gap, by linear interpolation."""
        whole = times[after] - times[before]
        share = (times[number] - times[before]) / whole if whole > 0 else 0.5
        one, other = self.hits[before].box, self.hits[after].box
        left, top, width, height = (a + (b - a) * share for a, b in zip(one, other, strict=True))
        return left, top, width, height


def wider(box: Box, share: float) -> Box:
    """A box that is larger by a share of its size on each side, but within the frame."""
    left, top, width, height = box
    return inside(
        left - width * share, top - height * share, left + width * (1 + share), top + height * (1 + share)
    )


def follow(
    found: Sequence[Sequence[Found]], times: Sequence[float], cuts: Collection[int], least: float
) -> list[Track]:
    """Join the faces of successive frames to tracks.

    Args:
        found: the faces in each frame, also those with a low score.
        times: the time of each frame in seconds.
        cuts: the frames that begin a new scene: no track goes across them.
        least: minimum score that a face must have in at least one frame.
    """
    tracks: list[Track] = []
    running: list[Track] = []
    scene_start = 0
    for number, faces in enumerate(found):
        if number in cuts:
            running, scene_start = [], number
        running = [each for each in running if _is_recent(each, number, times)]
        free = list(faces)
        for track, face in _pairs(running, free, number, times):
            track.hits[number] = face
            free.remove(face)
        new = [Track({number: face}, first_of_scene=scene_start) for face in free]
        tracks += new
        running += new
    ends = sorted({*cuts, len(found)})
    for track in tracks:
        track.end_of_scene = ends[bisect_right(ends, track.last)]
    return [each for each in tracks if max(hit.score for hit in each.hits.values()) >= least]


def _is_recent(track: Track, number: int, times: Sequence[float]) -> bool:
    return number == track.last + 1 or times[number] - times[track.last] <= LONGEST_GAP + _NEAR


def _pairs(
    running: Sequence[Track], faces: Sequence[Found], number: int, times: Sequence[float]
) -> Iterator[tuple[Track, Found]]:
    """The face of each track: the nearest pairs first, each track and face once."""
    near = []
    for track in running:
        before = track.hits[track.last]
        reach = _REACH + _REACH_A_SECOND * max(0.0, times[number] - times[track.last])
        for face in faces:
            distance = _distance(before.box, face.box)
            if distance <= reach:
                near.append((distance, id(track), id(face), track, face))
    taken: set[int] = set()
    for _, one, other, track, face in sorted(near, key=lambda pair: pair[:3]):
        if not {one, other} & taken:
            taken |= {one, other}
            yield track, face


def _distance(one: Box, other: Box) -> float:
    """The distance between two boxes, in sizes of the larger one; infinite if their sizes differ too much."""
    sizes = [max(math.sqrt(box[2] * box[3]), 1e-6) for box in (one, other)]
    if max(sizes) > _SIZE_RATIO * min(sizes):
        return math.inf
    across = (one[0] + one[2] / 2 - other[0] - other[2] / 2) / max(one[2], other[2], 1e-6)
    down = (one[1] + one[3] / 2 - other[1] - other[3] / 2) / max(one[3], other[3], 1e-6)
    return math.hypot(across, down)
