"""Where rows are worked on: threads of this process. Another engine is one more row of `ENGINES`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from vidkit.batch.tally import Outcome, Reporter
from vidkit.core import shown_url, without_secrets
from vidkit.core.units import timestamp
from vidkit.errors import UnwantedError, VidkitError
from vidkit.rows import Row
from vidkit.workflow import process_video_pipeline, source_key
from vidkit.workflow.job import Progress
from vidkit.workflow.run import Run

log = logging.getLogger(__name__)


def process_row(run: Run, row: Row, progress: Progress) -> Outcome:
    """Take one row through the pipeline, in this thread. Its failure is an outcome, not an exception.

    Args:
        run: opened in this process.
        row: the row.
        progress: told of each stage, and of the download's bytes.
    """
    began = timestamp()
    try:
        record = process_video_pipeline(row.url, run=run, row=row, progress=progress)
    except UnwantedError:
        return Outcome(row)
    except VidkitError as error:
        log.info("%s failed", shown_url(row.url), exc_info=True)
        return Outcome(row, stage=error.stage, reason=str(error))
    except Exception as error:
        log.error(
            "%s: a mistake in vidkit: %r; the log has its traceback", shown_url(row.url), error, exc_info=True
        )
        return Outcome(row, reason=f"a mistake in vidkit, please report it: {without_secrets(repr(error))}")
    return Outcome(row, record, new=record["processing"]["started_at"] >= began)


@dataclass(frozen=True)
class Job:
    """What an engine does with rows, and whom it tells.

    An engine that works in this process calls `process`. One that works in other processes opens a run in each from
    `run.spec` and calls `process_row` there; here it calls `hand_over` before and `done` with the outcome.
    """

    run: Run
    reporter: Reporter
    done: Callable[[Outcome], None]

    def process(self, row: Row) -> None:
        """Work on a row in this thread, from the reporter's first word to the count of its outcome."""
        self.reporter.began(row.url, row.file_name)
        self.done(process_row(self.run, row, lambda *told: self.reporter.stage(row.url, *told)))

    def hand_over(self, row: Row) -> None:
        """Let another process work on a row: this one gives back its lock on the URL."""
        self.run.journal.release(source_key(row.url))
        self.reporter.began(row.url, row.file_name)


class Workers(Protocol):
    """Rows under way."""

    def start(self, row: Row) -> None:
        """Begin to work on a row; called once there is room."""

    def wait(self, most: int, timeout: float) -> int:
        """Wait until no more than `most` rows are under way, for `timeout` seconds at the most.

        An interrupt (Ctrl-C) must come through while it waits, and leave the rows under way as they are.

        Returns:
            How many rows are under way.

        Raises:
            VidkitError: an outcome could not be counted: the disk is full.
        """

    def close(self) -> None:
        """Let go of the workers. Rows that are still under way were abandoned; it does not wait for them."""


Engine = Callable[[Job, int], Workers]


class _Threads:
    """Rows are worked on in threads of this process."""

    def __init__(self, job: Job, slots: int) -> None:
        self._job = job
        self._pool = ThreadPoolExecutor(slots, thread_name_prefix="video")
        self._under_way: set[Future[None]] = set()

    def start(self, row: Row) -> None:
        self._under_way.add(self._pool.submit(self._job.process, row))

    def wait(self, most: int, timeout: float) -> int:
        if len(self._under_way) > most:
            done, self._under_way = wait(self._under_way, timeout, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
        return len(self._under_way)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


# Each is given the job and how many rows may be under way at once.
ENGINES: dict[str, Engine] = {"local": _Threads}
