"""The outcomes of a run's rows: counted, reported, and written to `summary.json` and `failures.csv`."""

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
    """The counts of a run; `bytes` is the size of the processed videos, `seconds` the time of the whole run.

    `stopped`: the run did not finish its videos in progress, so threads of theirs may still be running.
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
    stopped: bool = False


class Reporter(Protocol):
    """Called with the progress of a run, from several threads. `line` is the row's line in the CSV (0: no CSV)."""

    def began(self, url: str, name: str | None) -> None:
        """A video begins; `name` is the file name that the row gives it."""

    def stage(self, url: str, stage: str, done: int, total: int | None) -> None:
        """A stage begins, or the download has made progress: bytes so far and in total."""

    def finished(self, url: str, record: Record, new: bool) -> None:
        """A video has its record; `new` if this run made it."""

    def failed(self, url: str, line: int, stage: str, reason: str) -> None:
        """A row failed: in which stage, and why."""

    def skipped(self, urls: Sequence[str]) -> None:
        """These rows are skipped: they are done, filtered out or not videos."""

    def duplicate(self, url: str, line: int, kept: str) -> None:
        """A video was skipped: it is a copy of the video of the URL `kept`."""

    def interrupted(self, under_way: int) -> None:
        """No more videos begin; `under_way` videos are still in progress."""

    def engine(self, text: str) -> None:
        """The nodes and slots of the engine, as text, whenever they change."""


class NullReporter:
    """A reporter that reports nothing."""

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
    """The outcome of a row: its record, or why there is none. It can be pickled."""

    row: Row
    finished: Finished | None = None
    stage: str = ""
    """Where it failed."""
    reason: str | None = None
    """Why it failed. Without a record, a reason and `kept`, the video was filtered out."""
    kept: str | None = None
    """The URL of the video that this one is a copy of, if it was skipped for that."""
    version: str | None = None
    """The version of the source of a copy."""
    refused: bool = False
    """Whether a store refused the credentials, so that every other row would fail too."""

    @property
    def record(self) -> Record | None:
        """The record, if there is one."""
        return self.finished.record if self.finished else None

    @property
    def new(self) -> bool:
        """Whether this run made the record."""
        return self.finished is not None and self.finished.new


class Tally:
    """Counts the rows of one run and reports each. Threads may share it."""

    def __init__(self, run: Run, reporter: Reporter) -> None:
        self.summary = Summary()
        self.refused: str | None = None
        """Why a store refuses everything; None while it does not."""
        self._run = run
        self._reporter = reporter
        self._failures = Failures(run.job)
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def bad(self, row: BadRow) -> None:
        """Count a row that cannot be read as failed."""
        self._fail(Failure(Row(line=row.line, url=without_secrets(row.text)), "row", row.reason))

    def ignored(self, row: IgnoredRow) -> None:
        """Count a row that is not a video."""
        self.summary.passed_over += 1
        self._reporter.skipped([row.name])

    def filtered(self, row: Row) -> None:
        """Count a row that is filtered out."""
        with self._lock:
            self.summary.filtered += 1
        self._reporter.skipped([row.url])

    def duplicate(self, row: Row, kept: str) -> None:
        """Count a row whose video is a copy of the video of the URL `kept`."""
        with self._lock:
            self.summary.duplicates += 1
        self._reporter.duplicate(row.url, row.line, kept)

    def skipped(self, rows: Sequence[Row]) -> None:
        """Count rows that are done."""
        with self._lock:
            self.summary.skipped += len(rows)
        self._reporter.skipped([row.url for row in rows])

    def done(self, outcome: Outcome) -> None:
        """Count a row that was processed. If its record is not new, another run may have made it meanwhile."""
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
        """Note that the user has interrupted the run."""
        self.summary.interrupted = True
        self._reporter.interrupted(under_way)

    def write(self, was_admitted: Callable[[str], bool]) -> Summary:
        """Write `failures.csv` and `summary.json`.

        Args:
            was_admitted: whether this run admitted a row with this URL; failures of other runs are kept in the
                file.

        Raises:
            OutputError: one cannot be written.
        """
        self.summary.seconds = round(time.monotonic() - self._began, 3)
        self.summary.finished_at = timestamp()
        with self._run.journal.working_on(FAILURES, lambda: False):  # another run may end at the same moment
            self._failures.write(was_admitted)
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
