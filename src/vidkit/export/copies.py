"""Videos of a dataset that show the same: they are in one split, and copies can be left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidkit.library.protocol import pictures_of
from vidkit.record import Record

if TYPE_CHECKING:
    from vidkit.library import LibraryEntry


@dataclass(frozen=True)
class Copies:
    """Which videos show the same: `contents` is the SHA-256 of such a video -> one of theirs, the same for all.

    `left_out` are the URLs of videos that are not to be in the dataset.
    """

    contents: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def content(self, record: Record) -> str:
        """What stands for a record's content: the same for all videos that show the same."""
        return self.contents.get(record["sha256"], record["sha256"])

    def is_left_out(self, record: Record) -> bool:
        """Whether the dataset is to be without a record."""
        return record["source"]["url"] in self.left_out


def find_copies(records: Iterable[LibraryEntry], leave_out: bool) -> Copies:
    """Compare all records with one another.

    Args:
        records: those of the dataset.
        leave_out: whether copies are not to be in it.
    """
    from vidkit.duplicates.groups import Footage

    footage = Footage(pictures_of(entry.record) for entry in records)
    groups = footage.groups() if leave_out else []
    return Copies(footage.contents(), frozenset(copy.video.url for group in groups for copy in group.copies))
