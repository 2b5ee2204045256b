"""Duplicate videos in a dataset: they are in the same split, and copies can be left out."""

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
    """Duplicate videos. `contents` is the SHA-256 of a duplicate -> one SHA-256 for its whole group.

    `left_out` are the URLs of videos to leave out of the dataset.
    """

    contents: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def content(self, record: Record) -> str:
        """The key of a record's content, the same for all duplicates."""
        return self.contents.get(record["sha256"], record["sha256"])

    def is_left_out(self, record: Record) -> bool:
        """Whether a record is left out of the dataset."""
        return record["source"]["url"] in self.left_out


def find_copies(records: Iterable[LibraryEntry], leave_out: bool) -> Copies:
    """Find duplicates among records.

    Args:
        records: the records of the dataset.
        leave_out: whether to leave out copies.
    """
    from vidkit.duplicates.groups import CopyFinder

    footage = CopyFinder(pictures_of(entry.record) for entry in records)
    groups = footage.groups() if leave_out else []
    return Copies(footage.contents(), frozenset(copy.video.url for group in groups for copy in group.copies))
