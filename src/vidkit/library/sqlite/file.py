"""A library file in SQLite: its tables, how it is opened, and its errors in words for the user.

- `videos` has the columns for sorting and bounds, `moved` the earlier sort values of replaced videos, `records` the
  complete records, `forms` the words that were seen, by their stems (`forms.py`), `numbers` those of readings,
  `vectors` those of moments (`vectors.py`).
- `facts` is a full-text index with one row per video. Each fact is one word there: this is many times faster than
  one row per fact.
- `words` is a full-text index, with a prefix index, with one row per part of a video that has a text, and per
  reading (`spans.py`). Texts are split into words before (`text.py`), so FTS5 only splits at spaces.

The number of a row in `words` is made of the video's number and the part's position in `pieces_of(record)`: rows in
descending order are the latest video first. This number is private to the file. Everywhere else a moment is known
by its video, kind and number (`MomentKey`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from vidkit.core import ensure_directory, printable
from vidkit.errors import LibraryError, OutputError
from vidkit.library.sql import FACT_SIGNS, quoted
from vidkit.messages import message

SCHEMA = 6
FORMS = "CREATE TABLE forms (stem TEXT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (stem, word)) WITHOUT ROWID"
NUMBERS = (
    """CREATE TABLE numbers (
    key TEXT NOT NULL, value REAL NOT NULL, video INTEGER NOT NULL, PRIMARY KEY (key, value, video)
) WITHOUT ROWID""",
    "CREATE INDEX numbers_video ON numbers (video)",
)
VECTORS = (
    """CREATE TABLE vectors (
    change INTEGER PRIMARY KEY AUTOINCREMENT, video INTEGER NOT NULL, model TEXT NOT NULL, made_of TEXT NOT NULL,
    keys TEXT NOT NULL, vectors BLOB NOT NULL, UNIQUE (video, model)
)""",
    "CREATE INDEX vectors_model ON vectors (model, change)",
)
VIDEO_KEYS = "CREATE INDEX videos_key ON videos (key)"
# What videos were sorted by before they were replaced or removed: whoever goes through answers page by page finds a
# video in its old place, and whoever has counted the videos knows which to look at again. The latest are kept.
_MOVE = """INSERT INTO moved (video, finished, duration, size, name)
    VALUES (OLD.id, OLD.finished, OLD.duration, OLD.size, OLD.name);
    DELETE FROM moved WHERE seq <= (SELECT max(seq) FROM moved) - 250000;"""
MOVED = (
    """CREATE TABLE moved (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, video INTEGER NOT NULL, finished REAL NOT NULL, duration REAL NOT NULL,
    size INTEGER NOT NULL, name TEXT NOT NULL
)""",
    f"CREATE TRIGGER videos_replaced AFTER UPDATE ON videos BEGIN {_MOVE} END",
    f"CREATE TRIGGER videos_removed AFTER DELETE ON videos BEGIN {_MOVE} END",
)
_APPLICATION = 0x766B6974  # "vkit": says that a database is a vidkit library
_AS_FACTS = quoted("ascii tokenchars '{}'".format(FACT_SIGNS.replace("'", "''")))
_INDEXED = ("content", "filename", "name", "duration", "size", "finished")
# Merging less often than FTS5 does by itself (4) makes saving a sixth faster, and searching no slower.
_TABLES = (
    """CREATE TABLE videos (
    id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, content TEXT NOT NULL, filename TEXT NOT NULL,
    name TEXT NOT NULL, folder TEXT NOT NULL, classification TEXT NOT NULL, resolution TEXT NOT NULL,
    codec TEXT NOT NULL, tags TEXT NOT NULL, described INTEGER NOT NULL, long_side INTEGER NOT NULL,
    short_side INTEGER NOT NULL, pixels INTEGER NOT NULL, duration REAL NOT NULL, size INTEGER NOT NULL,
    finished REAL NOT NULL, key TEXT NOT NULL DEFAULT '', pieces TEXT NOT NULL DEFAULT ''
)""",
    *(f"CREATE INDEX videos_{name} ON videos ({name})" for name in _INDEXED),
    VIDEO_KEYS,
    *MOVED,
    *NUMBERS,
    *VECTORS,
    "CREATE TABLE records (video INTEGER PRIMARY KEY, record TEXT NOT NULL, facts TEXT NOT NULL)",
    f"""CREATE VIRTUAL TABLE facts USING fts5 (
    fact, content = '', columnsize = 0, detail = none, tokenize = {_AS_FACTS}
)""",
    "CREATE VIRTUAL TABLE words USING fts5 (own, shared, columnsize = 0, prefix = '1 2', tokenize = 'ascii')",
    FORMS,
    "INSERT INTO facts (facts, rank) VALUES ('hashsize', 4194304)",
    "INSERT INTO words (words, rank) VALUES ('hashsize', 4194304)",
    "INSERT INTO words (words, rank) VALUES ('automerge', 8)",
)
_CACHE = "PRAGMA cache_size = -2048"  # kB: a long run stays small; the system caches the file
_MOST_IDLE = 8  # connections that are kept for the next readings
_DAMAGED = (
    message("is damaged"),
    message(
        "Move it away and build it again from the JSON records: `vidkit library add FOLDER`, with their folder"
    ),
)
# SQLite's words for what went wrong (Python before 3.11 hands over no code) -> ours, and what to do.
_REASONS = {
    "file is not a database": (message("is not a SQLite database"), message("Give [Library] Path another name")),
    "database is locked": (message("is locked by another program"), message("Close that program, or wait for it")),
    "readonly database": (
        message("cannot be written, only read"),
        message("Allow writing to the file and its folder"),
    ),
    "unable to open": (message("cannot be opened"), message("See that its folder is there and may be written to")),
    "is full": (
        message("cannot grow, the disk is full"),
        message("Make room on the disk; all records before are kept"),
    ),
    "disk I/O error": (
        message("cannot be read or written, the disk gives an error"),
        message("See to the disk: it may be full"),
    ),
    **dict.fromkeys(("malformed", "corrupt", "vtable"), _DAMAGED),
    "no such table: numbers": (
        message("is of an older vidkit, without readings"),
        message("Allow writing to the file and its folder"),
    ),
    "no such module: fts5": (message("needs SQLite with FTS5"), message("Use a Python whose sqlite3 has it")),
    "closed database": (message("is closed already"), message("Open it again")),
}


class Connections:
    """The connections to a library file: one that writes, and one for each thread that reads at this moment.

    A connection goes back when a reading is over: a thread that ends leaves none open, and the next reading has the
    pages that it keeps in memory. Where another file is put in the place of this one, all are opened anew;
    `replaced` is called then.
    """

    def __init__(self, path: Path, busy_timeout: float, create: bool) -> None:
        """Open the file, see `open_file`."""
        self._path, self._busy_timeout = path, busy_timeout
        self._writer = open_file(path, busy_timeout, create)
        self._file = _identity(path)
        self._writing = threading.RLock()
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._age = 0  # how often the file was replaced
        self._closed = False
        self.replaced: Callable[[], None] = lambda: None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, which the threads take in turn."""
        self._see_the_file()
        with self._writing, reported(self._path):
            yield self._writer

    def _see_the_file(self) -> None:
        """Open everything anew where the file is another one by now."""
        if self._closed or _identity(self._path) == self._file:
            return
        with self._writing:
            file = _identity(self._path)
            if self._closed or file == self._file:  # another thread was faster
                return
            with suppress(sqlite3.Error):
                # What the old file's log still has is not to be taken for changes of the new file.
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
            with self._lock:
                idle, self._idle = self._idle, []
                self._age += 1
            for connection in idle:
                connection.close()
            self._writer = open_file(self._path, self._busy_timeout, create=False)
            self._file = file
            self.replaced()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one look at the library, in which nobody changes anything. What is no value of ours is
        damage."""
        self._see_the_file()
        with reported(self._path):
            age, connection = self._age, self._take()
            try:
                with transaction(connection, "DEFERRED"):
                    yield connection
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                raise sqlite3.DatabaseError(f"malformed: {error!r}") from error
            finally:
                self._give_back(connection, age)

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError("closed database")
            if self._idle:
                return self._idle.pop()
        # If the file was removed in the meantime, it must not be created again.
        connection = _connect(_uri_of_existing(self._path), self._busy_timeout)
        connection.execute(_CACHE)
        return connection

    def _give_back(self, connection: sqlite3.Connection, age: int) -> None:
        with self._lock:
            if not self._closed and age == self._age and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close every connection; one that is being read with, when its reading is over."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        with self._writing, reported(self._path):
            self._writer.close()


def _identity(path: Path) -> tuple[int, int]:
    """Which file is at a path.

    Raises:
        LibraryError: there is none any more, or an empty one.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        reason = message("it is not there any more")
    except OSError as error:
        reason = str(error.strerror)
    else:
        if found.st_size:
            return found.st_dev, found.st_ino
        reason = message("it is empty")
    raise LibraryError(
        "the library {path} cannot be opened: {reason}. Put it back.", path=printable(path), reason=reason
    )


