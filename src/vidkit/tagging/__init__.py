"""Apply rules to a record: tags, then the class."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any, ClassVar, Protocol

from vidkit.tagging.conditions import RuleInput, rule_input
from vidkit.tagging.rules import (
    BUILT_IN,
    OF_READINGS,
    SENSITIVE,
    Rule,
    RuleSet,
    load_custom_tags,
    missing_columns,
    missing_readings,
    rule_holds,
    rule_set,
)
from vidkit.tagging.words import fold

__all__ = [
    "SENSITIVE",
    "RuleSet",
    "apply_custom_rules",
    "apply_tags",
    "classify_video",
    "load_custom_tags",
    "missing_columns",
    "missing_readings",
    "rule_set",
    "same_tag",
    "tag_and_classify",
]

UNCLASSIFIED = "Unclassified"
# A rule file, its rules, or its content.
CustomRules = str | os.PathLike[str] | RuleSet | Mapping[str, Any] | None


class HasMetadata(Protocol):
    """The result of `extract_metadata`: a dataclass with a record's keys as fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def resolution(self) -> str: ...


# A record, or a part of one.
VideoInfo = Mapping[str, Any] | HasMetadata


def apply_tags(video_info: VideoInfo, custom_rules: CustomRules = None) -> list[str]:
    """Compute the tags of a video from the built-in rules, then from custom rules.

    Args:
        video_info: a record, a part of one, or the result of `extract_metadata`; its own `tags` are ignored.
        custom_rules: a rule file, or the result of `load_custom_tags`.

    Returns:
        The tags in the order of the rules, without duplicates: `High Intensity` and `High-Intensity` are one tag,
        in its first spelling.

    Raises:
        ConfigError: the rule file is invalid.
    """
    rules = _rules(custom_rules)
    return _apply(all_rules(rules), rule_input(_mapping(video_info), rules.language), [])


def apply_custom_rules(video_info: VideoInfo, tags: Iterable[str], custom_tags_rules: CustomRules) -> list[str]:
    """Return these tags and the tags of custom rules, in order, without duplicates.

    Raises:
        ConfigError: the rules are invalid.
    """
    rules = _rules(custom_tags_rules)
    return _apply(rules.rules, rule_input(_mapping(video_info), rules.language), tags)


def classify_video(video_info: VideoInfo, custom_rules: CustomRules = None) -> str:
    """Return the class of a video with `tags`: the first custom class that is true, else the first built-in one.

    Returns:
        The class, or `Unclassified`.

    Raises:
        ConfigError: the rule file is invalid.
    """
    known = _mapping(video_info)
    rules = _rules(custom_rules)
    video, tags = rule_input(known, rules.language), _by_folded(known.get("tags") or ())
    classes = (*rules.classifications, *built_in().classifications)
    return next((rule.gives[0] for rule in classes if rule_holds(rule, video, tags)), UNCLASSIFIED)


def same_tag(one: str, other: str) -> bool:
    """Whether two spellings are one tag: `High Intensity` and `High-Intensity` are."""
    return fold(one) == fold(other)


def tag_and_classify(video_info: VideoInfo, custom_rules: CustomRules = None) -> tuple[list[str], str]:
    """The tags and the class of a video: by the rules, with a person's corrections.

    Args:
        video_info: a record, or a part of one. Its `corrections` override every rule: removed tags are left out,
            added tags come last, and the class follows from these tags unless a person set it.
        custom_rules: a rule file, or the result of `load_custom_tags`.

    Raises:
        ConfigError: the rule file is invalid.
    """
    known = _mapping(video_info)
    corrections = known.get("corrections") or {"classification": None, "add_tags": [], "remove_tags": []}
    removed = _by_folded(corrections["remove_tags"])
    by_rules = [tag for tag in apply_tags(known, custom_rules) if fold(tag) not in removed]
    tags = list(_by_folded([*by_rules, *corrections["add_tags"]]).values())
    return tags, corrections["classification"] or classify_video({**known, "tags": tags}, custom_rules)


@cache
def built_in() -> RuleSet:
    """vidkit's own rules and classes."""
    return rule_set({**BUILT_IN, "rules": [*BUILT_IN["rules"], *OF_READINGS]})


def all_rules(custom: RuleSet) -> tuple[Rule, ...]:
    """vidkit's own rules, without those that a custom rule replaces, then the custom ones."""
    sensitive = fold(SENSITIVE)
    replaced = any(sensitive in map(fold, rule.gives) for rule in custom.rules)
    own = (rule for rule in built_in().rules if not replaced or sensitive not in map(fold, rule.gives))
    return *own, *custom.rules


def _mapping(video_info: VideoInfo) -> Mapping[str, Any]:
    """A record, or metadata as the record has it."""
    if isinstance(video_info, Mapping):
        return video_info
    return {**asdict(video_info), "resolution": video_info.resolution}


def _rules(custom_rules: CustomRules) -> RuleSet:
    if isinstance(custom_rules, RuleSet):
        return custom_rules
    return rule_set(custom_rules) if isinstance(custom_rules, Mapping) else load_custom_tags(custom_rules)


def _apply(rules: Iterable[Rule], video: RuleInput, tags: Iterable[str]) -> list[str]:
    found = _by_folded(tags)
    for _ in rules_that_hold(rules, video, found):
        pass
    return list(found.values())


def rules_that_hold(rules: Iterable[Rule], video: RuleInput, found: dict[str, str]) -> Iterator[Rule]:
    """The rules that apply, in order. Each adds its tags to `found`, by their folded form, for the next rules."""
    for rule in rules:
        if rule_holds(rule, video, found):
            yield rule
            for tag in rule.gives:
                found.setdefault(fold(tag), tag)


def _by_folded(tags: Iterable[str]) -> dict[str, str]:
    """Folded tag -> the first spelling of it."""
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(fold(tag), tag)
    return found
