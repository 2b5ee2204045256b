"""What a rule may ask of a video: one row of `CONDITIONS` for each condition.

A condition is read once, from the rule file's JSON into plain data; from then on it only compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from vidkit.core.languages import stemmer_of
from vidkit.core.units import format_clock
from vidkit.messages import message
from vidkit.tagging.metadata_conditions import metadata_holds, read_metadata, worded
from vidkit.tagging.words import fold, fold_name, stands_in, stemmed


class Place(NamedTuple):
    """A text of a video, folded, and where it stands, in words: `scene 3`. Forms of words are by its stemmer."""

    text: str
    where: str
    stemmer: str | None = None

    def has(self, words: str) -> bool:
        """Whether folded words stand in it."""
        if stands_in(words, self.text):
            return True
        return self.stemmer is not None and stands_in(
            stemmed(words, self.stemmer), stemmed(self.text, self.stemmer)
        )


class Match(NamedTuple):
    """What a condition finds in a video: the words, and where they stand; None where that says nothing."""

    words: str
    where: str | None


@dataclass(frozen=True)
class RuleInput:
    """One video as the conditions see it: its words folded once."""

    record: Mapping[str, Any]
    descriptions: tuple[Place, ...]
    names: tuple[Place, ...]
    ai_tags: Mapping[str, list[str]]  # folded -> what the model gave it to

    @cached_property
    def speech(self) -> tuple[Place, ...]:
        """What the reader `speech` has heard."""
        return _read_by("speech", "text", self.record)

    @cached_property
    def screen(self) -> tuple[Place, ...]:
        """What the reader `ocr` has read on the screen."""
        return _read_by("ocr", "text", self.record)

    @cached_property
    def objects(self) -> tuple[Place, ...]:
        """The labels that the reader `objects` has given."""
        return _read_by("objects", "label", self.record)


@dataclass(frozen=True)
class Condition:
    """How one condition is read from JSON, and what it finds: it holds where it finds anything.

    `read` raises ValueError with a reason. `finds` takes what it returned, the video, and the folded tags so far.
    It looks only as far as its caller asks.
    """

    read: Callable[[Any], Any]
    finds: Callable[[Any, RuleInput, Collection[str]], Iterator[Match]]


def rule_input(video_info: Mapping[str, Any], language: str = "") -> RuleInput:
    """A record, whole or in part, as the conditions see it. Missing keys and nulls are simply not there.

    Args:
        video_info: the record.
        language: of its descriptions, by its name; empty where it is not known: then words have no other forms.
    """
    scenes, clips = (
        _entries(video_info, key, called) for key, called in (("scenes", "scene"), ("segments", "clip"))
    )
    descriptions = [
        (video_info.get("qwen_description"), "the description"),
        *((part.get("description"), where) for part, where in scenes + clips),
    ]
    source = video_info.get("source")
    names = [
        (video_info.get("filename"), "the file name"),
        (source.get("file_name") if isinstance(source, Mapping) else None, "the name in the CSV"),
    ]
    ai_tags = [
        (video_info.get("ai_generated_tags"), "the video"),
        *((part.get("tags"), where) for part, where in clips),
    ]
    stemmer = stemmer_of(language)
    tagged: dict[str, list[str]] = {}
    for tags, where in ai_tags:
        for tag in tags or ():
            if isinstance(tag, str):
                tagged.setdefault(fold(tag), []).append(where)
    return RuleInput(
        record=video_info,
        descriptions=tuple(
            Place(fold(text), where, stemmer) for text, where in descriptions if isinstance(text, str)
        ),
        names=tuple(Place(fold_name(text), where) for text, where in names if isinstance(text, str)),
        ai_tags=tagged,
    )


def _entries(video_info: Mapping[str, Any], key: str, called: str) -> list[tuple[Mapping[str, Any], str]]:
    """The entries of a list of the record, each with what it is called: `scene 3`."""
    listed = [entry for entry in video_info.get(key) or () if isinstance(entry, Mapping)]
    return [(entry, f"{called} {entry.get('index', number)}") for number, entry in enumerate(listed, 1)]


def _read_by(reader: str, key: str, record: Mapping[str, Any]) -> tuple[Place, ...]:
    """What a reader has read, folded: each text once, with the second at which it is first there."""
    reading = (record.get("readings") or {}).get(reader)
    first: dict[str, str] = {}
    for span in reading["spans"] if reading else ():
        if isinstance(text := span.get(key), str):
            first.setdefault(fold(text), f"{reader} at {format_clock(span['start_time'])}")
    return tuple(Place(text, where) for text, where in first.items())


def read_texts(value: Any) -> list[str]:
    """A list of words, phrases or tags as it stands in a rule file.

    Raises:
        ValueError: it is no list, is empty, or holds something else than text.
    """
    if not isinstance(value, list):
        raise ValueError(message('needs a list, as in ["Drone", "Night shot"]'))
    if not value:
        raise ValueError(message("is an empty list"))
    for text in value:
        if not isinstance(text, str):
            raise ValueError(message("holds {text!r}, which is not text: write it in quotes", text=text))
        if not fold(text):
            raise ValueError(message("holds a blank word"))
    return value


def _read_folded(value: Any) -> tuple[str, ...]:
    return tuple(fold(text) for text in read_texts(value))


def _read_names(value: Any) -> tuple[str, ...]:
    names = tuple(fold_name(text) for text in read_texts(value))
    if not all(names):
        raise ValueError(message("holds nothing but the _ - . that part words in a file name"))
    return names


def _words_in(words: Iterable[str], texts: Iterable[Place]) -> Iterator[Match]:
    return (Match(word, text.where) for text in texts for word in words if text.has(word))


def _ai_tags(words: Collection[str], video: RuleInput, tags: Collection[str]) -> Iterator[Match]:
    return (Match(word, where) for word in words for where in video.ai_tags.get(word, ()))


def _metadata(entries: Any, video: RuleInput, tags: Collection[str]) -> Iterator[Match]:
    if metadata_holds(entries, video.record):
        yield from (Match(worded(entry, video.record), None) for entry in entries)


CONDITIONS: dict[str, Condition] = {
    "description_keywords": Condition(
        _read_folded, lambda words, video, tags: _words_in(words, video.descriptions)
    ),
    "ai_generated_tags": Condition(_read_folded, _ai_tags),
    "filename_keywords": Condition(_read_names, lambda words, video, tags: _words_in(words, video.names)),
    "speech_keywords": Condition(_read_folded, lambda words, video, tags: _words_in(words, video.speech)),
    "screen_keywords": Condition(_read_folded, lambda words, video, tags: _words_in(words, video.screen)),
    "object_labels": Condition(_read_folded, lambda words, video, tags: _words_in(words, video.objects)),
    "metadata_conditions": Condition(read_metadata, _metadata),
    "tags_present": Condition(
        _read_folded, lambda words, video, tags: (Match(word, None) for word in words if word in tags)
    ),
}
