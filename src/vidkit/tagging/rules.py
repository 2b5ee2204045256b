"""Read and check the rule file, `custom_tags.json`.

docs/rules.md describes its content.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidkit.core import json_reason, printable
from vidkit.core.bucket_files import read_input
from vidkit.core.buckets import is_bucket
from vidkit.core.languages import stemmer_of
from vidkit.core.stores import Address
from vidkit.errors import ConfigError, nearest, sentence
from vidkit.messages import message
from vidkit.tagging.conditions import CONDITIONS, Match, RuleInput, read_texts
from vidkit.tagging.metadata_conditions import COLUMNS, columns_in, readings_in
from vidkit.tagging.words import caseless

log = logging.getLogger(__name__)

# The tag of videos that a person should check first. A user's rule with this tag replaces vidkit's own.
SENSITIVE = "Sensitive"

# vidkit's own rules, as in a rule file. Its rules come before those of the file, its classes after them.
BUILT_IN: dict[str, Any] = {
    "rules": [
        {"metadata_conditions": {"resolution": "4K"}, "tags": ["High Resolution"]},
        {"metadata_conditions": {"duration_gt": 600}, "tags": ["Extended Play"]},
        {"metadata_conditions": {"codec": "h264"}, "tags": ["H.264 Codec"]},
        {"description_keywords": ["action"], "tags": ["Action"]},
        {"description_keywords": ["night shot"], "tags": ["Night-time Filming"]},
    ],
    "classifications": [
        {"name": "Action", "tags_present": ["Action", "High-Intensity", "Action-Packed"]},
        {"name": "Sports", "tags_present": ["Sports", "Sport"], "ai_generated_tags": ["Sports", "Sport"]},
        {
            "name": "Documentary",
            "tags_present": ["Documentary Footage"],
            "description_keywords": ["narrative"],
        },
        {"name": "Cinematic", "tags_present": ["Aerial Shot", "Drone Footage", "Cinematic"]},
    ],
}
# Built-in rules that need a reading. They were added later and are not part of the fingerprint: the tags of a
# record without the reading do not change.
OF_READINGS = [{"metadata_conditions": {"readings.moderation.max_gt": 0.8}, "tags": [SENSITIVE]}]


@dataclass(frozen=True)
class Rule:
    """One rule or class. It `gives` its tags, or its name, if any or all of its conditions hold."""

    gives: tuple[str, ...]
    match_all: bool
    conditions: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class RuleSet:
    """A rule file, read and checked.

    `fingerprint` changes if the meaning changes, also that of vidkit's own rules. Spaces and the order of keys do
    not matter. `language` is the language of descriptions, in which keywords are found in all forms of a word.
    """

    rules: tuple[Rule, ...] = ()
    classifications: tuple[Rule, ...] = ()
    fingerprint: str = ""
    path: Address | None = None
    language: str = ""

    def in_language(self, language: str) -> RuleSet:
        """The same rules for descriptions in a language, by its name; empty if unknown."""
        if stemmer_of(language) is None:
            return self
        meaning = hashlib.sha256(f"{self.fingerprint} {language}".encode()).hexdigest()[:16]
        return replace(self, language=language, fingerprint=meaning)


class RuleError(ConfigError):
    """A rule file is wrong. The message is the first of its `mistakes`."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        first = sentence(mistakes[0])
        super().__init__(message("{first} In an empty folder, `vidkit init` writes an example.", first=first))
        self.mistakes = mistakes

    def __reduce__(self) -> tuple[type[RuleError], tuple[Sequence[str]]]:
        return RuleError, (self.mistakes,)


