"""Lines of text in single pictures -> spans of time: one for each text, however many pictures show it."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vidkit.readers.protocol import Span

# A model misreads a letter now and then, and boxes tremble.
_ALIKE = 0.75  # share of the letters that two readings of one text have in common
_BESIDE = 0.5  # of its height: how far a text may move from one picture to the next, to be the same place
_FAR = 0.3  # of the picture: how far the same words may move, such as a sign in front of a moving camera
_LEAST_TO_FOLLOW = 4  # letters of words that are followed that far
_MOST_MISSED = 2  # pictures in which a text may be missed
_SURE = 0.9  # least score of a text that is read in one picture only
_LEAST_TO_SLIP = 8  # letters of a text in which one that differs is more likely misread than another word
_TICKS = 3.0  # seconds: numbers that change faster are a clock or a counter
_LONGEST_COUNT = 4000  # characters of the text of a clock or a counter
_MOST_PLACES = 50  # of one text, that are looked through
_CONFUSED = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "\N{LATIN SMALL LETTER DOTLESS I}": "l"}
)

Box = tuple[float, float, float, float]  # left, top, width, height: fractions of the picture


@dataclass(frozen=True)
class Line:
    """A line of text in a picture, with its score and box."""

    text: str
    score: float
    box: Box


@dataclass(frozen=True)
class _Sighting:
    time: float
    line: Line


@dataclass
class _Place:
    """A place with a text that stays, or of which only the numbers change."""

    seen: list[_Sighting] = field(default_factory=list)
    missed: int = 0
    first_missed: float = 0.0  # the time of the first picture without it

    @property
    def last(self) -> Line:
        return self.seen[-1].line

    def add(self, time: float, line: Line) -> None:
        self.seen.append(_Sighting(time, line))
        self.missed = 0


class TextSpans:
    """Joins the lines of the pictures of one video.

    Args:
        step: seconds from one picture to the next, where all of them are read.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._open: list[_Place] = []
        self._spans: list[Span] = []

    def add(self, time: float, lines: Iterable[Line]) -> None:
        """Take the lines of the next picture."""
        self._close(time)
        left = [line for line in lines if line.text]
        taken: set[int] = set()
        for _, place, number in sorted(self._matches(left), key=lambda match: -match[0]):
            if number not in taken and place.missed:
                place.add(time, left[number])
                taken.add(number)
        self._open += [_Place([_Sighting(time, line)]) for number, line in enumerate(left) if number not in taken]

    def spans(self, duration: float) -> list[Span]:
        """All spans, once the last picture was added. Nothing can be added any more.

        Args:
            duration: the video's, in seconds.
        """
        for place in self._open:
            self._end(place, place.first_missed if place.missed else duration, bool(place.missed))
        self._open = []
        inside = [replace(span, end_time=min(span.end_time, duration)) for span in self._spans]
        return _without_gaps([span for span in inside if span.start_time <= span.end_time])

    def _close(self, time: float) -> None:
        """Note that the next picture comes; end the places that were not seen for too long."""
        still = []
        for place in self._open:
            place.missed += 1
            if place.missed == 1:
                place.first_missed = time
            if place.missed > _MOST_MISSED + 1 or time - place.first_missed > (_MOST_MISSED + 1) * self._step:
                self._end(place, place.first_missed, True)
            else:
                still.append(place)
        self._open = still

    def _matches(self, lines: Sequence[Line]) -> list[tuple[float, _Place, int]]:
        """How well each line fits to each place, where it does at all."""
        if not (self._open and lines):
            return []
        found = []
        beside, far = _nearness([place.last.box for place in self._open], [line.box for line in lines])
        for each, number in zip(*beside.nonzero(), strict=True):
            fit = _fit(self._open[each].last.text, lines[number].text)
            if fit:
                found.append((1 + fit, self._open[each], int(number)))
        by_key: dict[str, list[int]] = {}
        for number, line in enumerate(lines):
            by_key.setdefault(folded(line.text), []).append(number)
        for each, place in enumerate(self._open):
            key = folded(place.last.text)
            if len(key) >= _LEAST_TO_FOLLOW:
                same = [number for number in by_key.get(key, ()) if far[each, number] <= _FAR]
                found += [(1 - float(far[each, number]), place, number) for number in same]
        return found

    def _end(self, place: _Place, until: float, went: bool) -> None:
        """Note the spans of a place that is over: `until` is the first picture without it, or the video's end."""
        last = place.seen[-1].time
        end = max(last, until - self._step / 2) if went else max(last, until)
        self._spans += _spans_of(place.seen, end, self._step)


