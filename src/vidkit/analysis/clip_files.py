"""Clip files: their names, the temporary folder, and the deletion of clips from older settings."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidkit.core import TEMPORARY, clear_leftovers, printable
from vidkit.errors import OutputError


def clip_name(stem: str, index: int) -> str:
    """`<stem>_clip_001.mp4`: clips are numbered from 001."""
    return f"{stem}_clip_{index:03d}.mp4"


@contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A new temporary folder inside another folder. Finished files are moved out of it; it is then removed.

    It is inside, so that a move is a rename. It is new, so that two jobs can work in the same folder.

    Raises:
        OutputError: it cannot be created, or a file cannot be moved.
    """
    clear_leftovers(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder, ignore_cleanup_errors=True) as name:
            yield Path(name)
    except OSError as error:
        raise OutputError(
            "the folder {folder} cannot be written: {reason}", folder=printable(folder), reason=error.strerror
        ) from None


def remove_older_clips(folder: Path, stem: str, count: int, video: Path) -> None:
    """Remove clips from older settings: files named as clips of this stem with numbers over `count`.

    The video itself stays, whatever its name.

    Raises:
        OutputError: a clip cannot be removed.
    """
    named = re.compile(re.escape(stem) + r"_clip_(\d{3,})\.mp4", re.ASCII)
    for path in folder.iterdir():
        match = named.fullmatch(path.name)
        if not match or int(match[1]) <= count or path.name != clip_name(stem, int(match[1])):
            continue
        if path.is_dir() or (video.exists() and path.samefile(video)):
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                "{path} cannot be removed: {reason}", path=printable(path), reason=error.strerror
            ) from None