def load_custom_tags(custom_rules_path: str | os.PathLike[str] | None) -> RuleSet:
    """Read a rule file.

    Args:
        custom_rules_path: `custom_tags.json` or another file, or an object such as `s3://bucket/custom_tags.json`;
            None for no custom rules.

    Returns:
        Its rules; no rules if the file does not exist.

    Raises:
        ConfigError: the file cannot be read or is invalid; the message names the file, the rule (counted from 1),
            the key, and suggests a correction.
    """
    if custom_rules_path is None or custom_rules_path == "":
        return rule_set({})
    path = custom_rules_path
    try:
        content = read_input(path)
    except FileNotFoundError:
        log.info("%s: no such file, so there are no rules but vidkit's own", path)
        return rule_set({})
    except OSError as error:
        raise ConfigError("{path}: {reason}", path=printable(path), reason=error.strerror) from None
    return rule_set(_read_json(content, printable(path)), str(path) if is_bucket(path) else Path(path))


def rule_set(content: object, path: Address | None = None) -> RuleSet:
    """Check the content of a rule file. Raises ConfigError as `load_custom_tags`."""
    where = printable(path) if path is not None else message("the rules")
    mistakes: list[str] = []
    rules: tuple[Rule, ...] = ()
    classes: tuple[Rule, ...] = ()
    try:
        if not isinstance(content, Mapping):
            raise ValueError(message('{"rules": [...]} is what it has to hold'))
        _check_keys(content, ("rules", "classifications"))
        rules = _read_list(content, "rules", "rule", "tags", mistakes)
        classes = _read_list(content, "classifications", "classification", "name", mistakes)
    except ValueError as error:
        mistakes.append(str(error))
    if mistakes:
        raise RuleError(
            [printable(message("{where}: {mistake}", where=where, mistake=mistake)) for mistake in mistakes]
        )
    meaning = repr((BUILT_IN, rules, classes))
    return RuleSet(rules, classes, hashlib.sha256(meaning.encode()).hexdigest()[:16], path)


def missing_columns(rules: RuleSet, columns: Collection[str], where: str) -> Iterator[str]:
    """A message for each column in a rule that the videos do not have: it is probably misspelt.

    Args:
        rules: the user's rules.
        columns: the names of the existing columns.
        where: what has these columns, for the message.
    """
    here = {caseless(name) for name in columns}
    for kind, entries in (("rule", rules.rules), ("classification", rules.classifications)):
        for number, rule in enumerate(entries, 1):
            asked = [
                name for key, data in rule.conditions if key == "metadata_conditions" for name in columns_in(data)
            ]
            for name in asked:
                if caseless(name) not in here:
                    near = nearest(name, columns)
                    hint = (
                        message('did you mean "{columns}{near}"?', columns=COLUMNS, near=near)
                        if near
                        else message("its columns are {columns}", columns=", ".join(columns) or "none")
                    )
                    what = message(
                        '{kind} {number} asks for "{columns}{name}", and {where} has no such column: {hint}',
                        kind=kind,
                        number=number,
                        columns=COLUMNS,
                        name=name,
                        where=where,
                        hint=hint,
                    )
                    yield printable(message("{rules}: {what}", rules=rules.path or message("the rules"), what=what))


def missing_readings(rules: RuleSet, readings: Collection[str], where: str) -> Iterator[str]:
    """A message for each value of a reading in a rule that the videos do not have.

    Args:
        rules: the user's rules.
        readings: the existing values, such as `readings.quality.motion`.
        where: what has these readings, for the message.
    """
    for kind, entries in (("rule", rules.rules), ("classification", rules.classifications)):
        for number, rule in enumerate(entries, 1):
            for key, data in rule.conditions:
                for name in readings_in(data) if key == "metadata_conditions" else ():
                    if name not in readings:
                        near = nearest(name, readings)
                        hint = message(': did you mean "{near}"?', near=near) if near else ""
                        what = message(
                            '{kind} {number} asks for "{name}", and {where} has no such reading{hint}',
                            kind=kind,
                            number=number,
                            name=name,
                            where=where,
                            hint=hint,
                        )
                        yield printable(
                            message("{rules}: {what}", rules=rules.path or message("the rules"), what=what)
                        )


def rule_holds(rule: Rule, video: RuleInput, tags: Collection[str]) -> bool:
    """Whether a rule applies to a video with these folded tags so far."""
    held = (next(found, None) is not None for _, found in rule_finds(rule, video, tags))
    return all(held) if rule.match_all else any(held)


