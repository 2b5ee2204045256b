"""The video files of a reel, and why some cannot be used."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from vidkit.analysis import extract_metadata
from vidkit.analysis.probe import Metadata
from vidkit.core.stores import kept_address
from vidkit.errors import MediaError
from vidkit.export.items import video_file
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.library.moments import LibraryEntry

_MOST_FAILURES = 3


class Source(NamedTuple):
    """A video file. `matrix` and `transfer` are its colour space and transfer function, by ffmpeg's names."""

    path: Path
    metadata: Metadata
    matrix: str
    transfer: str


class Sources:
    """The files of videos, each opened once. `skipped` is URL -> why a video, or a piece of it, cannot be shown."""

    def __init__(self) -> None:
        self.skipped: dict[str, str] = {}
        self._found: dict[str, Source | None] = {}
        self._failures = Counter[str]()

    def of(self, entry: LibraryEntry) -> Source | None:
        """The file of a video; None if it cannot be used."""
        url = entry.record["source"]["url"]
        if url not in self._found:
            try:
                self._found[url] = _open(entry)
            except MediaError as error:
                self._found[url] = None
                self.skipped[url] = str(error)
        return self._found[url] if self._failures[url] < _MOST_FAILURES else None

    def failed(self, entry: LibraryEntry, why: str) -> None:
        """Note that a piece of a video cannot be shown. After a few failures the video is not used any more."""
        url = entry.record["source"]["url"]
        self.skipped.setdefault(url, why)
        self._failures[url] += 1


def _open(entry: LibraryEntry) -> Source:
    name = video_file(entry)
    if name is None:
        raise MediaError("its download was not kept ([Paths] KeepDownloads)")
    path = kept_address(name)
    if not isinstance(path, Path):
        raise MediaError("its file is not on this machine")
    try:
        size = path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        size = None
    if size is None:
        raise MediaError("its file is gone")
    if size != entry.record["size"]:
        raise MediaError("its file is not the one that was processed")
    metadata = extract_metadata(path)
    return Source(path, metadata, *_colours(path, metadata))


def _colours(path: Path, metadata: Metadata) -> tuple[str, str]:
    entries = "stream=index,color_space,color_transfer"
    arguments = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", *input_arguments(path)]
    found: list[dict[str, Any]] = json.loads(run_tool(arguments, 60))["streams"]
    video = next(stream for stream in found if stream["index"] == metadata.stream)
    return str(video.get("color_space", "unknown")), str(video.get("color_transfer", "unknown"))
