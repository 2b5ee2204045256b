"""The table of jobs in the server's own database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from vidkit.core.units import timestamp
from vidkit.web.state import StateDatabase

STATES = ("queued", "running", "done", "failed", "cancelled")
ENDED = ("done", "failed", "cancelled")
COUNTS = ("processed", "skipped", "failed", "partial", "filtered", "bytes", "seconds")


@dataclass(frozen=True)
class Job:
    """One job. `progress` has COUNTS, `total` and the running `videos`; `version` grows with every change."""

    id: int
    kind: str
    state: str
    priority: int
    name: str
    created_at: str
    created_by: str
    started_at: str | None
    finished_at: str | None
    settings: Mapping[str, Any]
    total: int | None
    error: str | None
    result: Mapping[str, Any] | None
    cancelling: bool
    version: int
    progress: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The job as the API shows it."""
        progress = self.progress
        total = progress.get("total")
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "cancelling": self.cancelling and self.state == "running",
            "priority": self.priority,
            "name": self.name,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "settings": dict(self.settings),
            "total": self.total if total is None else total,
            **{count: progress.get(count, 0) for count in COUNTS},
            "videos": list(progress.get("videos", ())) if self.state == "running" else [],
            "error": self.error,
            "result": None if self.result is None else dict(self.result),
        }


