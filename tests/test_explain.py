"""Why a video has its tags: the explanation names the rule, the condition, the words and the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.records import make_record
from vidkit.curate.retag import retagged
from vidkit.record import Record
from vidkit.tagging import load_custom_tags
from vidkit.tagging.explain import Explanation, Origin, explain_tags
from vidkit.tagging.rules import BUILT_IN, RuleSet, rule_set

SEEDS = load_custom_tags(Path(__file__).parent.parent / "custom_tags.json")


def tagged(rules: RuleSet = SEEDS, **changes: Any) -> Record:
    """A record with the tags that the rules give."""
    return retagged(make_record(**changes), rules)


def origin(explained: Explanation, tag: str) -> Origin:
    return next(each for each in explained.tags if each.name == tag)


def seeds() -> list[tuple[str, str, int, dict[str, Any], str, str, str | None]]:
    """Every condition of the seed rules, with a video that it is true of, and the words and place that are told."""
    cases = []
    for number, rule in enumerate(SEEDS.rules, 1):
        for name, data in rule.conditions:
            for word in data if name != "metadata_conditions" else [None]:
                video, words, where = video_for(name, word, data)
                cases.append((f"rule {number}", rule.gives[0], number, video, name, words, where))
    return cases


def video_for(name: str, word: str | None, data: Any) -> tuple[dict[str, Any], str, str | None]:
    if name == "description_keywords":
        return {"scenes": [None, f"We see {word} here."]}, str(word), "scene 2"
    if name == "ai_generated_tags":
        return {"segments": [(None, []), (None, [str(word).title()])]}, str(word), "clip 2"
    if name == "filename_keywords":
        return {"name": f"my_{str(word).replace(' ', '-')}.mp4"}, str(word), "the file name"
    values = {"resolution": "3840x2160", "duration": 700.0, "codec": "h264", "bit_rate": 3_000_000, "fps": 120.0}
    keys = {entry.key for entry in data}
    return {key: value for key, value in values.items() if key in keys}, "", None


@pytest.mark.parametrize(("rule", "tag", "number", "video", "condition", "words", "where"), seeds())
def test_every_condition_of_the_seed_rules_is_explained(rule, tag, number, video, condition, words, where):
    changes = {"codec": "vp9", **video}
    record = tagged(**changes)
    found = origin(explain_tags(record, SEEDS), tag)
    reason = next(each for each in found.reasons if each.rule == f"custom_tags.json, {rule}")
    assert reason.condition == condition
    if where is None:
        for key in video:
            assert any(said.startswith(f"{key} is") for said in reason.words), (key, reason.words)
    else:
        assert words in reason.words
        assert reason.where == (where,)


def test_there_are_seeds_for_every_kind_of_condition():
    kinds = {case[4] for case in seeds()}
    assert kinds == {"description_keywords", "ai_generated_tags", "filename_keywords", "metadata_conditions"}


def test_every_tag_of_a_record_is_explained_and_nothing_else():
    record = tagged(
        scenes=["A drone over a stadium.", "An explosion at night."],
        segments=[("Interview.", ["Sports", "Cinematic"])],
    )
    explained = explain_tags(record, SEEDS)
    assert [each.name for each in explained.tags] == record["tags"]
    assert len(record["tags"]) > 6
    assert all(each.reasons for each in explained.tags)
    assert not explained.outdated


def test_a_number_is_told_with_its_limit():
    record = tagged(duration=734.2, codec="vp9")
    (reason,) = origin(explain_tags(record, rule_set({})), "Extended Play").reasons
    assert reason.words == ("duration is more than 600 (734.2)",)
    assert reason.rule == "vidkit's own rules, rule 2"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("codec", "H.264", "codec is h264"),
        ("audio", None, "audio is not there"),
        ("source.file_name_ne", None, "source.file_name is there (a.mp4)"),
    ],
)
def test_a_value_is_told_once_and_null_in_words(key, value, words):
    rules = rule_set({"rules": [{"metadata_conditions": {key: value}, "tags": ["Told"]}]})
    record = make_record(codec="h264", audio=None)
    record["source"]["file_name"] = "a.mp4"
    (reason,) = origin(explain_tags(retagged(record, rules), rules), "Told").reasons
    assert reason.words == (words,)


def test_a_tag_that_a_rule_builds_on_is_named_as_it_is_written():
    rules = rule_set(
        {
            "rules": [
                {"description_keywords": ["cat"], "tags": ["House-Cat"]},
                {"tags_present": ["house cat"], "tags": ["Pet"]},
            ]
        }
    )
    (reason,) = origin(explain_tags(tagged(rules, scenes=["A cat."]), rules), "Pet").reasons
    assert (reason.condition, reason.words) == ("tags_present", ("House-Cat",))


def test_all_conditions_of_a_rule_that_needs_all_are_named():
    rules = rule_set(
        {
            "rules": [
                {"match": "all", "description_keywords": ["cat"], "filename_keywords": ["home"], "tags": ["Pet"]}
            ]
        }
    )
    reasons = origin(explain_tags(tagged(rules, name="home.mp4", scenes=["A cat."]), rules), "Pet").reasons
    assert [each.condition for each in reasons] == ["description_keywords", "filename_keywords"]
    record = {**tagged(rules, scenes=["A cat."]), "tags": ["Pet"]}
    explained = explain_tags(record, rules)
    assert (origin(explained, "Pet").origin, explained.outdated) == ("none", True)


@pytest.mark.parametrize(
    ("changes", "name", "who", "condition"),
    [
        ({"scenes": ["A stadium."]}, "Sports", "rule", "tags_present"),
        ({"scenes": ["Much action."]}, "Action", "built-in", "tags_present"),
        ({"scenes": ["A narrative."]}, "Documentary", "built-in", "description_keywords"),
        ({"scenes": ["Nothing."]}, "Unclassified", "none", None),
    ],
)
def test_a_class_is_explained(changes, name, who, condition):
    record = tagged(**changes)
    found = explain_tags(record, SEEDS).classification
    assert (found.name, found.origin) == (name, who)
    assert [each.condition for each in found.reasons][:1] == ([condition] if condition else [])


def test_the_built_in_classes_are_those_of_the_table():
    found = explain_tags(tagged(scenes=["Much action."]), SEEDS).classification
    number = [each["name"] for each in BUILT_IN["classifications"]].index("Action") + 1
    assert found.reasons[0].rule == f"vidkit's own rules, classification {number}"


def test_a_tag_of_a_person_is_explained_as_such():
    corrections = {
        "classification": "Pets",
        "add_tags": ["Cat"],
        "remove_tags": ["Sports"],
        "at": "2026-01-01T00:00:00Z",
    }
    record = tagged(scenes=["A stadium."], corrections=corrections)
    explained = explain_tags(record, SEEDS)
    assert (explained.classification.name, explained.classification.origin) == ("Pets", "person")
    assert origin(explained, "Cat").origin == "person"
    (removed,) = explained.removed
    assert (removed.name, removed.origin) == ("Sports", "rule")


def test_a_tag_of_earlier_rules_is_explained_as_such():
    record = {**tagged(), "tags": ["Old Tag"]}
    explained = explain_tags(record, SEEDS)
    assert origin(explained, "Old Tag") == Origin("Old Tag", "none")
    assert explained.outdated
