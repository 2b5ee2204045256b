"""The queue of jobs: it outlasts the server, and runs each job in a process of its own.

A job's process ends with its server: the pipe between the two closes, however the server ended. The next server
finds the job in the table, in the state `running`, and puts it back into the queue. The job continues where it was,
because nothing is done twice.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from vidkit.core import ensure_directory, printable, without_secrets
from vidkit.core.config import Config
from vidkit.core.locks import FileLock, take_file_lock
from vidkit.core.units import time_text
from vidkit.errors import VidkitError
from vidkit.web.jobs.child import JobChild
from vidkit.web.jobs.files import (
    INCOMING,
    JOBS,
    SERVERS,
    JobFolder,
    failed_lines,
    folder_of,
    put_in_place,
    read_json,
    write_json,
)
from vidkit.web.jobs.table import ENDED, Job, JobTable
from vidkit.web.problems import Problem
from vidkit.web.state import StateDatabase

log = logging.getLogger(__name__)

MOST_WAITING = 100_000
_TICK = 0.25  # seconds between two checks of the running jobs
_IDLE = 1.0  # seconds between two checks for jobs of a server that is gone
_DAY = 86400.0


@dataclass(frozen=True)
class JobRequest:
    """A job to add. Everyone sees `settings`; `what` is not shown, and may be long."""

    kind: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    what: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    total: int | None = None
    rows: Path | None = None
    """A CSV in the folder `incoming`, which is moved or linked into the job's own."""


