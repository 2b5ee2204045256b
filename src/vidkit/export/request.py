"""The checked arguments of an export."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from vidkit._version import __version__
from vidkit.core import printable
from vidkit.errors import ConfigError
from vidkit.export.formats import FORMATS, file_mode
from vidkit.export.items import LEVELS, ItemSelection
from vidkit.export.labels import label_reader
from vidkit.export.media import ClipLimits, Hide
from vidkit.export.plan import ExportPlan
from vidkit.export.samples import ExportReport, FileOptions
from vidkit.export.splits import parse_split
from vidkit.library.query import Bounds, Query


@dataclass(frozen=True)
class ExportRequest:
    """The arguments of an export."""

    format: str
    level: str
    label: str
    how: FileOptions
    shares: Mapping[str, float]
    seed: int
    command: str
    query: Query
    selection: ItemSelection
    no_duplicates: bool

    @property
    def lengths(self) -> Bounds:
        """The limits on the length of each item."""
        return self.selection.lengths

    def fingerprint(self, plan: ExportPlan) -> str:
        """The fingerprint of the dataset. An interrupted export continues if it is the same."""
        made_from = [__version__, plan.fingerprint, self.format, self.level, self.label, self.how.mode]
        made_from += [self.how.hide.name] if self.how.hide else []
        made_from += ["no_duplicates"] if self.no_duplicates else []
        text = json.dumps([*made_from, asdict(self.how.caps), dict(self.shares), self.seed, asdict(self.lengths)])
        return hashlib.sha256(text.encode()).hexdigest()

    def report(self, folder: Path | None) -> ExportReport:
        """An empty report. Without a folder it writes no file."""
        return ExportReport(folder, {split: Counter() for split in self.shares})


def read_request(
    format: str,
    query: Query | None,
    level: str,
    label: str,
    split: str | None,
    seed: int,
    files: str | None,
    caps: ClipLimits | None,
    command: str,
    hide: Hide | None = None,
    no_duplicates: bool = False,
) -> ExportRequest:
    """Check the arguments of an export.

    Raises:
        ConfigError: an argument is invalid.
    """
    if format not in FORMATS:
        raise ConfigError(
            "--format {format}: there is {formats}", format=printable(format), formats=", ".join(FORMATS)
        )
    if level not in LEVELS:
        raise ConfigError("--level {level}: there is {levels}", level=printable(level), levels=", ".join(LEVELS))
    form, label_of = FORMATS[format], label_reader(label)
    how = FileOptions(form, file_mode(format, files, hide is not None), caps or ClipLimits(), hide)
    query = query or Query()
    lengths, query = (Bounds(), query) if level == "video" else (query.duration, replace(query, duration=Bounds()))
    selection = ItemSelection(level, label_of, lengths)
    return ExportRequest(
        format, level, label, how, parse_split(split), seed, command, query, selection, no_duplicates
    )