def rule_finds(rule: Rule, video: RuleInput, tags: Collection[str]) -> Iterator[tuple[str, Iterator[Match]]]:
    """The name of each condition of a rule, and what it finds in a video: nothing if it does not hold."""
    for name, data in rule.conditions:
        yield name, CONDITIONS[name].finds(data, video, tags)


class _Object(dict[str, Any]):
    """A JSON object that remembers a duplicate key."""

    twice: str | None = None


def _read_json(content: bytes, where: str) -> object:
    def remember(pairs: list[tuple[str, Any]]) -> _Object:
        found = _Object(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            found.twice = next(key for key in keys if keys.count(key) > 1)
        return found

    def refuse(constant: str) -> None:
        raise ValueError(message("{constant} is not a number in JSON", constant=constant))

    try:
        return json.loads(content, object_pairs_hook=remember, parse_constant=refuse)
    except json.JSONDecodeError as error:
        reason = json_reason(error)
    except UnicodeDecodeError:
        reason = message("it is not text in UTF-8")
    except RecursionError:
        reason = message("it is nested too deeply")
    except ValueError as error:
        reason = str(error)
    raise ConfigError(printable(message("{where} is not JSON: {reason}", where=where, reason=reason)))


def _read_list(content: Mapping[str, Any], key: str, one: str, gives: str, mistakes: list[str]) -> tuple[Rule, ...]:
    """The rules of a list. For invalid rules, a message is added to `mistakes`."""
    entries = content.get(key, [])
    if not isinstance(entries, list):
        raise ValueError(message('"{key}" needs a list', key=key))
    rules = []
    for number, entry in enumerate(entries, 1):
        try:
            rules.append(_checked_rule(entry, gives))
        except ValueError as error:
            mistakes.append(message("{called}: {error}", called=f"{one} {number}", error=error))
    return tuple(rules)


def _checked_rule(entry: object, gives: str) -> Rule:
    if not isinstance(entry, Mapping):
        raise ValueError(message("this is not an object: write it in { }"))
    if not entry:
        raise ValueError(message("it is empty"))
    _check_keys(entry, (gives, "match", *CONDITIONS))
    if gives not in entry:
        raise ValueError(message('it has no "{gives}"', gives=gives))
    conditions = []
    for name in CONDITIONS:
        if name in entry:
            _check_duplicates(entry[name])
            conditions.append((name, _read_value(name, CONDITIONS[name].read, entry[name])))
    if not conditions:
        raise ValueError(
            message("it has no condition: give it one of {conditions}", conditions=", ".join(CONDITIONS))
        )
    match = entry.get("match", "any")
    if match not in ("any", "all"):
        raise ValueError(message('"match" is {match}, and can be "any" or "all"', match=json.dumps(match)))
    given = _read_value(gives, read_texts if gives == "tags" else _read_name, entry[gives])
    return Rule(tuple(" ".join(text.split()) for text in given), match == "all", tuple(conditions))


def _read_name(value: object) -> list[str]:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(message('needs one class in quotes, as in "Wildlife"'))
    return [value]


def _read_value(key: str, read: Any, value: object) -> Any:
    try:
        return read(value)
    except ValueError as error:
        template = '"{key}": {error}' if str(error).startswith('"') else '"{key}" {error}'
        raise ValueError(message(template, key=key, error=error)) from None


def _check_duplicates(entry: object) -> None:
    """Raise for a duplicate key in an object of the file."""
    if isinstance(entry, _Object) and entry.twice is not None:
        raise ValueError(message('the key "{twice}" stands twice', twice=entry.twice))


def _check_keys(entry: Mapping[str, Any], keys: Collection[str]) -> None:
    """Raise for a duplicate key, and for an unknown key."""
    _check_duplicates(entry)
    for key in entry:
        if key not in keys:
            near = nearest(str(key), keys, cutoff=0.5)
            hint = (
                message('did you mean "{near}"?', near=near)
                if near
                else message("known are {keys}", keys=", ".join(keys))
            )
            raise ValueError(message('the key "{key}" is unknown: {hint}', key=key, hint=hint))
