"""Many videos: which rows there is something to do for, several at once, none stopped by another's failure."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from vidkit.batch.failures import NAME as FAILURES
from vidkit.batch.failures import Failure, Failures
from vidkit.batch.seen import Seen
from vidkit.core import shown_url, without_secrets, write_whole
from vidkit.download import wanted_name
from vidkit.errors import Terminated, UnwantedError, VidkitError
from vidkit.record import Record
from vidkit.rows import BadRow, Found, PassedOver, Row
from vidkit.workflow import process_video_pipeline, source_key
from vidkit.workflow.run import Run, timestamp

log = logging.getLogger(__name__)

SUMMARY = "summary.json"
_AT_ONCE = 1000  # rows that are looked up together
_POLL = 0.1  # seconds


@dataclass
class Summary:
    """What became of the rows; `bytes` are of the videos that were processed, `seconds` the whole run's.

    `abandoned` videos were under way when the user left, in threads that did not end at once.
    """

    processed: int = 0
    skipped: int = 0
    failed: int = 0
    partial: int = 0
    filtered: int = 0
    passed_over: int = 0
    bytes: int = 0
    seconds: float = 0.0
    started_at: str = field(default_factory=timestamp)
    finished_at: str = ""
    interrupted: bool = False
    abandoned: int = 0


class Reporter(Protocol):
    """Is told how a run goes, from several threads."""

    def began(self, row: Row) -> None: ...

    def stage(self, row: Row, stage: str, done: int, total: int | None) -> None: ...

    def finished(self, row: Row, record: Record, new: bool) -> None: ...

    def failed(self, failure: Failure) -> None: ...

    def skipped(self, row: Row | PassedOver) -> None: ...

    def interrupted(self, under_way: int) -> None: ...


class Silent:
    """A reporter that says nothing."""

    def began(self, row: Row) -> None:
        pass

    def stage(self, row: Row, stage: str, done: int, total: int | None) -> None:
        pass

    def finished(self, row: Row, record: Record, new: bool) -> None:
        pass

    def failed(self, failure: Failure) -> None:
        pass

    def skipped(self, row: Row | PassedOver) -> None:
        pass

    def interrupted(self, under_way: int) -> None:
        pass


def process_rows(run: Run, rows: Iterable[Found], workers: int, reporter: Reporter) -> Summary:
    """Process rows, `workers` at once, and write `failures.csv` and `summary.json`.

    A first Ctrl-C lets the videos under way finish, a second stops them; what is finished is whole either way.

    Args:
        run: what the videos share.
        rows: read as they are needed, so there may be millions.
        workers: videos under way at once.
        reporter: told of every row.
    """
    return _Batch(run, workers, reporter).process(iter(rows))


class _Batch:
    def __init__(self, run: Run, workers: int, reporter: Reporter) -> None:
        self.run = run
        self.workers = workers
        self.reporter = reporter
        self.summary = Summary()
        self.failures = Failures(run.job)
        self.under_way: set[Future[None]] = set()
        self.lock = threading.Lock()
        self.settings = run.settings
        self.seen = Seen()
        self.waiting: list[tuple[str, Row]] = []  # other runs are working on these; no more than they have workers

    def process(self, rows: Iterator[Found]) -> Summary:
        began = time.monotonic()
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="video")
        try:
            for some in _in_chunks(rows):
                self._take(pool, some)
            while self.waiting:
                self._start_waiting(pool)
                time.sleep(_POLL if self.waiting else 0)
            self._wait_for(0)
        except Terminated:
            self.summary.interrupted = True
            self._stop()
        except KeyboardInterrupt:
            self.summary.interrupted = True
            self._finish()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        self.summary.seconds = round(time.monotonic() - began, 3)
        self.summary.finished_at = timestamp()
        self._write()
        return self.summary

    def _take(self, pool: ThreadPoolExecutor, rows: list[Found]) -> None:
        """Decide on some rows, and start each that there is something to do for once there is room."""
        wanted: list[tuple[str, Row]] = []
        for row in rows:
            if isinstance(row, BadRow):
                self._fail(Failure(Row(line=row.line, url=without_secrets(row.text)), "row", row.reason))
            elif isinstance(row, PassedOver):
                self.summary.passed_over += 1
                self.reporter.skipped(row)
            elif self.run.filters.wants(row) is False:
                self.summary.filtered += 1
                self.reporter.skipped(row)
            else:
                wanted.append((source_key(row.url), row))
        journal = self.run.journal
        done = set() if self.run.force else journal.done([(url, row.version) for url, row in wanted], self.settings)
        new: list[tuple[str, Row]] = []
        skipped: list[Row] = []
        for url, row in wanted:
            if url in done or not self.seen.add(url):  # a row that stands twice is done once
                skipped.append(row)
            else:
                new.append((url, row))
        self._skip(skipped)
        # Named in the order of the rows, so that of two with one name it is always the same that keeps it.
        names = [(url, wanted_name(row.url, row.file_name)) for url, row in new]
        journal.claim_all([(url, name) for url, name in names if name])
        for url, row in new:
            self._start_waiting(pool)
            if not self._start(pool, url, row):
                self.waiting.append((url, row))

    def _start(self, pool: ThreadPoolExecutor, url: str, row: Row) -> bool:
        """Start a video once there is room; False where another run is working on it."""
        self._wait_for(self.workers - 1)
        if not self.run.journal.take(url):
            return False
        self.under_way.add(pool.submit(self._process, row))
        return True

    def _start_waiting(self, pool: ThreadPoolExecutor) -> None:
        """Look once more at the videos that other runs were working on: they are done now, or left undone."""
        self.waiting = [(url, row) for url, row in self.waiting if not self._start(pool, url, row)]

    def _wait_for(self, most: int) -> None:
        """Wait until no more videos than that are under way."""
        while len(self.under_way) > most:
            done, self.under_way = wait(self.under_way, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()

    def _process(self, row: Row) -> None:
        self.reporter.began(row)
        began = timestamp()
        try:
            record = process_video_pipeline(
                row.url,
                run=self.run,
                row=row,
                progress=lambda stage, done, total: self.reporter.stage(row, stage, done, total),
            )
        except UnwantedError:
            with self.lock:
                self.summary.filtered += 1
            self.reporter.skipped(row)
        except VidkitError as error:
            log.info("%s failed", shown_url(row.url), exc_info=True)
            self._fail(Failure(row, error.stage, str(error)))
        except Exception as error:
            log.error(
                "%s: a mistake in vidkit: %r; the log has its traceback", shown_url(row.url), error, exc_info=True
            )
            self._fail(Failure(row, "", f"a mistake in vidkit, please report it: {without_secrets(repr(error))}"))
        else:
            self._count(row, record, new=record["processing"]["started_at"] >= began)

    def _count(self, row: Row, record: Record, new: bool) -> None:
        """Count a record: a new one, or one that was there already, which another run may have made meanwhile."""
        with self.lock:
            if not new:
                self.summary.skipped += 1
            elif record["ai"] is not None and record["ai"]["error"]:
                self.summary.partial += 1
            else:
                self.summary.processed += 1
            if new:
                self.summary.bytes += record["size"]
        self.reporter.finished(row, record, new)

    def _skip(self, rows: list[Row]) -> None:
        with self.lock:
            self.summary.skipped += len(rows)
        for row in rows:
            self.reporter.skipped(row)

    def _fail(self, failure: Failure) -> None:
        if self.run.stop.is_set():
            return  # it did not fail, it was stopped
        with self.lock:
            self.summary.failed += 1
        self.failures.add(failure)
        self.reporter.failed(failure)

    def _finish(self) -> None:
        """Let the videos under way finish; stop them if the user insists."""
        self.reporter.interrupted(len(self.under_way))
        try:
            self._wait_for(0)
        except KeyboardInterrupt:
            self._stop()

    def _stop(self) -> None:
        """Stop the videos under way; their temporary files go with them."""
        self.run.processes.stop()
        self.summary.abandoned = len(wait(self.under_way, timeout=2).not_done)

    def _write(self) -> None:
        with self.run.journal.working_on(FAILURES, lambda: False):  # another run may end at the same moment
            self.failures.write(lambda url: source_key(url) in self.seen)
        content = dict(self.summary.__dict__)
        if self.run.describer is not None:
            content["model"] = self.run.describer.cost.__dict__
        write_whole(self.run.job / SUMMARY, json.dumps(content, indent=2) + "\n")


def _in_chunks(rows: Iterator[Found]) -> Iterator[list[Found]]:
    """Rows as they come: many at once where they come fast, one by one from a slow pipe."""
    size = 1
    while True:
        began = time.monotonic()
        some = list(islice(rows, size))
        if not some:
            return
        size = min(2 * size, _AT_ONCE) if time.monotonic() - began < _POLL else 1
        yield some
