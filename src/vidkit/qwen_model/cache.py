"""Answers that were paid for, in an SQLite file that threads and processes share."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

from vidkit.core import printable
from vidkit.qwen_model.question import Reply

log = logging.getLogger(__name__)

_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, tokens_in INTEGER, tokens_out INTEGER, seconds REAL,
    asked_at TEXT DEFAULT CURRENT_TIMESTAMP
)"""
_PATIENCE = 30.0  # seconds to wait while another process writes


class AnswerCache:
    """The answers of all runs, by a key that says content, model, instruction and settings.

    A file that cannot be used costs answers, not the run: that is said once, and everything is asked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._usable = True
        self._lock = threading.Lock()
        self._being_asked: WeakValueDictionary[str, _Turn] = WeakValueDictionary()

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Wait until no other thread asks the same: its answer will then be here."""
        with self._lock:
            turn = self._being_asked.setdefault(key, _Turn())
        with turn.lock:
            yield

    def find(self, key: str) -> Reply | None:
        """The answer that was given to this, or None."""
        try:
            with self._open() as database:
                row = database.execute(
                    "SELECT text, tokens_in, tokens_out, seconds FROM answers WHERE key = ?", (key,)
                ).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
            return None
        return Reply(*row) if row else None

    def keep(self, key: str, reply: Reply) -> None:
        """Remember an answer."""
        values = (key, reply.text, reply.tokens_in, reply.tokens_out, reply.seconds)
        try:
            with self._open() as database, database:
                database.execute(
                    "INSERT OR REPLACE INTO answers (key, text, tokens_in, tokens_out, seconds)"
                    " VALUES (?, ?, ?, ?, ?)",
                    values,
                )
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A connection for each use: it takes less than a millisecond, and none is shared by threads or left open.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as database:
            database.execute(_TABLE)
            yield database

    def _give_up(self, error: Exception) -> None:
        if self._usable:
            self._usable = False
            log.warning(
                "answers are not kept: %s cannot be used (%s). Move it away or set [QwenVL] Cache to another file.",
                printable(self._path),
                error,
            )


class _Turn:
    """A lock that can be referred to weakly."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
