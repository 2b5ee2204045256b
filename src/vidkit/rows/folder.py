"""Folders as input: find the videos in a folder and its subfolders."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from vidkit.core import JOURNAL, printable
from vidkit.core.extensions import VIDEO_EXTENSIONS
from vidkit.core.stores import Address
from vidkit.download.names import extension_of, local_path
from vidkit.messages import message
from vidkit.record import FOLDERS
from vidkit.rows import BadRow, Row

log = logging.getLogger(__name__)

NO_VIDEO = message("there is no video in this folder or below it")
_AMBIGUOUS = frozenset({".ts", ".mts"})  # TypeScript too


def videos_in(folder: Path, skipped: Iterable[Address] = ()) -> list[Path]:
    """The video files in a folder and below it, by their extensions, sorted.

    Hidden files and folders, vidkit's results folders, and `skipped` are left out. Links are followed, but each
    folder is searched only once. A folder that cannot be read is reported in a warning.

    Args:
        folder: where to search; also if it is hidden, or in `skipped`.
        skipped: folders below it to leave out; addresses of another store are ignored.
    """
    out = {os.path.realpath(path) for path in skipped if isinstance(path, Path)}
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    for here, folders, files in os.walk(folder, onerror=_unread, followlinks=True):
        stat = os.stat(here)
        if (stat.st_dev, stat.st_ino) in seen:
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        is_results = JOURNAL in files
        if is_results and Path(here) != folder:
            folders.clear()
            continue
        made = FOLDERS if is_results else ()
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in made
            and os.path.realpath(os.path.join(here, name)) not in out
        )
        found += (Path(here, name) for name in files if not name.startswith(".") and _is_video(Path(here, name)))
    return sorted(found)


def _is_video(path: Path) -> bool:
    extension = extension_of(path.name)
    if extension not in VIDEO_EXTENSIONS or not path.is_file():
        return False
    if extension in _AMBIGUOUS:  # packets of MPEG-TS begin with 0x47, in AVCHD after four bytes
        try:
            with path.open("rb") as file:
                return b"\x47" in file.read(5)[::4]
        except OSError:
            return True  # the row says why it cannot be read
    return True


def _unread(error: OSError) -> None:
    log.warning("%s cannot be read: %s", printable(error.filename), error.strerror)


def rows_of(urls: Iterable[str], skipped: Iterable[Address] = ()) -> Iterator[Row | BadRow]:
    """A row for each URL or path of the command line; for a folder, a row for each video in it."""
    for url in urls:
        path = local_path(url)
        if path is None or not path.is_dir():
            yield Row(line=0, url=url)
            continue
        videos = videos_in(path, skipped)
        yield from (Row(line=0, url=str(video)) for video in videos)
        if not videos:
            yield BadRow(0, url, NO_VIDEO)


def files_of(names: Iterable[str], skipped: Iterable[Address] = ()) -> list[str]:
    """The files of the command line, and the videos in its folders; a folder without videos is kept as it is."""
    found: dict[str, None] = {}
    for name in names:
        path = Path(name)
        videos = list(map(str, videos_in(path, skipped))) if path.is_dir() else []
        found |= dict.fromkeys(videos or [name])
    return list(found)
