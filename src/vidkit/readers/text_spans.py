"""Turn the lines of text of single frames into time spans: one for each text, however many frames show it."""

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

# The model misreads a letter now and then, and boxes move a little.
_SIMILAR = 0.75  # minimum share of common letters of two readings of one text
_BESIDE = 0.5  # share of its height that a text may move between two frames and still be in the same place
_FAR = 0.3  # share of the frame that the same words may move, such as a sign in front of a moving camera
_LEAST_TO_FOLLOW = 4  # minimum letters of words that are followed so far
_MOST_MISSED = 2  # maximum frames in which a text may be missed
_RELIABLE = 0.9  # minimum score of a text that is read in one frame only
_LEAST_TO_SLIP = 8  # minimum letters of a text in which one different letter is probably misread
_TICKS = 3.0  # seconds: numbers that change faster are a clock or a counter
_LONGEST_COUNT = 4000  # maximum characters of the text of a clock or a counter
_MOST_PLACES = 50  # maximum earlier spans of one text that are compared
_CONFUSED = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "\N{LATIN SMALL LETTER DOTLESS I}": "l"}
)

Box = tuple[float, float, float, float]  # left, top, width, height: fractions of the frame


@dataclass(frozen=True)
class Line:
    """A line of text in a frame, with its score and box."""

    text: str
    score: float
    box: Box


@dataclass(frozen=True)
class _Sighting:
    time: float
    line: Line


@dataclass
class _Place:
    """A place with one text, whose numbers may change."""

    seen: list[_Sighting] = field(default_factory=list)
    missed: int = 0
    first_missed: float = 0.0  # the time of the first frame without it

    @property
    def last(self) -> Line:
        return self.seen[-1].line

    def add(self, time: float, line: Line) -> None:
        self.seen.append(_Sighting(time, line))
        self.missed = 0


class TextSpans:
    """Joins the lines of the frames of one video.

    Args:
        step: seconds from one frame to the next, if all of them are read.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._open: list[_Place] = []
        self._spans: list[Span] = []

    def add(self, time: float, lines: Iterable[Line]) -> None:
        """Add the lines of the next frame."""
        self._close(time)
        left = [line for line in lines if line.text]
        taken: set[int] = set()
        for _, place, number in sorted(self._matches(left), key=lambda match: -match[0]):
            if number not in taken and place.missed:
                place.add(time, left[number])
                taken.add(number)
        self._open += [_Place([_Sighting(time, line)]) for number, line in enumerate(left) if number not in taken]

    def spans(self, duration: float) -> list[Span]:
        """All spans, after the last frame. Nothing can be added after that.

        Args:
            duration: the video's, in seconds.
        """
        for place in self._open:
            self._end(place, place.first_missed if place.missed else duration, bool(place.missed))
        self._open = []
        inside = [replace(span, end_time=min(span.end_time, duration)) for span in self._spans]
        return _joined_over_gaps([span for span in inside if span.start_time <= span.end_time])

    def _close(self, time: float) -> None:
        """Count the next frame, and end the places that were missed for too long."""
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
        """How well lines fit to places: only the pairs that fit at all."""
        if not (self._open and lines):
            return []
        found = []
        beside, far = _proximity([place.last.box for place in self._open], [line.box for line in lines])
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
        """Add the spans of a place that has ended: `until` is the first frame without it, or the video's end."""
        last = place.seen[-1].time
        end = max(last, until - self._step / 2) if went else max(last, until)
        self._spans += _spans_of(place.seen, end, self._step)


