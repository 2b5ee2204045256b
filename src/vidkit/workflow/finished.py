"""What a finished video leaves to be noted: its record in the library, in the journal what is left to do.

A worker of an engine returns it. Whoever has the journal and the library notes it, many at once if need be.
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
    """As records call it."""
    record: Record
    new: bool
    """Whether the record was written now, and was not there already."""
    version: str | None
    """The version of its source."""
    vectors: dict[str, VideoVectors] = field(default_factory=dict)
    """Model -> its new vectors, for search by meaning."""


def note(run: Run, finished: Sequence[Finished]) -> None:
    """Put the records into the library, and into the journal what is left to do for each.

    Args:
        run: it has the journal and the library.
        finished: any number; many at once are much faster.

    Raises:
        OutputError: the journal cannot be written.
    """
    away = _put(run, [each for each in finished if each.new or not _in_library(run, each.url)])
    _put_vectors(run, [each for each in finished if each.url not in away])
    settings = settings_fingerprint(run)
    entries = []
    for each in finished:
        done = is_complete(each.record) and each.url not in away
        entries.append((each.url, Entry(each.record["filename"], each.version, settings if done else "")))
    run.journal.add_all(entries)


def _put(run: Run, finished: Sequence[Finished]) -> set[str]:
    """Put records into the library; the URLs of those that it does not take."""
    address = run.layout.store.address
    try:
        run.library.save_all([LibraryEntry(each.record, address) for each in finished])
    except LibraryError as error:
        if len(finished) > 1:  # one alone may be the reason
            return set().union(*(_put(run, [each]) for each in finished))
        name = finished[0].record["filename"]
        log.warning("%s is in its JSON but not in the library, until the next run: %s", name, error)
        return {finished[0].url}
    return set()


def _put_vectors(run: Run, finished: Sequence[Finished]) -> None:
    """Put vectors into the library, beside their records."""
    for model in dict.fromkeys(model for each in finished for model in each.vectors):
        found = [each.vectors[model] for each in finished if model in each.vectors]
        try:
            run.library.save_vectors(model, found)
        except LibraryError as error:
            log.warning("vectors of %s are not in the library: %s `vidkit index` makes them again", model, error)


def _in_library(run: Run, url: str) -> bool:
    """Whether the library has a record of this URL; where it is away, storing it says so."""
    with suppress(LibraryError):
        return run.library.find(url) != []
    return False
