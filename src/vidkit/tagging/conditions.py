"""The conditions of rules: one row of `CONDITIONS` for each.

A condition is read once, from the rule file's JSON into plain data. Then it only compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from vidkit.core.languages import stemmer_of
from vidkit.core.units import format_clock
from vidkit.messages import message
from vidkit.tagging.metadata_conditions import condition_text, metadata_holds, read_metadata
from vidkit.tagging.words import contains_words, fold, fold_name, stemmed


class Place(NamedTuple):
    """A folded text of a video, and where it is, such as `scene 3`. The stemmer finds forms of its words."""

    text: str
    where: str
    stemmer: str | None = None

    def has(self, words: str) -> bool:
        """Whether the text contains folded words."""
        if contains_words(words, self.text):
            return True
        return self.stemmer is not None and contains_words(
            stemmed(words, self.stemmer), stemmed(self.text, self.stemmer)
        )


class Match(NamedTuple):
    """What a condition finds in a video: the words, and where they are; None if there is no place to name."""

    words: str
    where: str | None


@dataclass(frozen=True)
class RuleInput:
    """One video as input of the conditions, with folded texts."""

    record: Mapping[str, Any]
    descriptions: tuple[Place, ...]
    names: tuple[Place, ...]
    ai_tags: Mapping[str, list[str]]  # folded tag -> where the model gave it

    @cached_property
    def speech(self) -> tuple[Place, ...]:
        """The texts of the reader `speech`."""
        return _read_by("speech", "text", self.record)

    @cached_property
    def screen(self) -> tuple[Place, ...]:
        """The texts of the reader `ocr`."""
        return _read_by("ocr", "text", self.record)

    @cached_property
    def objects(self) -> tuple[Place, ...]:
        """The labels of the reader `objects`."""
        return _read_by("objects", "label", self.record)


@dataclass(frozen=True)
class Condition:
    """How one condition is read from JSON, and what it finds. It holds if it finds anything.

    `read` raises ValueError with a reason. `finds` takes the result of `read`, the video, and the folded tags so
    far. It is lazy: it searches only as far as its caller iterates.
    """

    read: Callable[[Any], Any]
    finds: Callable[[Any, RuleInput, Collection[str]], Iterator[Match]]


def rule_input(video_info: Mapping[str, Any], language: str = "") -> RuleInput:
    """A record, or a part of one, as input of the conditions. Missing keys and nulls are allowed.

    Args:
        video_info: the record.
        language: the name of the descriptions' language. If it is empty, other forms of words are not found.
    """
    scenes, clips = (_entries(video_info, key, noun) for key, noun in (("scenes", "scene"), ("segments", "clip")))
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


def _entries(video_info: Mapping[str, Any], key: str, noun: str) -> list[tuple[Mapping[str, Any], str]]:
    """The entries of a list of the record, each with its name, such as `scene 3`."""
    listed = [entry for entry in video_info.get(key) or () if isinstance(entry, Mapping)]
    return [(entry, f"{noun} {entry.get('index', number)}") for number, entry in enumerate(listed, 1)]


def _read_by(reader: str, key: str, record: Mapping[str, Any]) -> tuple[Place, ...]:
    """The folded texts of a reader without duplicates, each with its first time."""
    reading = (record.get("readings") or {}).get(reader)
    first: dict[str, str] = {}
    for span in reading["spans"] if reading else ():
        if isinstance(text := span.get(key), str):
            first.setdefault(fold(text), f"{reader} at {format_clock(span['start_time'])}")
    return tuple(Place(text, where) for text, where in first.items())


def read_texts(value: Any) -> list[str]:
    """Check a list of words, phrases or tags from a rule file.

    Raises:
        ValueError: it is not a list, is empty, or contains something other than text.
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
        yield from (Match(condition_text(entry, video.record), None) for entry in entries)


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
