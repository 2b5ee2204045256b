"""A finished video, to be noted in the library and the journal.

A worker of an engine returns it. The process that has the journal and the library notes it, many at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry
from vidkit.library.vectors.protocol import VideoVectors
from vidkit.record import Record, is_complete
from vidkit.workflow.journal import Entry
from vidkit.workflow.run import Run
from vidkit.workflow.stages import settings_fingerprint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finished:
    """A video whose record is written. It can be pickled."""

    url: str
    """As `source.url` of records."""
    record: Record
    new: bool
    """Whether this run wrote the record."""
    version: str | None
    """The version of its source."""
    vectors: dict[str, VideoVectors] = field(default_factory=dict)
    """Model -> the new vectors of the video, for search by meaning."""


def note(run: Run, finished: Sequence[Finished]) -> None:
    """Save records and vectors in the library, and note in the journal what is done.

    Args:
        run: has the journal and the library.
        finished: any number; many at once are much faster.

    Raises:
        OutputError: the journal cannot be written.
    """
    unsaved = _save_records(run, [each for each in finished if each.new or not _in_library(run, each.url)])
    _save_vectors(run, [each for each in finished if each.url not in unsaved])
    settings = settings_fingerprint(run)
    entries = []
    for each in finished:
        done = is_complete(each.record) and each.url not in unsaved
        entries.append((each.url, Entry(each.record["filename"], each.version, settings if done else "")))
    run.journal.add_all(entries)


def _save_records(run: Run, finished: Sequence[Finished]) -> set[str]:
    """Save records in the library. Returns the URLs of those that it does not accept."""
    address = run.layout.store.address
    try:
        run.library.save_all([LibraryEntry(each.record, address) for each in finished])
    except LibraryError as error:
        if len(finished) > 1:  # perhaps only one of them is the reason
            return set().union(*(_save_records(run, [each]) for each in finished))
        name = finished[0].record["filename"]
        log.warning("%s is in its JSON but not in the library, until the next run: %s", name, error)
        return {finished[0].url}
    return set()


def _save_vectors(run: Run, finished: Sequence[Finished]) -> None:
    """Save vectors in the library, beside their records."""
    for model in dict.fromkeys(model for each in finished for model in each.vectors):
        found = [each.vectors[model] for each in finished if model in each.vectors]
        try:
            run.library.save_vectors(model, found)
        except LibraryError as error:
            log.warning("vectors of %s are not in the library: %s `vidkit index` makes them again", model, error)


def _in_library(run: Run, url: str) -> bool:
    """Whether the library has a record of this URL. If it cannot be read, saving the record reports that."""
    with suppress(LibraryError):
        return run.library.find(url) != []
    return False
