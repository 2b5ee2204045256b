"""The videos on a report's page, each with images of its scenes as `data:` URIs, within limits."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from vidkit.core.files import open_within
from vidkit.core.stores import Address, Store, open_store
from vidkit.errors import VidkitError
from vidkit.library import Library, LibraryEntry, Query
from vidkit.library.in_video import moments_in
from vidkit.record import THUMBNAILS

log = logging.getLogger(__name__)

_JPEG = b"\xff\xd8\xff"
_LARGEST = 300_000  # bytes of one image; vidkit's thumbnails have about 20,000
_TAG = 60  # bytes of the HTML around an image
_STRIP = 200  # the maximum number of scenes in the strip of a video
_INSTANT = 0.001  # seconds of a moment without length
LONGEST_TEXT = 20_000  # characters of a text that are used; far fewer are shown
_KEYS = (
    "filename", "classification", "tags", "qwen_description", "corrections",
    "duration", "resolution", "codec", "size",
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """The limits of a report: videos with scenes, images in total, bytes of the page, rows of a table."""

    videos: int = 40
    pictures: int = 300
    size: int = 10_000_000
    rows: int = 200


@dataclass
class ShownScene:
    """A scene on the page. `found`: it has the words of the search. `picture` is its image as a `data:` URI, or
    empty."""

    number: int
    start: float
    end: float
    description: str
    name: str | None
    found: bool = False
    picture: str = ""


@dataclass
class ShownVideo:
    """A video on the page: values of its record, the scenes to show, the number of all its scenes, and the seconds
    at which they start."""

    facts: dict[str, Any]
    folder: Address
    scenes: list[ShownScene]
    total: int
    starts: list[float]


def videos_to_show(library: Library, query: Query, limits: Limits) -> list[ShownVideo]:
    """The first videos of a search with the scenes to show. Scenes with the words of the search have priority.

    Args:
        library: the library.
        query: selects and sorts the videos.
        limits: the limits for videos and images.

    Raises:
        LibraryError: the library cannot be read.
    """
    shown = [_shown(entry, query) for entry in islice(library.records(query), limits.videos)]
    most = _most_of_one([len(video.scenes) for video in shown], limits.pictures)
    for video in shown:
        found = _spread([scene for scene in video.scenes if scene.found], most)
        others = _spread([scene for scene in video.scenes if not scene.found], most - len(found))
        video.scenes = sorted([*found, *others], key=lambda scene: scene.start)
    return shown


def _shown(entry: LibraryEntry, query: Query) -> ShownVideo:
    record = entry.record
    times = [(each.start_time, each.end_time) for each in moments_in(entry, query) if each.kind != "video"]
    found = [
        ShownScene(
            scene["index"],
            scene["start_time"],
            scene["end_time"],
            _own_text(scene["description"], record["qwen_description"]),
            scene["thumbnail"],
            any(
                scene["start_time"] < max(end, start + _INSTANT) and start < scene["end_time"]
                for start, end in times
            ),
        )
        for scene in record["scenes"]
    ]
    facts = {key: record.get(key) for key in _KEYS}
    facts["processed"] = record["processing"]["finished_at"]
    starts = [scene.start for scene in _spread(found, _STRIP)]
    return ShownVideo(facts, entry.folder, found, len(found), starts)


def _own_text(text: str | None, whole: str | None) -> str:
    """The description of a scene; empty if it is the description of its video."""
    return "" if text is None or text == whole else text[:LONGEST_TEXT]


def _most_of_one(counts: Sequence[int], pictures: int) -> int:
    """The maximum number of scenes of one video, so that all videos together stay within `pictures`."""
    low, high = 0, max(counts, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(count, middle) for count in counts) <= pictures:
            low = middle
        else:
            high = middle - 1
    return low


def _spread(scenes: list[ShownScene], most: int) -> list[ShownScene]:
    """At most this many of the scenes, evenly spread."""
    if len(scenes) <= most:
        return scenes
    return [scenes[at * len(scenes) // most] for at in range(most)]


def add_pictures(videos: Sequence[ShownVideo], room: int, progress: Callable[[int], None] | None = None) -> bool:
    """Read the images of scenes while there is room: the first of each video, then the second, and so on.

    Args:
        videos: the videos; their scenes get their images. Scenes without room are removed.
        room: the bytes that the images may use.
        progress: called with the number of images read so far.

    Returns:
        Whether there was room for all.
    """
    failed: set[Address] = set()
    done = 0
    most = max((len(video.scenes) for video in videos), default=0)
    for place in range(most):
        for video in videos:
            scene = video.scenes[place] if place < len(video.scenes) else None
            if scene is None or scene.name is None or video.folder in failed:
                continue
            try:
                content = _read(open_store(video.folder), scene.name)
            except FileNotFoundError:
                continue
            except VidkitError as error:  # do not wait for this store again with each image
                failed.add(video.folder)
                log.warning("images are missing in the report: %s", error)
                continue
            picture = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
            room -= len(picture) + _TAG
            if room < 0:
                for each in videos:
                    each.scenes = [*each.scenes[:place], *(one for one in each.scenes[place:] if one.picture)]
                return False
            scene.picture = picture
            done += 1
            if progress is not None:
                progress(done)
    return True


def _read(store: Store, name: str) -> bytes:
    """A thumbnail of a video.

    Raises:
        FileNotFoundError: it is missing, outside the thumbnails folder, not a JPEG, or too large.
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
