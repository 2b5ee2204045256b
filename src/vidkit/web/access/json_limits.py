"""Limits of JSON bodies, checked before they are parsed: depth, number of values and of fields."""

from __future__ import annotations

import re

DEEPEST = 50
MOST_VALUES = 100_000
MOST_FIELDS = 1_000  # lists may be long, objects are not: each unknown field is an error to be listed
# A string, or the rest of the text where one does not end; so no text is read twice.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def json_refusal(text: bytes) -> str | None:
    """Why a JSON text is refused; None if it can be parsed safely, though it may still not be JSON."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    if b"\0" in text:
        return "the body has NUL bytes: send JSON in UTF-8"
    bare = _STRING.sub(b"", text)
    if b"N" in bare or b"I" in bare:
        return "the body has NaN or Infinity, which JSON has not"
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MOST_VALUES:
        return f"the body has more than {MOST_VALUES:,} values"
    depth = 0
    for bracket in _BRACKETS.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            return f"the body is nested deeper than {DEEPEST} levels"
    if bare.count(b":") > MOST_FIELDS:
        return f"the body has more than {MOST_FIELDS:,} fields"
    return None
