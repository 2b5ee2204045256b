"""The actor of a slot: it opens a run once, then runs the pipeline for one row after the other."""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import time
from contextlib import ExitStack
from copy import copy
from logging.handlers import QueueHandler
from typing import Any

from vidkit._version import __version__
from vidkit.batch.cluster.messages import Answer, Opening, Sign
from vidkit.batch.cluster.models import RemoteModel
from vidkit.batch.cluster.state import RemoteShared
from vidkit.batch.engines import process_row
from vidkit.core import printable
from vidkit.core.stores import open_store
from vidkit.errors import VidkitError
from vidkit.ffmpeg import find_tool
from vidkit.messages import message
from vidkit.rows import Row
from vidkit.workflow.run import Run, open_worker_run

_EVERY = 0.25  # seconds between two signs
_SECONDS_TO_SEE = 10.0  # a network file system may show a new file late
_FORMATTER = logging.Formatter()


class Worker:
    """The actor. Its node must have the same version of vidkit as the driver."""

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._run: Run | None = None

    def open(self, version: str, slot: int, state: Any, pickled: bytes) -> str | None:
        """Open the run. Returns the reason if that fails.

        Args:
            version: the driver's vidkit.
            slot: this slot's number.
            state: the handle of the `State`.
            pickled: the `Opening`; another version of vidkit could not read it.
        """
        if version != __version__:
            return message(
                "it has vidkit {version}, and the driver has {driver}: install the same on all nodes",
                version=__version__,
                driver=version,
            )
        import ray

        opening: Opening = pickle.loads(pickled)
        spec, self._signs = opening.spec, _Signs(slot, state)

        def ask(*question: Any) -> Any:
            value, error = ray.get(state.ask.remote(*question))
            if error is not None:
                raise error
            return value

        self._shared = RemoteShared(ask, slot, self._signs.allow, spec.config.qwen_vl.timeout)
        model = RemoteModel(ask, self._signs.allow, lambda: self._run is not None and self._run.stop.is_set())
        try:
            for tool in ("ffmpeg", "ffprobe"):
                find_tool(tool)
            _check_results(opening)
            opened = open_worker_run(spec, self._shared, opening.rules, opening.instruction, model)
            self._run = self._opened.enter_context(opened)
        except VidkitError as error:
            return str(error)
        self._run.processes.on_start = self._signs.allow
        self._log = _Log(opening.log_level)
        return None

    def process(self, pickled: bytes) -> bytes:
        """Run the pipeline for a row.

        Args:
            pickled: the number of this try, the row, and what is known of its URL.

        Returns:
            The pickled `Answer`.
        """
        if self._run is None:
            raise RuntimeError("the worker is not open")
        task: int
        row: Row
        task, row, self._shared.known = pickle.loads(pickled)
        self._signs.begin(task)
        try:
            return pickle.dumps(Answer(process_row(self._run, row, self._signs.stage), self._log.taken()))
        finally:
            self._signs.end()

    def stop(self) -> None:
        """Stop the row in progress, and all its ffmpeg processes."""
        if self._run is not None:
            self._run.processes.stop()


def _check_results(opening: Opening) -> None:
    """Check that the results folder is the driver's, and not another one with the same path.

    Raises:
        VidkitError: it is not.
    """
    if opening.marker is None:
        return
    store = open_store(opening.spec.config.paths.processed_directory)
    until = time.monotonic() + _SECONDS_TO_SEE
    while not store.exists(opening.marker):
        if time.monotonic() > until:
            raise VidkitError(
                "it does not see the driver's results folder {address}: set [Paths] "
                "ProcessedDirectory to a folder that all nodes share, under the same path, or to a bucket",
                address=printable(store.address),
            )
        time.sleep(0.2)


class _Signs:
    """Sends signs of progress to the state, at most a few times a second, in its own thread."""

    def __init__(self, slot: int, state: Any) -> None:
        self._slot = slot
        self._state = state
        self._lock = threading.Lock()
        self._task: int | None = None
        self._what: tuple[str, int, int | None] = ("", 0, None)
        self._allowed_until = 0.0
        self._changed = threading.Event()
        threading.Thread(target=self._send, name="signs", daemon=True).start()

    def begin(self, task: int) -> None:
        with self._lock:
            self._task, self._what, self._allowed_until = task, ("", 0, None), 0.0

    def end(self) -> None:
        with self._lock:
            self._task = None

    def stage(self, stage: str, done: int, total: int | None) -> None:
        """A stage begins, or more bytes have arrived."""
        self._what = stage, done, total
        self._changed.set()

    def allow(self, seconds: float) -> None:
        """Something begins that may take this many seconds without another sign."""
        self._allowed_until = max(self._allowed_until, time.monotonic() + seconds)
        self._changed.set()

    def _send(self) -> None:
        while True:
            self._changed.wait()
            self._changed.clear()
            with self._lock:
                if self._task is not None:
                    patience = max(0.0, self._allowed_until - time.monotonic())
                    self._state.put_sign.remote(self._slot, Sign(self._task, *self._what, patience))
            time.sleep(_EVERY)


class _Log(QueueHandler):
    """Collects what is logged while a row is processed, for the driver's log."""

    def __init__(self, level: int) -> None:
        self._kept: list[logging.LogRecord] = []
        super().__init__(queue.SimpleQueue())  # not used
        root = logging.getLogger("vidkit")
        root.handlers = [self]
        root.propagate = False
        root.setLevel(level)

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """A record that can be pickled: its traceback becomes text, separate from its message."""
        ready = copy(record)
        ready.msg, ready.args, ready.exc_info = record.getMessage(), None, None
        if record.exc_info:
            ready.exc_text = _FORMATTER.formatException(record.exc_info)
        return ready

    def enqueue(self, record: logging.LogRecord) -> None:
        self._kept.append(record)

    def taken(self) -> list[logging.LogRecord]:
        """What was logged since the last call."""
        kept, self._kept = self._kept, []
        return kept