def _uri_of_existing(path: Path) -> str:
    text = quote(os.fsencode(path.as_posix()))
    return f"file://{'' if text.startswith('/') else '/'}{text}?mode=rw"


def _connect(path: str, busy_timeout: float) -> sqlite3.Connection:
    uri = path.startswith("file:")  # all other paths are absolute
    return sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False, uri=uri)


def open_file(path: Path, busy_timeout: float, create: bool) -> sqlite3.Connection:
    """Open a library file; if `create`, make a new one where there is none, and its folder.

    Raises:
        LibraryError: the file is no library, is of a newer vidkit, or cannot be opened.
    """
    if not create:
        _see_that_it_is_there(path)
    try:
        ensure_directory(path.parent)
    except OutputError as error:
        raise LibraryError(
            "the library {path} cannot be made: {error}", path=printable(path), error=error
        ) from None
    with reported(path):
        connection = _connect(str(path), busy_timeout)
    try:
        with reported(path):
            _prepare(connection, path, busy_timeout)
    except BaseException:
        connection.close()
        raise
    return connection


def _see_that_it_is_there(path: Path) -> None:
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        raise LibraryError(
            "there is no library yet: {path} is not there. `vidkit process` makes it; if it is "
            "elsewhere, go to its folder or say so under [Library] in config.ini",
            path=printable(path),
        ) from None
    except OSError:  # what SQLite says of it
        return
    if size == 0:
        raise LibraryError(
            "the library {path} is empty (0 bytes). `vidkit library add FOLDER` fills it from the JSON "
            "records in FOLDER",
            path=printable(path),
        )


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """SQLite's errors in words for the user."""
    try:
        yield
    except sqlite3.Error as error:
        said = str(error)
        reason, remedy = next(
            (words for key, words in _REASONS.items() if key in said),
            (message("fails: {said}", said=printable(said).rstrip(" .")), ""),
        )
        raise LibraryError(
            "the library {path} {reason}. {remedy}." if remedy else "the library {path} {reason}.",
            path=printable(path),
            reason=reason,
            remedy=remedy,
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path, busy_timeout: float) -> None:
    """See that the file is a library of ours, and make the tables in a new one."""
    with transaction(connection, "DEFERRED"):  # another process may be making it: all of it is seen, or nothing
        version = _version(connection, path)
    if version == 0:
        _use_wal(connection, busy_timeout)
        with transaction(connection):
            if _version(connection, path) == 0:  # no other process was faster
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
    # Each commit is on the disk: a record that was saved is there after a power loss.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_CACHE)


def _use_wal(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """Let readers and a writer work at once; here SQLite does not wait for other processes that do the same."""
    end = time.monotonic() + busy_timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version, 0 for an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != _APPLICATION and (version or application or tables):
        raise LibraryError(
            "{path} is a database of another program. Give [Library] Path another name.", path=printable(path)
        )
    if version > SCHEMA:
        raise LibraryError(
            "the library {path} was made by a newer vidkit (its schema is {version}, this vidkit knows "
            "{schema}). Upgrade vidkit, or give [Library] Path another name.",
            path=printable(path),
            version=version,
            schema=SCHEMA,
        )
    return int(version)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema of a library that is open."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    # IMMEDIATE: two processes that write wait for one another at the start, where waiting is possible.
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
