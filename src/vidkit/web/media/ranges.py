"""Which part of a file a request wants: conditional requests and `Range`, as RFC 9110 describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

# No player asks for more parts than this; such a request is refused.
_MOST_PARTS = 50
_PART = re.compile(r"(\d*)-(\d*)", re.ASCII)


@dataclass(frozen=True)
class Version:
    """The version of a file: its ETag, and when it was changed, in whole seconds since 1970."""

    etag: str
    modified: int


class Unsatisfiable(Exception):
    """No byte of the range is in the file: 416."""


def is_not_modified(headers: Mapping[str, str], version: Version) -> bool:
    """Whether the client has this version already: 304. Names of headers are in lower case."""
    tags = headers.get("if-none-match")
    if tags is not None:
        return any(tag.strip().removeprefix("W/") in (version.etag, "*") for tag in tags.split(","))
    since = _seconds(headers.get("if-modified-since"))
    return since is not None and version.modified <= since


def wanted_range(headers: Mapping[str, str], version: Version, size: int) -> tuple[int, int] | None:
    """The first byte that a request wants, and the one after the last; None for the whole file.

    Only one range is supported. A header that is not a range, has several, or is for another version (`If-Range`)
    is ignored, as RFC 9110 allows.

    Args:
        headers: those of the request, names in lower case.
        version: that of the file.
        size: bytes of the file.

    Raises:
        Unsatisfiable: the range begins after the end or is empty, or the header has an absurd number of ranges.
    """
    unit, equals, parts = headers.get("range", "").partition("=")
    if not equals or unit.strip().lower() != "bytes" or not _is_version(headers.get("if-range"), version):
        return None
    if parts.count(",") >= _MOST_PARTS:
        raise Unsatisfiable
    part = _PART.fullmatch(parts.strip())
    if part is None or not any(part.groups()):
        return None
    first, last = (_number(text) for text in part.groups())
    if first is None:  # the last bytes of the file
        first, last = max(0, size - (last or 0)), size - 1
    elif last is None:
        last = size - 1
    elif last < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, min(last + 1, size)


def _number(digits: str) -> int | None:
    """A number of bytes; one that is far larger than any file is limited."""
    return min(int(digits[:20]), 1 << 62) if digits else None


def _is_version(if_range: str | None, version: Version) -> bool:
    if if_range is None:
        return True
    return if_range.strip() == version.etag or _seconds(if_range) == version.modified


def _seconds(date: str | None) -> int | None:
    """An HTTP date in seconds since 1970; None if it is not one."""
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except (TypeError, ValueError, OverflowError):
        return None