def _job(row: sqlite3.Row) -> Job:
    result = row["result"]
    return Job(
        id=row["id"],
        kind=row["kind"],
        state=row["state"],
        priority=row["priority"],
        name=row["name"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        settings=json.loads(row["settings"]),
        total=row["total"],
        error=row["error"],
        result=None if result is None else json.loads(result),
        cancelling=bool(row["cancelled"]),
        version=row["version"],
        progress=json.loads(row["progress"]),
    )


class JobTable:
    """The jobs, for one server: `owner` is its name. Several servers may share the table."""

    def __init__(self, state: StateDatabase, owner: str) -> None:
        self._state = state
        self._owner = owner

    def add(
        self,
        kind: str,
        name: str,
        created_by: str,
        settings: Mapping[str, Any],
        priority: int,
        total: int | None,
        most: int,
        before: Callable[[int], None],
    ) -> Job | None:
        """Add a job that waits; None if `most` jobs wait already.

        Args:
            before: called with the job's id before anybody sees the job; if it raises, the job is not added.
        """
        with self._changing() as (connection, version):
            waiting = connection.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()[0]
            if waiting >= most:
                return None
            cursor = connection.execute(
                "INSERT INTO jobs (kind, state, priority, name, created_at, created_by, settings, total, version)"
                " VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
                (kind, priority, name, timestamp(), created_by, json.dumps(dict(settings)), total, version),
            )
            assert cursor.lastrowid is not None
            before(cursor.lastrowid)
            found = _one(connection, cursor.lastrowid)
        return found

    def get(self, number: int) -> Job | None:
        """One job."""
        with self._state.reading() as connection:
            return _one(connection, number)

    def newest(
        self, states: Sequence[str] = (), kinds: Sequence[str] = (), before: int | None = None, limit: int = 50
    ) -> list[Job]:
        """Jobs with an id less than `before`, the newest first."""
        conditions, values = ["1"], list[Any]()
        for column, wanted in (("state", states), ("kind", kinds)):
            if wanted:
                conditions.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values += wanted
        if before is not None:
            conditions.append("id < ?")
            values.append(before)
        sql = f"SELECT * FROM jobs WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?"
        with self._state.reading() as connection:
            return list(map(_job, connection.execute(sql, (*values, limit))))

    def changed_since(self, version: int, limit: int = 200) -> list[Job]:
        """Jobs that changed after a version, in the order of their changes."""
        sql = "SELECT * FROM jobs WHERE version > ? ORDER BY version LIMIT ?"
        with self._state.reading() as connection:
            return list(map(_job, connection.execute(sql, (version, limit))))

    def version(self) -> int:
        """The version of the last change."""
        with self._state.reading() as connection:
            return _version(connection)

    def running(self) -> list[tuple[Job, str]]:
        """The jobs that run, each with the name of its server."""
        with self._state.reading() as connection:
            rows = connection.execute("SELECT * FROM jobs WHERE state = 'running' ORDER BY id").fetchall()
        return [(_job(row), row["owner"]) for row in rows]

    def claim(self, at_once: int) -> Job | None:
        """Make the next job that waits this server's own, if fewer than `at_once` run on all servers."""
        with self._state.reading() as connection:  # most of the time nothing waits: no need to write
            if not connection.execute("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1").fetchone():
                return None
        with self._changing() as (connection, version):
            run = connection.execute("SELECT count(*) FROM jobs WHERE state = 'running'").fetchone()[0]
            row = connection.execute(
                "SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, id LIMIT 1"
            ).fetchone()
            if row is None or run >= at_once:
                return None
            connection.execute(
                "UPDATE jobs SET state = 'running', owner = ?, started_at = coalesce(started_at, ?), version = ?"
                " WHERE id = ?",
                (self._owner, timestamp(), version, row["id"]),
            )
            found = _one(connection, row["id"])
        return found

    def put_back(self, number: int, owner: str) -> None:
        """Put a job of a server that stopped back into the queue, or cancel it if that was requested."""
        with self._changing() as (connection, version):
            connection.execute(
                "UPDATE jobs SET state = CASE cancelled WHEN 1 THEN 'cancelled' ELSE 'queued' END,"
                " finished_at = CASE cancelled WHEN 1 THEN ? END, owner = NULL, version = ?"
                " WHERE id = ? AND state = 'running' AND owner = ?",
                (timestamp(), version, number, owner),
            )

    def finish(
        self,
        number: int,
        owner: str,
        state: str,
        error: str | None,
        result: Mapping[str, Any] | None,
        progress: Mapping[str, Any],
    ) -> None:
        """Write the outcome of a job that ran."""
        with self._changing() as (connection, version):
            connection.execute(
                "UPDATE jobs SET state = ?, error = ?, result = ?, progress = ?, finished_at = ?, owner = NULL,"
                " version = ? WHERE id = ? AND state = 'running' AND owner = ?",
                (
                    state,
                    error,
                    None if result is None else json.dumps(dict(result)),
                    json.dumps(dict(progress)),
                    timestamp(),
                    version,
                    number,
                    owner,
                ),
            )

    def cancel(self, number: int) -> bool:
        """Cancel a job that waits, or request the end of one that runs; False for a job in another state."""
        with self._changing() as (connection, version):
            done = connection.execute(
                "UPDATE jobs SET cancelled = 1, version = ?,"
                " finished_at = CASE state WHEN 'queued' THEN ? END,"
                " state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END"
                " WHERE id = ? AND state IN ('queued', 'running')",
                (version, timestamp(), number),
            )
            return done.rowcount == 1

    def set_priority(self, number: int, priority: int) -> bool:
        """Change the priority of a job that waits; False for a job in another state."""
        with self._changing() as (connection, version):
            done = connection.execute(
                "UPDATE jobs SET priority = ?, version = ? WHERE id = ? AND state = 'queued'",
                (priority, version, number),
            )
            return done.rowcount == 1

    def to_cancel(self) -> set[int]:
        """The running jobs of this server that were cancelled."""
        with self._state.reading() as connection:
            rows = connection.execute(
                "SELECT id FROM jobs WHERE state = 'running' AND cancelled AND owner = ?", (self._owner,)
            )
            return {row["id"] for row in rows}

    def counts(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with self._state.reading() as connection:
            found = dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        return {state: found.get(state, 0) for state in STATES}

    @contextmanager
    def _changing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A connection to change jobs with, and the version of the change."""
        with self._state.writing() as connection:
            yield connection, _version(connection) + 1


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("SELECT coalesce(max(version), 0) FROM jobs").fetchone()[0]
    return found


def _one(connection: sqlite3.Connection, number: int) -> Job | None:
    row = connection.execute("SELECT * FROM jobs WHERE id = ?", (number,)).fetchone()
    return None if row is None else _job(row)
