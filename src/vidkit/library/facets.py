"""Facets: how many videos of a search have each class, tag, length, resolution, codec, and value of a CSV column.

A backend counts with `FacetTable` (the values of each video, in memory), or its server counts. All backends have
the same facets, and return values in the same order.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from vidkit.library.protocol import LENGTHS
from vidkit.library.text import fold, label

# Facets of every library. `column:NAME` is the facet of a CSV column.
FACETS = ("class", "tag", "length", "resolution", "codec")
COLUMN = "column:"
EXACTLY = "="  # after a length: the duration is exactly one of LENGTHS
_MOST_COLUMNS = 40  # columns that are counted
_MOST_VALUES = 2000  # of a column; a column with more is a name or a text, not a facet
_COLUMN_FACT = re.compile(r"^source\.columns\.([^=\n]+)=(.+)$", re.MULTILINE)
_LONGEST = 120  # characters of a column's value: a longer one is a text


@dataclass
class _Column:
    """The value of each video for one facet: `codes` has an index into `values`; 0 is no value."""

    codes: array[int] = field(default_factory=lambda: array("I"))
    values: list[str] = field(default_factory=lambda: [""])
    numbers: dict[str, int] = field(default_factory=lambda: {"": 0})
    examples: dict[str, int] = field(default_factory=dict)  # value -> a video that had it

    def put(self, video: int, value: str) -> None:
        if video >= len(self.codes):
            self.codes.frombytes(bytes(self.codes.itemsize * (video + 1 - len(self.codes))))
        number = self.numbers.get(value)
        if number is None:
            number = self.numbers[value] = len(self.values)
            self.values.append(value)
        self.examples[value] = video
        self.codes[video] = number

    def count(self, videos: Sequence[int] | None) -> Counter[str]:
        codes = self.codes
        if videos is None:
            found = Counter(codes)
        else:
            last = len(codes)
            inside = videos if not videos or max(videos) < last else [video for video in videos if video < last]
            found = Counter(map(codes.__getitem__, inside))
        return Counter({self.values[code]: count for code, count in found.items() if code})


class FacetTable:
    """The values of each video of a library, by the video's number. It takes a few bytes per video and facet."""

    def __init__(self) -> None:
        self._facets = {name: _Column() for name in FACETS}
        self._columns: dict[str, _Column] = {}
        self._dropped: set[str] = set()

    def put(
        self, video: int, classification: str, tags: str, duration: float, resolution: str, codec: str, facts: str
    ) -> None:
        """Store the values of a video, in place of its older ones.

        Args:
            video: its number.
            classification: its class.
            tags: joined by line ends.
            duration: in seconds.
            resolution: such as `1280x720`.
            codec: as ffmpeg names it.
            facts: from `facts_of`, joined by line ends.
        """
        length = f"{bisect_right(_LENGTHS, duration)}{EXACTLY if duration in LENGTHS else ''}"
        for name, value in zip(FACETS, (classification, tags, length, resolution, codec), strict=True):
            self._facets[name].put(video, value)
        has = dict(_COLUMN_FACT.findall(facts))
        for name in has.keys() | self._columns.keys():
            self._put_column(video, name, has.get(name, ""))

    def forget(self, video: int) -> None:
        """Remove the values of a video."""
        for column in (*self._facets.values(), *self._columns.values()):
            if video < len(column.codes):
                column.codes[video] = 0

    def _put_column(self, video: int, name: str, value: str) -> None:
        column = self._columns.get(name)
        if column is None:
            if name in self._dropped or len(self._columns) >= _MOST_COLUMNS:
                return
            column = self._columns[name] = _Column()
        column.put(video, value if len(value) <= _LONGEST else "")
        if len(column.values) > _MOST_VALUES:
            self._dropped.add(name)
            del self._columns[name]

    def columns(self) -> list[str]:
        """The columns of the CSV, folded, the most frequent first."""
        having = {name: len(column.codes) - column.codes.count(0) for name, column in self._columns.items()}
        return sorted(filter(having.get, having), key=lambda name: (-having[name], name))

    def examples(self, column: str) -> dict[str, int]:
        """Value of a CSV column -> a video that has it, or had it."""
        found = self._columns.get(column)
        return found.examples if found else {}

    def count(self, name: str, videos: Sequence[int] | None) -> dict[str, int]:
        """Value -> how many of these videos (None: of all) have it, the most frequent first.

        A length is a text: how many of `LENGTHS` the duration reaches (see `counted_lengths`). Columns and their
        values are folded.
        """
        if name.startswith(COLUMN):
            column = self._columns.get(name.removeprefix(COLUMN))
            return ordered(column.count(videos)) if column else {}
        found = self._facets[name].count(videos)
        if name == "tag":
            return counted_tags(found.items())
        if name == "length":
            return counted_lengths(found)
        return ordered(merged(found)) if name == "class" else ordered(found)


_LENGTHS = sorted(LENGTHS)


def counted_lengths(found: Mapping[str, int]) -> dict[str, int]:
    """Counts of lengths. A duration that is exactly one of LENGTHS also counts for the range that ends there,
    because a search for durations up to there finds it."""
    counts = Counter[str]()
    for length, videos in found.items():
        counts[length.removesuffix(EXACTLY)] += videos
        if length.endswith(EXACTLY):
            counts[str(int(length.removesuffix(EXACTLY)) - 1)] += videos
    return ordered(counts)


def counted_tags(sets: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Tag -> videos, the most frequent first.

    Args:
        sets: (tags joined by line ends, how many videos have exactly these tags).
    """
    found = Counter[str]()
    for together, videos in sets:
        for tag in filter(None, together.split("\n")):
            found[tag] += videos
    return ordered(merged(found))


def counted_values(name: str, rows: Iterable[tuple[object, int]]) -> dict[str, int]:
    """Value -> videos, the most frequent first; nothing for a column with too many values.

    Args:
        name: the facet.
        rows: (value, videos), as a server counted them. Tags are joined by line ends, a length is how many of
            LENGTHS the duration reaches.
    """
    found = Counter[str]()
    for value, videos in rows:
        if isinstance(value, str) and value:
            found[value] += videos
    if name == "tag":
        return counted_tags(found.items())
    if name.startswith(COLUMN) and len(found) > _MOST_VALUES:
        return {}
    if name == "length":
        return counted_lengths(found)
    return ordered(merged(found) if name == "class" or name.startswith(COLUMN) else found)


def merged(found: Mapping[str, int]) -> Counter[str]:
    """Counts in which spellings of the same name (`text.label`) are added up, under the most frequent spelling."""
    spelled: dict[str, str] = {}
    counts = Counter[str]()
    for name, videos in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        counts[spelled.setdefault(_label(name), name)] += videos
    return counts


def folded(text: str) -> str:
    """The name or a value of a CSV column as it is in facts."""
    return " ".join(fold(text).split())


_label = lru_cache(1 << 15)(label)


def ordered(found: Mapping[str, int]) -> dict[str, int]:
    """Counts, the most frequent first."""
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
