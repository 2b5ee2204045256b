"""Journals of several machines: each publishes parts of its journal as objects in the bucket of the records.

Machines that write into a bucket share no folder, so each has a journal of its own. A run writes what it has noted
into the bucket, some minutes' worth in each object. When it starts, it reads the objects that it has not read yet.
So a new machine knows what is done without reading any record. What a killed run could not send is not lost: its
machine sends it in the next run, and the records are complete in any case.
"""

from __future__ import annotations

import gzip
import json
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from vidkit.core import printable
from vidkit.core.stores import Store, within
from vidkit.core.units import timestamp
from vidkit.errors import OutputError
from vidkit.workflow.journal_database import note_line, transaction

log = logging.getLogger(__name__)

FOLDER = ".journal"
SECONDS = 300.0  # between two parts of a run
_MOST = 50_000  # entries of one part
_AT_ONCE = 8  # parts that are read at the same time
_TABLES = (
    # Entries that the bucket does not have yet. A newer entry of a URL gets a higher number.
    "CREATE TABLE IF NOT EXISTS unsent (number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT UNIQUE NOT NULL)",
    "CREATE TABLE IF NOT EXISTS parts (name TEXT PRIMARY KEY) WITHOUT ROWID",
)


class Parts:
    """The parts of the journals of all machines that work on one bucket; several threads may use it."""

    def __init__(self, database: sqlite3.Connection, lock: threading.RLock, store: Store) -> None:
        """
        Args:
            database: this machine's journal, which gets two more tables.
            lock: held while the database is used.
            store: has the records and the parts.
        """
        self._database = database
        self._lock = lock
        self._store = store
        self._sent_at = time.monotonic()
        for table in _TABLES:
            database.execute(table)

    def added(self, urls: list[str]) -> None:
        """Note that these URLs have a new entry. Call it in the transaction that writes the entry."""
        self._database.executemany("REPLACE INTO unsent (url) VALUES (?)", [(url,) for url in urls])

    def send_if_due(self) -> None:
        """Send new entries, if that was not done for some minutes. If it fails, they are sent next time."""
        if time.monotonic() < self._sent_at + SECONDS:
            return
        self._sent_at = time.monotonic()
        self.send()

    def send(self) -> None:
        """Send new entries to the bucket now. If it fails, a later run sends them."""
        try:
            while self._send_part():
                pass
        except OutputError as error:
            log.warning("other machines do not know yet what is done: %s", error)

    def _send_part(self) -> bool:
        sql = "SELECT number, url, filename, version, coalesce(settings, '') FROM unsent JOIN videos USING (url) "
        with self._lock:
            rows = self._database.execute(f"{sql} ORDER BY number LIMIT {_MOST}").fetchall()
        if not rows:
            return False
        lines = "".join(json.dumps(row[1:]) + "\n" for row in rows)
        name = f"{FOLDER}/{timestamp().replace(':', '')}-{secrets.token_hex(6)}.jsonl.gz"
        self._store.write(name, gzip.compress(lines.encode()))
        with self._lock, transaction(self._database):
            self._database.execute("DELETE FROM unsent WHERE number <= ?", (rows[-1][0],))
            self._database.execute("INSERT INTO parts VALUES (?)", (name,))
        return True

    def read(self) -> None:
        """Read what other machines have sent to the bucket since the last time.

        Raises:
            OutputError: the store fails.
        """
        with self._lock:
            known = {name for (name,) in self._database.execute("SELECT name FROM parts")}
        names = sorted(f"{FOLDER}/{name}" for name in self._store.names(FOLDER))
        new = [name for name in names if name not in known and name.endswith(".jsonl.gz")]
        if not new:
            return
        log.info("reading %d parts of the journals of other machines", len(new))
        with self._lock, transaction(self._database):
            _merge(self._database, self._lines(new))
            self._database.executemany("INSERT OR IGNORE INTO parts VALUES (?)", [(name,) for name in new])

    def erase(self, url: str) -> None:
        """Take a URL out of the parts in the bucket.

        Raises:
            OutputError: the store fails.
        """
        names = sorted(f"{FOLDER}/{name}" for name in self._store.names(FOLDER) if name.endswith(".jsonl.gz"))
        for name in names:
            with suppress(OSError, EOFError, ValueError):  # `read` skips such a part too
                lines = gzip.decompress(self._content(name)).splitlines(keepends=True)
                kept = [line for line in lines if (note_line(line) or ("",))[0] != url]
                if len(kept) < len(lines):
                    self._store.write(name, gzip.compress(b"".join(kept)))

    def _lines(self, names: list[str]) -> Iterator[bytes]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                for name, content in zip(some, pool.map(self._content, some), strict=True):
                    try:
                        yield from gzip.decompress(content).splitlines()
                    except (OSError, EOFError, ValueError):
                        place = printable(within(self._store.address, name))
                        log.warning("%s is not a part of a journal: it is skipped", place)

    def _content(self, name: str) -> bytes:
        with suppress(FileNotFoundError):  # deleted meanwhile
            return self._store.read(name)
        return gzip.compress(b"")


def _merge(database: sqlite3.Connection, lines: Iterator[bytes]) -> None:
    """Add entries of other machines. The last one of a URL counts; unsent entries of this machine win."""
    execute = database.execute
    execute("CREATE TEMP TABLE received (url TEXT PRIMARY KEY, filename, name, version, settings) WITHOUT ROWID")
    database.executemany("REPLACE INTO received VALUES (?, ?, ?, ?, ?)", filter(None, map(note_line, lines)))
    execute("CREATE INDEX temp.received_names ON received (name)")
    execute("DELETE FROM received WHERE url IN (SELECT url FROM unsent)")
    # If another machine was faster with a name that was claimed here, the URL here gets another name.
    execute(
        "DELETE FROM videos WHERE settings IS NULL AND EXISTS "
        "(SELECT 1 FROM received WHERE received.name = videos.name AND received.url <> videos.url)"
    )
    execute(
        "INSERT OR IGNORE INTO videos (url, filename, name, version, settings) "
        "SELECT url, filename, name, version, settings FROM received WHERE true "
        "ON CONFLICT (url) DO UPDATE SET filename = excluded.filename, name = excluded.name, "
        "version = excluded.version, settings = excluded.settings, mixed = 0"
    )
    execute("DROP TABLE received")
