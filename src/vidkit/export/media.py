"""Put the file of a sample into the dataset: copy it, link it, or cut it from its video."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vidkit.core import ensure_directory, printable
from vidkit.errors import OutputError


@dataclass(frozen=True)
class ClipLimits:
    """The limits for a scene that is cut into its own file."""

    max_resolution: str = "720p"
    max_fps: float = 30


@dataclass(frozen=True)
class Hide:
    """A function that makes each file of a dataset again: `run` writes one file from another, completely or not at
    all.

    `name` has everything that the result depends on: an interrupted export continues only if it is the same.
    `suffixes` are the extensions that `run` can write; the last one is used for all others.
    """

    name: str
    run: Callable[[Path, Path], object]
    suffixes: tuple[str, ...]

    def suffix(self, path: Path) -> str:
        """The extension of the new file."""
        return extension(path) if extension(path) in self.suffixes else self.suffixes[-1]


def extension(path: Path) -> str:
    """A file's extension in lower case, or `.mp4` if it has no usual one."""
    suffix = path.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,9}", suffix) else ".mp4"


def put(source: Path, target: Path, mode: str) -> None:
    """Copy or link a file to its place in the dataset. A file from an interrupted export stays.

    Args:
        source: the file.
        target: its place.
        mode: `copy`, or `link`: a hard link, or a symbolic link if the two are on different disks.

    Raises:
        OutputError: it cannot be written.
        FileNotFoundError: the file is missing.
    """
    size = source.stat().st_size
    if target.is_file() and target.stat().st_size == size:
        return
    ensure_directory(target.parent)
    source = Path(os.path.realpath(source))
    temporary = target.with_name(f"{target.name}.part")
    try:
        temporary.unlink(missing_ok=True)
        if mode == "copy":
            shutil.copyfile(source, temporary)
        else:
            try:
                os.link(source, temporary)
            except OSError:
                os.symlink(source, temporary)
        os.replace(temporary, target)
        # If both names are links to the same file, `os.replace` does nothing and the temporary one stays.
        temporary.unlink(missing_ok=True)
    except OSError as error:
        remedy = " Say --copy." if mode == "link" else ""
        raise OutputError(
            "{target} cannot be made: {reason}.{remedy}",
            target=printable(target),
            reason=error.strerror,
            remedy=remedy,
        ) from None


def cut(source: Path, start: float, end: float, target: Path, work: Path, caps: ClipLimits) -> None:
    """Cut a span out of a video. A file from an interrupted export stays.

    Raises:
        MediaError: ffmpeg cannot cut it.
        OutputError: it cannot be written.
    """
    if target.is_file():
        return
    from vidkit.analysis import extract_scene_segment

    made = extract_scene_segment(source, start, end, work / "cut", caps.max_resolution, caps.max_fps)
    try:
        os.replace(made, ensure_directory(target.parent) / target.name)
    except OSError as error:
        raise OutputError(
            "{target} cannot be made: {reason}", target=printable(target), reason=error.strerror
        ) from None
