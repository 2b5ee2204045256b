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

PROMPT_VERSION = 1  # raise it when the prompts below change, so that cached answers are not reused
_FORM = (
    'Answer with one JSON object and nothing else: {"description": "...", "tags": ["...", "..."]}. '
    "The description is plain text. The tags are up to ten short keywords for what is seen."
)
_SUMMARY = (
    "These are descriptions of the parts of one video, in order. Write one description of the whole video from "
    "them, as an answer to this request: {instruction}\n\n{parts}"
)
_SUMMARY_ROOM = 24_000  # characters; about 6,000 tokens, which fit in the context of every Qwen-VL model
_LONGEST = 32_768  # characters of a description that are kept
_MOST_TAGS = 50
_LONGEST_TAG = 100
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_SPECIAL_TOKEN = re.compile(r"<\|[a-z0-9_]{1,40}\|>")  # as text in a later question it would act as a token
_FENCE = re.compile(r"```\w*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_INCOMPLETE = re.compile(r'^\{\s*"description"\s*:\s*"((?:[^"\\]|\\.)*)', re.DOTALL)


def full_instruction(instruction: str, keywords: Sequence[str], language: str = "") -> str:
    """The instruction and, after it, the priority keywords and the language of the description."""
    focus = f" Focus on these aspects: {', '.join(keywords)}" if keywords else ""
    # Tags are always in English, so that rules and counts in the library do not depend on the language.
    words = f" Write the description in {language}, and the tags in English." if language else ""
    return instruction + focus + (f".{words}" if words and focus else words)


def instruction_of(config: Config, instruction: str = "") -> str:
    """The full instruction: with the priority keywords and the language of the settings.

    Args:
        config: has the file of the keywords and the language.
        instruction: overrides `[QwenVL] DefaultInstruction`.

    Raises:
        ConfigError: the file of the keywords cannot be read.
    """
    words = load_priority_keywords(config.rules.priority_keywords)
    return full_instruction(instruction or config.qwen_vl.default_instruction, words, config.qwen_vl.language)


def prompt(instruction: str) -> str:
    """The instruction and the required form of the answer."""
    return f"{instruction}\n\n{_FORM}"


def summary_instruction(parts: Sequence[tuple[float, float, str]], instruction: str) -> str:
    """The question that asks for one description of a video from those of its parts.

    Args:
        parts: (start, end, description) of each, in seconds and in order. Descriptions are shortened if all of them
            together are too long for a model's context.
        instruction: the instruction for the parts.
    """
    room = max(80, _SUMMARY_ROOM // max(1, len(parts)))
    lines = (
        f"{start:.0f} to {end:.0f} s: {_shortened(' '.join(text.split()), room)}" for start, end, text in parts
    )
    return _SUMMARY.format(instruction=instruction, parts="\n".join(lines))


def read_answer(text: str) -> Description:
    """Read a model's answer leniently.

    Raises:
        DescribeError: it is empty.
    """
    text = _THINKING.sub("", text).strip()
    content = _json_in(text)
    if isinstance(content, dict) and (description := _words(content.get("description"))):
        return Description(clean(description), tags_of(content.get("tags")))
    if match := _INCOMPLETE.match(_unfenced(text)):  # an answer that MaxTokens cut off
        text = _unescaped(match[1])
    text = clean(text)
    if not text:
        raise DescribeError("the model answered without a word")
    return Description(text)


def tags_of(value: Any) -> tuple[str, ...]:
    """Tags from a list or from text with commas: in order, without duplicates and `#`."""
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
    """Text for a record: valid Unicode of limited length, without control characters except line ends."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    text = _SPECIAL_TOKEN.sub("", text)
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
    # Cut at the end of a word, but not if that is far back: Chinese has few spaces.
    return (words if len(text) - len(words) <= _LONGEST_TAG else text) + "…"


def _json_in(text: str) -> Any:
    """The JSON object in a text: the whole text, in a code fence, or anywhere; None if there is none."""
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
    """The text of a JSON string without its end."""
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
