"""Which rows have to be processed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from vidkit.batch.seen import Seen
from vidkit.batch.tally import Tally
from vidkit.download import wanted_name
from vidkit.errors import Terminated
from vidkit.rows import BadRow, CsvRow, Filters, Row
from vidkit.workflow import source_key
from vidkit.workflow.run import Run
from vidkit.workflow.stages import settings_fingerprint

_AT_ONCE = 1000  # rows that are looked up together
_POLL = 0.1  # seconds between two checks of rows that other runs process


class Admission:
    """Decides which rows of a run are processed. All other rows are counted at once."""

    def __init__(self, run: Run, tally: Tally) -> None:
        self._run = run
        self._tally = tally
        self._settings = settings_fingerprint(run)
        self._seen = Seen(run.layout.work)
        self._taken: list[tuple[str, Row]] = []  # locked by other runs, which have only so many workers

    def admitted(self, rows: Iterable[CsvRow], wait_for_room: Callable[[], object]) -> Iterator[Row]:
        """The rows to process, in their order. This run holds the lock of each row's URL.

        If another run is processing the URL of a row, the row comes later, when that run has unlocked it or ended.
        While a row waits for a free worker, runs with a lower priority start no rows.

        Args:
            rows: read as they are needed, so there may be millions.
            wait_for_room: returns when another row can be started.

        Raises:
            Terminated: the run was stopped.
        """
        journal = self._run.journal
        try:
            for some in _in_chunks(iter(rows)):
                if self._run.stop.is_set():
                    raise Terminated
                for url, row in self._wanted(some):
                    journal.announce(self._run.priority)
                    yield from self._released(wait_for_room)
                    wait_for_room()
                    if journal.take(url):
                        yield row
                    else:
                        self._taken.append((url, row))
                journal.announce(None)  # the next rows may be done, or come late
        finally:
            journal.announce(None)
        while self._taken:
            yield from self._released(wait_for_room)
            time.sleep(_POLL if self._taken else 0)

    def close(self) -> None:
        """Remove temporary files."""
        self._seen.close()

    def has_admitted(self, url: str) -> bool:
        """Whether this run admitted a row with this URL, whatever its outcome."""
        return source_key(url) in self._seen

    def _wanted(self, rows: list[CsvRow]) -> list[tuple[str, Row]]:
        """The rows that are not bad, ignored, filtered out, done or duplicate, each with its URL's key."""
        wanted: list[tuple[str, Row]] = []
        filters = self._run.filters
        all_wanted = filters == Filters()
        for row in rows:
            if isinstance(row, Row):
                if all_wanted or filters.wants(row) is not False:
                    wanted.append((source_key(row.url), row))
                else:
                    self._tally.filtered(row)
            elif isinstance(row, BadRow):
                self._tally.bad(row)
            else:
                self._tally.ignored(row)
        versions = [(url, row.version) for url, row in wanted]
        journal = self._run.journal
        done = set() if self._run.force else journal.done(versions, self._settings)
        new: list[tuple[str, Row]] = []
        skipped: list[Row] = []
        for url, row in wanted:
            if url in done or not self._seen.add(url):  # a duplicate row is processed once
                skipped.append(row)
            else:
                new.append((url, row))
        self._tally.skipped(skipped)
        # Claimed in the order of the rows: if two want the same name, the first one always gets it.
        names = [(url, wanted_name(row.url, row.file_name)) for url, row in new]
        journal.claim_all([(url, name) for url, name in names if name])
        return new

    def _released(self, wait_for_room: Callable[[], object]) -> Iterator[Row]:
        """The rows that other runs no longer process. They are done now, or were left undone."""
        for taken in list(self._taken):
            wait_for_room()
            if self._run.journal.take(taken[0]):
                self._taken.remove(taken)
                yield taken[1]


def _in_chunks(rows: Iterator[CsvRow]) -> Iterator[list[CsvRow]]:
    """Rows in chunks: many at once from a fast source, one by one from a slow pipe."""
    size = 1
    while True:
        began = time.monotonic()
        some = list(islice(rows, size))
        if not some:
            return
        size = min(2 * size, _AT_ONCE) if time.monotonic() - began < _POLL else 1
        yield some
