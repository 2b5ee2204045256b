"""Which name each URL has and which URLs are done: one database for all runs over a results folder, on all hosts.

The records are the source of truth. The journal avoids opening every record only to see that there is nothing to
do. It also keeps runs apart: a name belongs to one URL for good, and only one run at a time works on a URL
(`locks.py`).
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
# Videos that were left since they show the same as another one.
_COPIES = """CREATE TABLE IF NOT EXISTS copies (
    url TEXT PRIMARY KEY, version TEXT, kept TEXT NOT NULL
) WITHOUT ROWID"""
_POLL = 0.1  # seconds between two looks at what another run holds


class Entry(NamedTuple):
    """A finished video: its file name, the source's version, the settings it was made with.

    `settings` is empty where something is left to do: a description that failed, a library that was away.
    """

    filename: str
    version: str | None
    settings: str


class Journal:
    """The videos of one results folder; several threads, processes and hosts may use it at once.

    Every method raises OutputError where the database cannot be read or written.
    """

    def __init__(
        self,
        folder: Path,
        is_taken: Callable[[str, str], bool] = lambda filename, url: False,
        store: Store | None = None,
    ) -> None:
        """Open the journal in a folder, or make it from the records.

        Args:
            folder: where the database is.
            is_taken: whether a name that a URL is to have belongs to a file of somebody else's.
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
            # Where the records are elsewhere, other machines have journals of their own.
            elsewhere = self._store.folder is None
            with reported(self._path):
                self._database.execute(_COPIES)
            self._parts = Parts(self._database, self._lock, self._store) if elsewhere else None
            self._locks.end_opening()
        except BaseException:
            self._locks.close()
            raise

    def filename(self, url: str) -> str | None:
        """The file name of this URL, if it has one."""
        found = self._one("SELECT filename FROM videos WHERE url = ?", url)
        return str(found[0]) if found and found[0] is not None else None

    def is_mixed_up(self, url: str) -> bool:
        """Whether the files of this URL are another video's in part, as two runs of an older vidkit left them."""
        found = self._one("SELECT mixed FROM videos WHERE url = ?", url)
        return bool(found and found[0])

    def done(self, asked: Sequence[tuple[str, str | None]], settings: str) -> set[str]:
        """The URLs, of pairs of a URL and its source's version, for which nothing is to be done.

        They were erased (`erase`). Or the version is known and the same, so are the settings, and the record is
        there. In a bucket that is not looked at: it would be one request for each of millions.
        """
        gone = self._erased([url for url, _ in asked])
        # Of a URL that stands twice the later version counts.
        known = list({url: version for url, version in asked if version is not None}.items())
        keys = json.dumps([storable(url) for url, _ in known], ensure_ascii=False)
        sql = "SELECT key, version, filename FROM json_each(?) JOIN videos ON url = value "
        sql += "WHERE settings = ? AND mixed = 0"
        with self._lock, reported(self._path):
            found = self._database.execute(sql, (keys, settings)).fetchall()
        same = [(known[at][0], filename) for at, version, filename in found if known[at][1] == version]
        if self._store.folder is None:
            return gone | {url for url, _ in same}
        return gone | self._recorded(same)

    def claim(self, url: str, wanted: str) -> str:
        """The file name of this URL: the one that it has, else the wanted one, or that with a short hash where
        another URL has it. The same URL gets the same name in every run."""
        return self.claim_all([(url, wanted)])[0]

    def claim_all(self, wishes: Sequence[tuple[str, str]]) -> list[str]:
        """The file names of pairs of a URL and the name that it should have; the first comes first."""
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
        """Whether no other URL and no file of the user's own has a name: by the journal, by a record that was
        copied into the folder, by what is in the DownloadDirectory. A record in a bucket is not asked for here:
        whoever works on the video finds it, see `reclaim`."""
        if self._one("SELECT url FROM videos WHERE name = ?", filename.casefold()) is not None:
            return False
        recorded = None if self._parts else url_of_record(self._store, filename)
        return recorded == url or (recorded is None and not self._is_taken(filename, url))

    def reclaim(self, url: str, taken: str) -> str:
        """Another file name for this URL: another machine has published another URL's record under `taken`."""
        with self._lock, reported(self._path), transaction(self._database):
            now = self.filename(url)
            if now is not None and now != taken:
                return now
            # The name stays with nobody here; the next name is the same on every machine.
            self._database.execute("DELETE FROM videos WHERE url = ?", (storable(url),))
            names = [name for name in names_for(url, taken) if name != taken]
            filename = next(name for name in names if self._is_free(name, url))
            sql = "INSERT INTO videos (url, filename, name) VALUES (?, ?, ?)"
            self._database.execute(sql, (storable(url), filename, filename.casefold()))
            return filename

    def take(self, url: str) -> bool:
        """Begin to work on a URL; False while another run does."""
        return self._locks.take(url)

    def release(self, url: str) -> None:
        """Let others work on a URL that was taken."""
        self._locks.release(url)

    @contextmanager
    def working_on(self, url: str, stopped: Callable[[], bool]) -> Iterator[None]:
        """Work on a URL, as soon as no other run does; `take` may have begun it already.

        Raises:
            VidkitError: `stopped` says that there is no more time to wait.
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
            self._parts.send_in_time()

    def add_copy(self, url: str, version: str | None, kept: str) -> None:
        """Note that a video was left, since it shows the same as that of another URL."""
        with self._lock, reported(self._path):
            row = (storable(url), version, storable(kept))
            self._database.execute("REPLACE INTO copies (url, version, kept) VALUES (?, ?, ?)", row)

    def left_copy(self, url: str) -> tuple[str | None, str] | None:
        """Where the video of a URL was left as a copy: the version of its source, and the URL that was kept."""
        found = self._one("SELECT version, kept FROM copies WHERE url = ?", url)
        return (found[0] and str(found[0]), str(found[1])) if found else None  # type: ignore[return-value]

    def forget(self, url: str) -> None:
        """Note that the record of a URL was removed: it is made again when it is asked for."""
        if filename := self.filename(url):
            self.add(url, Entry(filename, None, ""))

    def erase(self, url: str) -> None:
        """Keep nothing of a URL but a hash, by which runs pass over it from now on, unless they are forced.

        In a bucket, the parts of the journals of all machines lose it too.
        """
        with self._lock, reported(self._path):
            erase_url(self._database, storable(url))
        if self._parts:
            with reported(self._path):
                self._parts.erase(storable(url))

    def _erased(self, urls: Sequence[str]) -> set[str]:
        with self._lock, reported(self._path):
            return erased_urls(self._database, urls)

    def hear(self) -> None:
        """Take over what other machines have noted; nothing where all share one folder.

        Raises:
            OutputError: the store fails.
        """
        if self._parts:
            with reported(self._path):
                self._parts.read()

    def tell(self) -> None:
        """Let other machines know what was noted here; a store that fails is a warning."""
        if self._parts:
            with reported(self._path):
                self._parts.send()

    def announce(self, priority: int | None) -> None:
        """Tell other runs that rows of this run's priority wait; None: none do."""
        self._locks.announce(priority)

    def is_outranked(self, priority: int) -> bool:
        """Whether rows of another run with a higher priority wait."""
        return self._locks.is_outranked(priority)

    def close(self) -> None:
        """Give all locks back."""
        with self._lock, reported(self._path):
            self._database.close()
        self._locks.close()

    def _recorded(self, same: Sequence[tuple[str, str]]) -> set[str]:
        """The URLs, of pairs of a URL and its file name, whose record is there.

        A record is there whole or not at all. To ask for its size too would take twice as long.
        """
        folder, end = str(self._store.folder), record_name("")
        if os.access not in os.supports_dir_fd:
            return {url for url, filename in same if os.access(f"{folder}/{filename}{end}", os.F_OK)}
        try:
            number = os.open(folder, os.O_RDONLY)
        except OSError:  # it is gone, and all records with it
            return set()
        try:  # the names alone: the system need not go down the folders again for each
            return {url for url, filename in same if os.access(f"{filename}{end}", os.F_OK, dir_fd=number)}
        finally:
            os.close(number)

    def _one(self, sql: str, key: str) -> tuple[object, ...] | None:
        with self._lock, reported(self._path):
            found: tuple[object, ...] | None = self._database.execute(sql, (storable(key),)).fetchone()
        return found


def names_for(url: str, wanted: str) -> Iterator[str]:
    """The names that a URL may have, the best first."""
    stem, extension = os.path.splitext(wanted)
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
    yield wanted
    for length in (8, 16, 32):
        yield f"{stem}-{digest[:length]}{extension}"
