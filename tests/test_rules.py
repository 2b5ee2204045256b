"""Rule files: those that people have are read, and a mistake is named before the first video."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vidkit.core import load_priority_keywords
from vidkit.errors import ConfigError
from vidkit.tagging import apply_tags, classify_video, load_custom_tags, missing_columns, rule_set

ROOT = Path(__file__).parents[1]
DOCS = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL)


def write(content: Any, name: str = "custom_tags.json") -> Path:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


def mistake(content: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_custom_tags(write(content))
    message = str(caught.value)
    assert "custom_tags.json" in message
    return message


def test_the_files_at_the_root_work_as_they_stand() -> None:
    rules = load_custom_tags(ROOT / "custom_tags.json")
    assert rules.path == ROOT / "custom_tags.json"
    assert len(load_priority_keywords(ROOT / "priority_keywords.json")) == 10
    video = {"codec": "h264", "bit_rate": 2_500_000, "qwen_description": "A bird’s eye view of an explosion."}
    tags = apply_tags(video, rules)
    assert tags == [
        "H.264 Codec", "Aerial Shot", "Drone Footage", "High-Intensity", "Action-Packed", "High Bitrate",
    ]  # fmt: skip
    assert classify_video({**video, "tags": tags}, rules) == "Action"


@pytest.mark.parametrize("example", [text for text in EXAMPLES if "priority_keywords" not in text])
def test_every_example_in_the_docs_is_read(example: str) -> None:
    rules = load_custom_tags(write(example))
    assert rules.rules or rules.classifications


def test_the_docs_have_their_examples_and_the_keyword_file_is_read() -> None:
    assert len(EXAMPLES) >= 5
    keywords = write(next(text for text in EXAMPLES if "priority_keywords" in text), "priority_keywords.json")
    assert load_priority_keywords(keywords)[0] == "Aerial Shot"


def test_the_first_example_of_the_docs_tags_as_it_says() -> None:
    rules = load_custom_tags(write(EXAMPLES[0]))
    assert apply_tags({"qwen_description": "a drone"}, rules) == ["Aerial Shot", "Drone Footage"]
    assert apply_tags({"resolution": "3840x2160", "duration": 700}, rules) == ["High Resolution", "Extended Play"]
    assert apply_tags({"resolution": "3840x2160", "duration": 500}, rules) == ["High Resolution"]
    assert apply_tags({"ai_generated_tags": ["explosive"]}, rules) == ["High-Intensity", "Action-Packed"]


def test_the_errors_in_the_docs_are_those_that_vidkit_shows() -> None:
    good = {"description_keywords": ["a"], "tags": ["a"]}
    first = mistake({"rules": [good, good, {"description_keyword": ["a"], "tags": ["a"]}]})
    second = mistake({"rules": [good, {"metadata_conditions": {"durration_gt": 1}, "tags": ["a"]}]})
    for message in (first, second):
        assert f"\n    {message.removesuffix(' In an empty folder, `vidkit init` writes an example.')}\n" in DOCS


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"rules": [],}', "line 1, column 13: a comma after the last entry, before the }"),
        ('{\n  "rules": [\n    {},\n  ]\n}', "line 3, column 7: a comma after the last entry, before the ]"),
        ('{"rules": ["a, ]" "b"]}', "line 1, column 19: Expecting ',' delimiter"),
        ("", "line 1, column 1: Expecting value"),
    ],
)
def test_a_comma_after_the_last_entry_is_called_that_with_its_line(text: str, place: str) -> None:
    for read in (load_custom_tags, load_priority_keywords):
        with pytest.raises(ConfigError, match=re.escape(f"custom_tags.json is not JSON: {place}")):
            read(write(text))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("label", 'a column of your CSV is asked for as "source.columns.label"'),
        ("label_in", 'a column of your CSV is asked for as "source.columns.label_in"'),
        ("resolutoin", 'did you mean "resolution"?'),
    ],
)
def test_a_rule_on_a_column_by_its_bare_name_is_told_how_columns_are_named(key: str, said: str) -> None:
    message = mistake({"rules": [{"metadata_conditions": {key: "a"}, "tags": ["a"]}]})
    assert f'"{key}" is not a key of a record: {said}' in message


def test_a_rule_on_a_column_that_is_not_there_is_told_the_nearest() -> None:
    conditions = {"source.columns.labl_in": ["a"], "source.columns.Genre": "b"}
    rules = rule_set({"rules": [{"metadata_conditions": conditions, "tags": ["a"]}]})
    (said,) = missing_columns(rules, ["Label", "genre"], "v.csv")
    asked = 'rule 1 asks for "source.columns.labl", and v.csv has no such column'
    assert said == f'the rules: {asked}: did you mean "source.columns.Label"?'
    assert [line.rpartition(": ")[2] for line in missing_columns(rules, ["a", "b"], "v.csv")] == [
        "its columns are a, b"
    ] * 2


def test_no_file_means_no_rules() -> None:
    for absent in (None, "", "absent.json", Path("absent.json")):
        rules = load_custom_tags(absent)
        assert (rules.rules, rules.classifications, rules.path) == ((), (), None)
    assert apply_tags({"codec": "h264"}, "absent.json") == ["H.264 Codec"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_the_encodings_that_editors_write(encoding: str) -> None:
    text = '{"rules": [{"description_keywords": ["été"], "tags": ["Été"]}]}'
    Path("custom_tags.json").write_text(text, encoding=encoding)
    assert apply_tags({"qwen_description": "ÉTÉ"}, "custom_tags.json") == ["Été"]


def test_unchanged_rules_keep_their_fingerprint_so_that_no_video_is_tagged_again() -> None:
    rules = {"metadata_conditions": {"codec": "h264", "duration_gt": 60}, "tags": ["a"]}
    # Another value means that every library's videos are tagged again: change it only where tags really change.
    assert rule_set({"rules": [rules]}).fingerprint == "dc24350f126ba821"


def test_the_fingerprint_follows_the_meaning() -> None:
    def fingerprint(text: str) -> str:
        return load_custom_tags(write(text)).fingerprint

    plain = fingerprint('{"rules": [{"tags": ["a"], "description_keywords": ["b"]}]}')
    assert plain == fingerprint('{ "rules":\n [{"description_keywords": ["b"], "tags": ["a"]}] }')
    assert plain == fingerprint('{"rules": [{"tags": ["a"], "description_keywords": ["b"], "match": "any"}]}')
    assert plain == fingerprint('{"rules": [{"tags": ["a"], "description_keywords": ["B"]}]}')
    assert plain != fingerprint('{"rules": [{"tags": ["A"], "description_keywords": ["b"]}]}')
    assert plain != fingerprint('{"rules": [{"tags": ["a"], "description_keywords": ["c"]}]}')
    assert plain != fingerprint('{"rules": [{"tags": ["a"], "description_keywords": ["b"], "match": "all"}]}')
    assert fingerprint("{}") == load_custom_tags(None).fingerprint == fingerprint('{"rules": []}')


KEYWORDS = {"description_keywords": ["a"]}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {"description_keyword": ["a"], "tags": ["a"]},
            ["description_keyword", 'did you mean "description_keywords"'],
        ),
        ({"Tags": ["a"], **KEYWORDS}, ['"Tags"', 'did you mean "tags"']),
        ({"colour": 1, "tags": ["a"], **KEYWORDS}, ['"colour"', "metadata_conditions"]),
        ({}, ["empty"]),
        ("a", ["not an object"]),
        ({"tags": ["a"]}, ["no condition", "description_keywords"]),
        (KEYWORDS, ['no "tags"']),
        ({"tags": [], **KEYWORDS}, ['"tags"', "empty list"]),
        ({"tags": "a", **KEYWORDS}, ['"tags"', "needs a list"]),
        ({"tags": ["a", 5], **KEYWORDS}, ['"tags"', "5", "not text"]),
        ({"tags": [" "], **KEYWORDS}, ['"tags"', "blank"]),
        ({"tags": ["a"], "description_keywords": "a"}, ['"description_keywords"', "needs a list"]),
        ({"tags": ["a"], "description_keywords": []}, ['"description_keywords"', "empty list"]),
        ({"tags": ["a"], "ai_generated_tags": [None]}, ['"ai_generated_tags"', "None"]),
        ({"tags": ["a"], "filename_keywords": ["_"]}, ['"filename_keywords"', "part words"]),
        ({"tags": ["a"], "tags_present": {"a": 1}}, ['"tags_present"', "needs a list"]),
        ({"tags": ["a"], "match": "some", **KEYWORDS}, ['"match"', '"some"', '"any" or "all"']),
        ({"tags": ["a"], "match": ["all"], **KEYWORDS}, ['"match"', '"any" or "all"']),
    ],
)
def test_a_mistake_in_a_rule_is_named_with_its_number(rule: Any, words: list[str]) -> None:
    message = mistake({"rules": [{"tags": ["fine"], **KEYWORDS}, rule]})
    assert "rule 2: " in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([], ["needs an object"]),
        ({}, ["empty"]),
        ({"durration": 5}, ["durration", 'did you mean "duration"']),
        ({"duration_gr": 5}, ['did you mean "duration_gt']),
        ({"Codec": "h264"}, ['did you mean "codec"']),
        ({"audio.chanels_gt": 1}, ['did you mean "audio.channels_gt"']),
        ({"xyzzy": 1}, ['"xyzzy" is not a key of a record']),
        ({"source.columns.": 1}, ["not a key of a record"]),
        ({"tags": "a"}, ["tags_present"]),
        ({"classification_ne": "a"}, ["tags_present"]),
        ({"duration_gt": "long"}, ["duration_gt", "'long' is not a duration"]),
        ({"duration_gt": [1]}, ["duration_gt", "text or a number"]),
        ({"duration_gt": True}, ["duration_gt", "text or a number"]),
        ({"duration_gt": None}, ["null"]),
        ({"duration_in": 5}, ["duration_in", "list"]),
        ({"duration_in": [5, "x"]}, ["duration_in", "'x' is not a duration"]),
        ({"duration_in": []}, ["list"]),
        ({"duration_contains": 5}, ["_contains"]),
        ({"fps_gt": "fast"}, ["fps_gt", "'fast' is not a number"]),
        ({"frame_rate_gt": "30000/x"}, ["not a number"]),
        ({"size_lt": "big"}, ["size_lt", "'big' is not a size"]),
        ({"codec_gt": 5}, ["codec_gt", "text"]),
        ({"codec_contains": " "}, ["blank"]),
        ({"resolution": "huge"}, ["resolution", "'huge' is not a resolution"]),
        ({"resolution_gte": 1080}, ["1080 is not a resolution"]),
        ({"resolution_contains": "4K"}, ["_contains"]),
        ({"audio": "aac"}, ["audio", "audio.codec"]),
        ({"source.columns": "x"}, ["source.columns.NAME"]),
        ({"scenes": "many"}, ["'many' is not a number"]),
        ({"source.last_modified_gt": "soon"}, ["'soon' is not a date"]),
        ({"source.last_modified_gt": 5}, ["not a date"]),
        ({"source.columns.score_gt": "high"}, ["'high' is not a number"]),
    ],
)
def test_a_mistake_in_metadata_conditions_is_named(conditions: Any, words: list[str]) -> None:
    message = mistake({"rules": [{"tags": ["a"], "metadata_conditions": conditions}]})
    assert 'rule 1: "metadata_conditions"' in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (KEYWORDS, ['no "name"']),
        ({"name": " ", **KEYWORDS}, ['"name"', "one class"]),
        ({"name": ["a"], **KEYWORDS}, ['"name"', "one class"]),
        ({"name": "a"}, ["no condition"]),
        ({"name": "a", "tags": ["a"]}, ['"tags"', 'did you mean "tags_present"']),
    ],
)
def test_a_mistake_in_a_class_is_named_with_its_number(entry: Any, words: list[str]) -> None:
    message = mistake({"rules": [], "classifications": [entry]})
    assert "classification 1: " in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["not JSON", "line 1"]),
        ('{"rules": [\n  {"tags": ["a"],}\n]}', ["not JSON", "line 2"]),
        (
            '{"rules": [{"tags": ["a"], "tags": ["b"], "description_keywords": ["c"]}]}',
            ["rule 1", '"tags"', "twice"],
        ),
        (
            '{"rules": [{"tags": ["a"], "metadata_conditions": {"size": 1, "size": 2}}]}',
            ["rule 1", '"size"', "twice"],
        ),
        ('{"rules": [], "rules": []}', ['"rules"', "twice"]),
        ('{"rules": [{"tags": ["a"], "metadata_conditions": {"size": NaN}}]}', ["NaN"]),
        ("[]", ['{"rules": [...]}']),
        ('{"rule": []}', ['"rule"', 'did you mean "rules"']),
        ('{"rules": {}}', ['"rules"', "list"]),
        ("[" * 100_000, ["not JSON"]),
        ('{"\x1b[31mrules": []}', []),
        ('{"\\u001b[31mrules": []}', ["?[31mrules"]),
    ],
)
def test_a_file_that_is_no_rule_file_is_named(content: str, words: list[str]) -> None:
    message = mistake(content)
    assert message.isprintable()
    for word in words:
        assert word in message


def test_bytes_that_are_no_text_and_a_folder_are_named() -> None:
    Path("custom_tags.json").write_bytes(b'{"rules": ["\xff\xfe\x00"]}')
    with pytest.raises(ConfigError, match="not text in UTF-8"):
        load_custom_tags("custom_tags.json")
    Path("folder").mkdir()
    with pytest.raises(ConfigError, match="folder"):
        load_custom_tags("folder")
