"""A body becomes a file: `NAME.part`, its length checked, renamed; or goes on where an earlier try broke off."""

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
    """What an earlier try left: the first `size` bytes of the version that `validator` names."""

    size: int
    validator: str
    total: int | None

    @property
    def version(self) -> str:
        """The same as `version_of` the answer that it began with."""
        return self.validator if self.validator.startswith('"') else f"{self.validator} {self.total or ''}".strip()


def part_of(target: Path) -> Path:
    """Where a download is until it is whole."""
    return target.with_name(target.name + ".part")


def _note_of(target: Path) -> Path:
    """Where it stands which version a part is of; without it a part is worth nothing."""
    return target.with_name(target.name + ".part.json")


def left_over(target: Path, url: str) -> Part | None:
    """The part of this very URL that can be gone on with, or None."""
    try:
        note = json.loads(_note_of(target).read_text(encoding="utf-8"))
        size = part_of(target).stat().st_size
        if note["url"] != _digest(url) or not size:
            return None
        validator, total = note["validator"], note["total"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(validator, str) or not isinstance(total, int | None) or (total is not None and size > total):
        return None
    return Part(size, validator, total)


def discard(target: Path) -> None:
    """Remove what an unfinished download left."""
    with disk_errors(target):
        _note_of(target).unlink(missing_ok=True)
        part_of(target).unlink(missing_ok=True)


@contextmanager
def open_rest(
    url: str, part: Part, policy: DownloadPolicy, headers: dict[str, str]
) -> Iterator[requests.Response | None]:
    """Ask for what is missing of a part.

    Yields:
        The answer: 206 with the rest of the same version, or 200 with a whole file; None where nothing is missing.

    Raises:
        StaleError: the server sends a part that does not belong to this one.
    """
    wanted = {**headers, "Range": f"bytes={part.size}-", "If-Range": part.validator}
    with ask("GET", url, policy, wanted) as response:
        if response.status_code == 416:
            known = re.fullmatch(r"bytes \*/([0-9]{1,18})", response.headers.get("Content-Range", "").strip())
            if not known or int(known[1]) != part.size or _is_other(response, part):
                raise StaleError
            yield None
        elif response.status_code == 206 and not _continues(response, part):
            raise StaleError
        else:
            yield response


class StaleError(Exception):
    """The file on the server is not the one that a part was made from."""


def _continues(response: requests.Response, part: Part) -> bool:
    """Whether a 206 begins where the part ends, and is of the same version and length."""
    content_range = response.headers.get("Content-Range", "").strip()
    where = re.fullmatch(r"bytes ([0-9]{1,18})-([0-9]+)/([0-9]+|\*)", content_range)
    if not where or int(where[1]) != part.size or _is_other(response, part):
        return False
    if "Content-Encoding" in response.headers:
        return False
    return part.total is None or where[3] in ("*", str(part.total))


def _is_other(response: requests.Response, part: Part) -> bool:
    """Whether the answer names another version: some servers pass over If-Range."""
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
    """Write the body of an answer to `target`, which appears only when it is whole.

    Args:
        response: status 200, or 206 that goes on with `part`.
        content: its body.
        target: the file; an older one is replaced.
        url: what was asked for, to know the part again.
        part: what the file begins with, for 206.
        report: called with (bytes so far, bytes in all or None).

    Raises:
        TransientError: the body broke off; what came stays as a part where the server can go on with it.
        UnwantedError: it is larger than `policy.max_size`; nothing stays.
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
    """Write what follows a part, as `save` does.

    Args:
        content: what is missing.
        target: the file; an older one is replaced.
        url: what was asked for, to know the part again.
        part: what is here, of size 0 for a new file; how much it is in all, where that is known; the validator is
            empty where the server cannot go on with it.
        policy: the largest size.
        report: called with (bytes so far, bytes in all or None).
    """
    total = part.total
    try:
        check_size(target, total or 0, policy)
        check_room(target, (total or part.size) - part.size)
        with disk_errors(target):
            if not part.size:
                _begin(target, url, total, part.validator)
            with open(part_of(target), "ab" if part.size else "wb", buffering=0) as file:
                done = _write_body(file.write, content, target, part.size, total, policy, report)
    except (UnwantedError, OutputError) as error:
        # A body of no known length may have no end: what came of it is not to keep the disk full.
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
    """Write what comes, and watch its size and the disk; the size of the file in the end."""
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
    """Leave a video that is larger than the user wants.

    Raises:
        UnwantedError: it is.
    """
    if policy.max_size is not None and size > policy.max_size:
        raise UnwantedError(
            "{target_name} is larger than {max_size}",
            target_name=printable(target.name),
            max_size=format_size(policy.max_size),
        )


def finish(target: Path) -> None:
    """The part is whole: give it its name. The note goes first, so that none stays if this is cut off."""
    with disk_errors(target):
        _note_of(target).unlink(missing_ok=True)
        os.replace(part_of(target), target)


def _begin(target: Path, url: str, total: int | None, validator: str) -> None:
    """Start a part anew. The old note goes before the old bytes, and the new one comes only after they are gone."""
    _note_of(target).unlink(missing_ok=True)
    open(part_of(target), "wb").close()
    if validator:
        note = {"url": _digest(url), "validator": validator, "total": total}
        _note_of(target).write_text(json.dumps(note), encoding="utf-8")


def _write(write: Callable[[bytes], int | None], block: bytes) -> None:
    """All of a block: an unbuffered file may take less at once."""
    view = memoryview(block)
    while view:
        view = view[write(view) or 0 :]  # type: ignore[arg-type]


def check_room(target: Path, expected: int) -> None:
    """See that the disk has room for `expected` more bytes, and for what is to stay free.

    Raises:
        OutputError: it has not.
    """
    with disk_errors(target):
        free = shutil.disk_usage(target.parent).free
    if expected + ROOM_TO_LEAVE > free:
        needed = f"{format_size(expected)} more" if expected else "more"
        raise OutputError(
            "{target_name} needs {needed} and the disk of {parent} "
            "has {free} free, of which {room_to_leave} are to stay so: make room, "
            "or set [Paths] DownloadDirectory to another disk",
            target_name=printable(target.name),
            needed=needed,
            parent=printable(target.parent),
            free=format_size(free),
            room_to_leave=format_size(ROOM_TO_LEAVE),
        )


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Word what the file system says: it is full, or the file cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "{target} cannot be written: {reason}", target=printable(target), reason=error.strerror or error
        ) from error


def _digest(url: str) -> str:
    """A URL as a note may hold it: a signed one is a secret."""
    return hashlib.sha256(shown_url(url).encode()).hexdigest()
