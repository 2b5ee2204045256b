"""The server's own database: one SQLite file for keys, sessions, the audit log, jobs, saved searches and triage.

The library is not in it. If it is lost, no video and no record is lost.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidkit.core import ensure_directory, printable
from vidkit.errors import LibraryError, OutputError

NAME = "state.db"
# Every table of the file. A statement that is added here is executed in older files too.
TABLES = (
    "CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " scope TEXT NOT NULL, created_at REAL NOT NULL, created_by TEXT NOT NULL, expires_at REAL, used_at REAL,"
    " revoked_at REAL) STRICT",
    "CREATE TABLE IF NOT EXISTS sign_in_tokens (hash TEXT PRIMARY KEY, expires_at REAL NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS sessions (hash TEXT PRIMARY KEY, key TEXT REFERENCES keys (id), name TEXT NOT NULL,"
    " scope TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL NOT NULL, used_at REAL NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS servers (address TEXT PRIMARY KEY, pid INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL,"
    " action TEXT NOT NULL, what TEXT NOT NULL, address TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS saved_searches (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " address TEXT NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL) STRICT",
    # Triage: the moments of a queue in order, who holds each until when, and the answers.
    "CREATE TABLE IF NOT EXISTS triage_queues (id INTEGER PRIMARY KEY, query TEXT NOT NULL UNIQUE,"
    " keys TEXT NOT NULL, total INTEGER NOT NULL, done INTEGER NOT NULL, made INTEGER NOT NULL, at TEXT NOT NULL,"
    " who TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS triage_moments (queue INTEGER NOT NULL REFERENCES triage_queues ON DELETE CASCADE,"
    " position INTEGER NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, holder TEXT,"
    " until REAL, answer INTEGER, PRIMARY KEY (queue, position), UNIQUE (queue, key, kind, number))"
    " STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS triage_left ON triage_moments (queue, position) WHERE answer IS NULL",
    "CREATE INDEX IF NOT EXISTS triage_held ON triage_moments (queue, holder) WHERE holder IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS triage_answers (id INTEGER PRIMARY KEY, queue INTEGER NOT NULL REFERENCES"
    " triage_queues ON DELETE CASCADE, position INTEGER NOT NULL, key TEXT NOT NULL, at TEXT NOT NULL,"
    " who TEXT NOT NULL, said TEXT NOT NULL, before TEXT, after TEXT) STRICT",
    "CREATE INDEX IF NOT EXISTS triage_said ON triage_answers (queue, key)",
    "CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " state TEXT NOT NULL, priority INTEGER NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL,"
    " created_by TEXT NOT NULL, started_at TEXT, finished_at TEXT, settings TEXT NOT NULL, total INTEGER,"
    " progress TEXT NOT NULL DEFAULT '{}', error TEXT, result TEXT, owner TEXT,"
    " cancelled INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (state, priority DESC, id)",
    "CREATE INDEX IF NOT EXISTS jobs_changed ON jobs (version)",
)
_BUSY = 10.0  # seconds


class StateDatabase:
    """The file, with a connection for each thread. Several processes may use it at once."""

    def __init__(self, directory: Path) -> None:
        """Open or make the file in a folder that only its owner may read.

        Raises:
            OutputError: the folder cannot be made.
            LibraryError: the file cannot be opened, or is not an SQLite file.
        """
        ensure_directory(directory)
        directory.chmod(0o700)
        self.path = directory.absolute() / NAME
        self._threads = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        _make_private(self.path)
        with self.writing() as connection:
            for statement in TABLES:
                connection.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, for reading.

        Raises:
            LibraryError: the file cannot be read.
        """
        try:
            yield self._connection()
        except sqlite3.Error as error:
            raise LibraryError(f"{printable(self.path)}: {error}") from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, in one transaction that is committed at the end of the block.

        Raises:
            LibraryError: the file cannot be written; nothing of the block is kept.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close every connection. No thread may use the database after that."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = FULL")
            found.execute("PRAGMA foreign_keys = ON")
            self._threads.connection = found
            with self._lock:
                self._open.append(found)
        return found


def _make_private(path: Path) -> None:
    """Make an empty file that only its owner may read.

    An existing file is not opened: closing it would release all locks that this process has on it (POSIX), and
    SQLite needs them.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise OutputError(f"{printable(path)} cannot be made: {error.strerror}") from None
