"""The database of a results folder: its table, how it is opened, and how it is created from existing records.

There is one row per URL. `filename` is its permanent name, `name` the same in lower case; both are unique.
`settings` is NULL until the video is finished for the first time, and empty while something is left to do. `mixed`
marks a record that two simultaneous runs of an older vidkit made from two videos.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vidkit.core import JOURNAL, printable
from vidkit.core.stores import Store
from vidkit.errors import OutputError
from vidkit.export import read_record
from vidkit.library.text import storable
from vidkit.messages import message
from vidkit.record import CLIPS, record_name

log = logging.getLogger(__name__)

OLDER = ".journal.jsonl"  # the journal of an older vidkit
_SCHEMA = 1
_APPLICATION = 0x766B6A6C  # "vkjl"
_BUSY = 120.0  # seconds to wait for other processes
_CHECKED_BYTES = 16 * 2**20  # bytes: a database up to this size is checked completely each time
_TABLE = """
CREATE TABLE videos (
    url TEXT PRIMARY KEY, filename TEXT, name TEXT, version TEXT, settings TEXT, mixed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE UNIQUE INDEX names ON videos (name) WHERE name IS NOT NULL;
CREATE INDEX unfinished ON videos (url) WHERE settings IS NULL;
"""
_REASONS = {
    "locked": message("is locked by another program. Close that program, or wait for it"),
    "readonly": message("cannot be written, only read. Allow writing to it and its folder"),
    "unable to open": message("cannot be opened. See that its folder may be written to"),
    "full": message("cannot grow, the disk is full. Make room on the disk"),
    "disk I/O error": message(
        "cannot be read or written. See that the disk is not full and that its file system has locks"
    ),
    "closed": message("is closed already"),
}
_DAMAGED = ("malformed", "not a database", "corrupt")


class DamagedError(OutputError):
    """The database is damaged, or not vidkit's."""


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into errors with a message for the user.

    Raises:
        DamagedError: the file is no database, or is damaged.
        OutputError: anything else.
    """
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if any(word in text for word in _DAMAGED):
            raise DamagedError(
                "{path}, which lists what is done, is damaged. Remove it while no run is in progress: the "
                "next run builds it again from the records",
                path=printable(path),
            ) from error
        reason = next((words for key, words in _REASONS.items() if key in text), f"fails: {printable(text)}")
        raise OutputError("{path} {reason}.", path=printable(path), reason=reason) from error


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Write everything or nothing. Other processes wait before their own transaction."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def open_database(folder: Path, store: Store, alone: bool) -> sqlite3.Connection:
    """Open the database of a results folder. If there is none, create it from the records and the older journal.

    Records in a bucket are not read: there may be millions, and each is a request. Their video's stages check them
    later.

    Args:
        folder: where the database is.
        store: where the records are.
        alone: no other process uses it. Only then a damaged database is built again, and names are released
            that no finished video has.

    Raises:
        OutputError: it cannot be opened or created.
    """
    path = folder / JOURNAL
    try:
        if path.exists():
            database = _connect(path)
            if alone and store.folder is not None:
                with reported(path):
                    _recover(database, store)
            return database
    except DamagedError:
        if not alone:
            raise
        aside = path.with_name(f"{JOURNAL}.damaged")
        log.warning("%s is damaged: it is built again from the records; it is kept as %s", path, aside.name)
        try:
            os.replace(path, aside)
            path.with_name(f"{JOURNAL}-journal").unlink(missing_ok=True)
        except OSError as error:
            raise OutputError("{path} cannot be moved away: {reason}", path=path, reason=error.strerror) from None
    _create(path, store)
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        with reported(path):
            # Not WAL: it needs shared memory, which network file systems do not have.
            database.execute("PRAGMA journal_mode = TRUNCATE")
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA cache_size = -16384")  # kB
            (application,) = database.execute("PRAGMA application_id").fetchone()
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if application != _APPLICATION:
                raise DamagedError("{path} is a database of another program. Move it away.", path=printable(path))
            if version > _SCHEMA:
                raise OutputError("{path} was made by a newer vidkit. Upgrade vidkit.", path=printable(path))
            if path.stat().st_size <= _CHECKED_BYTES:
                (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    raise sqlite3.DatabaseError(f"malformed: {found}")
    except BaseException:
        database.close()
        raise
    return database


def _recover(database: sqlite3.Connection, store: Store) -> None:
    """Clean up after killed runs: keep a name if its record was written, otherwise release it."""
    unfinished = database.execute("SELECT url, filename FROM videos WHERE settings IS NULL")
    written = [(url,) for url, filename in unfinished if filename and url_of_record(store, filename) == url]
    with transaction(database):
        database.executemany("UPDATE videos SET settings = '' WHERE url = ?", written)
        database.execute("DELETE FROM videos WHERE settings IS NULL")


def url_of_record(store: Store, filename: str) -> str | None:
    """The URL of the record with a file name; None if there is no such record."""
    record = read_record(store, filename)
    return record["source"]["url"] if record else None


def _create(path: Path, store: Store) -> None:
    """Create the database under a temporary name, so that it exists completely or not at all."""
    new = path.with_name(f"{JOURNAL}.new")
    new.unlink(missing_ok=True)
    with reported(path), closing(sqlite3.connect(new, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA cache_size = -65536")
        database.execute("BEGIN")
        for statement in _TABLE.split(";\n"):
            database.execute(statement)
        if store.folder is not None:
            _import_records(database, store)
        _import_older(database, path.with_name(OLDER))
        database.execute("COMMIT")
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {_SCHEMA}")
    try:
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError as error:
        raise OutputError("{path} cannot be written: {reason}", path=path, reason=error.strerror) from None


def _import_records(database: sqlite3.Connection, store: Store) -> None:
    """Add a row for each record of the store. Its fingerprints are compared when the video is processed."""
    ending = record_name("")
    for name in store.names():
        filename = name.removesuffix(ending)
        if filename == name or (record := read_record(store, filename)) is None:
            continue
        own = f"{CLIPS}/{filename}/"
        try:
            url, clips = record["source"]["url"], [segment["path"] for segment in record["segments"]]
        except (KeyError, TypeError):
            log.warning("%s is not a complete record: it is skipped", printable(name))
            continue
        mixed = record["filename"] != filename or not all(clip.startswith(own) for clip in clips)
        _import(database, storable(url), filename, mixed)


def _import(database: sqlite3.Connection, url: str, filename: str, mixed: bool) -> None:
    """Add a record. If two have the same URL, or names that differ only in case, both are processed again."""
    name = storable(filename).casefold()
    rivals = database.execute("SELECT url FROM videos WHERE url = ? OR name = ?", (url, name)).fetchall()
    if rivals:
        log.warning("%s is done again: it has the name or the URL of another record", printable(filename))
        database.executemany("UPDATE videos SET mixed = 1 WHERE url = ?", rivals)
    free = not rivals
    values = (url, storable(filename) if free else None, name if free else None, int(mixed or not free))
    sql = "INSERT OR IGNORE INTO videos (url, filename, name, settings, mixed) VALUES (?, ?, ?, '', ?)"
    database.execute(sql, values)


def _import_older(database: sqlite3.Connection, path: Path) -> None:
    """Import what an older vidkit noted as done, if the record is of the same URL.

    Two URLs with the same name were processed by two simultaneous runs: their files are mixed up.
    """
    if not path.exists():
        return
    execute = database.execute
    execute("CREATE TEMP TABLE older (url TEXT PRIMARY KEY, filename, name, version, settings) WITHOUT ROWID")
    with path.open("rb") as lines:
        rows = filter(None, map(note_line, lines))
        database.executemany("REPLACE INTO older VALUES (?, ?, ?, ?, ?)", rows)
    shared = "name IN (SELECT name FROM older GROUP BY name HAVING count(*) > 1)"
    for (filename,) in execute(f"SELECT filename FROM videos WHERE {shared}").fetchall():
        log.warning("%s is done again: two runs at once mixed up the files of that name", printable(filename))
    execute(f"UPDATE videos SET mixed = 1 WHERE {shared}")
    same = "FROM older WHERE older.url = videos.url AND older.name = videos.name"
    execute(
        f"UPDATE videos SET (version, settings) = (SELECT version, settings {same}) "
        f"WHERE mixed = 0 AND EXISTS (SELECT 1 {same})"
    )
    # A record that was removed is made again under its old name.
    execute(
        "INSERT OR IGNORE INTO videos (url, filename, name, version, settings) "
        "SELECT url, filename, name, version, settings FROM older"
    )
    execute("DROP TABLE older")


def note_line(line: bytes) -> tuple[str, str, str, str | None, str] | None:
    """Read a line of the older journal, or of a part of another machine's journal; None if it is incomplete."""
    try:
        url, filename, version, settings = json.loads(line)
        return storable(url), storable(filename), storable(filename).casefold(), version, str(settings)
    except (ValueError, TypeError, AttributeError):
        return None
