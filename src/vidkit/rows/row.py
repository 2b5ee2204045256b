"""The rows of an input: videos to process, rows that cannot be read, ignored rows; and filters over rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from vidkit.core.units import parse_date, parse_duration, parse_priority, parse_size


class Row(NamedTuple):
    """One video to process; texts as they are in the CSV."""

    line: int
    """The line in the file, from 1; 0 for a URL of the command line."""
    url: str
    file_name: str | None = None
    file_size: str | None = None
    last_modified: str | None = None
    duration: str | None = None
    columns: Mapping[str, str] = {}
    """All other columns by name, with the duration and the priority."""
    priority: str | None = None
    """Empty if the cell is empty; None if the CSV has no such column: rows then keep the order of the file."""

    @property
    def size_bytes(self) -> int | None:
        """The size in bytes; None if it is missing or cannot be read."""
        try:
            return parse_size(self.file_size) if self.file_size else None
        except ValueError:
            return None

    @property
    def version(self) -> str | None:
        """The version of the source from the CSV itself, so that no request is needed."""
        return f"{self.file_size or ''}|{self.last_modified}" if self.last_modified else None

    @property
    def modified(self) -> datetime | None:
        """The time of the last change, UTC if it has no time zone; None as with `size_bytes`."""
        try:
            return parse_date(self.last_modified) if self.last_modified else None
        except ValueError:
            return None

    @property
    def seconds(self) -> float | None:
        """The duration in seconds; None as with `size_bytes`."""
        try:
            return parse_duration(self.duration) if self.duration else None
        except ValueError:
            return None

    @property
    def rank(self) -> int | None:
        """The priority as a number, higher first; None as with `size_bytes`."""
        try:
            return parse_priority(self.priority) if self.priority else None
        except ValueError:
            return None


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read, and why. `text` is its beginning, as it is in the file."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class IgnoredRow:
    """A row that is ignored: a `folder`, or a file that is `no video`."""

    line: int
    name: str
    why: str


CsvRow = Row | BadRow | IgnoredRow


@dataclass(frozen=True)
class Filters:
    """Which videos are processed: by size in bytes, duration in seconds, and time.

    All limits are inclusive, except `modified_before`.
    """

    min_size: float | None = None
    max_size: float | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    modified_after: datetime | None = None
    modified_before: datetime | None = None

    def wants(self, row: Row) -> bool | None:
        """Whether a row's video is wanted, by the values in the CSV; None if the CSV does not have them all."""
        # Only the needed values are parsed: there may be millions of rows.
        sized = self.min_size is not None or self.max_size is not None
        lasting = self.min_duration is not None or self.max_duration is not None
        dated = self.modified_after is not None or self.modified_before is not None
        if not (sized or lasting or dated):
            return True
        return self.judge(
            row.size_bytes if sized else None, row.seconds if lasting else None, row.modified if dated else None
        )

    def judge(self, size: float | None, seconds: float | None, modified: datetime | None) -> bool | None:
        """The same for a size in bytes, a duration in seconds and a time; None for an unknown value."""
        late = modified is not None and self.modified_before is not None and modified >= self.modified_before
        verdicts = (
            _within(size, self.min_size, self.max_size),
            _within(seconds, self.min_duration, self.max_duration),
            _within(modified, self.modified_after, None),
            False if late else _within(modified, None, self.modified_before),
        )
        if False in verdicts:
            return False
        return None if None in verdicts else True


def _within(value: Any, least: Any, most: Any) -> bool | None:
    if least is None and most is None:
        return True
    if value is None:
        return None
    return (least is None or value >= least) and (most is None or value <= most)
