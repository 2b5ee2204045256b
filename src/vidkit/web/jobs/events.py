"""Changes of jobs, told to those who listen, a few times a second at most.

A reader that is slow, or reads nothing, keeps only the last state of each job, and of no more than `_MOST_PENDING`:
beyond that it is told to ask for the list again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from vidkit.errors import VidkitError
from vidkit.web.jobs.table import Job, JobTable

log = logging.getLogger(__name__)

MOST_READERS = 200
MOST_READERS_EACH = 20
_TICK = 0.25  # seconds
_MOST_PENDING = 500
_ASK_EVERY = 10.0  # seconds between two looks at whether a reader may still read


class TooManyReaders(VidkitError):
    """Nobody else can listen now."""


class Reader:
    """Who listens, in an event loop: to one job, or to all."""

    def __init__(self, who: str, job: int | None) -> None:
        self.who = who
        self.job = job
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._lock = threading.Lock()
        self._pending: dict[int, dict[str, Any]] = {}
        self._missed = False
        self._closed = False

    def put(self, told: dict[str, Any]) -> None:
        """Keep a job's state until it is read; from any thread."""
        with self._lock:
            if len(self._pending) >= _MOST_PENDING and told["id"] not in self._pending:
                self._pending.clear()
                self._missed = True
            if not self._missed:
                self._pending[told["id"]] = told
        self._call(self._ready.set)

    def close(self) -> None:
        """End what is read; from any thread."""
        self._closed = True
        self._call(self._ready.set)

    async def read(self, may_go_on: Callable[[], bool]) -> AsyncIterator[dict[str, Any] | None]:
        """The states of jobs as they change; None where some were missed.

        Args:
            may_go_on: asked from time to time, in a thread; it ends when the answer is no.
        """
        asked = time.monotonic()
        while not self._closed:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ready.wait(), _ASK_EVERY)
            if time.monotonic() >= asked + _ASK_EVERY:
                if not await asyncio.to_thread(may_go_on):
                    return
                asked = time.monotonic()
            self._ready.clear()
            with self._lock:
                pending, self._pending = self._pending, {}
                missed, self._missed = self._missed, False
            if missed:
                yield None
            for told in pending.values():
                if self._closed:
                    return
                yield told

    def _call(self, function: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop has ended, and its readers with it
            log.debug("a reader of events is gone")


class JobEvents:
    """Looks at the jobs while somebody listens, in a thread that sleeps otherwise."""

    def __init__(self, table: JobTable, with_progress: Callable[[Job], Job]) -> None:
        self._table = table
        self._with_progress = with_progress
        self._readers: set[Reader] = set()
        self._lock = threading.Lock()
        self._told: dict[int, dict[str, Any]] = {}  # what was told of the jobs that run
        self._version = 0
        self._looking = False
        self._looking_lock = threading.Lock()
        self._listened = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    @contextmanager
    def reader(self, who: str, job: int | None = None) -> Iterator[Reader]:
        """Listen to one job, or to all; to be called in an event loop, and followed by `begin`.

        Args:
            who: the name of the one who listens.
            job: a job's id.

        Raises:
            TooManyReaders: as many listen as may.
        """
        reader = Reader(who, job)
        with self._lock:
            own = sum(other.who == who for other in self._readers)
            if self._closed.is_set() or len(self._readers) >= MOST_READERS or own >= MOST_READERS_EACH:
                raise TooManyReaders(
                    "too many listen to events already: ask for the jobs from time to time instead"
                )
            self._readers.add(reader)
        try:
            yield reader
        finally:
            with self._lock:
                self._readers.discard(reader)

    def begin(self, reader: Reader) -> None:
        """Tell a new reader of the one job, or of those that run now, and then of every change."""
        with self._looking_lock:
            if not self._looking:
                self._version, self._looking = self._table.version(), True
        jobs = [job for job, _ in self._table.running()]
        if reader.job is not None:
            job = self._table.get(reader.job)
            jobs = [] if job is None else [job]
        for job in jobs:
            reader.put(self._with_progress(job).as_json())
        self._listened.set()

    @property
    def is_closed(self) -> bool:
        """Whether the server is about to end."""
        return self._closed.is_set()

    def close(self) -> None:
        """End everybody's reading."""
        with self._lock:
            self._closed.set()
            readers = list(self._readers)
        for reader in readers:
            reader.close()
        self._listened.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._listened.wait()
            self._listened.clear()
            while self._is_wanted():
                try:
                    self._look()
                except VidkitError as error:
                    log.warning("events of jobs: %s", error)
                self._closed.wait(_TICK)

    def _is_wanted(self) -> bool:
        with self._looking_lock, self._lock:
            self._looking = bool(self._readers) and not self._closed.is_set()
            if not self._looking:
                self._told.clear()
            return self._looking

    def _look(self) -> None:
        for job in self._table.changed_since(self._version):
            self._version = job.version
            self._tell(self._with_progress(job).as_json())
        for job, _ in self._table.running():
            self._tell(self._with_progress(job).as_json())

    def _tell(self, told: dict[str, Any]) -> None:
        if self._told.get(told["id"]) == told:
            return
        self._told.pop(told["id"], None)
        if told["state"] == "running":
            self._told[told["id"]] = told
        with self._lock:
            readers = [reader for reader in self._readers if reader.job in (None, told["id"])]
        for reader in readers:
            reader.put(told)