class JobQueue:
    """Jobs of one state folder. Several servers may have a queue over the same folder."""

    def __init__(self, state: StateDatabase, config: Config, run_jobs: bool = True) -> None:
        """Open the queue, and run jobs in a thread if `run_jobs` is set.

        Raises:
            OutputError: a folder cannot be made, or the file system has no locks.
        """
        self._config = config
        self._directory = config.serve.directory.absolute()
        for name in (JOBS, INCOMING, SERVERS):
            ensure_directory(self._directory / name)
        self._clear_incoming()
        self._clear_servers()
        self._owner, self._lock = self._new_owner()
        self.table = JobTable(state, self._owner)
        self._processes: dict[int, JobChild] = {}
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs")
        if run_jobs:
            self._thread.start()

    def incoming(self, name: str = "") -> Path:
        """A new path for a file that a request sends, in the file system of the jobs."""
        return self._directory / INCOMING / f"{secrets.token_hex(16)}{name}"

    def add(self, request: JobRequest, created_by: str) -> Job:
        """Add a job to the queue.

        Args:
            request: the job.
            created_by: the name of the caller.

        Raises:
            Problem: the queue is full.
            OutputError: the job's folder cannot be made.
            LibraryError: the server's database cannot be written.
        """
        prepared = ensure_directory(self.incoming())
        try:
            what = dict(request.what, kind=request.kind, settings=dict(request.settings), total=request.total)
            write_json(JobFolder(prepared).request, what)
            if request.rows is not None:
                _link(request.rows, JobFolder(prepared).rows)
            job = self.table.add(
                request.kind,
                printable(request.name)[:200],
                created_by,
                request.settings,
                request.priority,
                request.total,
                MOST_WAITING,
                lambda number: put_in_place(prepared, self.folder(number)),
            )
        finally:
            shutil.rmtree(prepared, ignore_errors=True)
        if job is None:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{MOST_WAITING:,} jobs wait already: cancel some, or come back later",
                {"Retry-After": "60"},
            )
        self._wake.set()
        return job

    def again(self, job: Job) -> JobRequest:
        """The request for a job that tries another one again: its rows that failed, or all that is not done.

        Raises:
            Problem: it has not ended, or nothing of it failed.
        """
        folder = self.folder(job.id)
        what = read_json(folder.request)
        if job.state not in ENDED:
            raise Problem(HTTPStatus.CONFLICT, f"job {job.id} has not ended: it is {job.state}")
        if not what:
            raise Problem(HTTPStatus.CONFLICT, f"the folder of job {job.id} is gone, so it cannot be tried again")
        kind, settings, total = what.pop("kind"), what.pop("settings"), what.pop("total", job.total)
        if job.state == "done":
            lines = failed_lines(folder)
            if not lines or kind != "process":
                raise Problem(HTTPStatus.CONFLICT, f"nothing of job {job.id} failed")
            what["lines"], total = lines, len(lines)
        rows = folder.rows if folder.rows.exists() else None
        return JobRequest(kind, job.name, settings, what, job.priority, total, rows)

    def folder(self, number: int) -> JobFolder:
        """Where the files of a job are."""
        return folder_of(self._directory, number)

    def get(self, number: int) -> Job | None:
        """One job as it is now."""
        job = self.table.get(number)
        return None if job is None else self.with_progress(job)

    def with_progress(self, job: Job) -> Job:
        """A job; if it runs, with its progress so far."""
        if job.state != "running":
            return job
        return replace(job, progress=read_json(self.folder(job.id).progress))

    def cancel(self, number: int) -> bool:
        """Cancel a job; False if it has ended already."""
        done = self.table.cancel(number)
        self._wake.set()
        return done

    def close(self) -> None:
        """Stop the queue and the jobs that run. The next server continues them."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._lock.release()

    def _run(self) -> None:
        adopt_at, clear_at, logged = 0.0, 0.0, ""
        while not self._closing.is_set():
            try:
                if time.monotonic() >= adopt_at:
                    self._adopt()
                    adopt_at = time.monotonic() + _IDLE
                if time.monotonic() >= clear_at:
                    self._clear_ended()
                    clear_at = time.monotonic() + _DAY
                self._watch()
                self._start_waiting()
                logged = ""
            except VidkitError as error:  # the disk is full, or the database is locked: it may work later
                if str(error) != logged:
                    log.warning("jobs: %s", error)
                logged = str(error)
            except Exception:
                log.error("a mistake in vidkit: the queue of jobs", exc_info=True)
            self._wake.wait(_TICK if self._processes else _IDLE)
            self._wake.clear()
        self._stop_all()

    def _adopt(self) -> None:
        """Put jobs of servers that are gone back into the queue, once their processes have ended too."""
        for job, owner in self.table.running():
            if owner == self._owner:
                continue
            server = take_file_lock(self._directory / SERVERS / owner)
            if server is None:
                continue
            try:
                self._adopt_job(job, owner)
            finally:
                server.release()

    def _adopt_job(self, job: Job, owner: str) -> None:
        folder = self.folder(job.id)
        if not folder.path.is_dir():
            self.table.finish(job.id, owner, "failed", "its folder is gone", None, {})
            return
        at_work = take_file_lock(folder.lock)
        if at_work is None:
            return
        at_work.release()
        outcome = read_json(folder.outcome)
        if outcome:
            self._finish(job.id, owner, outcome)
        else:
            self.table.put_back(job.id, owner)
            self._wake.set()

    def _start_waiting(self) -> None:
        while len(self._processes) < self._config.serve.max_jobs:
            job = self.table.claim(self._config.serve.max_jobs)
            if job is None:
                return
            folder = self.folder(job.id)
            try:
                self._processes[job.id] = JobChild(self._directory, job.id, job.priority, self._config)
            except OSError as error:
                words = f"its process cannot be started: {error.strerror or error}"
                self._finish(job.id, self._owner, {"state": "failed", "error": words})
            log.info("job %d starts in %s", job.id, printable(folder.path))

    def _watch(self) -> None:
        """Finish the jobs whose processes have ended, and stop those that were cancelled."""
        if not self._processes:
            return
        to_cancel = self.table.to_cancel()
        for number, process in list(self._processes.items()):
            code = process.poll()
            if code is None:
                if number in to_cancel:
                    process.stop()
                continue
            outcome = read_json(self.folder(number).outcome)
            if not outcome and number in to_cancel:
                outcome = {"state": "cancelled"}
            self._finish(number, self._owner, outcome or {"state": "failed", "error": process.reason()})
            del self._processes[number]

    def _finish(self, number: int, owner: str, outcome: Mapping[str, Any]) -> None:
        progress = read_json(self.folder(number).progress) | {"videos": []}
        error = outcome.get("error")
        shown = None if error is None else printable(without_secrets(str(error)))[:1000]
        self.table.finish(number, owner, str(outcome["state"]), shown, outcome.get("result"), progress)

    def _stop_all(self) -> None:
        for process in self._processes.values():
            process.stop()
        for number, process in self._processes.items():
            process.wait()
            try:
                outcome = read_json(self.folder(number).outcome)
                if outcome:
                    self._finish(number, self._owner, outcome)
                else:
                    self.table.put_back(number, self._owner)
            except VidkitError as error:  # the next server tries again
                log.warning("job %d: %s", number, error)

    def _new_owner(self) -> tuple[str, FileLock]:
        """A name that no other server has, and its lock, which shows others that this server runs."""
        while True:
            name = secrets.token_hex(8)
            lock = take_file_lock(self._directory / SERVERS / name)
            if lock is not None:  # None: another server is just checking this name
                return name, lock

    def _clear_servers(self) -> None:
        """Remove the names of servers that were killed."""
        for path in (self._directory / SERVERS).iterdir():
            lock = take_file_lock(path)
            if lock is not None:
                lock.release()

    def _clear_incoming(self) -> None:
        """Remove files of requests to a server that was killed."""
        for path in (self._directory / INCOMING).iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _DAY:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _clear_ended(self) -> None:
        """Remove the folders of jobs that ended long ago; the table keeps their outcome."""
        days = self._config.serve.keep_jobs
        if not days:
            return
        limit = time_text(time.time() - days * _DAY) or ""
        for path in (self._directory / JOBS).iterdir():
            job = self.table.get(int(path.name)) if path.name.isascii() and path.name.isdigit() else None
            if job is not None and job.state in ENDED and (job.finished_at or limit) < limit:
                shutil.rmtree(path, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    """Link a file to a second place; copy it if the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
