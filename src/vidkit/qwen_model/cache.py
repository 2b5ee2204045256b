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
TEXT = "text"  # the content of a question without frames
_SEPARATOR = "-"  # between the content and the rest of a key; keys of an older vidkit do not have it
_TIMEOUT = 30.0  # seconds to wait while another process writes


def answer_key(content: str, digest: str) -> str:
    """The key of an answer.

    Args:
        content: the content of the clip, as `Clip.content`, or `TEXT`.
        digest: a hash of everything that the answer depends on.
    """
    return f"{content.partition(':')[0]}{_SEPARATOR}{digest}"


def forget_answers(path: Path, contents: Collection[str], descriptions: Collection[str]) -> tuple[int, int]:
    """Erase the answers about some videos from the cache of a run.

    All summaries are erased too, since they do not say of which video they are.

    Args:
        path: the cache, which need not exist.
        contents: the SHA-256 of the videos and of their clips.
        descriptions: the texts of the answers, to find those of an older vidkit.

    Returns:
        How many answers were erased, and how many of an older vidkit remain.

    Raises:
        OutputError: the file cannot be written.
    """
    if not path.is_file():
        return 0, 0
    try:
        with closing(sqlite3.connect(path, timeout=_TIMEOUT, isolation_level=None)) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
                return 0, 0
            older = database.execute("SELECT key, text FROM answers WHERE instr(key, ?) = 0", (_SEPARATOR,))
            gone = [key for key, text in older if read_answer(str(text)).text in descriptions]
            for content in (*contents, TEXT):
                span = f"{content}{_SEPARATOR}", f"{content}{_SEPARATOR}g"
                gone += [
                    key for (key,) in database.execute("SELECT key FROM answers WHERE key BETWEEN ? AND ?", span)
                ]
            if gone:
                database.executemany("DELETE FROM answers WHERE key = ?", [(key,) for key in gone])
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (left,) = database.execute(
                "SELECT count(*) FROM answers WHERE instr(key, ?) = 0", (_SEPARATOR,)
            ).fetchone()
            return len(gone), left
    except sqlite3.Error as error:
        raise OutputError(
            "{path} cannot be written: {error}. Close other programs that use it.",
            path=printable(path),
            error=error,
        ) from None


class Answers(Protocol):
    """The model answers of all runs. Several threads use it at once."""

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Wait until no other worker asks the same question. Its answer is then in the cache."""

    def find(self, key: str) -> Reply | None:
        """The cached answer, or None."""

    def keep(self, key: str, reply: Reply) -> None:
        """Store an answer."""

    def close(self) -> None:
        """Close the cache."""


class AnswerCache:
    """The model answers of all runs, by a key of content, model, instruction and settings.

    If the file cannot be used, a warning is logged once, and no answers are cached.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._usable = True
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._waiting_turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()
        self._turns = threading.Lock()

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Wait until no other thread asks the same question. Its answer is then in the cache."""
        with self._turns:
            turn = self._waiting_turns.setdefault(key, _Turn())
        with turn.lock:
            yield

    def find(self, key: str) -> Reply | None:
        """The cached answer, or None."""
        found = self._run("SELECT text, tokens_in, tokens_out, seconds FROM answers WHERE key = ?", (key,))
        return Reply(*found[0]) if found and isinstance(found[0][0], str) else None

    def keep(self, key: str, reply: Reply) -> None:
        """Store an answer."""
        values = (key, reply.text, reply.tokens_in, reply.tokens_out, reply.seconds)
        columns = "key, text, tokens_in, tokens_out, seconds"
        self._run(f"INSERT OR REPLACE INTO answers ({columns}) VALUES (?, ?, ?, ?, ?)", values)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _run(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._lock, self._connect() as database:
                return database.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError, OverflowError, UnicodeError) as error:
            self._give_up(error)
            return []

    def _connect(self) -> sqlite3.Connection:
        """The connection of all threads; as a context manager it commits."""
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=_TIMEOUT, check_same_thread=False)
            try:
                # After a power loss, lost answers are asked again: waiting for the disk after each answer is
                # slower.
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
    """A lock that can be weakly referenced."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
