"""The figures of a report from one pass over the records. They are counts, so memory does not grow with videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

from vidkit.core.units import parse_date
from vidkit.curate.statistics import Amount, Balance, cleared_reason
from vidkit.export.plan import host_of
from vidkit.library import Library, Query
from vidkit.record import Record
from vidkit.tagging import RuleSet

T = TypeVar("T")

MOST_VALUES = 1_000  # different values that are counted one by one
_LONGEST = 300  # characters of a value
OTHERS = "(others)"


class Model(NamedTuple):
    """The model that described a video: `backend` is `endpoint` or `local`."""

    backend: str
    name: str


class Reader(NamedTuple):
    """A reader that has read a video."""

    name: str
    version: str
    model: str


class Processed(NamedTuple):
    """When and how one video was processed, for an audit."""

    at: str
    filename: str
    url: str
    sha256: str
    vidkit: str
    seconds: float
    stages: dict[str, str]
    """Stage -> fingerprint."""


class Corrected(NamedTuple):
    """A correction by a person."""

    at: str
    filename: str
    classification: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


class Newest(Generic[T]):
    """The newest of many rows, which begin with their time, and the number of all rows."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._rows: list[T] = []

    def add(self, row: T) -> None:
        self.total += 1
        self._rows.append(row)
        if len(self._rows) > 2 * self.most + 100:
            self._rows = self.rows()

    def rows(self) -> list[T]:
        """The newest first."""
        return sorted(self._rows, key=lambda row: str(row[0]), reverse=True)[: self.most]  # type: ignore[index]


@dataclass
class Figures:
    """The counts. A Counter is value -> videos, with at most MOST_VALUES values. Times are as in the record."""

    classes: Balance
    by: Balance | None
    processed: Newest[Processed]
    corrected: Newest[Corrected]
    videos: int = 0
    scenes: int = 0
    clips: int = 0
    shortest: float | None = None
    longest: float | None = None
    first: str | None = None
    last: str | None = None
    undated: int = 0
    days: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    models: Counter[Model] = field(default_factory=Counter)
    readers: Counter[Reader] = field(default_factory=Counter)
    instructions: Counter[str] = field(default_factory=Counter)
    undescribed: Counter[str] = field(default_factory=Counter)
    """Why descriptions are missing."""
    stages: Counter[str] = field(default_factory=Counter)
    """Stage -> milliseconds."""
    rules: Counter[str] = field(default_factory=Counter)
    """Whether the tags are from the current rules: `current`, `older` or `unknown`."""

    def add(self, record: Record, tagged_by: Callable[[Record], str]) -> None:
        """Count a video."""
        self.videos += 1
        self.scenes += len(record["scenes"])
        self.clips += len(record["segments"])
        length = record["duration"]
        self.shortest = length if self.shortest is None else min(length, self.shortest)
        self.longest = length if self.longest is None else max(length, self.longest)
        self.classes.add(record)
        if self.by is not None:
            self.by.add(record)
        _count(self.hosts, host_of(record["source"]["url"]))
        self.rules[tagged_by(record)] += 1
        self._add_model(record)
        for name, reading in (record.get("readings") or {}).items():
            _count(self.readers, Reader(_text(name), _text(reading["version"]), _text(reading["model"])))
        self._add_processing(record)
        if corrections := record.get("corrections"):
            added, removed = (
                tuple(map(_text, corrections["add_tags"])),
                tuple(map(_text, corrections["remove_tags"])),
            )
            at, own_class = _text(corrections["at"]), _text(corrections["classification"])
            self.corrected.add(Corrected(at, _text(record["filename"]), own_class, added, removed))

    def _add_model(self, record: Record) -> None:
        asked = record["ai"]
        if asked is None:
            return
        if asked["error"] is not None:
            url, filename = record["source"]["url"], record["filename"]
            _count(self.undescribed, cleared_reason(asked["error"], url, filename)[:_LONGEST])
        if asked["backend"] is not None:
            _count(self.models, Model(_text(asked["backend"]), _text(asked["model"])))
            _count(self.instructions, asked["instruction"][:_LONGEST])

    def _add_processing(self, record: Record) -> None:
        processing = record["processing"]
        at, version = _text(processing["finished_at"]), _text(processing["vidkit"])
        try:
            self.days[parse_date(at).date().isoformat()] += 1
        except ValueError:
            self.undated += 1
        else:
            self.first, self.last = min(self.first or at, at), max(self.last or at, at)
        _count(self.versions, version)
        stages = processing["stages"]
        for name, stage in stages.items():
            _count(self.stages, _text(name), round(1000 * stage["seconds"]))
        self.processed.add(
            Processed(
                at,
                _text(record["filename"]),
                _text(record["source"]["url"]),
                record["sha256"],
                version,
                sum(stage["seconds"] for stage in stages.values()),
                {_text(name): _text(stage["fingerprint"]) for name, stage in islice(stages.items(), 30)},
            )
        )


def figures_of(
    library: Library,
    query: Query,
    rules: RuleSet,
    *,
    by: str | None = None,
    rows: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Figures:
    """Count the videos of a library.

    Args:
        library: the library.
        query: selects the videos.
        rules: the user's current rules.
        by: a key for `statistics.balance_of`.
        rows: how many of the newest videos and corrections are listed one by one.
        progress: called with the number of videos counted so far.

    Raises:
        LibraryError: the library cannot be read.
        QueryError: no video has the key `by`; raised by `Balance.values`.
    """
    found = Figures(Balance("class"), Balance(by) if by is not None else None, Newest(rows), Newest(rows))
    tagged_by = _rules_of(rules)
    for entry in library.records(query):
        found.add(entry.record, tagged_by)
        if progress is not None:
            progress(found.videos)
    return found


def _rules_of(rules: RuleSet) -> Callable[[Record], str]:
    """Whether a record's tags are from these rules: `current` or `older`; `unknown` without a fingerprint."""
    from vidkit.workflow.stages import tag_fingerprint  # imports all stages

    def tagged_by(record: Record) -> str:
        try:
            tagged = record["processing"]["stages"]["tag"]["fingerprint"]
            return "current" if tagged == tag_fingerprint(record, rules) else "older"
        except KeyError:
            return "unknown"

    return tagged_by


def _count(counter: Counter[Any], value: Any, number: int = 1) -> None:
    """Count a value, or OTHERS if there are too many different values."""
    if value not in counter and len(counter) >= MOST_VALUES:
        value = type(value)(OTHERS, *[""] * (len(value) - 1)) if isinstance(value, tuple) else OTHERS
    counter[value] += number


def _text(value: object) -> str:
    return "" if value is None else str(value)[:_LONGEST]


def amounts(values: dict[str, Amount]) -> list[dict[str, Any]]:
    """A balance as JSON."""
    return [{"value": value or None, **vars(amount)} for value, amount in values.items()]
