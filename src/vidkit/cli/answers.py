"""The check of an answer of `vidkit init --ask`: the videos in a folder, a CSV, a bucket, or at URLs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from vidkit.core import printable, shown_url
from vidkit.core.bucket_files import is_prefix
from vidkit.core.buckets import is_bucket
from vidkit.core.extensions import VIDEO_EXTENSIONS
from vidkit.core.units import format_size
from vidkit.download.names import extension_of
from vidkit.errors import VidkitError
from vidkit.language import _n
from vidkit.messages import _
from vidkit.rows import Row, read_header, read_video_metadata_from_csv
from vidkit.rows.folder import NO_VIDEO, videos_in
from vidkit.rows.preview import preview_csv

_TIMEOUT = 5.0  # seconds to wait for a server
_OBJECTS = 10_000  # maximum objects of a bucket to count
_COUNTING = 5.0  # maximum seconds to count them


@dataclass(frozen=True)
class Seen:
    """The result of checking an answer.

    Attributes:
        fine: whether nothing is wrong.
        words: what was found, or what is wrong, in a sentence.
        usable: whether the user may keep the answer although something is wrong.
        arguments: the arguments of `vidkit process` for these videos.
    """

    fine: bool
    words: str
    usable: bool = True
    arguments: list[str] = field(default_factory=list)


def look_at_videos(answer: str) -> Seen:
    """Check whether there are videos at a folder, file, address of a bucket, or URLs."""
    path = Path(answer).expanduser()
    try:
        if is_bucket(answer):
            return _bucket(answer)
        if path.is_dir():
            return _folder(path)
        if path.is_file():
            return _file(path)
    except VidkitError as error:
        return Seen(False, str(error), arguments=["--csv", answer])
    except (OSError, ValueError) as error:
        return Seen(False, f"{printable(answer)}: {getattr(error, 'strerror', None) or error}", usable=False)
    urls = answer.split()
    if urls and all(url.lower().startswith(("http://", "https://")) for url in urls):
        return _urls(urls)
    return Seen(False, _("{path}: there is no such folder or file", path=answer), arguments=["--urls", str(path)])


def _folder(path: Path) -> Seen:
    videos = videos_in(path)
    if not videos:
        return Seen(False, f"{path.absolute()}: {_(NO_VIDEO)}", arguments=["--urls", str(path)])
    size = format_size(sum(video.stat().st_size for video in videos))
    words = _n(
        "{count} video in {path}, {size}", "{count} videos in {path}, {size}", len(videos), path=path, size=size
    )
    return Seen(True, words, arguments=["--urls", str(path)])


def _file(path: Path) -> Seen:
    if extension_of(path.name) in VIDEO_EXTENSIONS:
        size = format_size(path.stat().st_size)
        return Seen(True, _("a video, {size}", size=size), arguments=["--urls", str(path)])
    found = preview_csv(path)
    rows = _n("{count} row", "{count} rows", found.checked if found.rows is None else found.rows)
    words = _("{rows}, URLs in the column {column}", rows=rows, column=found.url_column or "?")
    if found.errors:
        line, reason = found.errors[0]
        bad = _("{rows}; line {line} cannot be read: {reason}", rows=rows, line=line, reason=reason)
        return Seen(False, bad, arguments=["--csv", str(path)])
    return Seen(True, words, arguments=["--csv", str(path)])


def _bucket(address: str) -> Seen:
    if not is_prefix(address):
        columns = ", ".join(read_header(address).columns)
        return Seen(True, _("a CSV with the columns {names}", names=columns), arguments=["--csv", address])
    until = time.monotonic() + _COUNTING
    videos = objects = 0
    for row in islice(read_video_metadata_from_csv(address), _OBJECTS):
        objects += 1
        videos += isinstance(row, Row)
        if time.monotonic() > until:
            break
    more = _(" or more") if objects == _OBJECTS or time.monotonic() > until else ""
    words = _n("{count} video{more} in {address}", "{count} videos{more} in {address}", videos, more=more,
               address=address)  # fmt: skip
    return Seen(videos > 0, words, arguments=["--csv", address])


def _urls(urls: list[str]) -> Seen:
    """Check whether the first URL answers."""
    import requests

    arguments = ["--urls", *urls]
    first = shown_url(urls[0])
    try:
        with requests.get(urls[0], stream=True, timeout=_TIMEOUT) as reply:
            kind = reply.headers.get("Content-Type", "").partition(";")[0]
            given = _n("{count} URL", "{count} URLs", len(urls))
            if reply.ok:
                words = _("{urls}; {first} answers with {kind}", urls=given, first=first, kind=kind or "?")
                return Seen(True, words, arguments=arguments)
            return Seen(
                False, _("{url} answers {status}", url=first, status=reply.status_code), arguments=arguments
            )
    except (requests.RequestException, ValueError):  # its message contains the whole URL
        return Seen(False, _("{url} cannot be reached", url=first), arguments=arguments)
