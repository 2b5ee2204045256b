"""The cache of model answers, in a SQLite file that threads and processes share."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

from vidkit.core import printable
from vidkit.errors import OutputError
from vidkit.qwen_model.answer import read_answer
from vidkit.qwen_model.question import Reply

log = logging.getLogger(__name__)

_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, tokens_in INTEGER, tokens_out INTEGER, seconds REAL,
    asked_at TEXT DEFAULT CURRENT_TIMESTAMP
)"""
TEXT = "text"  # what a question is about that shows no pictures
_PARTS = "-"  # between what an answer is about and the rest of its key; keys of an older vidkit have none
_PATIENCE = 30.0  # seconds to wait while another process writes


def answer_key(content: str, digest: str) -> str:
    """The key of an answer.

    Args:
        content: what it is about, as `Clip.content` says, or a text.
        digest: a hash of all that it depends on.
    """
    return f"{content.partition(':')[0]}{_PARTS}{digest}"


def forget_answers(path: Path, contents: Collection[str], descriptions: Collection[str]) -> tuple[int, int]:
    """Erase the answers about some videos from the cache of a run.

    Summaries do not say of which video they are: all of them go; a record that needs one asks again.

    Args:
        path: the cache; one that is not there has no answers.
        contents: the SHA-256 of the videos and of their clips.
        descriptions: what the answers said, by which those of an older vidkit are found.

    Returns:
        How many were erased, and how many of an older vidkit are left.

    Raises:
        OutputError: the file cannot be written.
    """
    if not path.is_file():
        return 0, 0
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
                return 0, 0
            older = database.execute("SELECT key, text FROM answers WHERE instr(key, ?) = 0", (_PARTS,))
            gone = [key for key, text in older if read_answer(str(text)).text in descriptions]
            for content in (*contents, TEXT):
                span = f"{content}{_PARTS}", f"{content}{_PARTS}g"
                gone += [
                    key for (key,) in database.execute("SELECT key FROM answers WHERE key BETWEEN ? AND ?", span)
                ]
            if gone:
                database.executemany("DELETE FROM answers WHERE key = ?", [(key,) for key in gone])
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (left,) = database.execute("SELECT count(*) FROM answers WHERE instr(key, ?) = 0", (_PARTS,)).fetchone()
            return len(gone), left
    except sqlite3.Error as error:
        raise OutputError(
            "{path} cannot be written: {error}. Close other programs that use it.",
            path=printable(path),
            error=error,
        ) from None


class Answers(Protocol):
    """The answers of all runs, wherever they are kept; several threads use them at once."""

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Wait until nobody else asks the same: its answer will then be here."""

    def find(self, key: str) -> Reply | None:
        """The answer that was given to this, or None."""

    def keep(self, key: str, reply: Reply) -> None:
        """Remember an answer."""

    def close(self) -> None:
        """Let go of them."""


class AnswerCache:
    """The answers of all runs, by a key that says content, model, instruction and settings.

    If the file cannot be used, a warning says so once, and the model is asked everything.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._usable = True
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._being_asked: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        self._turns = threading.Lock()

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Wait until no other thread asks the same: its answer will then be here."""
        with self._turns:
            turn = self._being_asked.setdefault(key, _Turn())
        with turn.lock:
            yield

    def find(self, key: str) -> Reply | None:
        """The answer that was given to this, or None."""
        found = self._run("SELECT text, tokens_in, tokens_out, seconds FROM answers WHERE key = ?", (key,))
        return Reply(*found[0]) if found and isinstance(found[0][0], str) else None

    def keep(self, key: str, reply: Reply) -> None:
        """Remember an answer."""
        values = (key, reply.text, reply.tokens_in, reply.tokens_out, reply.seconds)
        columns = "key, text, tokens_in, tokens_out, seconds"
        self._run(f"INSERT OR REPLACE INTO answers ({columns}) VALUES (?, ?, ?, ?, ?)", values)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _run(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._lock, self._opened() as database:
                return database.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError, OverflowError, UnicodeError) as error:
            self._give_up(error)
            return []

    def _opened(self) -> sqlite3.Connection:
        """The connection that all threads use in turn; as a context it commits."""
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=_PATIENCE, check_same_thread=False)
            try:
                # An answer that a power loss takes is asked again: waiting for the disk after each is dearer.
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute(_TABLE)
            except sqlite3.Error:
                database.close()
                raise
            self._database = database
        return self._database

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
