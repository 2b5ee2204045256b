"""Rules on what readers have read: words in speech and on the screen, labels, numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import ConfigError
from vidkit.library import open_library
from vidkit.tagging import apply_tags, rule_set, tag_and_classify
from vidkit.tagging.explain import explain_tags

from .conftest import MakeVideo
from .records import keep, make_record
from .test_search_readings import TALK, reading, span

MEASURED = {**TALK, "moderation": reading(max=0.9, flagged=True, of="", spans_read=4)}


def given(condition: str, wanted: Any, **record: Any) -> bool:
    """Whether a rule with one condition holds for a video with readings."""
    rules = {"rules": [{condition: wanted, "tags": ["It"]}]}
    return "It" in apply_tags(make_record(**{"readings": MEASURED, **record}), rules)


@pytest.mark.parametrize(
    ("condition", "wanted", "holds"),
    [
        ("speech_keywords", ["evening"], True),
        ("speech_keywords", ["GOOD EVENING"], True),
        ("speech_keywords", ["here is"], True),
        ("speech_keywords", ["even"], False),
        ("speech_keywords", ["breaking"], False),
        ("speech_keywords", ["news. it"], False),  # two spans
        ("screen_keywords", ["breaking news"], True),
        ("screen_keywords", ["evening"], False),
        ("object_labels", ["Dog"], True),
        ("object_labels", ["cat"], False),
        ("object_labels", ["black"], False),
        ("metadata_conditions", {"readings.moderation.max_gt": 0.8}, True),
        ("metadata_conditions", {"readings.moderation.max_gt": 0.9}, False),
        ("metadata_conditions", {"readings.moderation.max_gte": 0.9}, True),
        ("metadata_conditions", {"readings.moderation.max_lte": 0.899}, False),
        ("metadata_conditions", {"readings.moderation.max": 0.9}, True),
        ("metadata_conditions", {"readings.moderation.max": 0.898}, False),
        ("metadata_conditions", {"readings.moderation.max_in": [0.1, 0.9]}, True),
        ("metadata_conditions", {"readings.moderation.flagged": True}, True),
        ("metadata_conditions", {"readings.moderation.flagged": False}, False),
        ("metadata_conditions", {"readings.moderation.least_lt": 0.5}, False),
        ("metadata_conditions", {"readings.moderation.least": None}, True),
        ("metadata_conditions", {"readings.speech.spans_gte": 2}, True),
        ("metadata_conditions", {"readings.speech.error": None}, True),
    ],
)
def test_a_rule_on_a_reading_holds(condition: str, wanted: Any, holds: bool) -> None:
    assert given(condition, wanted) is holds


@pytest.mark.parametrize("condition", ["speech_keywords", "screen_keywords", "object_labels"])
def test_a_video_without_readings_has_none_of_the_words(condition: str) -> None:
    record = make_record("dog.mp4", qwen_description="a dog says good evening")
    assert apply_tags(record, {"rules": [{condition: ["dog", "evening"], "tags": ["It"]}]}) == ["H.264 Codec"]
    failed = {"speech": {"model": None, "version": "1", "error": "it hung", "spans": []}}
    assert not given(condition, ["dog"], readings=failed)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"speech_keyword": ["a"]}, 'the key "speech_keyword" is unknown: did you mean "speech_keywords"'),
        ({"screen_keywords": "news"}, '"screen_keywords" needs a list'),
        ({"object_labels": []}, '"object_labels" is an empty list'),
        ({"metadata_conditions": {"readings.moderation_gt": 1}}, "names no value of a reading: write it like"),
        ({"metadata_conditions": {"readings": 1}}, "is an object: name a value in it"),
        ({"metadata_conditions": {"readings.moderation.max_gt": "high"}}, "'high' is not a number"),
        ({"metadata_conditions": {"readings.moderation.max_gt": True}}, "needs text or a number"),
    ],
)
def test_a_mistake_in_a_rule_on_readings_is_named(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=f"rule 1: .*{said}"):
        rule_set({"rules": [{**rule, "tags": ["It"]}]})


def test_a_class_can_come_from_what_is_said() -> None:
    rules = {"classifications": [{"name": "News", "speech_keywords": ["news"]}]}
    assert tag_and_classify(make_record(readings=TALK), rules)[1] == "News"


def test_the_origin_of_a_tag_says_which_words_and_when() -> None:
    content = {"rules": [{"speech_keywords": ["rains", "news", "sun"], "tags": ["Weather"]}]}
    record = make_record(readings=TALK, tags=["Weather"])
    (origin,) = explain_tags(record, rule_set(content)).tags
    (reason,) = origin.reasons
    assert (reason.condition, reason.words, reason.where) == (
        "speech_keywords",
        ("news", "rains"),
        ("speech at 0:03", "speech at 0:20"),
    )


def test_edited_rules_are_applied_without_reading_again(capsys: pytest.CaptureFixture[str]) -> None:
    keep(make_record("talk.mp4", readings=TALK), make_record("other.mp4"))
    conditions = {"readings.qualty.motion_lt": 1, "readings.objects.spans_gt": 3}
    rules = [
        {"screen_keywords": ["breaking"], "tags": ["News"]},
        {"metadata_conditions": conditions, "tags": ["X"]},
    ]
    Path("custom_tags.json").write_text(json.dumps({"rules": rules}))
    assert main(["retag"]) == 0
    said = capsys.readouterr()
    assert "2 records looked at, 2 with other tags" in said.out
    assert 'rule 2 asks for "readings.qualty.motion", and the library has no such reading' in said.err
    assert "readings.objects.spans" not in said.err
    with open_library(load_config()) as library:
        assert library.find("talk.mp4")[0].record["tags"] == ["H.264 Codec", "News"]
        assert library.find("talk.mp4")[0].record["readings"] == TALK
    assert "News" in json.loads(Path("processed_videos/talk.mp4.json").read_text())["tags"]


def test_a_run_applies_rules_to_the_readings_of_an_earlier_run(make_video: MakeVideo) -> None:
    video = make_video()
    words = ["process", "--describe", "none", "--urls", str(video)]
    assert main(words) == 0
    (path,) = Path("processed_videos").glob("*.mp4.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "readings": TALK}))
    rules = [{"screen_keywords": ["breaking news"], "tags": ["News"]}]
    Path("custom_tags.json").write_text(json.dumps({"rules": rules}))
    assert main(words) == 0
    with open_library(load_config()) as library:
        (entry,) = library.records()
    assert "News" in entry.record["tags"]
    assert entry.record["readings"] == TALK


def test_a_label_that_many_spans_have_is_one_place() -> None:
    spans = [span(at, at + 1, label="dog") for at in range(500)]
    record = make_record(readings={"objects": reading(*spans)}, tags=["Dog"])
    (origin,) = explain_tags(record, rule_set({"rules": [{"object_labels": ["dog"], "tags": ["Dog"]}]})).tags
    assert origin.reasons[0].where == ("objects at 0:00",)
