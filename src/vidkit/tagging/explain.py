"""Why a video has its tags and its class: which rule, which condition, which words, and where they are.

The same functions apply the rules as for tagging, so the explanation cannot differ from the tags.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from vidkit.tagging import all_rules, built_in, rules_that_hold, tag_and_classify
from vidkit.tagging.conditions import RuleInput, rule_input
from vidkit.tagging.rules import Rule, RuleSet, rule_finds
from vidkit.tagging.words import fold

Who = Literal["person", "rule", "built-in", "none"]
_MOST = 20  # matches that are listed for one condition


@dataclass(frozen=True)
class Reason:
    """One condition that holds: its rule, its name, the words that it finds, and where they are."""

    rule: str
    condition: str
    words: tuple[str, ...]
    where: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Where a tag or a class is from. `none`: no current rule gives it; it is from older rules or texts."""

    name: str
    origin: Who
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """The class and the tags of a record with their origins.

    `removed` are the tags that a person removed, with the rules that give them. `outdated`: the current rules give
    other tags or another class than the record has.
    """

    classification: Origin
    tags: list[Origin]
    removed: list[Origin] = field(default_factory=list)
    outdated: bool = False


def explain_tags(record: Mapping[str, Any], rules: RuleSet) -> Explanation:
    """Explain the tags and the class that a record has.

    Args:
        record: a complete record from the library.
        rules: the user's rules.
    """
    video = rule_input(record, rules.language)
    given = _given_tags(video, rules)
    corrections = record.get("corrections") or {"classification": None, "add_tags": [], "remove_tags": []}
    added = {fold(tag) for tag in corrections["add_tags"]}
    tags, classification = tag_and_classify(record, rules)
    return Explanation(
        classification=_class_origin(record, corrections["classification"], video, rules),
        tags=[_tag_origin(tag, given, added) for tag in record["tags"]],
        removed=[_tag_origin(tag, given, set()) for tag in corrections["remove_tags"]],
        outdated=(tags, classification) != (list(record["tags"]), record["classification"]),
    )


def _given_tags(video: RuleInput, rules: RuleSet) -> dict[str, list[tuple[Who, Reason]]]:
    """Folded tag -> why the rules give it."""
    names = _rule_names(rules)
    given: dict[str, list[tuple[Who, Reason]]] = defaultdict(list)
    found: dict[str, str] = {}
    for rule in rules_that_hold(all_rules(rules), video, found):
        who, name = names[id(rule)]
        for reason in _reasons(rule, name, video, found):
            for tag in dict.fromkeys(map(fold, rule.gives)):
                given[tag].append((who, reason))
    return given


def _tag_origin(tag: str, given: Mapping[str, list[tuple[Who, Reason]]], added: set[str]) -> Origin:
    given_by = given.get(fold(tag), [])
    who: Who = "person" if fold(tag) in added else given_by[0][0] if given_by else "none"
    return Origin(tag, who, tuple(reason for _, reason in given_by))


def _class_origin(record: Mapping[str, Any], corrected: str | None, video: RuleInput, rules: RuleSet) -> Origin:
    name = record["classification"]
    if corrected is not None:
        return Origin(name, "person" if corrected == name else "none")
    names = _rule_names(rules)
    tags = {fold(tag): tag for tag in record["tags"]}
    classes = (*rules.classifications, *built_in().classifications)
    rule = next(rules_that_hold(classes, video, dict(tags)), None)
    if rule is None or rule.gives[0] != name:
        return Origin(name, "none")
    who, where = names[id(rule)]
    return Origin(name, who, tuple(_reasons(rule, where, video, tags)))


def _reasons(rule: Rule, name: str, video: RuleInput, tags: Mapping[str, str]) -> list[Reason]:
    """The conditions of a rule that find something."""
    reasons = []
    for condition, found in rule_finds(rule, video, tags):
        matches = list(islice(found, _MOST))
        if matches:
            # Show a tag as it is spelled, not folded.
            words = dict.fromkeys(
                each.words if each.where else tags.get(each.words, each.words) for each in matches
            )
            where = dict.fromkeys(each.where for each in matches if each.where)
            reasons.append(Reason(name, condition, tuple(words), tuple(where)))
    return reasons


def _rule_names(rules: RuleSet) -> dict[int, tuple[Who, str]]:
    """The name of each rule, such as `custom_tags.json, rule 3`, by the id of the object."""
    file = Path(rules.path).name if rules.path else "the rules"
    names: dict[int, tuple[Who, str]] = {}
    owners: tuple[tuple[Who, str, RuleSet], ...] = (
        ("built-in", "vidkit's own rules", built_in()),
        ("rule", file, rules),
    )
    for who, owner, each in owners:
        for kind, kind_rules in (("rule", each.rules), ("classification", each.classifications)):
            names |= {id(rule): (who, f"{owner}, {kind} {number}") for number, rule in enumerate(kind_rules, 1)}
    return names
