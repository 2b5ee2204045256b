"""Many videos: which rows are admitted, where they are worked on, what became of them."""

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

_POLL = 0.5  # seconds between two looks at whether the run was stopped
_SECONDS_TO_STOP = 2.0


def process_rows(
    run: Run, rows: Iterable[CsvRow], workers: int, reporter: Reporter, engine: str | None = None
) -> Summary:
    """Process rows, `workers` at once, and write `failures.csv` and `summary.json`.

    A first Ctrl-C lets the videos under way finish, a second stops them. `run.processes.stop()` from another thread
    stops them too. What is finished is whole either way.

    Args:
        run: what the videos share.
        rows: read as they are needed, so there may be millions. Where they have priorities they are all read first.
        workers: videos under way at once, where the engine does not know better.
        reporter: told of every row.
        engine: where rows are worked on, one of `ENGINES`; by default that of the settings.

    Raises:
        EngineError: the engine cannot be used, or is gone; what is done is kept and counted.
        ToolMissingError: what the engine needs is not installed.
        OutputError: the results cannot be written.
        RefusedError: a bucket refuses the credentials for the results, or there are none for its videos; what is
            done is kept and counted.
    """
    run.journal.pull()
    tally = Tally(run, reporter)
    admission = Admission(run, tally)
    at_work = ENGINES[engine or run.config.engine.name](Job(run, reporter, tally.done), workers)
    try:
        ordered = in_order(rows, run.priority, run.layout.work)
        for row in admission.admitted(ordered, lambda: _wait_for_turn(run, at_work)):
            if tally.refused:
                break
            at_work.start(row)
        _until(run, lambda: not at_work.wait(_POLL))
        if tally.refused:
            raise RefusedError(
                "the run ends, since every other row would fail too: {refused}", refused=tally.refused
            )
    except Terminated:
        tally.summary.interrupted = True
        tally.summary.abandoned = _stop(run, at_work)
    except KeyboardInterrupt:
        at_work.finish()
        tally.interrupted(at_work.wait(0))
        try:
            _until(run, lambda: not at_work.wait(_POLL))
        except KeyboardInterrupt:
            tally.summary.abandoned = _stop(run, at_work)
    except (EngineError, RefusedError):
        tally.summary.interrupted = True
        with closing(admission):
            tally.write(admission.has_taken_up)
        raise
    finally:
        at_work.close()
        run.journal.push()
    with closing(admission):
        return tally.write(admission.has_taken_up)


def _until(run: Run, is_so: Callable[[], bool]) -> None:
    """Wait until something is so, which is asked again and again.

    Raises:
        Terminated: the run was stopped.
    """
    while not run.stop.is_set() and not is_so():
        pass
    if run.stop.is_set():
        raise Terminated


def _wait_for_turn(run: Run, at_work: Workers) -> None:
    """Wait until another video can begin: a worker is free, and no run with a higher priority has rows waiting.

    Raises:
        Terminated: the run was stopped.
    """
    _until(run, lambda: at_work.room(_POLL))
    waits = False
    while run.journal.is_outranked(run.priority):
        if not waits:
            log.warning("a run with a higher priority works on this results folder: this one waits")
            waits = True
        if not at_work.wait(_POLL):
            run.stop.wait(_POLL)
        if run.stop.is_set():
            raise Terminated
    if waits:
        log.info("the run with a higher priority has no more rows waiting: this one goes on")


def _stop(run: Run, at_work: Workers) -> int:
    """Stop the videos under way; their temporary files go with them. How many do not end at once."""
    run.processes.stop()
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while (left := at_work.wait(0.1)) and time.monotonic() < deadline:
        pass
    return left
