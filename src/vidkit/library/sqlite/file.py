"""A library file in SQLite: its tables, how to open it, and its errors as messages for the user.

- `videos` has the columns for sorting and bounds, `moved` the earlier sort values of replaced videos, `records` the
  complete records, `forms` all words by their stems (`forms.py`), `numbers` the numbers of readings, `vectors` the
  vectors of moments (`vectors.py`).
- `facts` is a full-text index with one row per video. Each fact is one word there: this is many times faster than
  one row per fact.
- `words` is a full-text index, with a prefix index, with one row per piece of a video that has a text
  (`moments.py`). Texts are already split into words (`text.py`), so FTS5 only splits at spaces.

The number of a row in `words` combines the video's number and the piece's position in `pieces_of(record)`: in
descending order, the latest video comes first. Only this file uses the number. Everywhere else the key of a moment
is its video, kind and number (`MomentKey`).
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
# The sort values of videos before they were replaced or removed. Paging uses them to find a video in its old place;
# facets use them to count changed videos again. Only the latest are kept.
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
_APPLICATION = 0x766B6974  # "vkit": marks a database as a vidkit library
_AS_FACTS = quoted("ascii tokenchars '{}'".format(FACT_SIGNS.replace("'", "''")))
_INDEXED = ("content", "filename", "name", "duration", "size", "finished")
# Less frequent merging than FTS5's default (4) makes saving a sixth faster, and searching no slower.
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
_CACHE = "PRAGMA cache_size = -2048"  # kB: a long run uses little memory; the system caches the file
_MOST_IDLE = 8  # open connections for the next reads
_DAMAGED = (
    message("is damaged"),
    message(
        "Move it away and build it again from the JSON records: `vidkit library add FOLDER`, with their folder"
    ),
)
# SQLite's error text (Python before 3.11 has no error code) -> the message, and what to do.
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
    """The connections to a library file: one for writing, and one for each thread that is reading.

    A connection is returned after each read: a thread that ends leaves none open, and the next read uses its cache.
    If the file is replaced by another file, all connections are opened again and `replaced` is called.
    """

    def __init__(self, path: Path, busy_timeout: float, create: bool) -> None:
        """Open the file, see `open_file`."""
        self._path, self._busy_timeout = path, busy_timeout
        self._writer = open_file(path, busy_timeout, create)
        self._file = _identity(path)
        self._writing = threading.RLock()
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._generation = 0  # how often the file was replaced
        self._closed = False
        self.replaced: Callable[[], None] = lambda: None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection for writing, which one thread uses at a time."""
        self._reopen_if_replaced()
        with self._writing, reported(self._path):
            yield self._writer

    def _reopen_if_replaced(self) -> None:
        """Open all connections again if another file is at the path now."""
        if self._closed or _identity(self._path) == self._file:
            return
        with self._writing:
            file = _identity(self._path)
            if self._closed or file == self._file:  # another thread was faster
                return
            with suppress(sqlite3.Error):
                # The log of the old file must not be applied to the new file.
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
            with self._lock:
                idle, self._idle = self._idle, []
                self._generation += 1
            for connection in idle:
                connection.close()
            self._writer = open_file(self._path, self._busy_timeout, create=False)
            self._file = file
            self.replaced()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading one state of the library. Values that cannot be read are reported as damage."""
        self._reopen_if_replaced()
        with reported(self._path):
            generation, connection = self._generation, self._take()
            try:
                with transaction(connection, "DEFERRED"):
                    yield connection
            except (ValueError, TypeError, AttributeError, LookupError) as error:
                raise sqlite3.DatabaseError(f"malformed: {error!r}") from error
            finally:
                self._give_back(connection, generation)

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

    def _give_back(self, connection: sqlite3.Connection, generation: int) -> None:
        with self._lock:
            if not self._closed and generation == self._generation and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close every connection; one in use is closed after its read."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        with self._writing, reported(self._path):
            self._writer.close()


def _identity(path: Path) -> tuple[int, int]:
    """The device and inode of the file at a path.

    Raises:
        LibraryError: it does not exist any more, or is empty.
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
    """Open a library file; if `create`, create a missing file and its folder.

    Raises:
        LibraryError: the file is not a library, is from a newer vidkit, or cannot be opened.
    """
    if not create:
        _check_exists(path)
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


def _check_exists(path: Path) -> None:
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        raise LibraryError(
            "there is no library yet: {path} is not there. `vidkit process` makes it; if it is "
            "elsewhere, go to its folder or say so under [Library] in config.ini",
            path=printable(path),
        ) from None
    except OSError:  # SQLite reports it
        return
    if size == 0:
        raise LibraryError(
            "the library {path} is empty (0 bytes). `vidkit library add FOLDER` fills it from the JSON "
            "records in FOLDER",
            path=printable(path),
        )


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as LibraryError with a message for the user."""
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
    """Check that the file is a vidkit library, and create the tables in a new one."""
    with transaction(connection, "DEFERRED"):  # while another process creates it, all of it is visible, or nothing
        version = _version(connection, path)
    if version == 0:
        _use_wal(connection, busy_timeout)
        with transaction(connection):
            if _version(connection, path) == 0:  # no other process was faster
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
    # Each commit is written to the disk: a saved record survives a power loss.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_CACHE)


def _use_wal(connection: sqlite3.Connection, busy_timeout: float) -> None:
    """Switch to WAL, so that readers and a writer can work at the same time. SQLite does not wait here for other
    processes that do the same, so this repeats it."""
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
    """The schema version of an open library."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    # IMMEDIATE: two processes that write wait for each other at the start, where SQLite can wait.
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
