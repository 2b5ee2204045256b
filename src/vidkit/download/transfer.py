"""Save a body to a file: write `NAME.part`, check its length, rename it; or continue an earlier part."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from vidkit.core import printable, shown_url
from vidkit.core.retry import TransientError
from vidkit.core.units import format_size
from vidkit.download.answer import strong_validator
from vidkit.download.http import DownloadPolicy, ask, content_length
from vidkit.errors import OutputError, UnwantedError
from vidkit.messages import message

ReportProgress = Callable[[int, "int | None"], None]

ROOM_TO_LEAVE = 16 * 2**20  # bytes that stay free on the disk
_CHECK_EVERY = 2**23  # bytes after which the room on the disk is checked again


@dataclass(frozen=True)
class Part:
    """The part of an earlier try: the first `size` bytes of the version with this `validator`."""

    size: int
    validator: str
    total: int | None

    @property
    def version(self) -> str:
        """The `version_of` the answer at its beginning."""
        return self.validator if self.validator.startswith('"') else f"{self.validator} {self.total or ''}".strip()


def part_path(target: Path) -> Path:
    """The path of a download until it is complete."""
    return target.with_name(target.name + ".part")


def _note_path(target: Path) -> Path:
    """The path of the note with a part's version; without it a part cannot be continued."""
    return target.with_name(target.name + ".part.json")


def resumable_part(target: Path, url: str) -> Part | None:
    """The part of this URL that can be continued, or None."""
    try:
        note = json.loads(_note_path(target).read_text(encoding="utf-8"))
        size = part_path(target).stat().st_size
        if note["url"] != _hash_of(url) or not size:
            return None
        validator, total = note["validator"], note["total"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(validator, str) or not isinstance(total, int | None) or (total is not None and size > total):
        return None
    return Part(size, validator, total)


def discard(target: Path) -> None:
    """Remove the files of an unfinished download."""
    with disk_errors(target):
        _note_path(target).unlink(missing_ok=True)
        part_path(target).unlink(missing_ok=True)


@contextmanager
def request_rest(
    url: str, part: Part, policy: DownloadPolicy, headers: dict[str, str]
) -> Iterator[requests.Response | None]:
    """Request the rest of a part.

    Yields:
        The answer: 206 with the rest of the same version, or 200 with a whole file; None if nothing is missing.

    Raises:
        StaleError: the rest that the server sends does not belong to this part.
    """
    wanted = {**headers, "Range": f"bytes={part.size}-", "If-Range": part.validator}
    with ask("GET", url, policy, wanted) as response:
        if response.status_code == 416:
            known = re.fullmatch(r"bytes \*/([0-9]{1,18})", response.headers.get("Content-Range", "").strip())
            if not known or int(known[1]) != part.size or _is_other_version(response, part):
                raise StaleError
            yield None
        elif response.status_code == 206 and not _continues(response, part):
            raise StaleError
        else:
            yield response


class StaleError(Exception):
    """The file on the server is not the one that a part comes from."""


def _continues(response: requests.Response, part: Part) -> bool:
    """Whether a 206 begins where the part ends, and has the same version and length."""
    content_range = response.headers.get("Content-Range", "").strip()
    where = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]+)/([0-9]+|\*)", content_range)
    if not where or int(where[1]) != part.size or _is_other_version(response, part):
        return False
    if "Content-Encoding" in response.headers:
        return False
    return part.total is None or where[3] in ("*", str(part.total))


def _is_other_version(response: requests.Response, part: Part) -> bool:
    """Whether the answer has another version: some servers ignore If-Range."""
    named = [response.headers[key] for key in ("ETag", "Last-Modified") if key in response.headers]
    return bool(named) and part.validator not in named


def save(
    response: requests.Response,
    content: Iterable[bytes],
    target: Path,
    url: str,
    part: Part | None,
    policy: DownloadPolicy,
    report: ReportProgress,
) -> None:
    """Write the body of an answer to `target`, which appears only when it is complete.

    Args:
        response: status 200, or 206 with the rest of `part`.
        content: its body.
        target: the file; an older one is replaced.
        url: the URL of the request, to recognise the part later.
        part: the beginning of the file, for 206.
        report: called with (bytes so far, total bytes or None).

    Raises:
        TransientError: the connection broke; the part stays if the server can continue it.
        UnwantedError: it is larger than `policy.max_size`; no part stays.
        OutputError: the disk is full or the file cannot be written.
    """
    encoded = "Content-Encoding" in response.headers
    start = part.size if part else 0
    expected = None if encoded else content_length(response.headers)
    total = None if expected is None else start + expected
    validator = part.validator if part else (not encoded and strong_validator(response.headers)) or ""
    save_blocks(content, target, url, Part(start, validator, total), policy, report)


