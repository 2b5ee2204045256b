"""The first pass over the library: labels, splits and names."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vidkit.core import printable
from vidkit.export.copies import Copies
from vidkit.export.items import Item
from vidkit.export.labels import RESERVED
from vidkit.export.splits import assign, group_key
from vidkit.record import Record

if TYPE_CHECKING:
    from vidkit.library import LibraryEntry

_LONGEST = 120  # bytes of a sample's name, without `_scene_0001` and an extension
_DEALT = "sides.json"
# No dot: in webdataset the first dot ends a sample's name.
_UNSAFE = re.compile(r"[^\w+()@\u200c\u200d-]+")


@dataclass(frozen=True)
class ExportPlan:
    """The result of the first pass.

    `splits` is content (`group_key`, the same for duplicates) -> split, `labels` is label -> number, `videos_of` is
    label -> number of different videos, `hosts` is host -> videos, `columns` are the CSV's columns, `fingerprint`
    is of the records, `copies` are the duplicates.
    """

    videos: int
    items: int
    seed: int
    splits: Mapping[bytes, str]
    labels: Mapping[str, int]
    videos_of: Mapping[str, int]
    unlabelled: int
    at_odds: int
    hosts: Mapping[str, int]
    columns: tuple[str, ...]
    fingerprint: str
    copies: Copies
    _shared_names: frozenset[str]

    def split_of(self, record: Record) -> str | None:
        """The split of a video; None if it was added to the library after the first pass."""
        return self.splits.get(group_key(self.copies.content(record), self.seed))

    def kept_in(self, work: Path) -> ExportPlan:
        """The plan with the splits of an interrupted export, so that a file that is missing since then moves no
        other video. Without such an export, this plan; its splits are saved in the folder `work`."""
        path = work / _DEALT
        try:
            content = json.loads(path.read_bytes())
            splits = {bytes.fromhex(key): split for key, split in content["sides"].items()}
            if splits.keys() == self.splits.keys():
                return replace(self, splits=splits, videos_of=content["videos_of"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            pass
        noted = {"sides": {key.hex(): split for key, split in self.splits.items()}, "videos_of": self.videos_of}
        path.write_text(json.dumps(noted), encoding="utf-8")
        return self

    def name(self, record: Record) -> str:
        """The name of a video's samples: its file name, with a hash of the URL if another video has the same."""
        name = _plain_name(record)
        if name.casefold() not in self._shared_names:
            return name
        digest = hashlib.sha256(record["source"]["url"].encode("utf-8", "replace")).hexdigest()
        return f"{name}-{digest[:12]}"


def make_plan(
    records: Iterable[LibraryEntry],
    items_in: Callable[[LibraryEntry], tuple[list[Item], list[Item]]],
    shares: Mapping[str, float],
    seed: int,
    progress: Callable[[int], None] | None = None,
    copies: Copies | None = None,
) -> ExportPlan:
    """Read the records once. Only the hash of the content, the labels and the name of each stay in memory.

    Args:
        records: the records.
        items_in: returns the items of a record, and those of them that will be in the dataset. Only these are
            assigned to splits.
        shares: split -> share.
        seed: the seed of the splits.
        progress: called with the number of records read so far.
        copies: the duplicates, which are in the same split.
    """
    copies = copies or Copies()
    counts, labels = _Counts(), _LabelsByContent(seed, copies)
    for entry in records:
        if copies.is_left_out(entry.record):
            continue
        items, usable = items_in(entry)
        counts.add(entry, items)
        labels.add(entry.record, usable)
        if progress is not None:
            progress(counts.videos)
    splits = dict.fromkeys(labels.unusable, next(iter(shares))) | assign(labels.groups, shares, seed)
    return ExportPlan(
        videos=counts.videos,
        items=counts.items,
        seed=seed,
        splits=splits,
        labels={label: number for number, label in enumerate(sorted(counts.labels))},
        videos_of=Counter(label for own in labels.groups.values() for label in own if label),
        unlabelled=counts.unlabelled,
        at_odds=len(labels.at_odds),
        hosts=dict(counts.hosts.most_common(20)),
        columns=tuple(counts.columns),
        fingerprint=counts.digest.hexdigest(),
        copies=copies,
        _shared_names=frozenset(name for name, is_shared in counts.names.items() if is_shared),
    )


class _Counts:
    """The counts of the first pass."""

    def __init__(self) -> None:
        self.videos = self.items = self.unlabelled = 0
        self.labels: set[str] = set()
        self.hosts = Counter[str]()
        self.columns: dict[str, None] = {}
        self.names: dict[str, bool] = {}  # name -> whether several videos have it
        self.digest = hashlib.sha256()

    def add(self, entry: LibraryEntry, items: list[Item]) -> None:
        record = entry.record
        self.digest.update(json.dumps([str(entry.folder), record]).encode())
        self.videos += 1
        self.items += len(items)
        self.unlabelled += sum(1 for item in items if item.label is None)
        self.labels.update(item.label for item in items if item.label)
        self.hosts[host_of(record["source"]["url"])] += 1
        self.columns.update(dict.fromkeys(record["source"]["columns"]))
        name = _plain_name(record).casefold()
        self.names[name] = name in self.names


class _LabelsByContent:
    """Content (`group_key`) -> labels of its videos, for the assignment to splits."""

    def __init__(self, seed: int, copies: Copies) -> None:
        self.groups: dict[bytes, frozenset[str]] = {}
        self.unusable: set[bytes] = set()
        self.at_odds: set[bytes] = set()
        self._seed = seed
        self._copies = copies
        self._same: dict[frozenset[str], frozenset[str]] = {}  # one object for all videos with the same labels

    def add(self, record: Record, usable: list[Item]) -> None:
        key = group_key(self._copies.content(record), self._seed)
        if not usable:
            self.unusable.add(key)
            return
        own = frozenset(item.label or "" for item in usable)
        own = self._same.setdefault(own, own)
        if self.groups.setdefault(key, own) != own:
            self.at_odds.add(key)
            self.groups[key] = self.groups[key] | own


def _plain_name(record: Record) -> str:
    """A file name as the name of a sample: no extension, only letters and digits of every script, no dot."""
    stem = re.sub(r"\.\w{1,10}$", "", re.split(r"[/\\]", record["filename"])[-1])
    name = (
        _UNSAFE.sub("_", unicodedata.normalize("NFC", stem))
        .encode("utf-8", "ignore")[:_LONGEST]
        .decode(errors="ignore")
        .strip("_-")
    )
    return f"_{name}" if RESERVED.match(name) else name or "video"


def host_of(url: str) -> str:
    """The source of a video: the host of its URL, or `local files`."""
    if "://" not in url:
        return "local files"
    try:
        parts = urlsplit(url)
        return "local files" if parts.scheme == "file" else printable(parts.hostname or url)
    except ValueError:
        return "other"
