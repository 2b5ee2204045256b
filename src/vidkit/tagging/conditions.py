"""What a rule may ask of a video: one row of `CONDITIONS` for each condition.

A condition is read once, from the rule file's JSON into plain data; from then on it only compares.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from vidkit.tagging.metadata_conditions import metadata_holds, read_metadata
from vidkit.tagging.words import fold, fold_name, stands_in


@dataclass(frozen=True)
class RuleInput:
    """One video as the conditions see it: its words folded once."""

    record: Mapping[str, Any]
    descriptions: tuple[str, ...]
    names: tuple[str, ...]
    ai_tags: frozenset[str]


@dataclass(frozen=True)
class Condition:
    """How one condition is read from JSON, and when it holds.

    `read` raises ValueError with a reason. `holds` takes what it returned, the video, and the folded tags so far.
    """

    read: Callable[[Any], Any]
    holds: Callable[[Any, RuleInput, Collection[str]], bool]


def rule_input(video_info: Mapping[str, Any]) -> RuleInput:
    """A record, whole or in part, as the conditions see it. Missing keys and nulls are simply not there."""
    scenes, segments = (_entries(video_info, key) for key in ("scenes", "segments"))
    descriptions = [
        video_info.get("qwen_description"),
        *(part.get("description") for part in scenes + segments),
    ]
    source = video_info.get("source")
    names = [video_info.get("filename"), source.get("file_name") if isinstance(source, Mapping) else None]
    ai_tags = [video_info.get("ai_generated_tags"), *(part.get("tags") for part in segments)]
    return RuleInput(
        record=video_info,
        descriptions=tuple(fold(text) for text in descriptions if isinstance(text, str)),
        names=tuple(fold_name(text) for text in names if isinstance(text, str)),
        ai_tags=frozenset(fold(tag) for tags in ai_tags for tag in tags or () if isinstance(tag, str)),
    )


def _entries(video_info: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [entry for entry in video_info.get(key) or () if isinstance(entry, Mapping)]


def read_texts(value: Any) -> list[str]:
    """A list of words, phrases or tags as it stands in a rule file.

    Raises:
        ValueError: it is no list, is empty, or holds something else than text.
    """
    if not isinstance(value, list):
        raise ValueError('needs a list, as in ["Drone", "Night shot"]')
    if not value:
        raise ValueError("is an empty list")
    for text in value:
        if not isinstance(text, str):
            raise ValueError(f"holds {text!r}, which is no text: write it in quotes")
        if not fold(text):
            raise ValueError("holds a blank word")
    return value


def _read_folded(value: Any) -> tuple[str, ...]:
    return tuple(fold(text) for text in read_texts(value))


def _read_names(value: Any) -> tuple[str, ...]:
    names = tuple(fold_name(text) for text in read_texts(value))
    if not all(names):
        raise ValueError("holds nothing but the _ - . that part words in a file name")
    return names


def _any_stands(words: Collection[str], texts: Collection[str]) -> bool:
    return any(stands_in(word, text) for word in words for text in texts)


CONDITIONS: dict[str, Condition] = {
    "description_keywords": Condition(
        _read_folded, lambda words, video, tags: _any_stands(words, video.descriptions)
    ),
    "ai_generated_tags": Condition(_read_folded, lambda words, video, tags: not video.ai_tags.isdisjoint(words)),
    "filename_keywords": Condition(_read_names, lambda words, video, tags: _any_stands(words, video.names)),
    "metadata_conditions": Condition(
        read_metadata, lambda entries, video, tags: metadata_holds(entries, video.record)
    ),
    "tags_present": Condition(_read_folded, lambda words, video, tags: any(word in tags for word in words)),
}
