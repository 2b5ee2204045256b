"""Changes of jobs, sent to the clients that listen, a few times a second at most.

For a slow client only the last state of each job is kept, and of no more than `_MOST_PENDING` jobs. Beyond that the
client has to load the list again.
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

MOST_LISTENERS = 200
MOST_LISTENERS_EACH = 20
_TICK = 0.25  # seconds
_MOST_PENDING = 500
_CHECK_EVERY = 10.0  # seconds between two checks whether a client may still listen


class TooManyListeners(VidkitError):
    """Nobody else may listen now."""


class Listener:
    """A client that listens to one job, or to all, in an event loop."""

    def __init__(self, who: str, job: int | None) -> None:
        self.who = who
        self.job = job
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._lock = threading.Lock()
        self._pending: dict[int, dict[str, Any]] = {}
        self._missed = False
        self._closed = False

    def put(self, job: dict[str, Any]) -> None:
        """Keep the state of a job until it is read; from any thread."""
        with self._lock:
            if len(self._pending) >= _MOST_PENDING and job["id"] not in self._pending:
                self._pending.clear()
                self._missed = True
            if not self._missed:
                self._pending[job["id"]] = job
        self._call(self._ready.set)

    def close(self) -> None:
        """End `read`; from any thread."""
        self._closed = True
        self._call(self._ready.set)

    async def read(self, may_listen: Callable[[], bool]) -> AsyncIterator[dict[str, Any] | None]:
        """The states of jobs as they change; None if some were missed.

        Args:
            may_listen: called from time to time, in a thread; False ends the events.
        """
        checked = time.monotonic()
        while not self._closed:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ready.wait(), _CHECK_EVERY)
            if time.monotonic() >= checked + _CHECK_EVERY:
                if not await asyncio.to_thread(may_listen):
                    return
                checked = time.monotonic()
            self._ready.clear()
            with self._lock:
                pending, self._pending = self._pending, {}
                missed, self._missed = self._missed, False
            if missed:
                yield None
            for job in pending.values():
                if self._closed:
                    return
                yield job

    def _call(self, function: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop has ended, and its listeners with it
            log.debug("a listener of events is gone")


class JobEvents:
    """Watches the jobs while somebody listens, in a thread that sleeps otherwise."""

    def __init__(self, table: JobTable, with_progress: Callable[[Job], Job]) -> None:
        self._table = table
        self._with_progress = with_progress
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._sent: dict[int, dict[str, Any]] = {}  # the last state that was sent of each running job
        self._version = 0
        self._looking = False
        self._looking_lock = threading.Lock()
        self._listened = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    @contextmanager
    def listener(self, who: str, job: int | None = None) -> Iterator[Listener]:
        """Listen to one job, or to all. Call it in an event loop, and then `begin`.

        Args:
            who: the name of the caller.
            job: a job's id.

        Raises:
            TooManyListeners: the limit is reached.
        """
        listener = Listener(who, job)
        with self._lock:
            own = sum(other.who == who for other in self._listeners)
            if self._closed.is_set() or len(self._listeners) >= MOST_LISTENERS or own >= MOST_LISTENERS_EACH:
                raise TooManyListeners(
                    "too many listen to events already: ask for the jobs from time to time instead"
                )
            self._listeners.add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def begin(self, listener: Listener) -> None:
        """Send a new listener its job, or the jobs that run now, and then every change."""
        with self._looking_lock:
            if not self._looking:
                self._version, self._looking = self._table.version(), True
        jobs = [job for job, _ in self._table.running()]
        if listener.job is not None:
            job = self._table.get(listener.job)
            jobs = [] if job is None else [job]
        for job in jobs:
            listener.put(self._with_progress(job).as_json())
        self._listened.set()

    @property
    def is_closed(self) -> bool:
        """Whether the server is about to end."""
        return self._closed.is_set()

    def close(self) -> None:
        """End the events of all listeners."""
        with self._lock:
            self._closed.set()
            listeners = list(self._listeners)
        for listener in listeners:
            listener.close()
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
            self._looking = bool(self._listeners) and not self._closed.is_set()
            if not self._looking:
                self._sent.clear()
            return self._looking

    def _look(self) -> None:
        for job in self._table.changed_since(self._version):
            self._version = job.version
            self._send(self._with_progress(job).as_json())
        for job, _ in self._table.running():
            self._send(self._with_progress(job).as_json())

    def _send(self, job: dict[str, Any]) -> None:
        if self._sent.get(job["id"]) == job:
            return
        self._sent.pop(job["id"], None)
        if job["state"] == "running":
            self._sent[job["id"]] = job
        with self._lock:
            listeners = [listener for listener in self._listeners if listener.job in (None, job["id"])]
        for listener in listeners:
            listener.put(job)
