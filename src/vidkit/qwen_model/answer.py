"""Write the prompt for the model, and read its answer: JSON, JSON in a code fence, or plain text."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from vidkit.core import Config, load_priority_keywords
from vidkit.errors import DescribeError
from vidkit.qwen_model.question import Description

log = logging.getLogger(__name__)

PROMPT_VERSION = 1  # changes with the words below: an answer to other words is another answer
_FORM = (
    'Answer with one JSON object and nothing else: {"description": "...", "tags": ["...", "..."]}. '
    "The description is plain text. The tags are up to ten short keywords for what is seen."
)
_SUMMARY = (
    "These are descriptions of the parts of one video, in order. Write one description of the whole video from "
    "them, as an answer to this request: {instruction}\n\n{parts}"
)
_SUMMARY_ROOM = 24_000  # characters; about 6,000 tokens, which every Qwen-VL model's context holds
_LONGEST = 32_768  # characters of a description that are kept
_MOST_TAGS = 50
_LONGEST_TAG = 100
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_MARK = re.compile(r"<\|[a-z0-9_]{1,40}\|>")  # a model's own marks: in the question for a summary they would act
_FENCE = re.compile(r"```\w*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_BEGUN = re.compile(r'^\{\s*"description"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)


def full_instruction(instruction: str, keywords: Sequence[str], language: str = "") -> str:
    """The instruction and, after it, the priority keywords and the language of the description."""
    focus = f" Focus on these aspects: {', '.join(keywords)}" if keywords else ""
    # Tags stay English: rules and the library's counts have the same ones whatever the language.
    words = f" Write the description in {language}, and the tags in English." if language else ""
    return instruction + focus + (f".{words}" if words and focus else words)


def instruction_of(config: Config, instruction: str = "") -> str:
    """What a video is described by: the instruction, the priority keywords and the language.

    Args:
        config: names the file of the keywords, and the language.
        instruction: instead of `[QwenVL] DefaultInstruction`.

    Raises:
        ConfigError: the file of the keywords cannot be read.
    """
    words = load_priority_keywords(config.rules.priority_keywords)
    return full_instruction(instruction or config.qwen_vl.default_instruction, words, config.qwen_vl.language)


def prompt(instruction: str) -> str:
    """The instruction and the form that the answer should have."""
    return f"{instruction}\n\n{_FORM}"


def summary_instruction(parts: Sequence[tuple[float, float, str]], instruction: str) -> str:
    """The question for one description of a video.

    Args:
        parts: (start, end, description) of each, in seconds and in order. Where they are too long in all for a
            model's context, each is shortened.
        instruction: what was asked about each.
    """
    room = max(80, _SUMMARY_ROOM // max(1, len(parts)))
    lines = (
        f"{start:.0f} to {end:.0f} s: {_shortened(' '.join(text.split()), room)}" for start, end, text in parts
    )
    return _SUMMARY.format(instruction=instruction, parts="\n".join(lines))


def read_answer(text: str) -> Description:
    """Read a model's answer leniently.

    Raises:
        DescribeError: it says nothing.
    """
    text = _THOUGHT.sub("", text).strip()
    content = _json_in(text)
    if isinstance(content, dict) and (description := _words(content.get("description"))):
        return Description(clean(description), tags_of(content.get("tags")))
    if match := _BEGUN.match(_unfenced(text)):  # an answer that was cut off by MaxTokens
        text = _unescaped(match[1])
    text = clean(text)
    if not text:
        raise DescribeError("the model answered without a word")
    return Description(text)


def tags_of(value: Any) -> tuple[str, ...]:
    """Tags from a list or from text with commas: in order, each once, without `#`."""
    words: Iterable[Any] = re.split(r"[,;\n、，；]", value) if isinstance(value, str) else value or ()
    if not isinstance(words, list):
        return ()
    tags: dict[str, str] = {}
    for word in words:
        tag = " ".join(clean(word).split()).lstrip("#").strip(" .。") if isinstance(word, str) else ""
        if tag and len(tag) <= _LONGEST_TAG:
            tags.setdefault(tag.casefold(), tag)
    return tuple(tags.values())[:_MOST_TAGS]


def clean(text: str) -> str:
    """Text fit for a record: no control characters but line ends, whole characters, not endless."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    text = _MARK.sub("", text)
    text = "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else " " for c in text).strip()
    if len(text) > _LONGEST:
        log.warning("a description of %d characters was shortened to %d", len(text), _LONGEST)
        text = _shortened(text, _LONGEST)
    return text


def _shortened(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    text = text[: room - 1]
    words = text.rsplit(None, 1)[0]
    # Chinese has few spaces: not at the end of a word, but never far before the end of the room.
    return (words if len(text) - len(words) <= _LONGEST_TAG else text) + "…"


def _json_in(text: str) -> Any:
    """The JSON object in the text: all of it, in a code fence, or anywhere; None if there is none."""
    candidates = (text, _unfenced(text), text[text.find("{") : text.rfind("}") + 1])
    return next((found for found in map(_parsed, candidates) if isinstance(found, dict)), None)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _unfenced(text: str) -> str:
    match = _FENCE.search(text)
    return (match[1] if match else text).strip()


def _words(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "\n".join(value)
    return value.strip() if isinstance(value, str) else ""


def _unescaped(text: str) -> str:
    """The text of a JSON string whose end is missing."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
