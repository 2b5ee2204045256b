"""The videos that a report shows, each with pictures of its scenes as `data:` URIs, within limits."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from vidkit.core.files import open_within
from vidkit.core.stores import Address, Store, open_store
from vidkit.errors import VidkitError
from vidkit.library import Library, LibraryEntry, Query
from vidkit.record import THUMBNAILS, Record

log = logging.getLogger(__name__)

_JPEG = b"\xff\xd8\xff"
_LARGEST = 300_000  # bytes of one picture; vidkit's own have about 20,000
_TAG = 60  # bytes that a picture adds to the page beside its content
_STRIP = 200  # scenes that the strip of a video has at most


@dataclass(frozen=True)
class Limits:
    """What a report shows at most: videos with their scenes, pictures in all, bytes of the page, rows of a table."""

    videos: int = 40
    pictures: int = 300
    size: int = 10_000_000
    rows: int = 200


@dataclass
class ShownScene:
    """A scene that a report shows. `picture` is a `data:` URI; empty where there is no room or no picture."""

    number: int
    start: float
    end: float
    description: str
    name: str | None
    picture: str = ""


@dataclass
class ShownVideo:
    """A video that a report shows, with some of its scenes. `starts` are the times of all of them, in seconds."""

    record: Record
    folder: Address
    scenes: list[ShownScene] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)


def videos_to_show(library: Library, query: Query, total: int, limits: Limits) -> list[ShownVideo]:
    """The first videos of a search, and which of their scenes are shown: all have the same share of the pictures.

    Args:
        library: the library.
        query: which videos, and their order.
        total: how many it finds.
        limits: of videos and pictures.

    Raises:
        LibraryError: the library cannot be read.
    """
    shown: list[ShownVideo] = []
    videos, left = min(limits.videos, total), limits.pictures
    for entry in islice(library.records(query), videos):
        share = max(left // (videos - len(shown)), 0)
        video = _shown(entry, share)
        left -= sum(1 for scene in video.scenes if scene.name)
        shown.append(video)
    return shown


def _shown(entry: LibraryEntry, most: int) -> ShownVideo:
    scenes = entry.record["scenes"]
    chosen = [
        ShownScene(
            scene["index"], scene["start_time"], scene["end_time"], scene["description"] or "", scene["thumbnail"]
        )
        for scene in _spread(scenes, most)
    ]
    return ShownVideo(
        entry.record, entry.folder, chosen, [scene["start_time"] for scene in _spread(scenes, _STRIP)]
    )


def _spread(scenes: Sequence[Any], most: int) -> list[Any]:
    """So many of the scenes, evenly spread."""
    if len(scenes) <= most:
        return list(scenes)
    return [scenes[at * len(scenes) // most] for at in range(most)]


def add_pictures(videos: Sequence[ShownVideo], room: int, progress: Callable[[int], None] | None = None) -> bool:
    """Read the pictures of scenes until there is no more room.

    Args:
        videos: their scenes get their pictures.
        room: bytes that the page may still grow by.
        progress: called with the number of pictures read so far.

    Returns:
        Whether there was room for all.
    """
    failed: set[Address] = set()
    done = 0
    for video in videos:
        for scene in video.scenes:
            if scene.name is None or video.folder in failed:
                continue
            try:
                content = _read(open_store(video.folder), scene.name)
            except FileNotFoundError:
                continue
            except VidkitError as error:  # each of hundreds of pictures would wait for this store
                failed.add(video.folder)
                log.warning("pictures are missing in the report: %s", error)
                continue
            picture = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
            room -= len(picture) + _TAG
            if room < 0:
                return False
            scene.picture = picture
            done += 1
            if progress is not None:
                progress(done)
    return True


def _read(store: Store, name: str) -> bytes:
    """A thumbnail of a video.

    Raises:
        FileNotFoundError: it is not there, lies where no thumbnails are, or is no JPEG of a thumbnail's size.
        VidkitError: the store fails.
    """
    parts = name.split("/")
    if parts[0] != THUMBNAILS or any(part in ("", ".", "..") for part in parts):
        raise FileNotFoundError(name)
    if store.folder is not None:
        with open_within(store.folder, name, [store.folder / THUMBNAILS]) as file:
            content = file.read(_LARGEST + 1)
    else:
        content = store.read(name)
    if not content.startswith(_JPEG) or len(content) > _LARGEST:
        raise FileNotFoundError(name)
    return content
