"""Descriptions in a language: what the model is asked, what is asked again, what rules and searches find in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.languages import LANGUAGES, STEMMED, read_language, stem
from vidkit.qwen_model import full_instruction
from vidkit.qwen_model.answer import summary_instruction, tags_of
from vidkit.tagging import rule_set, tag_and_classify
from vidkit.tagging.explain import explain_tags

from .conftest import MakeVideo
from .model_server import ModelServer, serving

CHINESE = "夜晚的城市街道上，一辆红色汽车缓缓驶过。"


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A server that describes in Chinese, with tags in English."""
    with serving() as server:
        server.answer, server.tags = lambda question: CHINESE, ["Night", "Car"]
        yield server


@pytest.fixture
def video(make_video: MakeVideo) -> Path:
    return make_video(shots=1, shot_length=1, size="64x36", audio=False)


def process(model: ModelServer, video: Path, language: str) -> dict[str, Any]:
    """Describe a video, and give its record."""
    Path("config.ini").write_text(
        f"[QwenVL]\nPublicEndpoint = {model.url}/v1\nModel = m\nLanguage = {language}\n"
        "[Rules]\nCustomTagRules = rules.json\n"
    )
    assert main(["process", "--urls", str(video)]) == 0
    content: dict[str, Any] = json.loads(Path(f"processed_videos/{video.name}.json").read_text())
    return content


def test_the_model_is_asked_for_the_language_and_only_another_one_asks_again(
    model: ModelServer, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rules.json").write_text('{"rules": [{"description_keywords": ["红色汽车"], "tags": ["Red car"]}]}')
    record = process(model, video, "zh")
    asked = "Describe this video. Write the description in Simplified Chinese, and the tags in English."
    assert [each["messages"][0]["content"][-1]["text"].startswith(asked) for each in model.asked] == [True]
    assert record["qwen_description"] == CHINESE
    assert record["ai"]["instruction"] == asked
    assert record["ai_generated_tags"] == ["Night", "Car"]
    assert "Red car" in record["tags"], "a rule finds its word in text without spaces"
    for words in ("红色汽车", "街道", '"城市街道"', "汽车 -卡车"):
        capsys.readouterr()
        assert main(["search", words, "--json"]) == 0
        assert CHINESE in capsys.readouterr().out, words
    model.asked.clear()
    process(model, video, "simplified chinese")
    assert model.asked == [], "the same language in other words"
    process(model, video, "de")
    assert len(model.asked) == 1


def test_without_a_language_the_model_is_asked_as_ever() -> None:
    assert full_instruction("Describe.", ["car"]) == "Describe. Focus on these aspects: car"
    language = "Write the description in German, and the tags in English."
    assert full_instruction("Describe.", [], "German") == f"Describe. {language}"
    assert full_instruction("Describe.", ["car"], "German") == f"Describe. Focus on these aspects: car. {language}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", ""), ("de", "German"), ("de-AT", "German"), ("PT_br", "Portuguese"), ("german", "German"),
        ("zh", "Simplified Chinese"), ("zh-TW", "Traditional Chinese"), ("Swiss German", "Swiss German"),
    ],
)  # fmt: skip
def test_a_language_is_a_name_or_a_code(text: str, name: str) -> None:
    assert read_language(text) == name


@pytest.mark.parametrize("text", ["xx", "a\nb", 'German". Say "no', "x" * 60, "Deutsch; and more", "\x1b[2J"])
def test_what_is_no_language_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a language"):
        read_language(text)


def test_every_language_with_a_stemmer_is_in_the_table_and_has_one() -> None:
    assert set(LANGUAGES.values()) >= STEMMED
    assert {name: stem("abc", name.lower()) for name in STEMMED}.keys() == STEMMED


@pytest.mark.parametrize(
    ("language", "keyword", "text"),
    [
        ("German", "Haus", "Zwei Häuser stehen am See."),
        ("German", "rote Blume", "Auf der Wiese blühen rote Blumen."),
        ("French", "cheval", "Trois chevaux courent."),
        ("Spanish", "flor", "Un campo lleno de flores."),
        ("English", "dog", "Two dogs run."),
    ],
)
def test_a_rule_finds_all_forms_of_its_words_in_the_language_of_descriptions(
    language: str, keyword: str, text: str
) -> None:
    rules = rule_set({"rules": [{"description_keywords": [keyword], "tags": ["Found"]}]})
    record = {"qwen_description": text, "tags": ["Found"], "classification": "Unclassified"}
    assert tag_and_classify(record, rules)[0] == []
    tags, classification = tag_and_classify(record, rules.in_language(language))
    assert (tags, classification) == (["Found"], "Unclassified")
    why = explain_tags(record, rules.in_language(language)).tags[0].reasons[0]
    assert why.words == (keyword.lower(),)
    assert rules.in_language(language).fingerprint != rules.fingerprint
    assert rules.in_language("Simplified Chinese") == rules, "without stemmer the rules mean the same"


def test_a_word_in_another_form_is_not_another_word() -> None:
    rules = rule_set({"rules": [{"description_keywords": ["Hand"], "tags": ["Found"]}]}).in_language("German")
    assert tag_and_classify({"qwen_description": "Die Handlung im Handel."}, rules)[0] == []


def test_a_long_chinese_text_is_shortened_near_its_end_and_not_at_its_only_space() -> None:
    parts = [(0.0, 9.0, f"开头 {'字' * 40_000}")]
    assert len(summary_instruction(parts, "x")) > 20_000
    assert tags_of("夜晚，汽车、街道。") == ("夜晚", "汽车", "街道")
