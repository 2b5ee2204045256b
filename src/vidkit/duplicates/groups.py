"""Groups of videos that are copies of each other, and which video of each group is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from vidkit.duplicates.compare import NOTHING, SHARE, Match, match
from vidkit.duplicates.index import copies_among
from vidkit.duplicates.signature import Signature, from_record
from vidkit.library.protocol import PicturesOf

IDENTICAL = Match(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Copy:
    """A video that shows the same as the one that is kept; `match` is of the shorter one in the longer one."""

    video: PicturesOf
    match: Match
    same_file: bool
    """Whether both have the same bytes."""
    reason: str
    """Why the other one is kept."""


@dataclass(frozen=True)
class Group:
    """A video that is kept, and its copies."""

    kept: PicturesOf
    copies: tuple[Copy, ...]


class CopyFinder:
    """Finds the videos of a library that show the same.

    `videos` are in the order in which they were added. `unknown` is the number of videos without hashes: only their
    SHA-256 is compared.
    """

    def __init__(self, videos: Iterable[PicturesOf]) -> None:
        self.videos: list[PicturesOf] = []
        self.signatures: list[Signature | None] = []
        for each in videos:
            self.signatures.append(from_record(each.pictures, each.duration))
            self.videos.append(each._replace(pictures=None))
        self._matches: dict[tuple[int, int], Match] = {}  # of places, the lower first
        self.unknown = sum(each is None for each in self.signatures)

    @cached_property
    def _connected(self) -> list[list[int]]:
        """Lists of the places of connected videos: each shows the same as another one in its list. Videos without
        copies are left out."""
        parents = list(range(len(self.videos)))

        def root(place: int) -> int:
            while parents[place] != place:
                parents[place] = place = parents[parents[place]]
            return place

        first: dict[str, int] = {}
        for place, video in enumerate(self.videos):
            parents[root(place)] = root(first.setdefault(video.sha256, place))
        known = [place for place, signature in enumerate(self.signatures) if signature is not None]
        signatures = [each for each in self.signatures if each is not None]
        for one, other, found in copies_among(signatures):
            self._matches[known[one], known[other]] = found
            parents[root(known[other])] = root(known[one])
        together = defaultdict(list)
        for place in range(len(self.videos)):
            together[root(place)].append(place)
        return sorted(places for places in together.values() if len(places) > 1)

    def groups(self) -> list[Group]:
        """Each video that is kept, with its copies.

        The video with the most pixels is kept, then the longest, then the one that was added first. A copy is in a
        group only if most of it is in the video that is kept: a compilation is no copy of its parts.
        """
        found = []
        for places in self._connected:
            left = sorted(places, key=lambda place: _preference(self.videos[place], place))
            while left:
                kept, *left = left
                copies = {place: copy for place in left if (copy := self._copy(kept, place)) is not None}
                left = [place for place in left if place not in copies]
                if copies:
                    found.append(Group(self.videos[kept], tuple(copies.values())))
        return found

    def contents(self) -> dict[str, str]:
        """The SHA-256 of each video with copies -> one SHA-256 for the whole list of connected videos."""
        return {
            self.videos[place].sha256: min(self.videos[other].sha256 for other in places)
            for places in self._connected
            for place in places
        }

    def _copy(self, kept: int, place: int) -> Copy | None:
        best, video = self.videos[kept], self.videos[place]
        same_file = best.sha256 == video.sha256
        found = IDENTICAL if same_file else self._match(kept, place)
        inside = found.share * min(1.0, best.duration / video.duration) if video.duration else found.share
        if not same_file and (not found.is_copy or inside < SHARE):
            return None
        return Copy(video, found, same_file, _reason(best, video))

    def _match(self, one: int, other: int) -> Match:
        first, second = sorted((one, other))
        if (first, second) not in self._matches:
            here, there = self.signatures[first], self.signatures[second]
            found = NOTHING if here is None or there is None else match(here, there)
            self._matches[first, second] = found
        return self._matches[first, second]


def _preference(video: PicturesOf, place: int) -> tuple[int, float, int]:
    return -video.width * video.height, -round(video.duration, 1), place


def _reason(kept: PicturesOf, copy: PicturesOf) -> str:
    if kept.width * kept.height != copy.width * copy.height:
        return "more pixels"
    return "longer" if round(kept.duration, 1) != round(copy.duration, 1) else "came first"
