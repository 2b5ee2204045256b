"""Groups of videos that are copies of each other, and which one of each is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vidkit.duplicates.compare import NOTHING, SHARE, Match, match
from vidkit.duplicates.index import copies_among
from vidkit.duplicates.signature import Signature, from_record
from vidkit.library.protocol import PicturesOf

IDENTICAL = Match(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Copy:
    """A video that shows the same as the one that is kept; `match` is of the shorter in the longer."""

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


class Footage:
    """Which videos of a library show the same.

    `videos` are in the order in which they came in. `unknown` counts those without hashes: they are compared by
    their content alone.
    """

    def __init__(self, videos: Iterable[PicturesOf]) -> None:
        self.videos: list[PicturesOf] = []
        self.signatures: list[Signature | None] = []
        for each in videos:
            self.signatures.append(from_record(each.pictures, each.duration))
            self.videos.append(each._replace(pictures=None))
        self._together: list[list[int]] | None = None
        self._matches: dict[tuple[int, int], Match] = {}  # of places, the lower first
        self.unknown = sum(each is None for each in self.signatures)

    def _found(self) -> list[list[int]]:
        """The places of videos that hang together: each shows the same as another one of its list. Those that are
        alone are left out."""
        if self._together is None:
            self._together = self._components()
        return self._together

    def _components(self) -> list[list[int]]:
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

        Of copies the one with the most pixels is kept, then the longest, then the one that came in first. A copy
        is in a group only if most of it is in the video that is kept: a compilation is no copy of its parts.
        """
        found = []
        for places in self._found():
            left = sorted(places, key=lambda place: _preference(self.videos[place], place))
            while left:
                kept, *left = left
                copies = {place: copy for place in left if (copy := self._copy(kept, place)) is not None}
                left = [place for place in left if place not in copies]
                if copies:
                    found.append(Group(self.videos[kept], tuple(copies.values())))
        return found

    def contents(self) -> dict[str, str]:
        """The SHA-256 of each video that hangs together with others -> one of theirs, the same for all of them."""
        return {
            self.videos[place].sha256: min(self.videos[other].sha256 for other in places)
            for places in self._found()
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