def _nearness(places: Sequence[Box], lines: Sequence[Box]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """For each place and line: whether they are in one place, and how far the line has moved at the most."""
    one, other = np.array(places)[:, None], np.array(lines)[None]
    across = np.abs(one[..., 0] + one[..., 2] / 2 - other[..., 0] - other[..., 2] / 2)
    down = np.abs(one[..., 1] + one[..., 3] / 2 - other[..., 1] - other[..., 3] / 2)
    height = np.minimum(one[..., 3], other[..., 3])
    common = np.minimum(one[..., 0] + one[..., 2], other[..., 0] + other[..., 2])
    common -= np.maximum(one[..., 0], other[..., 0])
    aside = (across <= _BESIDE * height) | (common > 0.5 * np.minimum(one[..., 2], other[..., 2]))
    return (down <= _BESIDE * height) & aside, np.maximum(across, down)


def _fit(before: str, after: str) -> float:
    """How sure two texts in one place are one text, or one counter: 0 if not."""
    alike = _alike(folded(before), folded(after))
    if alike >= _ALIKE:
        return alike
    return _ALIKE if _same_but_numbers(before, after) else 0.0


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """A text without what a model of text confuses: case, spaces, marks, and letters that look alike."""
    letters = "".join(letter for letter in text.casefold() if letter.isalnum() or letter in "|!")
    return letters.translate(_CONFUSED) or text


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < _ALIKE / (2 - _ALIKE) * max(len(one), len(other)):
        return 0.0  # the ratio cannot be reached
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _same_but_numbers(one: str, other: str) -> bool:
    shape = _shape(one)
    return "#" in shape and shape == _shape(other)


@lru_cache(maxsize=4096)
def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", "".join(letter for letter in text.casefold() if letter.isalnum()))


@dataclass
class _Group:
    """Sightings that follow one another and are of one text."""

    key: str
    seen: list[_Sighting]

    @property
    def start(self) -> float:
        return self.seen[0].time

    @property
    def best(self) -> Line:
        """The reading that came up most, each time by its score; in the picture in which it was surest."""
        scores: dict[str, float] = {}
        for sighting in self.seen:
            line = sighting.line
            scores[line.text] = scores.get(line.text, 0.0) + line.score
        text = max(scores, key=lambda each: scores[each])
        return max((each.line for each in self.seen if each.line.text == text), key=lambda line: line.score)


def _spans_of(seen: Sequence[_Sighting], end: float, step: float) -> list[Span]:
    """The spans of one place, from its first sighting to its end."""
    if len(seen) == 1 and seen[0].line.score < _SURE:
        return []
    groups = _without_misreadings(_groups_of(seen))
    ends = [max(before.seen[-1].time, after.start - step / 2) for before, after in itertools.pairwise(groups)]
    spans: list[Span] = []
    chain: list[_Group] = []  # numbers that change fast
    since = 0.0
    for group, until in zip(groups, [*ends, end], strict=True):
        ticking = until - group.start < max(_TICKS, 2.5 * step)
        if chain and not (ticking and _same_but_numbers(chain[-1].best.text, group.best.text)):
            spans.append(_span(chain, since))
            chain = []
        chain.append(group)
        since = until
        if not ticking:
            spans.append(_span(chain, until))
            chain = []
    return [*spans, _span(chain, end)] if chain else spans


def _groups_of(seen: Sequence[_Sighting]) -> list[_Group]:
    """Sightings by their text. A text that comes back after two pictures was there all the time."""
    groups: list[_Group] = []
    for sighting in seen:
        key = folded(sighting.line.text)
        between = 0
        for back in range(1, len(groups) + 1):
            if groups[-back].key == key:
                between_them = [each for group in groups[-back:] for each in group.seen]
                groups[-back:] = [_Group(key, [*between_them, sighting])]
                break
            between += len(groups[-back].seen)
            if between > _MOST_MISSED or back == len(groups):
                groups.append(_Group(key, [sighting]))
                break
        else:
            groups.append(_Group(key, [sighting]))
    return groups


def _without_misreadings(groups: Sequence[_Group]) -> list[_Group]:
    """The groups; those that misread the one before or after them have joined it."""
    kept: list[_Group] = []
    for group, after in zip(groups, [*groups[1:], None], strict=True):
        if kept and _is_one_text(kept[-1], group, after):
            before = kept.pop()
            longer = max(before, group, key=lambda each: len(each.seen))
            group = _Group(longer.key, [*before.seen, *group.seen])
        kept.append(group)
    return kept


def _is_one_text(before: _Group, group: _Group, after: _Group | None) -> bool:
    """Whether two groups that follow one another are one text, and one of them has a letter wrong."""
    text = before.best.text
    if _same_but_numbers(text, group.best.text):
        return False
    once = len(group.seen) == 1
    if once and after and _same_but_numbers(text, after.best.text):
        return True  # a counter that is misread once
    longest = max(len(before.key), len(group.key))
    slip = 1 - max(1, longest // 12) / longest  # a letter in a dozen
    weak = any(len(each.seen) == 1 and each.best.score < _SURE for each in (before, group))
    return weak or (longest >= _LEAST_TO_SLIP and _alike(before.key, group.key) >= slip - 1e-6)


def _span(chain: Sequence[_Group], end: float) -> Span:
    """A span for a text, or for all that a clock or a counter has shown."""
    best = max((group.best for group in chain), key=lambda line: line.score)
    text = best.text if len(chain) == 1 else _joined([group.best.text for group in chain])
    return Span(chain[0].start, end, text=text, score=min(1.0, best.score), box=best.box)


def _joined(texts: Sequence[str]) -> str:
    """What a counter has shown: each word once, in the order in which they came; thinned out if it is too long."""
    words = list(dict.fromkeys(word for text in texts for word in text.split()))
    length = sum(len(word) + 1 for word in words)
    if length <= _LONGEST_COUNT:
        return " ".join(words)
    apart = math.ceil(length / _LONGEST_COUNT)
    return " ".join([*words[:-1:apart], words[-1]])[:_LONGEST_COUNT]


def _without_gaps(spans: Sequence[Span]) -> list[Span]:
    """The spans; those of one text in one place have become one where it is there for most of the time.

    So a watermark that cannot be read in front of something bright is one span.
    """
    kept: list[Span] = []
    by_text: dict[str, list[tuple[int, float]]] = {}  # numbers in `kept`, and the seconds seen
    for span in sorted(spans, key=lambda each: (each.start_time, each.end_time)):
        key = folded(span.text or "")
        seconds = span.end_time - span.start_time
        others = by_text.setdefault(key, [])
        for place, (number, seen) in enumerate(others[-_MOST_PLACES:], max(0, len(others) - _MOST_PLACES)):
            first = kept[number]
            if _is_beside(first, span) and span.start_time - first.end_time <= seen + seconds:
                best = max(first, span, key=lambda each: each.score or 0.0)
                kept[number] = replace(
                    first,
                    end_time=max(first.end_time, span.end_time),
                    text=best.text, score=best.score, box=best.box,
                )  # fmt: skip
                others[place] = (number, seen + seconds)
                break
        else:
            others.append((len(kept), seconds))
            kept.append(span)
    return kept


def _is_beside(one: Span, other: Span) -> bool:
    """Whether two spans are in the same place."""
    beside, _ = _nearness([_box(one)], [_box(other)])
    return bool(beside[0, 0])


def _box(span: Span) -> Box:
    left, top, width, height = span.box or (0.0, 0.0, 0.0, 0.0)
    return left, top, width, height