def _proximity(places: Sequence[Box], lines: Sequence[Box]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """For each place and line: whether they are in the same place, and the larger of both distances."""
    one, other = np.array(places)[:, None], np.array(lines)[None]
    across = np.abs(one[..., 0] + one[..., 2] / 2 - other[..., 0] - other[..., 2] / 2)
    down = np.abs(one[..., 1] + one[..., 3] / 2 - other[..., 1] - other[..., 3] / 2)
    height = np.minimum(one[..., 3], other[..., 3])
    common = np.minimum(one[..., 0] + one[..., 2], other[..., 0] + other[..., 2])
    common -= np.maximum(one[..., 0], other[..., 0])
    aside = (across <= _BESIDE * height) | (common > 0.5 * np.minimum(one[..., 2], other[..., 2]))
    return (down <= _BESIDE * height) & aside, np.maximum(across, down)


def _fit(before: str, after: str) -> float:
    """How similar two texts in one place are, if they are one text or one counter; else 0."""
    similarity = _similarity(folded(before), folded(after))
    if similarity >= _SIMILAR:
        return similarity
    return _SIMILAR if _differ_in_numbers_only(before, after) else 0.0


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """A text without the differences that a model confuses: case, spaces, marks, and letters that look alike."""
    letters = "".join(letter for letter in text.casefold() if letter.isalnum() or letter in "|!")
    return letters.translate(_CONFUSED) or text


def _similarity(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < _SIMILAR / (2 - _SIMILAR) * max(len(one), len(other)):
        return 0.0  # the ratio cannot be reached
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _differ_in_numbers_only(one: str, other: str) -> bool:
    shape = _shape(one)
    return "#" in shape and shape == _shape(other)


@lru_cache(maxsize=4096)
def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", "".join(letter for letter in text.casefold() if letter.isalnum()))


@dataclass
class _Group:
    """Successive sightings of one text."""

    key: str
    seen: list[_Sighting]

    @property
    def start(self) -> float:
        return self.seen[0].time

    @property
    def best(self) -> Line:
        """The text with the highest sum of scores, from the frame in which its score was highest."""
        scores: dict[str, float] = {}
        for sighting in self.seen:
            line = sighting.line
            scores[line.text] = scores.get(line.text, 0.0) + line.score
        text = max(scores, key=lambda each: scores[each])
        return max((each.line for each in self.seen if each.line.text == text), key=lambda line: line.score)


def _spans_of(seen: Sequence[_Sighting], end: float, step: float) -> list[Span]:
    """The spans of one place, from its first sighting to its end."""
    if len(seen) == 1 and seen[0].line.score < _RELIABLE:
        return []
    groups = _without_misreadings(_groups_of(seen))
    ends = [max(before.seen[-1].time, after.start - step / 2) for before, after in itertools.pairwise(groups)]
    spans: list[Span] = []
    chain: list[_Group] = []  # numbers that change fast
    since = 0.0
    for group, until in zip(groups, [*ends, end], strict=True):
        ticking = until - group.start < max(_TICKS, 2.5 * step)
        if chain and not (ticking and _differ_in_numbers_only(chain[-1].best.text, group.best.text)):
            spans.append(_span(chain, since))
            chain = []
        chain.append(group)
        since = until
        if not ticking:
            spans.append(_span(chain, until))
            chain = []
    return [*spans, _span(chain, end)] if chain else spans


def _groups_of(seen: Sequence[_Sighting]) -> list[_Group]:
    """Sightings by their text. A text that comes back within two frames was there all the time."""
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
    """The groups; a group that is a misreading of the one before or after it is joined with it."""
    kept: list[_Group] = []
    for group, after in zip(groups, [*groups[1:], None], strict=True):
        if kept and _is_one_text(kept[-1], group, after):
            before = kept.pop()
            longer = max(before, group, key=lambda each: len(each.seen))
            group = _Group(longer.key, [*before.seen, *group.seen])
        kept.append(group)
    return kept


def _is_one_text(before: _Group, group: _Group, after: _Group | None) -> bool:
    """Whether two successive groups are one text with a misread letter in one of them."""
    text = before.best.text
    if _differ_in_numbers_only(text, group.best.text):
        return False
    once = len(group.seen) == 1
    if once and after and _differ_in_numbers_only(text, after.best.text):
        return True  # a counter that is misread once
    longest = max(len(before.key), len(group.key))
    slip = 1 - max(1, longest // 12) / longest  # a letter in a dozen
    weak = any(len(each.seen) == 1 and each.best.score < _RELIABLE for each in (before, group))
    return weak or (longest >= _LEAST_TO_SLIP and _similarity(before.key, group.key) >= slip - 1e-6)


def _span(chain: Sequence[_Group], end: float) -> Span:
    """A span for a text, or for all texts of a clock or a counter."""
    best = max((group.best for group in chain), key=lambda line: line.score)
    text = best.text if len(chain) == 1 else _counter_text([group.best.text for group in chain])
    return Span(chain[0].start, end, text=text, score=min(1.0, best.score), box=best.box)


def _counter_text(texts: Sequence[str]) -> str:
    """The words of a counter, each once, in order; thinned out if there are too many."""
    words = list(dict.fromkeys(word for text in texts for word in text.split()))
    length = sum(len(word) + 1 for word in words)
    if length <= _LONGEST_COUNT:
        return " ".join(words)
    apart = math.ceil(length / _LONGEST_COUNT)
    return " ".join([*words[:-1:apart], words[-1]])[:_LONGEST_COUNT]


def _joined_over_gaps(spans: Sequence[Span]) -> list[Span]:
    """The spans; those of one text in one place are joined if it is visible for most of the time.

    So a watermark that is sometimes unreadable, in front of something bright, is one span.
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
    beside, _ = _proximity([_box(one)], [_box(other)])
    return bool(beside[0, 0])


def _box(span: Span) -> Box:
    left, top, width, height = span.box or (0.0, 0.0, 0.0, 0.0)
    return left, top, width, height
