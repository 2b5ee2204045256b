"""Apply edited rules to the whole library. This needs neither downloads nor the model."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from vidkit.core.stores import open_store
from vidkit.errors import OutputError
from vidkit.export import read_record, write_record
from vidkit.library import Library, LibraryEntry
from vidkit.record import Record
from vidkit.tagging import RuleSet, missing_columns, missing_readings, tag_and_classify

log = logging.getLogger(__name__)


@dataclass
class Retagged:
    """The number of checked records, and of those with other tags or another class now. `missing` has messages
    about columns and readings that rules use but no record has."""

    looked_at: int = 0
    changed: int = 0
    missing: list[str] = field(default_factory=list)


def retag_library(
    library: Library,
    rules: RuleSet,
    progress: Callable[[int], None] | None = None,
    on_change: Callable[[Record, Record], None] | None = None,
    *,
    dry_run: bool = False,
) -> Retagged:
    """Apply the current rules to every record, in the library and in its JSON record.

    Args:
        library: the library.
        rules: the user's rules.
        progress: called with the number of records checked so far.
        on_change: called with the older and the new record, if tags or class differ.
        dry_run: write nothing.

    Raises:
        LibraryError: the library cannot be read or written. Records before that are retagged.
    """
    result = Retagged()
    columns: set[str] = set()
    readings: set[str] = set()
    for entry in library.records():
        columns.update(entry.record["source"]["columns"] or ())
        for name, reading in (entry.record.get("readings") or {}).items():
            readings.update(f"readings.{name}.{key}" for key in reading)
        record = retagged(entry.record, rules)
        if record != entry.record and not dry_run:
            _save(library, entry, record)
        if (record["tags"], record["classification"]) != (entry.record["tags"], entry.record["classification"]):
            result.changed += 1
            if on_change is not None:
                on_change(entry.record, record)
        result.looked_at += 1
        if progress is not None:
            progress(result.looked_at)
    if result.looked_at:
        result.missing = list(missing_columns(rules, sorted(columns), "the library"))
        result.missing += missing_readings(rules, sorted(readings), "the library")
    return result


def _save(library: Library, entry: LibraryEntry, record: Record) -> None:
    library.save(record, entry.folder)
    try:
        write_json(entry, record)
    except OutputError as error:
        log.warning("%s; the library has the new tags", error)


def retagged(record: Record, rules: RuleSet) -> Record:
    """A record with the tags and the class from the rules and its corrections, and the fingerprint of that
    stage."""
    from vidkit.workflow.stages import tag_fingerprint  # imports all stages

    new = copy.deepcopy(record)
    new["tags"], new["classification"] = tag_and_classify(new, rules)
    new["processing"]["stages"]["tag"]["fingerprint"] = tag_fingerprint(new, rules)
    return new


def write_json(entry: LibraryEntry, record: Record) -> bool:
    """Write the JSON record of a video, if the existing one is of this video. Returns whether it is.

    Raises:
        OutputError: it cannot be written; the older one stays.
    """
    store = open_store(entry.folder)
    known = read_record(store, record["filename"])
    if known is None or known["source"]["url"] != record["source"]["url"]:
        return False
    write_record(store, record)
    return True