def save_blocks(
    content: Iterable[bytes],
    target: Path,
    url: str,
    part: Part,
    policy: DownloadPolicy,
    report: ReportProgress,
) -> None:
    """Write the rest of a part, like `save`.

    Args:
        content: the rest.
        target: the file; an older one is replaced.
        url: the URL of the request, to recognise the part later.
        part: the part so far, of size 0 for a new file; its `validator` is empty if the server cannot continue it.
        policy: the maximum size.
        report: called with (bytes so far, total bytes or None).
    """
    total = part.total
    try:
        check_size(target, total or 0, policy)
        check_room(target, (total or part.size) - part.size)
        with disk_errors(target):
            if not part.size:
                _start_part(target, url, total, part.validator)
            with open(part_path(target), "ab" if part.size else "wb", buffering=0) as file:
                done = _write_body(file.write, content, target, part.size, total, policy, report)
    except (UnwantedError, OutputError) as error:
        # A body of unknown length may be endless: its part must not fill the disk.
        if isinstance(error, UnwantedError) or total is None:
            discard(target)
        raise
    if total is not None and done != total:
        raise TransientError(
            message("the connection broke off after {done} of {total} bytes", done=done, total=total), reached=done
        )
    finish(target)


def _write_body(
    write: Callable[[bytes], int | None],
    content: Iterable[bytes],
    target: Path,
    done: int,
    total: int | None,
    policy: DownloadPolicy,
    report: ReportProgress,
) -> int:
    """Write the blocks, check the size and the disk, and return the final size of the file."""
    checked = done
    try:
        for block in content:
            _write(write, block)
            done += len(block)
            check_size(target, done, policy)
            if done >= checked + _CHECK_EVERY:
                checked = done
                check_room(target, 0)
            report(done, total)
    except TransientError as error:
        error.reached = done
        raise
    return done


def check_size(target: Path, size: float, policy: DownloadPolicy) -> None:
    """Check the maximum size of a video.

    Raises:
        UnwantedError: it is larger.
    """
    if policy.max_size is not None and size > policy.max_size:
        raise UnwantedError(
            "{target_name} is larger than {max_size}",
            target_name=printable(target.name),
            max_size=format_size(policy.max_size),
        )


def finish(target: Path) -> None:
    """Rename a complete part. The note is deleted first, so that none stays after a crash."""
    with disk_errors(target):
        _note_path(target).unlink(missing_ok=True)
        os.replace(part_path(target), target)


def _start_part(target: Path, url: str, total: int | None, validator: str) -> None:
    """Start a new part. The old note is deleted before the old bytes, and the new one is written after that."""
    _note_path(target).unlink(missing_ok=True)
    open(part_path(target), "wb").close()
    if validator:
        note = {"url": _hash_of(url), "validator": validator, "total": total}
        _note_path(target).write_text(json.dumps(note), encoding="utf-8")


def _write(write: Callable[[bytes], int | None], block: bytes) -> None:
    """Write all of a block: an unbuffered file may write less at once."""
    view = memoryview(block)
    while view:
        view = view[write(view) or 0 :]  # type: ignore[arg-type]


def check_room(target: Path, expected: int) -> None:
    """Check that the disk has room for `expected` more bytes and `ROOM_TO_LEAVE`.

    Raises:
        OutputError: it has less.
    """
    with disk_errors(target):
        free = shutil.disk_usage(target.parent).free
    if expected + ROOM_TO_LEAVE > free:
        needed = f"{format_size(expected)} more" if expected else "more"
        raise OutputError(
            "{target_name} needs {needed} and the disk of {parent} "
            "has {free} free; {room_to_leave} must stay free: make room, "
            "or set [Paths] DownloadDirectory to another disk",
            target_name=printable(target.name),
            needed=needed,
            parent=printable(target.parent),
            free=format_size(free),
            room_to_leave=format_size(ROOM_TO_LEAVE),
        )


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Turn errors of the file system into OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "{target} cannot be written: {reason}", target=printable(target), reason=error.strerror or error
        ) from error


def _hash_of(url: str) -> str:
    """The hash of a URL for a note: a signed URL is a secret."""
    return hashlib.sha256(shown_url(url).encode()).hexdigest()
