"""Where rows are processed: threads of this process, or a cluster. A new engine is a new row of `ENGINES`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from vidkit.batch.tally import Outcome, Reporter
from vidkit.core import shown_url, without_secrets
from vidkit.core.buckets import NoCredentialsError, RefusedError
from vidkit.errors import DuplicateError, LibraryError, UnwantedError, VidkitError
from vidkit.library.moments import video_key
from vidkit.messages import message
from vidkit.rows import Row
from vidkit.workflow import make_record, source_key
from vidkit.workflow.finished import Finished, note
from vidkit.workflow.job import Progress, in_stage
from vidkit.workflow.run import Run
from vidkit.workflow.shared import Known

log = logging.getLogger(__name__)


def process_row(run: Run, row: Row, progress: Progress) -> Outcome:
    """Run the pipeline for one row, in this thread. A failure is an outcome, not an exception.

    Journal and library are not changed: the process that has them calls `finished.note`.

    Args:
        run: opened in this process.
        row: the row; the caller holds the lock of its URL.
        progress: called for each stage, and with the bytes of the download.
    """
    return _outcome(row, lambda: make_record(run, row, progress))


def _outcome(row: Row, work: Callable[[], Finished]) -> Outcome:
    try:
        return Outcome(row, work())
    except DuplicateError as error:
        return Outcome(row, kept=error.kept, version=error.version)
    except UnwantedError:
        return Outcome(row)
    except VidkitError as error:
        log.info("%s failed", shown_url(row.url), exc_info=True)
        of_results = isinstance(error, RefusedError) and error.stage != "download"
        refused = of_results or isinstance(error, NoCredentialsError)
        return Outcome(row, stage=error.stage, reason=str(error), refused=refused)
    except Exception as error:
        return Outcome(row, reason=unforeseen(row, error))


def unforeseen(row: Row, error: BaseException) -> str:
    """The reason of an exception that is not vidkit's own. Its traceback goes to the log."""
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        log.info("%s failed", shown_url(row.url), exc_info=error)
        return message("there is not enough memory for it")
    log.error("%s: a mistake in vidkit: %r; the log has its traceback", shown_url(row.url), error, exc_info=error)
    return message("a mistake in vidkit, please report it: {error}", error=without_secrets(repr(error)))


@dataclass(frozen=True)
class Job:
    """What an engine calls for its rows.

    The run holds the lock of the URL of each row of an engine. An engine that works in this process calls
    `process`. An engine with other processes opens a run in each (`open_worker_run`) and calls `process_row` there.
    In this process, it calls `began` and `known` before, and `done` with the outcomes.
    """

    run: Run
    reporter: Reporter
    count: Callable[[Outcome], None]

    def process(self, row: Row) -> None:
        """Process a row in this thread, report it and count its outcome."""
        self.began(row)
        progress: Progress = lambda *state: self.reporter.stage(row.url, *state)  # noqa: E731
        self.count(_outcome(row, lambda: self._noted(row, progress)))

    def began(self, row: Row) -> None:
        """Report that a row begins."""
        self.reporter.began(row.url, row.file_name)

    def known(self, row: Row) -> Known:
        """What a worker in another process gets with a row."""
        url, shared = source_key(row.url), self.run.shared
        try:
            in_library = self.run.library.by_key(video_key(url)) is not None
        except LibraryError:
            in_library = True  # the worker asks the library, and reports the error
        return Known(url, shared.filename(url), shared.is_mixed_up(url), in_library)

    def done(self, outcomes: Sequence[Outcome]) -> None:
        """Note finished videos, unlock the rows' URLs, and count the outcomes.

        Raises:
            OutputError: the journal or the failures cannot be written.
        """
        note(self.run, [each.finished for each in outcomes if each.finished is not None])
        for outcome in outcomes:
            self.run.journal.release(source_key(outcome.row.url))
            self.count(outcome)

    def leave(self, row: Row) -> None:
        """Unlock a row that is left to the next run."""
        self.run.journal.release(source_key(row.url))

    def _noted(self, row: Row, progress: Progress) -> Finished:
        with self.run.shared.working_on(source_key(row.url), self.run.stop.is_set):
            finished = make_record(self.run, row, progress)
            with in_stage("export"):
                note(self.run, [finished])
        return finished


class Workers(Protocol):
    """The workers of an engine, with the rows in progress.

    `room` and `wait` take at most `timeout` seconds. Ctrl-C must interrupt them, without an effect on the rows in
    progress. They raise VidkitError if an outcome could not be counted (the disk is full), or if the engine was
    lost.
    """

    def start(self, row: Row) -> None:
        """Start a row; called when there is room."""

    def room(self, timeout: float) -> bool:
        """Wait until another row can be started. Returns whether it can."""

    def wait(self, timeout: float) -> int:
        """Wait until every row is done and counted. Returns how many are not."""

    def finish(self) -> None:
        """Start no more rows. Rows that would have to wait are left to the next run."""

    def close(self) -> None:
        """Release the workers. It does not wait for rows still in progress: they were abandoned."""


Engine = Callable[[Job, int], Workers]


class _Threads:
    """Rows run in threads of this process."""

    def __init__(self, job: Job, slots: int) -> None:
        self._job = job
        self._slots = slots
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="video")
        self._running: set[Future[None]] = set()

    def start(self, row: Row) -> None:
        self._running.add(self._pool.submit(self._job.process, row))

    def room(self, timeout: float) -> bool:
        return self._count_running(self._slots - 1, timeout) < self._slots

    def wait(self, timeout: float) -> int:
        return self._count_running(0, timeout)

    def finish(self) -> None:
        pass

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _count_running(self, limit: int, timeout: float) -> int:
        if len(self._running) > limit:
            done, self._running = wait(self._running, timeout, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
        return len(self._running)


def _ray(job: Job, slots: int) -> Workers:
    """Rows run in the slots of a Ray cluster. Their number is that of the cluster, not `slots`."""
    from vidkit.batch.cluster.engine import RayWorkers

    return RayWorkers(job)


# Each is called with the job and the number of rows that may be in progress at once.
ENGINES: dict[str, Engine] = {"local": _Threads, "ray": _ray}
