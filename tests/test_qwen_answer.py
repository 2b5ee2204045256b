"""How a model's answer is read."""

from __future__ import annotations

import pytest

from vidkit.errors import DescribeError
from vidkit.qwen_model import Description, full_instruction
from vidkit.qwen_model.answer import read_answer, summary_instruction


@pytest.mark.parametrize(
    "text",
    [
        '{"description": "A dog runs.", "tags": ["dog", "Grass", "dog"]}',
        '```json\n{"description": "A dog runs.", "tags": ["dog", "Grass"]}\n```',
        'Here it is:\n```\n{"tags": ["dog", "Grass"], "description": "A dog runs."}\n```\nAnything else?',
        'Sure! {"description": "A dog runs.", "tags": "dog, Grass"} Done.',
        '<think>Is it {"a": 1}?</think>{"description": "A dog runs.", "tags": ["#dog", " Grass. ", 5, null, ""]}',
        '{"description": ["A dog runs."], "tags": ["dog", "Grass", "DOG"]}',
    ],
)
def test_json_is_read_wherever_it_stands(text: str) -> None:
    assert read_answer(text) == Description("A dog runs.", ("dog", "Grass"))


def test_plain_text_is_a_description_without_tags() -> None:
    assert read_answer("  A dog runs.\nIt is brown. ") == Description("A dog runs.\nIt is brown.")


def test_json_that_was_cut_off_gives_the_words_that_came() -> None:
    assert read_answer('```json\n{"description": "A \\"dog\\" ru').text == 'A "dog" ru'
    assert read_answer('{"description": "A dog runs.", "tags": ["do').text == "A dog runs."


@pytest.mark.parametrize("text", ["", "  \n", "<think>What is it?", "<think>A dog.</think>"])
def test_an_answer_without_a_word_is_no_description(text: str) -> None:
    with pytest.raises(DescribeError, match="without a word"):
        read_answer(text)


def test_other_json_is_kept_as_text() -> None:
    assert read_answer("[1, 2]").text == "[1, 2]"
    assert read_answer('{"caption": "x"}').text == '{"caption": "x"}'
    assert read_answer("{" * 5000).text == "{" * 5000


def test_control_characters_and_broken_characters_do_not_get_through() -> None:
    description = read_answer('{"description": "a\\u001b[2Jb\\ud800c\\n\\nd", "tags": ["x\\u0007y"]}')
    assert description == Description("a [2Jb?c\n\nd", ("x y",))


def test_a_models_own_marks_do_not_get_through() -> None:
    assert read_answer("A dog <|video_pad|>runs.<|im_end|>").text == "A dog runs."
    assert read_answer("2 <|> 3 <| x |>").text == "2 <|> 3 <| x |>"


def test_an_endless_description_is_shortened() -> None:
    text = read_answer("word " * 250_000).text
    assert len(text) < 33_000
    assert text.endswith("word…")


def test_the_priority_keywords_follow_the_instruction() -> None:
    assert full_instruction("Describe.", ["car", "rain"]) == "Describe. Focus on these aspects: car, rain"
    assert full_instruction("Describe.", []) == "Describe."


def test_the_question_for_a_summary_holds_every_part_and_no_more_than_a_model_reads() -> None:
    text = summary_instruction([(i * 15.0, i * 15 + 15.0, f"part{i} " * 400) for i in range(100)], "Describe.")
    assert all(f"part{i} " in text for i in range(100))
    assert len(text) < 30_000
    assert "0 to 15 s: part0" in text
