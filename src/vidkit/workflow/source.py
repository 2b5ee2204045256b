"""Where a video comes from, as its record says it: what its row tells, and beside that what earlier rows told."""

from __future__ import annotations

from contextlib import suppress

from vidkit.errors import LibraryError
from vidkit.record import Record, Source
from vidkit.rows import Row
from vidkit.workflow.run import Run


def older_record(run: Run, url: str, filename: str | None) -> Record | None:
    """The record that a URL has until now: its JSON or, where that is lost, the library's.

    Args:
        run: the folders, and what all videos share.
        url: as records call it (`source.url`).
        filename: the name that the video has, where it has one.
    """
    record = run.layout.record(url, filename) if filename else None
    if record is None:
        with suppress(LibraryError):  # where it is away, storing the new record says so
            found = (entry.record for entry in run.shared.find(url))
            record = next((known for known in found if known["source"]["url"] == url), None)
    return record


def source_of(row: Row, url: str, resolved_url: str, older: Record | None) -> Source:
    """What the new record says of its source.

    The row wins, an empty cell under a column of the user's own too. What it does not tell stays as the older
    record has it: a URL alone tells nothing of size, date and labels, a CSV nothing of columns that it has not got.

    Args:
        row: what is asked for now.
        url: as records call it.
        resolved_url: what was fetched in the end.
        older: the record that the URL has until now.
    """
    before = older["source"] if older else None
    return {
        "url": url,
        "resolved_url": resolved_url,
        "file_name": row.file_name or (before and before["file_name"]),
        "file_size": row.file_size or (before and before["file_size"]),
        "last_modified": row.last_modified or (before and before["last_modified"]),
        "columns": {**(before["columns"] if before else {}), **row.columns},
    }
