"""Erase videos from a library file, so that the file has no data of them any more.

Deleting a row leaves its text in free pages, and in the indexes until their parts are merged. So the indexes are
merged, words that no other video has are deleted, and the file is rewritten. This takes long for a large library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from vidkit.library.sql import PLACE_BITS
from vidkit.library.sqlite.file import transaction
from vidkit.library.sqlite.writing import number_of, remove_video
from vidkit.messages import message


def forget_videos(connection: sqlite3.Connection, urls: Sequence[str]) -> list[str]:
    """Erase the videos of source URLs, on the connection for writing.

    Returns:
        Messages about data that could not be erased.
    """
    execute = connection.execute
    words: set[str] = set()
    with transaction(connection):
        for url in urls:
            number = number_of(connection, url)
            if number is not None:
                span = number << PLACE_BITS, (number + 1) << PLACE_BITS
                for own, shared in execute("SELECT own, shared FROM words WHERE rowid >= ? AND rowid < ?", span):
                    words.update(own.split(), shared.split())
                remove_video(connection, number)
                execute("UPDATE moved SET name = '' WHERE video = ?", (number,))
        for index in ("words", "facts"):
            execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
        execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.all_words USING fts5vocab ('main', 'words', 'row')")
        unused = [
            word for word in words if not execute("SELECT 1 FROM all_words WHERE term = ?", (word,)).fetchone()
        ]
        connection.executemany("DELETE FROM forms WHERE word = ?", [(word,) for word in unused])
    try:
        execute("VACUUM")
        (busy, _, _) = execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        busy = 1
    if busy:
        return [
            message("another program has the file open, so free pages still have texts: close it, and forget again")
        ]
    return []
