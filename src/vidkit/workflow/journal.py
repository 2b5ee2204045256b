"""The file name of each URL, and which URLs are done: one database for all runs over a results folder.

The records are the source of truth. The journal avoids opening every record just to find that nothing is to be
done. It also keeps runs from mixing up their files: a file name always belongs to one URL, and only one run at a
time works on a URL (`locks.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from vidkit.core import JOURNAL
from vidkit.core.locks import Locks
from vidkit.core.stores import LocalStore, Store
from vidkit.errors import VidkitError
from vidkit.library.text import storable
from vidkit.record import record_name
from vidkit.workflow.journal_database import open_database, reported, transaction, url_of_record
from vidkit.workflow.journal_erased import erase_url, erased_urls, take_up_again
from vidkit.workflow.journal_parts import Parts

LOCKS = ".vidkit.lock"
# Videos that were skipped because they are copies of another one.
_COPIES = """CREATE TABLE IF NOT EXISTS copies (
    url TEXT PRIMARY KEY, version TEXT, kept TEXT NOT NULL
) WITHOUT ROWID"""
_POLL = 0.1  # seconds between two tries to get a lock


class Entry(NamedTuple):
    """A finished video: its file name, the source's version, the settings it was made with.

    `settings` is empty if something is left to do: a description failed, or the library could not be written.
    """

    filename: str
    version: str | None
    settings: str


class Journal:
    """The videos of one results folder; several threads, processes and hosts may use it at once.

    Every method raises OutputError if the database cannot be read or written.
    """

    def __init__(
        self,
        folder: Path,
        is_taken: Callable[[str, str], bool] = lambda filename, url: False,
        store: Store | None = None,
    ) -> None:
        """Open the journal in a folder, or create it from the records.

        Args:
            folder: where the database is.
            is_taken: whether a file name for a URL is already used by another file.
            store: where the records are, by default in the same folder.
        """
        self._store = store or LocalStore(folder)
        self._is_taken = is_taken
        self._path = folder / JOURNAL
        self._lock = threading.RLock()
        self._locks = Locks(folder / LOCKS)
        try:
            while not self._locks.begin_opening():
                time.sleep(_POLL)
            self._database = open_database(folder, self._store, self._locks.alone())
            # If the records are in a bucket, other machines have journals of their own.
            in_bucket = self._store.folder is None
            with reported(self._path):
                self._database.execute(_COPIES)
            self._parts = Parts(self._database, self._lock, self._store) if in_bucket else None
            self._locks.end_opening()
        except BaseException:
            self._locks.close()
            raise

    def filename(self, url: str) -> str | None:
        """The file name of this URL, if it has one."""
        found = self._one("SELECT filename FROM videos WHERE url = ?", url)
        return str(found[0]) if found and found[0] is not None else None

    def is_mixed_up(self, url: str) -> bool:
        """Whether two simultaneous runs of an older vidkit mixed up the files of this URL with another video's."""
        found = self._one("SELECT mixed FROM videos WHERE url = ?", url)
        return bool(found and found[0])

    def done(self, asked: Sequence[tuple[str, str | None]], settings: str) -> set[str]:
        """The URLs for which nothing is to be done, among pairs of a URL and its source's version.

        Either the URL was erased (`erase`), or the version is known and the same, the settings are the same, and
        the record exists. In a bucket, the record is not checked: that would be one request for each of millions.
        """
        # If a URL is there twice, the later version counts.
        known = list({url: version for url, version in asked if version is not None}.items())
        keys = json.dumps([storable(url) for url, _ in known], ensure_ascii=False)
        sql = "SELECT key, version, filename FROM json_each(?) JOIN videos ON url = value "
        sql += "WHERE settings = ? AND mixed = 0"
        with self._lock, reported(self._path):
            erased = erased_urls(self._database, [url for url, _ in asked])
            found = self._database.execute(sql, (keys, settings)).fetchall()
        same = [(known[at][0], filename) for at, version, filename in found if known[at][1] == version]
        if self._store.folder is None:
            return erased | {url for url, _ in same}
        return erased | self._recorded(same)

    def claim(self, url: str, wanted: str) -> str:
        """The file name of this URL: its old one, or else the wanted one, with a short hash if another URL has it.

        The same URL gets the same name in every run.
        """
        return self.claim_all([(url, wanted)])[0]

    def claim_all(self, wishes: Sequence[tuple[str, str]]) -> list[str]:
        """The file names for pairs of a URL and its wanted name. The first pair with a name gets it."""
        with self._lock, reported(self._path):
            names = [self.filename(url) for url, _ in wishes]
            if not all(names):
                with transaction(self._database):
                    names = [self._claimed(*wish) for wish in wishes]
        return [name for name in names if name]

    def _claimed(self, url: str, wanted: str) -> str:
        filename = self.filename(url)
        if filename is None:
            filename = next(name for name in names_for(url, wanted) if self._is_free(name, url))
            sql = "INSERT INTO videos (url, filename, name) VALUES (?, ?, ?) ON CONFLICT (url) DO UPDATE SET "
            sql += "filename = excluded.filename, name = excluded.name"
            self._database.execute(sql, (storable(url), filename, filename.casefold()))
        return filename

    def _is_free(self, filename: str, url: str) -> bool:
        """Whether no other URL and no file of the user has a name.

        This is checked in the journal, for a record copied into the folder, and in the DownloadDirectory. A record
        in a bucket is not looked up here: it is found when the video is processed, see `reclaim`.
        """
        if self._one("SELECT url FROM videos WHERE name = ?", filename.casefold()) is not None:
            return False
        recorded = None if self._parts else url_of_record(self._store, filename)
        return recorded == url or (recorded is None and not self._is_taken(filename, url))

    def reclaim(self, url: str, taken: str) -> str:
        """A new file name for this URL: another machine has published another URL's record under `taken`."""
        with self._lock, reported(self._path), transaction(self._database):
            now = self.filename(url)
            if now is not None and now != taken:
                return now
            # No URL has the name here now; the next name is the same on every machine.
            self._database.execute("DELETE FROM videos WHERE url = ?", (storable(url),))
            names = [name for name in names_for(url, taken) if name != taken]
            filename = next(name for name in names if self._is_free(name, url))
            sql = "INSERT INTO videos (url, filename, name) VALUES (?, ?, ?)"
            self._database.execute(sql, (storable(url), filename, filename.casefold()))
            return filename

    def take(self, url: str) -> bool:
        """Lock a URL for this run; False if another run works on it."""
        return self._locks.take(url)

    def release(self, url: str) -> None:
        """Unlock a URL."""
        self._locks.release(url)

    @contextmanager
    def working_on(self, url: str, stopped: Callable[[], bool]) -> Iterator[None]:
        """Hold the lock of a URL. Waits until no other run holds it; `take` may have locked it before.

        Raises:
            VidkitError: `stopped` returned True while another run held it.
        """
        while not self._locks.holds(url) and not self._locks.take(url):
            if stopped():
                raise VidkitError("{url}: stopped while another run was at it", url=url)
            time.sleep(_POLL)
        try:
            yield
        finally:
            self._locks.release(url)

    def add(self, url: str, entry: Entry) -> None:
        """Note that a video is finished."""
        self.add_all([(url, entry)])

    def add_all(self, finished: Sequence[tuple[str, Entry]]) -> None:
        """Note that some videos are finished: pairs of a URL and its entry, written together."""
        sql = "SELECT filename, version, settings, mixed FROM videos WHERE url = ?"
        with self._lock, reported(self._path):
            new = [(url, entry) for url, entry in finished if self._one(sql, url) != (*entry, 0)]
            if not new:
                return
            with transaction(self._database):
                sql = "INSERT INTO videos (url, filename, name, version, settings) VALUES (?, ?, ?, ?, ?) "
                sql += "ON CONFLICT (url) DO UPDATE SET filename = excluded.filename, name = excluded.name, "
                sql += "version = excluded.version, settings = excluded.settings, mixed = 0"
                rows = [(storable(url), each.filename, each.filename.casefold(), *each[1:]) for url, each in new]
                self._database.executemany(sql, rows)
                take_up_again(self._database, [row[0] for row in rows])
                if self._parts:
                    self._parts.added([row[0] for row in rows])
        if self._parts:
            self._parts.send_if_due()

    def add_copy(self, url: str, version: str | None, kept: str) -> None:
        """Note that a video was skipped because it is a copy of that of the URL `kept`."""
        with self._lock, reported(self._path):
            row = (storable(url), version, storable(kept))
            self._database.execute("REPLACE INTO copies (url, version, kept) VALUES (?, ?, ?)", row)

    def skipped_copy(self, url: str) -> tuple[str | None, str] | None:
        """If a video was skipped as a copy: the version of its source, and the URL of the video that was kept."""
        found = self._one("SELECT version, kept FROM copies WHERE url = ?", url)
        return (found[0] and str(found[0]), str(found[1])) if found else None  # type: ignore[return-value]

    def forget(self, url: str) -> None:
        """Note that the record of a URL was removed: the next run with this URL makes it again."""
        if filename := self.filename(url):
            self.add(url, Entry(filename, None, ""))

    def erase(self, url: str) -> None:
        """Keep only a hash of a URL. Later runs skip the URL, unless they are forced.

        In a bucket, the parts of the journals of all machines lose it too.
        """
        with self._lock, reported(self._path):
            erase_url(self._database, storable(url))
        if self._parts:
            with reported(self._path):
                self._parts.erase(storable(url))

    def pull(self) -> None:
        """Read what other machines have noted; does nothing if all share one folder.

        Raises:
            OutputError: the store fails.
        """
        if self._parts:
            with reported(self._path):
                self._parts.read()

    def push(self) -> None:
        """Publish what was noted here to other machines. If the store fails, a warning is logged."""
        if self._parts:
            with reported(self._path):
                self._parts.send()

    def announce(self, priority: int | None) -> None:
        """Tell other runs that rows with this run's priority wait; None: no rows wait."""
        self._locks.announce(priority)

    def is_outranked(self, priority: int) -> bool:
        """Whether rows of another run with a higher priority wait."""
        return self._locks.is_outranked(priority)

    def close(self) -> None:
        """Close the database and release all locks."""
        with self._lock, reported(self._path):
            self._database.close()
        self._locks.close()

    def _recorded(self, same: Sequence[tuple[str, str]]) -> set[str]:
        """The URLs whose record exists, among pairs of a URL and its file name.

        A record exists completely or not at all. Reading its size too would take twice as long.
        """
        folder, end = str(self._store.folder), record_name("")
        if os.access not in os.supports_dir_fd:
            return {url for url, filename in same if os.access(f"{folder}/{filename}{end}", os.F_OK)}
        try:
            number = os.open(folder, os.O_RDONLY)
        except OSError:  # the folder is gone, and with it all records
            return set()
        try:  # names relative to the folder: the system does not resolve its path again for each
            return {url for url, filename in same if os.access(f"{filename}{end}", os.F_OK, dir_fd=number)}
        finally:
            os.close(number)

    def _one(self, sql: str, key: str) -> tuple[object, ...] | None:
        with self._lock, reported(self._path):
            found: tuple[object, ...] | None = self._database.execute(sql, (storable(key),)).fetchone()
        return found


def names_for(url: str, wanted: str) -> Iterator[str]:
    """The possible file names of a URL, the best first."""
    stem, extension = os.path.splitext(wanted)
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    yield wanted
    for length in (8, 16, 32):
        yield f"{stem}-{digest[:length]}{extension}"
