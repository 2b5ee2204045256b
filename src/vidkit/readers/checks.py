"""Check the readings of readers before they go into a record."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from vidkit.core import printable
from vidkit.readers.protocol import Reading, Span, Word

MOST_SPANS = 50_000
MOST_CHARACTERS = 4_000_000  # of all spans of a video: a document of MongoDB may have 16 MB
_LONGEST_TEXT = 20_000
MOST_WORDS = 100_000  # with their times, of all spans of a video: 9 MB in a document of MongoDB
_LATE = 1.0  # seconds that a span may end after the video's end: the last frame or sample is rounded up
_BESIDE = 0.05  # share of the frame by which a box may go beyond its edge
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_JOINERS = "\u200c\u200d"  # Persian and Indic scripts, and emoji, are spelled with them
_JOINERS_IN = re.compile(f"([{_JOINERS}])")
RESERVED = frozenset({"model", "version", "error", "spans", "vtt"})


class InvalidReadingError(Exception):
    """A reader returned an impossible reading."""


def check_reading(reading: object, duration: float) -> Reading:
    """A reading that is fit for a record: times inside the video, printable texts, finite numbers.

    Args:
        reading: the result of a reader.
        duration: the video's, in seconds.

    Raises:
        InvalidReadingError: it is impossible; the message names the first error.
    """
    if not isinstance(reading, Reading):
        raise InvalidReadingError(f"it returned {_shown(reading)}, and not a Reading")
    try:
        found = list(islice(reading.spans, MOST_SPANS + 1))
    except TypeError:
        raise InvalidReadingError(f"its spans are {_shown(reading.spans)}") from None
    if len(found) > MOST_SPANS:
        raise InvalidReadingError(f"it returned more than {MOST_SPANS} spans")
    spans = [_span(span, number, duration) for number, span in enumerate(found, 1)]
    if sum(len(span.text or "") + len(span.label or "") for span in spans) > MOST_CHARACTERS:
        raise InvalidReadingError(f"it returned more than {MOST_CHARACTERS} characters")
    if sum(len(span.words or ()) for span in spans) > MOST_WORDS:
        raise InvalidReadingError(f"it returned more than {MOST_WORDS} words with times")
    return Reading(sorted(spans, key=lambda span: (span.start_time, span.end_time)), _values(reading.values))


def _span(span: object, number: int, duration: float) -> Span:
    what = f"span {number}"
    if not isinstance(span, Span):
        raise InvalidReadingError(f"{what} is {_shown(span)}")
    start, end = _times(span, what, duration)
    return Span(
        start_time=start,
        end_time=end,
        text=_text(span.text, f"{what}: text"),
        label=_text(span.label, f"{what}: label"),
        score=None if span.score is None else _share(span.score, f"{what}: score"),
        box=_box(span.box, f"{what}: box"),
        values=_numbers(span.values, what),
        words=_words(span.words, what, duration),
    )


def _times(part: Span | Word, what: str, duration: float) -> tuple[float, float]:
    start, end = _number(part.start_time, f"{what}: start_time"), _number(part.end_time, f"{what}: end_time")
    if not 0 <= start <= end <= duration + _LATE:
        raise InvalidReadingError(f"{what} is from {start:g} to {end:g} s in a video of {duration:g} s")
    return round(min(start, duration), 3), round(min(end, duration), 3)


def _share(value: Any, what: str) -> float:
    number = _number(value, what)
    if not 0 <= number <= 1:
        raise InvalidReadingError(f"{what} is {number:g}, and not between 0 and 1")
    return round(number, 4)


def _words(words: Any, what: str, duration: float) -> list[Word] | None:
    if words is None:
        return None
    try:
        found = list(islice(words, MOST_WORDS + 1))
    except TypeError:
        raise InvalidReadingError(f"{what}: its words are {_shown(words)}") from None
    checked = []
    for number, word in enumerate(found, 1):
        named = f"{what}, word {number}"
        if not isinstance(word, Word):
            raise InvalidReadingError(f"{named} is {_shown(word)}")
        start, end = _times(word, named, duration)
        checked.append(
            Word(start, end, _text(word.text, f"{named}: text") or "", _share(word.score, f"{named}: score"))
        )
    return checked


def _text(text: object, what: str) -> str | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise InvalidReadingError(f"{what} is {_shown(text)}")
    if len(text) > _LONGEST_TEXT:
        raise InvalidReadingError(f"{what} has {len(text)} characters; {_LONGEST_TEXT} are the limit")
    return shown_text(text).strip()


def shown_text(text: str) -> str:
    """A text without control characters, but with the joiners of scripts and emoji."""
    return "".join(part if part in _JOINERS else printable(part) for part in _JOINERS_IN.split(text))


def _box(box: Any, what: str) -> list[float] | None:
    if box is None:
        return None
    try:
        left, top, width, height = (_number(side, what) for side in box)
    except (TypeError, ValueError):
        raise InvalidReadingError(f"{what} is {_shown(box)}, and not left, top, width, height") from None
    low, high = -_BESIDE, 1 + _BESIDE
    if not (low <= left <= high and low <= top <= high and width >= 0 and height >= 0):
        raise InvalidReadingError(f"{what} is {_shown(box)}, which is outside the frame")
    if left + width > high or top + height > high:
        raise InvalidReadingError(f"{what} is {_shown(box)}, which goes beyond the frame")
    right, bottom = min(left + width, 1.0), min(top + height, 1.0)
    left, top = max(left, 0.0), max(top, 0.0)
    return [round(side, 4) for side in (left, top, max(right - left, 0.0), max(bottom - top, 0.0))]


def _values(values: object) -> dict[str, float | str | bool | None]:
    if not isinstance(values, Mapping):
        raise InvalidReadingError(f"its values are {_shown(values)}")
    checked: dict[str, float | str | bool | None] = {}
    for name, value in values.items():
        _check_name(name)
        if value is None or isinstance(value, bool):
            checked[name] = value
        elif isinstance(value, str):
            checked[name] = _text(value, name)
        else:
            checked[name] = round(_number(value, name), 6)
    return checked


def _numbers(values: object, what: str) -> dict[str, float] | None:
    if values is None:
        return None
    if not isinstance(values, Mapping):
        raise InvalidReadingError(f"{what}: values are {_shown(values)}")
    for name in values:
        _check_name(name)
    return {name: round(_number(value, f"{what}: {name}"), 6) for name, value in values.items()}


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
        raise InvalidReadingError(
            f"a value is called {_shown(name)}: small letters, digits and _, and none of a reading's own"
        )


def _number(value: Any, what: str) -> float:
    """A finite number, also one of numpy's."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidReadingError(f"{what} is {_shown(value)}, and not a number") from None
    if isinstance(value, str) or not math.isfinite(number):
        raise InvalidReadingError(f"{what} is {_shown(value)}, and not a finite number")
    return number


def _shown(value: object) -> str:
    try:
        return printable(repr(value))[:80]
    except Exception:  # its repr is the reader's own code
        return f"something of the type {type(value).__name__}"
