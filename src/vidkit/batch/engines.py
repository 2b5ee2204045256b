"""Where rows are worked on: threads of this process, or a cluster. Another engine is one more row of `ENGINES`."""

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
    """Take one row through the pipeline, in this thread. Its failure is an outcome, not an exception.

    Nothing is noted in journal or library: that is for whoever has them (`finished.note`).

    Args:
        run: opened in this process.
        row: the row; nobody else works on its URL meanwhile.
        progress: told of each stage, and of the download's bytes.
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
    """The reason of a failure that is none of vidkit's own exceptions; its traceback goes to the log."""
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        log.info("%s failed", shown_url(row.url), exc_info=error)
        return message("there is not enough memory for it")
    log.error("%s: a mistake in vidkit: %r; the log has its traceback", shown_url(row.url), error, exc_info=error)
    return message("a mistake in vidkit, please report it: {error}", error=without_secrets(repr(error)))


@dataclass(frozen=True)
class Job:
    """What an engine does with rows, and whom it tells.

    This run holds the URL of each row that an engine is given. An engine that works in this process calls
    `process`. One that works in others opens a run in each (`open_worker_run`) and calls `process_row` there; here
    it calls `began` and `known` before, and `done` with what came of some rows.
    """

    run: Run
    reporter: Reporter
    count: Callable[[Outcome], None]

    def process(self, row: Row) -> None:
        """Work on a row in this thread, from the reporter's first word to the count of its outcome."""
        self.began(row)
        progress: Progress = lambda *told: self.reporter.stage(row.url, *told)  # noqa: E731
        self.count(_outcome(row, lambda: self._noted(row, progress)))

    def began(self, row: Row) -> None:
        """Tell that a row is worked on."""
        self.reporter.began(row.url, row.file_name)

    def known(self, row: Row) -> Known:
        """What a worker in another process is told with a row."""
        url, shared = source_key(row.url), self.run.shared
        try:
            in_library = self.run.library.by_key(video_key(url)) is not None
        except LibraryError:
            in_library = True  # it says so itself when it is asked
        return Known(url, shared.filename(url), shared.is_mixed_up(url), in_library)

    def done(self, outcomes: Sequence[Outcome]) -> None:
        """Note what is finished, let go of the rows' URLs, and count them.

        Raises:
            OutputError: the journal or the failures cannot be written.
        """
        note(self.run, [each.finished for each in outcomes if each.finished is not None])
        for outcome in outcomes:
            self.run.journal.release(source_key(outcome.row.url))
            self.count(outcome)

    def leave(self, row: Row) -> None:
        """Leave a row to the next run."""
        self.run.journal.release(source_key(row.url))

    def _noted(self, row: Row, progress: Progress) -> Finished:
        with self.run.shared.working_on(source_key(row.url), self.run.stop.is_set):
            finished = make_record(self.run, row, progress)
            with in_stage("export"):
                note(self.run, [finished])
        return finished


class Workers(Protocol):
    """Rows under way.

    `room` and `wait` take `timeout` seconds at the most. An interrupt (Ctrl-C) must come through while they wait,
    and leave the rows under way as they are. They raise VidkitError where an outcome could not be counted (the disk
    is full), or where the engine is gone.
    """

    def start(self, row: Row) -> None:
        """Begin to work on a row; called once there is room."""

    def room(self, timeout: float) -> bool:
        """Wait until another row can be started; whether it can."""

    def wait(self, timeout: float) -> int:
        """Wait until every row is done and counted; how many are not."""

    def finish(self) -> None:
        """No more rows begin: rows that would have to wait are left to the next run."""

    def close(self) -> None:
        """Let go of the workers. Rows that are still under way were abandoned; it does not wait for them."""


Engine = Callable[[Job, int], Workers]


class _Threads:
    """Rows are worked on in threads of this process."""

    def __init__(self, job: Job, slots: int) -> None:
        self._job = job
        self._slots = slots
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="video")
        self._under_way: set[Future[None]] = set()

    def start(self, row: Row) -> None:
        self._under_way.add(self._pool.submit(self._job.process, row))

    def room(self, timeout: float) -> bool:
        return self._left(self._slots - 1, timeout) < self._slots

    def wait(self, timeout: float) -> int:
        return self._left(0, timeout)

    def finish(self) -> None:
        pass

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _left(self, most: int, timeout: float) -> int:
        if len(self._under_way) > most:
            done, self._under_way = wait(self._under_way, timeout, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
        return len(self._under_way)


def _ray(job: Job, slots: int) -> Workers:
    """Rows are worked on in the slots of a Ray cluster, however many those are."""
    from vidkit.batch.cluster.engine import RayWorkers

    return RayWorkers(job)


# Each is given the job and how many rows may be under way at once.
ENGINES: dict[str, Engine] = {"local": _Threads, "ray": _ray}
