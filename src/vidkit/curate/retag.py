"""Apply edited rules to the whole library, without download or model."""

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
    """How many records were looked at, and have other tags or another class now; what rules ask for in vain."""

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
    """Give every record of a library the tags and the class that the rules say now, in the library and in its JSON.

    Args:
        library: the library.
        rules: the user's rules.
        progress: called with the number of records looked at so far.
        on_change: called with the older and the new record, if tags or class differ.
        dry_run: write nothing.

    Raises:
        LibraryError: the library cannot be read or written; what was retagged until then is.
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
    """A record with the tags and the class that the rules and its corrections say, and the fingerprint for that."""
    from vidkit.workflow.stages import tag_fingerprint  # with all that processes videos, which is much

    new = copy.deepcopy(record)
    new["tags"], new["classification"] = tag_and_classify(new, rules)
    new["processing"]["stages"]["tag"]["fingerprint"] = tag_fingerprint(new, rules)
    return new


def write_json(entry: LibraryEntry, record: Record) -> bool:
    """Write a record's JSON, where it is still the record of this video; whether it is.

    Raises:
        OutputError: it cannot be written; the older one is there.
    """
    store = open_store(entry.folder)
    known = read_record(store, record["filename"])
    if known is None or known["source"]["url"] != record["source"]["url"]:
        return False
    write_record(store, record)
    return True
