"""The `source` of a record: from its row, or else from the older record."""

from __future__ import annotations

from contextlib import suppress

from vidkit.errors import LibraryError
from vidkit.record import Record, Source
from vidkit.rows import Row
from vidkit.workflow.run import Run


def older_record(run: Run, url: str, filename: str | None) -> Record | None:
    """The older record of a URL: its JSON or, if that is lost, the one in the library.

    Args:
        run: has the results store and what all videos share.
        url: as `source.url` of records.
        filename: the name of the video, if it has one.
    """
    record = run.layout.record(url, filename) if filename else None
    if record is None:
        with suppress(LibraryError):  # saving the new record reports it
            found = (entry.record for entry in run.shared.find(url))
            record = next((known for known in found if known["source"]["url"] == url), None)
    return record


def source_of(row: Row, url: str, resolved_url: str, older: Record | None) -> Source:
    """The `source` of the new record.

    Values of the row win, even an empty cell in a column of the user. What the row does not have is kept from the
    older record: a URL alone has no size, date and labels, and a CSV may have fewer columns than before.

    Args:
        row: the row that is processed.
        url: as `source.url` of records.
        resolved_url: the URL that was downloaded in the end.
        older: the older record of the URL.
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
