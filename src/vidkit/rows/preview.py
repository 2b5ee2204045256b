"""A preview of a CSV: its columns, and how its first rows are read."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vidkit.core import printable, shown_url, without_secrets
from vidkit.errors import ConfigError
from vidkit.rows import BadRow, Row, read_header, read_rows
from vidkit.rows.counting import count_rows
from vidkit.rows.table import TimeUpError

_MAX_COLUMNS = 200


class RowError(NamedTuple):
    """A row that cannot be read."""

    line: int
    reason: str


@dataclass
class CsvPreview:
    """The beginning of a CSV.

    Attributes:
        columns: the names of its columns.
        url_column: the column with the URLs; None in a listing.
        rows: the number of rows; None if counting them takes too long.
        checked: how many rows were read for errors.
        errors: the first rows that cannot be read.
        sample: the first rows that can be read, as they would be processed.
    """

    columns: list[str]
    url_column: str | None
    rows: int | None = None
    checked: int = 0
    errors: list[RowError] = field(default_factory=list)
    sample: list[dict[str, object]] = field(default_factory=list)


def preview_csv(
    csv_file: str | os.PathLike[str],
    base_url: str | None = None,
    *,
    errors: int = 20,
    sample: int = 10,
    rows: int = 200_000,
    seconds: float = 2.0,
) -> CsvPreview:
    """Read the beginning of a CSV.

    Args:
        csv_file: the file.
        base_url: base URL of the files, for rows that have a name but no URL.
        errors: maximum number of rows in `CsvPreview.errors`.
        sample: maximum number of rows in `CsvPreview.sample`.
        rows: maximum number of rows to read.
        seconds: maximum time for reading, and again for counting.

    Raises:
        ConfigError: the whole file is wrong, as for `read_video_metadata_from_csv`.
    """
    path, until = Path(csv_file), time.monotonic() + seconds
    try:
        header = read_header(path, base_url, until)
    except TimeUpError:
        raise ConfigError("{path} does not begin with the names of its columns", path=printable(path)) from None
    found = CsvPreview([printable(name)[:200] for name in header.columns[:_MAX_COLUMNS]], header.url_column)
    ended = False
    with suppress(TimeUpError):
        for row in read_rows(path, base_url, until):
            found.checked += 1
            if isinstance(row, BadRow) and len(found.errors) < errors:
                found.errors.append(RowError(row.line, printable(without_secrets(row.reason))))
            elif isinstance(row, Row) and len(found.sample) < sample:
                found.sample.append(_shown(row))
            if found.checked >= rows or time.monotonic() > until:
                break
        ended = True
    if ended and not found.checked:
        raise ConfigError("{path} has a header and no rows under it", path=printable(path))
    found.rows = count_rows(path, seconds)
    return found


def _shown(row: Row) -> dict[str, object]:
    columns = {name: printable(cell)[:200] for name, cell in list(row.columns.items())[:_MAX_COLUMNS]}
    return {
        "line": row.line,
        "url": printable(shown_url(row.url))[:2000],
        "name": row.file_name and printable(row.file_name),
        "size": row.file_size,
        "modified": row.last_modified,
        "columns": columns,
    }
