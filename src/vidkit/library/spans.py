"""Readings as moments: each text and each label with its seconds.

Neighbouring spans of one reader with the same text are one moment: if a detector gives a label to every frame of a
minute, that is one result, not sixty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidkit.library.text import fold, words

# The source of all texts that are not readings: descriptions, and the tags, the class and the file names of a
# video.
DESCRIPTION = "description"
# Readers that measure: their labels name the measure, and are not words of the video.
MEASURES = frozenset({"language", "moderation", "quality"})
# The indexed words of a reading begin with this sign and with a sign of their reader, so that an index can tell
# them from others. It is neither a letter nor a separator: no search can find it, and every index keeps it as a
# word.
SIGN = "\u00a7"
_GAP = 2.0  # at most so many seconds between two spans of one moment


@dataclass
class ReadMoment:
    """A moment of a reading, in seconds. `words` has the second of each word, if the reader knows it."""

    source: str
    index: int
    start_time: float
    end_time: float
    text: str
    words: list[tuple[float, str]] = field(default_factory=list)


def read_moments(record: Mapping[str, Any]) -> Iterator[ReadMoment]:
    """The moments of a record's readings: by reader, in the record's order, and by time; `index` is from 1."""
    for name, reading in (record.get("readings") or {}).items():
        if name not in MEASURES:
            yield from _moments_of(name, reading["spans"])


def read_texts(record: Mapping[str, Any], source: str) -> list[ReadMoment]:
    """The moments of one reader; empty if it has read nothing."""
    reading = (record.get("readings") or {}).get(source)
    return list(_moments_of(source, reading["spans"])) if reading else []


def _moments_of(name: str, spans: Sequence[Mapping[str, Any]]) -> Iterable[ReadMoment]:
    found: list[ReadMoment] = []
    last: dict[str, ReadMoment] = {}
    for span in spans:
        text = span.get("text") or span.get("label")
        if not text:
            continue
        key = fold(text)
        start, end = span["start_time"], span["end_time"]
        moment = last.get(key)
        if moment is None or start > moment.end_time + _GAP:
            moment = last[key] = ReadMoment(name, len(found) + 1, start, end, text)
            found.append(moment)
        moment.end_time = max(moment.end_time, end)
        moment.words += [(each["start_time"], each["text"]) for each in span.get("words") or ()]
    return found


def sign_of(source: str) -> str:
    """The word in an index that marks a text of this reader."""
    return SIGN + source.replace("_", SIGN)


def signs_of(source: str) -> str:
    """The beginning of the indexed words of a reader's text."""
    return f"{SIGN} {sign_of(source)}"


def is_of(own: str, sources: Sequence[str]) -> bool:
    """Whether indexed words are from one of the sources; no sources means any."""
    if not sources:
        return True
    if not own.startswith(SIGN):
        return DESCRIPTION in sources
    return own.split(" ", 2)[1] in map(sign_of, sources)


def words_with_seconds(moment_words: Iterable[tuple[float, str]]) -> list[tuple[str, float]]:
    """Single folded words (`text.words`), each with its second."""
    return [(word, second) for second, text in moment_words for word in words(text)]
