"""Erased videos in a journal: a hash of each URL, so that no later run downloads them again."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from vidkit.library.text import storable
from vidkit.workflow.journal_database import reported, transaction

_TABLE = "CREATE TABLE IF NOT EXISTS erased (digest TEXT PRIMARY KEY) WITHOUT ROWID"


def erase_url(database: sqlite3.Connection, url: str) -> None:
    """Keep only the hash of a URL, and rewrite the file: deleted rows would otherwise stay readable in it."""
    with transaction(database):
        database.execute(_TABLE)
        database.execute("DELETE FROM videos WHERE url = ?", (url,))
        database.execute("INSERT OR IGNORE INTO erased VALUES (?)", (_digest(url),))
        if _has(database, "copies"):
            database.execute("DELETE FROM copies WHERE url = ? OR kept = ?", (url, url))
        if _has(database, "unsent"):
            database.execute("DELETE FROM unsent WHERE url = ?", (url,))
    database.execute("VACUUM")


def erased_urls(database: sqlite3.Connection, urls: Iterable[str]) -> set[str]:
    """Which of these URLs were erased."""
    if not _has(database, "erased"):
        return set()
    known = {_digest(storable(url)): url for url in urls}
    found = database.execute(
        "SELECT digest FROM json_each(?) JOIN erased ON digest = value", (json.dumps(list(known)),)
    )
    return {known[digest] for (digest,) in found}


def erased_count(path: Path) -> int | None:
    """The number of erased URLs in a journal, without changing the file; None if there is no journal.

    Raises:
        OutputError: it cannot be read.
    """
    if not path.is_file():
        return None
    with reported(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM erased").fetchone()[0]) if _has(database, "erased") else 0


def take_up_again(database: sqlite3.Connection, urls: Iterable[str]) -> None:
    """Forget that URLs were erased: they were processed again. Call it in a transaction."""
    if _has(database, "erased"):
        database.executemany("DELETE FROM erased WHERE digest = ?", [(_digest(url),) for url in urls])


def _has(database: sqlite3.Connection, table: str) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _digest(url: str) -> str:
    return hashlib.sha256(f"erased {url}".encode("utf-8", "surrogatepass")).hexdigest()
