"""What became of the rows of a run: counted, told to the reporter, written to `summary.json` and `failures.csv`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vidkit.batch.failures import NAME as FAILURES
from vidkit.batch.failures import Failure, Failures
from vidkit.core import without_secrets, write_whole
from vidkit.core.units import timestamp
from vidkit.record import Record, is_complete
from vidkit.rows import BadRow, IgnoredRow, Row
from vidkit.workflow import source_key
from vidkit.workflow.finished import Finished
from vidkit.workflow.run import Run

SUMMARY = "summary.json"


@dataclass
class Summary:
    """What became of the rows; `bytes` are of the videos that were processed, `seconds` the whole run's.

    `abandoned` videos were under way when the run was stopped, and did not end at once.
    """

    processed: int = 0
    skipped: int = 0
    failed: int = 0
    partial: int = 0
    filtered: int = 0
    duplicates: int = 0
    passed_over: int = 0
    bytes: int = 0
    seconds: float = 0.0
    started_at: str = field(default_factory=timestamp)
    finished_at: str = ""
    interrupted: bool = False
    abandoned: int = 0


class Reporter(Protocol):
    """Is told how a run goes, from several threads. `url` is the row's, `line` its line in the CSV (0: no CSV)."""

    def began(self, url: str, name: str | None) -> None:
        """A video begins; `name` is the file name that the row gives it."""

    def stage(self, url: str, stage: str, done: int, total: int | None) -> None:
        """A stage begins, or its download goes on: bytes so far and in all."""

    def finished(self, url: str, record: Record, new: bool) -> None:
        """A video has its record; `new` where this run made it."""

    def failed(self, url: str, line: int, stage: str, reason: str) -> None:
        """A row failed: in which stage, and why."""

    def skipped(self, urls: Sequence[str]) -> None:
        """Nothing is to be done for these rows: they are done, filtered out or no videos."""

    def duplicate(self, url: str, line: int, kept: str) -> None:
        """A video was left: it shows the same as that of the URL `kept`."""

    def interrupted(self, under_way: int) -> None:
        """No more videos begin; so many are being finished."""

    def engine(self, text: str) -> None:
        """What the engine has to work with, in words, whenever that changes: nodes and slots."""


class NullReporter:
    """A reporter that says nothing."""

    def began(self, url: str, name: str | None) -> None:
        pass

    def stage(self, url: str, stage: str, done: int, total: int | None) -> None:
        pass

    def finished(self, url: str, record: Record, new: bool) -> None:
        pass

    def failed(self, url: str, line: int, stage: str, reason: str) -> None:
        pass

    def skipped(self, urls: Sequence[str]) -> None:
        pass

    def duplicate(self, url: str, line: int, kept: str) -> None:
        pass

    def interrupted(self, under_way: int) -> None:
        pass

    def engine(self, text: str) -> None:
        pass


@dataclass(frozen=True)
class Outcome:
    """What became of a row that was worked on: its record, or why there is none. It can be pickled."""

    row: Row
    finished: Finished | None = None
    stage: str = ""
    """Where it failed."""
    reason: str | None = None
    """Why it failed. Without a record, a reason and `kept`, the filters do not want the video."""
    kept: str | None = None
    """The URL of the video that this one is a copy of: then it was left."""
    version: str | None = None
    """The version of the source of a copy."""
    refused: bool = False
    """Whether a store refused the credentials in a way that lets every other row fail too."""

    @property
    def record(self) -> Record | None:
        """Its record."""
        return self.finished.record if self.finished else None

    @property
    def new(self) -> bool:
        """Whether the record was made now, and was not there already."""
        return self.finished is not None and self.finished.new


class Tally:
    """Counts the rows of one run and tells the reporter of each. Threads may share it."""

    def __init__(self, run: Run, reporter: Reporter) -> None:
        self.summary = Summary()
        self.refused: str | None = None
        """Why the results store takes nothing more; None while it does."""
        self._run = run
        self._reporter = reporter
        self._failures = Failures(run.job)
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def bad(self, row: BadRow) -> None:
        """Count a row that cannot be read as one that failed."""
        self._fail(Failure(Row(line=row.line, url=without_secrets(row.text)), "row", row.reason))

    def ignored(self, row: IgnoredRow) -> None:
        """Count a row that is no video."""
        self.summary.passed_over += 1
        self._reporter.skipped([row.name])

    def filtered(self, row: Row) -> None:
        """Count a row that the filters do not want."""
        with self._lock:
            self.summary.filtered += 1
        self._reporter.skipped([row.url])

    def duplicate(self, row: Row, kept: str) -> None:
        """Count a row whose video shows the same as that of the URL `kept`."""
        with self._lock:
            self.summary.duplicates += 1
        self._reporter.duplicate(row.url, row.line, kept)

    def skipped(self, rows: Sequence[Row]) -> None:
        """Count rows that are done."""
        with self._lock:
            self.summary.skipped += len(rows)
        self._reporter.skipped([row.url for row in rows])

    def done(self, outcome: Outcome) -> None:
        """Count a row that was worked on. A record that was there already may be another run's, made meanwhile."""
        record = outcome.record
        if record is not None:
            with self._lock:
                if not outcome.new:
                    self.summary.skipped += 1
                elif not is_complete(record):
                    self.summary.partial += 1
                else:
                    self.summary.processed += 1
                if outcome.new:
                    self.summary.bytes += record["size"]
            self._reporter.finished(outcome.row.url, record, outcome.new)
        elif outcome.reason is not None:
            self.refused = self.refused or (outcome.reason if outcome.refused else None)
            self._fail(Failure(outcome.row, outcome.stage, outcome.reason))
        elif outcome.kept is not None:
            self._run.journal.add_copy(source_key(outcome.row.url), outcome.version, outcome.kept)
            self.duplicate(outcome.row, outcome.kept)
        else:
            self.filtered(outcome.row)

    def interrupted(self, under_way: int) -> None:
        """Note that the user wants to leave."""
        self.summary.interrupted = True
        self._reporter.interrupted(under_way)

    def write(self, taken_up: Callable[[str], bool]) -> Summary:
        """Write `failures.csv` and `summary.json`.

        Args:
            taken_up: whether this run took up the row of a URL; the failures of other runs in the same file stay.

        Raises:
            OutputError: one cannot be written.
        """
        self.summary.seconds = round(time.monotonic() - self._began, 3)
        self.summary.finished_at = timestamp()
        with self._run.journal.working_on(FAILURES, lambda: False):  # another run may end at the same moment
            self._failures.write(taken_up)
        content = dict(self.summary.__dict__)
        if self._run.describer is not None:
            content["model"] = self._run.describer.cost.__dict__
        write_whole(self._run.job / SUMMARY, json.dumps(content, indent=2) + "\n")
        return self.summary

    def _fail(self, failure: Failure) -> None:
        if self._run.stop.is_set():
            return  # it did not fail, it was stopped
        with self._lock:
            self.summary.failed += 1
        self._failures.add(failure)
        self._reporter.failed(failure.row.url, failure.row.line, failure.stage, failure.reason)
