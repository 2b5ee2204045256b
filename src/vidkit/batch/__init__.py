"""Many videos: which rows are processed, where they run, and how they are counted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import closing

from vidkit.batch.admission import Admission
from vidkit.batch.engines import ENGINES, Job, Workers
from vidkit.batch.ordering import in_order
from vidkit.batch.tally import NullReporter, Outcome, Reporter, Summary, Tally
from vidkit.core.buckets import RefusedError
from vidkit.errors import EngineError, Terminated
from vidkit.rows import CsvRow
from vidkit.workflow.run import Run

__all__ = ["ENGINES", "NullReporter", "Outcome", "Reporter", "Summary", "process_rows"]

log = logging.getLogger(__name__)

_POLL = 0.5  # seconds between two checks whether the run was stopped
_SECONDS_TO_STOP = 2.0


def process_rows(
    run: Run, rows: Iterable[CsvRow], workers: int, reporter: Reporter, engine: str | None = None
) -> Summary:
    """Process rows, `workers` at once, and write `failures.csv` and `summary.json`.

    After a first Ctrl-C, the videos in progress finish; a second one stops them. `run.processes.stop()` from
    another thread stops them too. Finished videos are complete in any case.

    Args:
        run: what the videos share.
        rows: read as they are needed, so there may be millions. If they have priorities, they are all read first.
        workers: videos in progress at once; an engine with its own slots ignores it.
        reporter: called for every row.
        engine: where rows are processed, one of `ENGINES`; by default that of the settings.

    Raises:
        EngineError: the engine cannot be used or was lost; finished videos are kept and counted.
        ToolMissingError: what the engine needs is not installed.
        OutputError: the results cannot be written.
        RefusedError: a bucket refuses the credentials for the results, or there are none for its videos; finished
            videos are kept and counted.
    """
    run.journal.pull()
    tally = Tally(run, reporter)
    admission = Admission(run, tally)
    pool = ENGINES[engine or run.config.engine.name](Job(run, reporter, tally.done), workers)
    try:
        ordered = in_order(rows, run.priority, run.layout.work)
        for row in admission.admitted(ordered, lambda: _wait_for_turn(run, pool)):
            if tally.refused:
                break
            pool.start(row)
        _wait_until(run, lambda: not pool.wait(_POLL))
        if tally.refused:
            raise RefusedError(
                "the run ends, since every other row would fail too: {refused}", refused=tally.refused
            )
    except Terminated:
        tally.summary.interrupted = tally.summary.stopped = True
        _stop(run, pool)
    except KeyboardInterrupt:
        try:
            pool.finish()
            tally.interrupted(pool.wait(0))
            _wait_until(run, lambda: not pool.wait(_POLL))
        except KeyboardInterrupt:
            tally.summary.stopped = True
            _stop(run, pool)
    except (EngineError, RefusedError):
        tally.summary.interrupted = True
        with closing(admission):
            tally.write(admission.has_admitted)
        raise
    finally:
        pool.close()
        run.journal.push()
    with closing(admission):
        return tally.write(admission.has_admitted)


def _wait_until(run: Run, condition: Callable[[], bool]) -> None:
    """Call a condition again and again, until it is True.

    Raises:
        Terminated: the run was stopped.
    """
    while not run.stop.is_set() and not condition():
        pass
    if run.stop.is_set():
        raise Terminated


def _wait_for_turn(run: Run, pool: Workers) -> None:
    """Wait until another video can begin: a worker is free, and no run with a higher priority has rows waiting.

    Raises:
        Terminated: the run was stopped.
    """
    _wait_until(run, lambda: pool.room(_POLL))
    waits = False
    while run.journal.is_outranked(run.priority):
        if not waits:
            log.warning("a run with a higher priority works on this results folder: this one waits")
            waits = True
        if not pool.wait(_POLL):
            run.stop.wait(_POLL)
        if run.stop.is_set():
            raise Terminated
    if waits:
        log.info("the run with a higher priority has no more rows waiting: this one goes on")


def _stop(run: Run, pool: Workers) -> None:
    """Stop the videos in progress and remove their temporary files. Wait for them, but not for long."""
    run.processes.stop()
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while pool.wait(0.1) and time.monotonic() < deadline:
        pass
