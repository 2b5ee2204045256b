"""Listings of rclone: plain `rclone lsf`, and `rclone lsf` piped through awk.

A common awk command splits `name;size;date time` at white space, so it breaks names with spaces:

    rclone lsf --format pst r2:vids | awk '{print $1","$2","$3","bucket_url $1}'

    plain.mp4   plain.mp4;7;2026-11-20,19:48:30,,https://host/plain.mp4;7;2026-11-20
    one two     one,two;7;2026-11-20,19:48:30,https://host/one
    a b c       a,b,c;7;2026-11-20,https://host/a           (the time is gone)
    a b c d     a,b,c,https://host/a                        (the rest of the name is gone)
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from vidkit.core.buckets import is_bucket
from vidkit.core.extensions import MANIFEST_EXTENSIONS, VIDEO_EXTENSIONS
from vidkit.messages import message

AWK_COLUMNS = ("file_name", "file_size", "last_modified", "public_url")
CUT = message(
    "the awk command cut its name at a space. List the bucket with `rclone lsf --csv --files-only --format pst "
    "REMOTE:PATH > list.csv` and give `--csv list.csv --base-url URL` instead"
)
_DATE, _TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"
_LISTED = re.compile(rf"(.+);(-?\d+);({_DATE} {_TIME})")
_SIZE_AND_DATE = re.compile(rf";(-?\d+);({_DATE}),(?:({_TIME}),)?")
_STAMP = re.compile(rf"{_DATE} {_TIME}")
_LONGEST = 8192  # characters: object stores allow names of 1,024 bytes, and the name stands twice in a line
_EXTENSION = re.compile(r"[^/](\.[0-9_]*[A-Za-z][A-Za-z0-9_]*)\s*$")
# In a table with URLs, only these extensions are ignored.
_NO_MEDIA = re.compile(
    r"\.(bmp|csv|db|docx?|gif|gz|ini|jpe?g|jsonl?|log|md|nfo|pdf|png|py|sh|srt|svg|tar|txt|vtt|webp|xlsx?|xml|ya?ml|zip)"
)


class Listed(NamedTuple):
    """One line of a listing. `url` is None if only the caller knows the bucket's address."""

    name: str
    size: str
    modified: str
    url: str | None = None


def read_listed(line: str) -> Listed | None:
    """A line of `rclone lsf --format pst`; None for any other line. rclone does not escape a `;` in a name."""
    match = _LISTED.fullmatch(line)
    return Listed(*match.groups()) if match else None


def listed_cells(cells: list[str]) -> Listed | None:
    """The cells of a line of `rclone lsf --csv --format pst`; None for any other line."""
    if len(cells) == 3 and re.fullmatch(r"-?\d+", cells[1]) and _STAMP.fullmatch(cells[2]):
        return Listed(*cells)
    return None


def rejoin(line: str) -> Listed | None:
    """Repair a line of `rclone lsf --format pst` that the awk command above has split.

    The last column ends with the first word of the name. This shows which comma was the first space.

    Returns:
        Name, size, time (only the date if the time was cut off) and a URL from the base in the line with the
        name percent-encoded; None if too little of the line is left, or for any other line.
    """
    match = _SIZE_AND_DATE.search(line) if len(line) <= _LONGEST else None
    if match is None:
        return None
    words, rest = line[: match.start()], line[match.end() :]
    size, date, time = match.groups()
    if time and rest.startswith(","):
        base = rest[1:].removesuffix(f"{words};{size};{date}")
        return _rejoined(words, size, f"{date} {time}", base) if base != rest[1:] else None
    comma = words.rfind(",")
    while comma > 0:
        first, others = words[:comma], words[comma + 1 :]
        if rest.endswith(first) and "://" in rest[: -len(first)]:
            # Without a time there were two spaces. With several commas, the second one is unknown.
            if time or others.count(",") == 1:
                name = f"{first} {others if time else others.replace(',', ' ')}"
                return _rejoined(name, size, f"{date} {time}" if time else date, rest[: -len(first)])
            return None
        comma = words.rfind(",", 0, comma)
    return None


def _rejoined(name: str, size: str, modified: str, base: str) -> Listed | None:
    return Listed(name, size, modified, base + _quoted(name)) if "://" in base else None


def public_url(base_url: str, name: str) -> str:
    """The URL of a file in a bucket: the bucket's address and the name.

    The name is percent-encoded except for `/`. After an address such as `s3://bucket`, it is not encoded.
    """
    base = base_url if base_url.endswith(("/", "=")) else f"{base_url}/"
    return base + (name if is_bucket(base_url) else _quoted(name))


def _quoted(name: str) -> str:
    return quote(name, safe="/")


def ignored_reason(name: str, url: str | None = None) -> str | None:
    """Why a row is ignored: `folder`, or `no video` by the extension; None if it may be a video.

    Args:
        name: the file's name. A name without an extension may be a video.
        url: the file's own URL, if a table has one; then both extensions must say it.
    """
    if name.endswith("/"):
        return "folder"
    extension = _extension(name)
    if not extension or extension in VIDEO_EXTENSIONS or extension in MANIFEST_EXTENSIONS:
        return None
    if url is None:
        return message("no video")
    if not _NO_MEDIA.fullmatch(extension):
        return None
    try:
        return message("no video") if _extension(urlsplit(url).path) == extension else None
    except ValueError:
        return None


def _extension(name: str) -> str:
    """The extension with its dot, in lower case; a number, such as the end of a date, is no extension."""
    match = _EXTENSION.search(name)
    return match[1].lower() if match else ""
