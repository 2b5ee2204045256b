"""Edited rules over the whole library: no download, no model."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vidkit.errors import OutputError
from vidkit.export import export_to_json, read_record, record_path
from vidkit.library import Library, Stored
from vidkit.record import Record
from vidkit.run import VERSIONS, fingerprint
from vidkit.tagging import RuleSet, apply_tags, classify_video

log = logging.getLogger(__name__)


@dataclass
class Retagged:
    """How many records were looked at, how many have other tags or another class now."""

    looked_at: int = 0
    changed: int = 0


def retag_library(library: Library, rules: RuleSet, progress: Callable[[int], None] | None = None) -> Retagged:
    """Give every record of a library the tags and the class that the rules say now, in the library and in its JSON.

    Args:
        library: the library.
        rules: the user's rules.
        progress: called with the number of records looked at so far.

    Raises:
        LibraryError: the library cannot be read or written; what was retagged until then is.
    """
    result = Retagged()
    for stored in library.records():
        record = retagged(stored.record, rules)
        if record != stored.record:
            library.save(record, stored.folder)
            _write(stored, record)
            keys = ("tags", "classification")
            result.changed += any(record[key] != stored.record[key] for key in keys)  # type: ignore[literal-required]
        result.looked_at += 1
        if progress is not None:
            progress(result.looked_at)
    return result


def retagged(record: Record, rules: RuleSet) -> Record:
    """A record with the tags and the class that the rules say, and the tag stage's fingerprint for that."""
    new = copy.deepcopy(record)
    values: dict[str, Any] = dict(new)
    new["tags"] = values["tags"] = apply_tags(values, rules)
    new["classification"] = classify_video(values, rules)
    described = new["processing"]["stages"]["describe"]["fingerprint"]
    new["processing"]["stages"]["tag"]["fingerprint"] = tag_fingerprint(new["sha256"], described, rules)
    return new


def tag_fingerprint(sha256: str, described: str, rules: RuleSet) -> str:
    """What the tags of a video are made from, as the pipeline has it."""
    return fingerprint(VERSIONS["tag"], [sha256, described], [rules.fingerprint])


def _write(stored: Stored, record: Record) -> None:
    """Write the JSON too, where it is still the record of this video."""
    known = read_record(record_path(stored.folder, record["filename"]))
    if known is None or known["source"]["url"] != record["source"]["url"]:
        return
    try:
        export_to_json(record, stored.folder)
    except OutputError as error:
        log.warning("%s; the library has the new tags", error)
