"""Cursors: where the next page of a list begins, as one word that only this server reads.

A cursor is not secret and not trusted. Its checksum only finds mistakes, such as a cursor of another search, and
each of its values is checked. It holds nothing that the pages before have not shown.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from http import HTTPStatus
from typing import Any

from vidkit.library import Position
from vidkit.library.text import storable
from vidkit.meaning.search import MixedPosition
from vidkit.web.problems import Problem

LONGEST = 4096  # characters
_CHECK = 9  # bytes
_SIGNS = b"-."  # with `_`, a long cursor might look like a key, and keys are refused in addresses


def encode_cursor(scope: str, values: list[Any], rest: bytes = b"") -> str:
    """A cursor.

    Args:
        scope: the list that it is for, with everything that decides which items the list has.
        values: what JSON can hold.
        rest: more, at most 2.5 KB.
    """
    content = json.dumps(values, separators=(",", ":")).encode() + b"\n" + rest
    return base64.b64encode(_check(scope, content) + content, _SIGNS).decode().rstrip("=")


def decode_cursor(scope: str, cursor: str) -> tuple[list[Any], bytes]:
    """The `values` and the `rest` of a cursor. The caller has to check them: anybody can make a cursor.

    Raises:
        Problem: 400, it is not a cursor of this list.
    """
    try:
        if len(cursor) > LONGEST:
            raise ValueError(cursor)
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), _SIGNS, validate=True)
        if content[:_CHECK] != _check(scope, content[_CHECK:]):
            raise ValueError(cursor)
        values, _, rest = content[_CHECK:].partition(b"\n")
        found = json.loads(values)
        if not isinstance(found, list):
            raise ValueError(cursor)
    except (ValueError, binascii.Error, RecursionError):
        raise wrong_cursor() from None
    return found, rest


def wrong_cursor() -> Problem:
    """The error for a cursor that is not valid."""
    detail = "this cursor is of another list, or is cut short: leave it out to begin with the first page"
    return Problem(HTTPStatus.BAD_REQUEST, detail)


def _check(scope: str, content: bytes) -> bytes:
    return hashlib.sha256(scope.encode("utf-8", "replace") + b"\0" + content).digest()[:_CHECK]


def cursor_of(scope: str, position: MixedPosition | Position) -> str:
    """The cursor of a position in a search."""
    if isinstance(position, MixedPosition):
        words, ranked = (_values(position.words), position.words.ranked) if position.words else ([], b"")
        return encode_cursor(scope, [position.head, position.at, words], ranked)
    return encode_cursor(scope, _values(position), position.ranked)


def _values(position: Position) -> list[Any]:
    return [position.newest, position.moves, position.video, *position.piece, position.value]


def position_of(scope: str, cursor: str, sort: str) -> MixedPosition | Position:
    """The position that a cursor stands for.

    Args:
        scope: as it was given to `cursor_of`.
        cursor: the cursor.
        sort: the order of the search, `Query.order()`.

    Raises:
        Problem: 400, it is not a cursor of this search.
    """
    values, ranked = decode_cursor(scope, cursor)
    if len(values) != 3:
        return _position(values, ranked, sort)
    head, at, words = values
    if not all(type(each) is int and 0 <= each < 2**63 for each in (head, at)) or not isinstance(words, list):
        raise wrong_cursor()
    return MixedPosition(head, at, _position(words, ranked, "relevance") if words else None)


def _position(values: list[Any], ranked: bytes, sort: str) -> Position:
    if len(values) != 6 or not all(type(each) is int and 0 <= each < 2**63 for each in values[:5]):
        raise wrong_cursor()
    newest, moves, video, kind, number, value = values
    if kind > 100 or number >= 2**20 or not _is_value(value, sort):
        raise wrong_cursor()
    value = storable(value) if isinstance(value, str) else value
    return Position(newest, moves, video, (kind, number), value, ranked if value is None else b"")


def _is_value(value: object, sort: str) -> bool:
    """Whether videos in this order are sorted by such a value."""
    if sort == "relevance":
        return value is None
    if sort == "name":
        return isinstance(value, str)
    return type(value) in (int, float) and abs(value) < 2**63 and math.isfinite(value)  # type: ignore[arg-type]
