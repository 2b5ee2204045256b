"""Values for filtering, sorting and counting records.

Facts are short lines of text, such as `audio.codec=aac` or `tag=night`. Every backend indexes them, and a filter
looks up one line. The summary has the values for sorting and for bounds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from vidkit.core.units import codec_name, parse_date
from vidkit.library.text import fold, label, storable
from vidkit.messages import message
from vidkit.record import Record

# Keys without facts. Long texts and moments are found by their words; the seconds of a stage are not searched.
_SPANS = re.compile(r"readings\.[^.]+\.spans")
_ERROR = re.compile(r"readings\.([a-z][a-z0-9_]*)\.error=(.*)")
_LEFT_OUT = {"scenes", "segments", "sprites", "pictures", "qwen_description", "ai.instruction", "processing.stages"}
_LONGEST = 200
_SPACES = re.compile("[^\\S\n]+|[\\x00-\\x09\\x0b-\\x1f\\x7f]+")
_ASCII_CONTROLS = {code: " " for code in (*range(32), 127) if code != 10}


class Summary(NamedTuple):
    """One row per video. `tags` are joined by line ends, `finished` is in seconds since 1970."""

    url: str
    content: str
    filename: str
    name: str
    classification: str
    resolution: str
    codec: str
    tags: str
    described: bool
    long_side: int
    short_side: int
    pixels: int
    duration: float
    size: int
    finished: float


def summary_of(record: Record) -> Summary:
    """The values of a record for filters, sorting and counting."""
    sides = record["width"], record["height"]
    described = [record["qwen_description"]]
    described += [scene["description"] for scene in record["scenes"]]
    described += [clip["description"] for clip in record["segments"]]
    return Summary(
        url=storable(record["source"]["url"]),
        content=storable(record["id"]),
        filename=storable(record["filename"]),
        name=storable(fold(record["filename"])),
        classification=storable(record["classification"]),
        resolution=storable(record["resolution"]),
        codec=storable(record["codec"]),
        tags=storable("\n".join(" ".join(tag.split()) for tag in record["tags"])),
        described=any(described),
        long_side=max(sides),
        short_side=min(sides),
        pixels=sides[0] * sides[1],
        duration=record["duration"],
        size=record["size"],
        finished=_seconds(record["processing"]["finished_at"]),
    )


def _seconds(time: str) -> float:
    try:
        return parse_date(time).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def facts_of(record: Record) -> list[str]:
    """Every key of a record with its value, sorted, each fact once. Tags and class also have normalized facts."""
    facts = [f"tag={label(tag)}" for tag in record["tags"]]
    facts.append(f"class={label(record['classification'])}")
    _walk(record, "", facts)
    return sorted(set(_as_compared(facts)))


ERRORS = "readings."  # the facts `readings.NAME.error=...` say whether a reader has read a video


def readers_in(facts: Iterable[tuple[str, int]]) -> dict[str, dict[str, int]]:
    """Reader -> error, folded (empty: no error) -> videos, the most frequent first.

    Args:
        facts: facts, and how many videos have each.
    """
    found: dict[str, dict[str, int]] = {}
    for fact, videos in sorted(facts, key=lambda each: (-each[1], each[0])):
        match = _ERROR.fullmatch(fact)
        if match is not None and videos:
            found.setdefault(match[1], {})["" if match[2] == "null" else match[2]] = videos
    return dict(sorted(found.items()))


def tag_fact(tag: str) -> str:
    return _as_compared([f"tag={label(tag)}"])[0]


def class_fact(name: str) -> str:
    return _as_compared([f"class={label(name)}"])[0]


def codec_fact(name: str) -> str:
    """`H.265`, `x265` and `hevc` are the same codec, see `codec_name`."""
    return _as_compared([f"codec={codec_name(name)}"])[0]


def facts_where(text: str) -> tuple[str, ...]:
    """`KEY=VALUE` -> facts; a record must have one of them.

    KEY is a key of the record (with dots) or a column of the CSV, in any case. `12` also matches `12.0`.

    Raises:
        ValueError: there is no `=` or no key.
    """
    key, sign, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not sign or not key:
        raise ValueError(message("{text!r}: write it like KEY=VALUE", text=text))
    values = dict.fromkeys((value, *_as_number(value)))
    return tuple(_as_compared([f"{name}={each}" for each in values for name in (key, f"source.columns.{key}")]))


def numbers_of(record: Record) -> dict[str, float]:
    """The numbers that readers have measured for the whole video, such as `readings.quality.motion`."""
    return {
        storable(f"readings.{name}.{key}"): float(value)
        for name, reading in (record.get("readings") or {}).items()
        for key, value in reading.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


class NumberBound(NamedTuple):
    """A bound on a number of a reading."""

    key: str
    sign: str
    """`<`, `<=`, `>` or `>=`."""
    value: float


def number_where(text: str) -> NumberBound | None:
    """`KEY<NUMBER`, also with `<=`, `>` and `>=`; None for any other text.

    Raises:
        ValueError: the key is not one of a reading, or there is no number.
    """
    match = re.fullmatch(r"\s*([^<>=]+?)\s*(<=|>=|<|>)\s*([^=]*?)\s*", text)
    if match is None:
        return None
    key, sign, value = match[1].lower(), match[2], match[3]
    if not key.startswith("readings."):
        raise ValueError(
            message(
                "{text!r}: only numbers of readings can be compared, such as readings.quality.motion<0.2", text=text
            )
        )
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", value, re.IGNORECASE):
        raise ValueError(message("{text!r}: {value!r} is not a number", text=text, value=value))
    return NumberBound(storable(key), sign, float(value))


def key_beginnings(key: str) -> list[str]:
    """The beginnings of the facts for `KEY=VALUE`, with any value."""
    return _as_compared([f"{key}=", f"source.columns.{key}="])


def is_left_out(key: str) -> bool:
    """Whether a key of a record has no facts, because other filters or words find its value."""
    inside = any(key == left_out or key.startswith(f"{left_out}.") for left_out in _LEFT_OUT)
    return inside or _SPANS.match(key) is not None


def _walk(value: Any, key: str, facts: list[str]) -> None:
    """Add each key with its value. This must be fast: it runs for every saved record."""
    if key in _LEFT_OUT or (key.startswith("readings.") and _SPANS.match(key)):
        return
    if isinstance(value, str):
        facts.append(f"{key}={value.strip()}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _walk(inner, f"{key}.{name}" if key else name, facts)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, key, facts)
    else:
        facts.append(f"{key}={_as_text(value)}")


def _as_text(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:.15g}"
    return {None: "null", True: "true", False: "false"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


def _as_number(text: str) -> Iterator[str]:
    try:
        yield f"{float(text):.15g}"
    except ValueError:
        return


def _as_compared(facts: Sequence[str]) -> list[str]:
    """Facts without case, accents and control characters, and with single spaces."""
    text = fold("\n".join([fact.replace("\n", " ") for fact in facts]))
    if text.isascii():
        text = text.translate(_ASCII_CONTROLS)
    if "  " in text or not text.isascii():
        text = _SPACES.sub(" ", text)
    lines = storable(text).split("\n")
    return [line if len(line) <= _LONGEST else _shortened(line) for line in lines]


def _shortened(fact: str) -> str:
    # An index limits the length of an entry: the rest of a long text is replaced by a hash.
    return fact[:_LONGEST] + hashlib.sha256(fact.encode()).hexdigest()
