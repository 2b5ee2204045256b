"""A record -> the items of a dataset: the video, its clips or its scenes; and the samples for a format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.core.stores import Address, within
from vidkit.record import Record

if TYPE_CHECKING:
    from vidkit.library import LibraryEntry
    from vidkit.library.query import Bounds

LEVELS = ("video", "segments", "scenes")


@dataclass(frozen=True, slots=True)
class Item:
    """One example: a video, a clip or a scene.

    `start` and `end` are seconds in the video. `file` is the file with only this item. It is None for a scene,
    which is a span of its video, and for a video without a kept file. It is a path or, in another store, an
    address.
    """

    kind: str
    number: int
    start: float
    end: float
    label: str | None
    description: str
    ai_tags: tuple[str, ...]
    file: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a dataset: a file with its item, or a whole video with all items on its timeline.

    `video` names the video, `name` the sample: safe as a file name, without a dot, and no other has it. `path` is
    how the dataset names the file: relative to its folder where the file lies in it, else absolute; None where the
    file is gone, or goes into an archive. `apart` says that the file holds the item alone: it begins where the item
    begins.
    """

    ordinal: int
    video: str
    name: str
    split: str
    record: Record
    items: tuple[Item, ...]
    file: Address | None
    path: str | None
    apart: bool

    def times(self, item: Item) -> tuple[float, float]:
        """The start and end of an item in the sample's file, in seconds."""
        return (0.0, round(item.end - item.start, 6)) if self.apart else (item.start, item.end)


@dataclass(frozen=True)
class DatasetSpec:
    """The dataset that a format writes.

    `folder` is the dataset while it is built, `work` a temporary folder in it. `labels` is label -> number, in
    order; `folders` is label -> name of its folder. `packed` are the ordinals of samples that an interrupted export
    has already put into archives.
    """

    folder: Path
    work: Path
    level: str
    splits: tuple[str, ...]
    labels: Mapping[str, int]
    folders: Mapping[str, str]
    packed: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ItemSelection:
    """Selects items of a record: their level and the bounds on their length in seconds; and reads their label."""

    level: str
    label_of: Callable[[Record, Mapping[str, Any] | None], str | None]
    lengths: Bounds


def items_of(entry: LibraryEntry, selection: ItemSelection) -> list[Item]:
    """The selected items of a record, in order."""
    low, high = selection.lengths.low, selection.lengths.high
    return [
        item
        for item in _items_of(entry, selection.level, selection.label_of)
        if (low is None or round(item.end - item.start, 3) >= low)
        and (high is None or round(item.end - item.start, 3) <= high)
    ]


def _items_of(
    entry: LibraryEntry, level: str, label_of: Callable[[Record, Mapping[str, Any] | None], str | None]
) -> list[Item]:
    record, folder = entry.record, entry.folder
    if level == "video":
        label = label_of(record, None)
        tags = tuple(record["ai_generated_tags"])
        description = record["qwen_description"] or ""
        return [Item("video", 0, 0.0, record["duration"], label, description, tags, video_file(entry))]
    items = []
    for scene in record["scenes"] if level == "scenes" else ():
        times = float(scene["start_time"]), float(scene["end_time"])
        label = label_of(record, None)
        items.append(Item("scene", scene["index"], *times, label, scene["description"] or "", (), None))
    for clip in record["segments"] if level == "segments" else ():
        times = float(clip["start_time"]), float(clip["end_time"])
        label, tags = label_of(record, clip), tuple(clip["tags"])
        file = _joined(folder, clip["path"])
        items.append(Item("segment", clip["index"], *times, label, clip["description"] or "", tags, file))
    return items


def video_file(entry: LibraryEntry) -> str | None:
    """The video file of a record; None if the download was not kept."""
    path = entry.record["path"]
    return None if path is None else _joined(entry.folder, path)


def frames(start: float, end: float, fps: float, duration: float) -> tuple[int, int]:
    """The first and the last frame of [start, end) in seconds, counted from 1. Neighbouring spans share no frame.

    If the span ends with its video (of `duration` seconds), the last frame is left out: a container can be a frame
    longer than its frames, and programs refuse a range past the end.
    """
    first, last = round(start * fps) + 1, round(end * fps)
    return first, max(first, last - 1 if end >= duration else last)


def _joined(folder: Address, path: str) -> str:
    if isinstance(folder, str) and not os.path.isabs(path):
        return str(within(folder, path))
    return os.path.normpath(os.path.join(folder, path))
