"""Read the rows of a CSV, one for each video. Rows are read on demand."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from vidkit.core import printable, shown_url
from vidkit.core.bucket_files import is_prefix
from vidkit.core.buckets import is_bucket
from vidkit.core.stores import Address
from vidkit.errors import ConfigError
from vidkit.messages import either, message
from vidkit.rows.listing import (
    AWK_COLUMNS,
    CUT,
    Listed,
    ignored_reason,
    listed_cells,
    public_url,
    read_listed,
    rejoin,
)
from vidkit.rows.objects import rows_in_prefix
from vidkit.rows.row import BadRow, CsvRow, Filters, IgnoredRow, Row
from vidkit.rows.table import (
    LONE_SURROGATES,
    MAX_COLUMNS,
    cells_of,
    column_name,
    find_column,
    find_delimiter,
    open_text,
    readable_cells,
    records,
    too_many_cells,
)

__all__ = [
    "DURATION_COLUMNS",
    "FAILURE_COLUMNS",
    "MODIFIED_COLUMNS",
    "NAME_COLUMNS",
    "PRIORITY_COLUMNS",
    "SIZE_COLUMNS",
    "URL_COLUMNS",
    "BadRow",
    "CsvRow",
    "Filters",
    "Header",
    "IgnoredRow",
    "Row",
    "read_header",
    "read_video_metadata_from_csv",
]

# The known column names; if a CSV has several, the first name here wins. `File Name` and `fileName` are
# `file_name`.
URL_COLUMNS = ("public_url", "url", "video_url", "link", "contentUrl")
NAME_COLUMNS = ("file_name", "filename", "name")
SIZE_COLUMNS = ("file_size", "size")
MODIFIED_COLUMNS = ("last_modified", "modified")
DURATION_COLUMNS = ("duration",)
PRIORITY_COLUMNS = ("priority",)
# The columns that `failures.csv` adds. They are not part of the row when that file is read.
FAILURE_COLUMNS = ("failed_stage", "failed_reason")
_KNOWN = (URL_COLUMNS, NAME_COLUMNS, SIZE_COLUMNS, MODIFIED_COLUMNS, DURATION_COLUMNS, PRIORITY_COLUMNS)
_HTTP = re.compile(r"\s*https?://", re.IGNORECASE)
_SHOWN = 300  # characters of a bad row


def read_video_metadata_from_csv(csv_file: str | os.PathLike[str], base_url: str | None = None) -> Iterator[CsvRow]:
    """Read the rows of a CSV, one by one, in order. No row is dropped: a bad one is a `BadRow` with the reason.

    It reads tables with a header (UTF-8 or UTF-16; comma, semicolon, tab or `|`), the output of
    `rclone lsf --format pst`, with or without `--csv`, and the output of the awk command in `listing`.

    Args:
        csv_file: the file, or a pipe; or an address in a bucket, such as `s3://videos/list.csv`. An address that
            ends in a slash is a folder: its videos are the rows.
        base_url: base URL of the bucket, for rows that have a name but no URL.

    Raises:
        ConfigError: the file cannot be read, is not text, has no rows, or has no URLs or names of videos.
    """
    if is_prefix(csv_file):
        return rows_in_prefix(str(csv_file))
    path = _address(csv_file)
    rows = read_rows(path, base_url)
    first = next(rows, None)  # so that an error of the whole file is raised now
    if first is None:
        raise ConfigError("{path} has a header and no rows under it", path=printable(path))
    return itertools.chain((first,), rows)


def _address(csv_file: str | os.PathLike[str]) -> Address:
    return str(csv_file) if is_bucket(csv_file) else Path(csv_file)


class Header(NamedTuple):
    """The names of a CSV's columns, and the name of the column with the URLs; None in a listing, which has none."""

    columns: tuple[str, ...]
    url_column: str | None


def read_header(
    csv_file: str | os.PathLike[str], base_url: str | None = None, until: float | None = None
) -> Header:
    """The columns of a CSV or a listing, as `read_video_metadata_from_csv` reads them.

    Raises:
        ConfigError: as there.
        TimeUpError: as `read_rows`.
    """
    path = _address(csv_file)
    with open_text(path, until) as lines:
        line, separator, lines = _beginning(lines, path)
        if _is_listing(line):
            return Header(AWK_COLUMNS[:3], None)
        if rejoin(line):
            return Header(AWK_COLUMNS, AWK_COLUMNS[3])
        columns = _header(lines, separator or find_delimiter(line, _score), path, base_url)
    return Header(tuple(columns.header), None if columns.url is None else columns.header[columns.url])


def read_rows(path: Address, base_url: str | None, until: float | None = None) -> Iterator[CsvRow]:
    """The rows of a file, also if there are none; see `read_video_metadata_from_csv`.

    Args:
        path: the file.
        base_url: base URL of the bucket.
        until: the time of `time.monotonic` after which no more lines are read; None: all lines are read.

    Raises:
        ConfigError: as there.
        TimeUpError: it is later than `until`.
    """
    with open_text(path, until) as lines:
        line, separator, lines = _beginning(lines, path)
        if _is_listing(line):
            yield from _listing(lines, path, base_url)
        elif rejoin(line):
            yield from _table(lines, _columns(",", AWK_COLUMNS), base_url)
        else:
            delimiter = separator or find_delimiter(line, _score)
            yield from _table(lines, _header(lines, delimiter, path, base_url), base_url)


def _beginning(
    lines: Iterator[tuple[int, str]], path: Address
) -> tuple[str, str | None, Iterator[tuple[int, str]]]:
    """The first line that is not blank, the delimiter if a line before it names one, and the lines from it on."""
    first = next((line for line in lines if line[1].strip()), None)
    if first is None:
        raise ConfigError("{path} is empty", path=printable(path))
    separator = re.fullmatch(r"sep=(.)\s*", first[1])  # a line that Excel writes and reads
    if separator:
        first = next(lines, first)
    return first[1].rstrip("\r\n"), separator and separator[1], itertools.chain((first,), lines)


def _is_listing(line: str) -> bool:
    return (read_listed(line) or listed_cells(cells_of(line, ",") or [])) is not None


def _listing(lines: Iterator[tuple[int, str]], path: Address, base_url: str | None) -> Iterator[CsvRow]:
    """The rows of `rclone lsf --format pst`, with or without `--csv`."""
    if not base_url:
        raise ConfigError(
            "{path} is a listing by rclone, which has no URLs: give the bucket's address with "
            "--base-url https://...",
            path=printable(path),
        )
    for number, line in lines:
        line = line.rstrip("\r\n")
        listed = read_listed(line) or listed_cells(cells_of(line, ",") or [])
        if listed:
            yield _listed_row(number, listed, base_url)
        elif line.strip():
            yield BadRow(
                number,
                line[:_SHOWN],
                message("it is not name, size and time as `rclone lsf --format pst` has them"),
            )


def _listed_row(number: int, listed: Listed, base_url: str | None = None) -> Row | IgnoredRow:
    why = ignored_reason(listed.name)
    if why:
        return IgnoredRow(number, listed.name, why)
    url = listed.url or public_url(base_url or "", listed.name)
    return Row(number, url, listed.name, listed.size, listed.modified)


@dataclass(frozen=True)
class _Columns:
    """The columns of a table: indexes from 0."""

    delimiter: str
    header: Sequence[str]
    url: int | None
    name: int | None
    size: int | None
    modified: int | None
    duration: int | None
    priority: int | None
    others: Sequence[tuple[int, str]]
    by_awk: bool

    @cached_property
    def padding(self) -> list[str]:
        """The cells of an empty row, and one more cell."""
        return [""] * (len(self.header) + 1)

    @cached_property
    def known(self) -> Callable[[list[str]], tuple[str, ...]]:
        """Returns the known cells in the order of `Row`; for a missing column, the cell after the last."""
        places = (self.url, self.name, self.size, self.modified, self.duration, self.priority)
        return itemgetter(*(len(self.header) if place is None else place for place in places))


def _columns(delimiter: str, header: Sequence[str]) -> _Columns:
    url, file_name, size, modified, duration, priority = (find_column(header, names) for names in _KNOWN)
    names: dict[str, None] = {}
    for number, written in enumerate(header, 1):
        other = written or f"column_{number}"
        while other in names:
            other += f"_{number}"
        names[other] = None
    known = (url, file_name, size, modified)
    others = [(i, name) for i, name in enumerate(names) if i not in known and name not in FAILURE_COLUMNS]
    by_awk = [column_name(name) for name in header] == [column_name(name) for name in AWK_COLUMNS]
    return _Columns(delimiter, header, url, file_name, size, modified, duration, priority, others, by_awk)


def _header(lines: Iterator[tuple[int, str]], delimiter: str, path: Address, base_url: str | None) -> _Columns:
    """Read the header of a table.

    Raises:
        ConfigError: no column has the URLs or names of the videos.
    """
    _, _, cells = next(records(lines, delimiter, None))
    if cells is None or LONE_SURROGATES.search("".join(cells)):
        raise ConfigError("{path} is not text in UTF-8 or UTF-16. Save it as CSV UTF-8", path=printable(path))
    if len(cells) > MAX_COLUMNS:
        raise ConfigError(
            "{path} has {count:,} columns, and at most {most:,} are read",
            path=printable(path),
            count=len(cells),
            most=MAX_COLUMNS,
        )
    columns = _columns(delimiter, [cell.strip() for cell in cells])
    if columns.url is None and (columns.name is None or not base_url):
        if any(map(_HTTP.match, columns.header)):
            raise ConfigError(
                "{path} begins with a URL, and a CSV begins with the names of its columns: put a line "
                "such as {name} before it",
                path=printable(path),
                name=URL_COLUMNS[0],
            )
        hint = message(" (or give --base-url, which goes with the names)") if columns.name is not None else ""
        raise ConfigError(
            "{path} has no column of URLs; its columns are: {seen}. Name one of them {names}{hint}",
            path=printable(path),
            seen=printable(", ".join(columns.header))[:_SHOWN],
            names=either(URL_COLUMNS),
            hint=hint,
        )
    return columns


def _score(cells: list[str]) -> tuple[int, ...]:
    known = [find_column(cells, names) is not None for names in _KNOWN]
    return known[0], sum(known)


def _table(lines: Iterator[tuple[int, str]], columns: _Columns, base_url: str | None) -> Iterator[CsvRow]:
    """The rows of a table with a header, also of one that the awk command made."""
    split = False
    if columns.by_awk:
        head = list(itertools.islice(lines, 200))
        lines, split = itertools.chain(head, lines), any(rejoin(line.rstrip("\r\n")) for _, line in head)
    width, by_awk = len(columns.header), columns.by_awk
    for number, text, cells in records(lines, columns.delimiter, width):
        listed = rejoin(text.rstrip("\r\n")) if by_awk and ";" in text else None
        if listed:
            split = True
            yield _listed_row(number, listed)
            continue
        plain = not by_awk and text.isascii() and "\0" not in text  # nothing to repair
        try:
            if plain and cells is not None and len(cells) <= width:
                yield _row(number, cells, columns, base_url)
            else:
                yield _row(number, _repaired_cells(text, cells, columns, split), columns, base_url)
        except ValueError as error:
            if cells is None or any(map(str.strip, cells)):  # it is not blank
                yield BadRow(number, text[:_SHOWN].rstrip("\r\n"), str(error))


def _repaired_cells(text: str, cells: list[str] | None, columns: _Columns, split: bool) -> list[str]:
    """The repaired cells of a row, at most as many as the header has.

    Args:
        split: whether other rows show that the awk command made the table.

    Raises:
        ValueError: the row cannot be read; the message says why.
    """
    cells = readable_cells(text, cells, len(columns.header))
    if len(cells) > len(columns.header):
        if split:
            raise ValueError(CUT)
        cells = _requoted(cells, columns)
    if columns.by_awk and len(cells) == len(AWK_COLUMNS) and _has_split_name(cells, split):
        raise ValueError(CUT)
    return cells


def _has_split_name(cells: list[str], split: bool) -> bool:
    """Whether words of the name are in the columns of the size and the time."""
    name, size, modified, url = cells
    row = Row(0, url, name, size, modified)
    sized = not size or size.isdecimal() or row.size_bytes is not None
    if (sized and not split) or not url.endswith(name):
        return False
    dated = not modified or row.modified is not None
    return not (sized and dated) if split else not dated


def _requoted(cells: list[str], columns: _Columns) -> list[str]:
    """The cells of a row with too many, if the reason is a name or a URL with delimiters and without quotes.

    Raises:
        ValueError: the reason is another one.
    """
    extra = len(cells) - len(columns.header)
    urls = [index for index, cell in enumerate(cells) if _HTTP.match(cell)]
    if columns.url is not None and len(urls) == 1 and 0 <= urls[0] - columns.url <= extra:
        in_name = urls[0] - columns.url
        in_url = extra - in_name
        named = columns.name is not None and columns.name < columns.url
        if (named or not in_name) and (columns.url == len(columns.header) - 1 or not in_url):
            cells = _joined(cells, urls[0], in_url, columns.delimiter)
            return _joined(cells, columns.name or 0, in_name, columns.delimiter)
    raise too_many_cells(cells, len(columns.header), columns.delimiter)


def _joined(cells: list[str], start: int, more: int, delimiter: str) -> list[str]:
    """The cells, with the cell at `start` and `more` cells after it joined."""
    end = start + more + 1
    return [*cells[:start], delimiter.join(cells[start:end]), *cells[end:]]


def _without_password(cell: str) -> str:
    return shown_url(cell) if "://" in cell else cell


def _row(number: int, cells: list[str], columns: _Columns, base_url: str | None) -> Row | IgnoredRow:
    count = len(cells)
    padded = cells + columns.padding[count:]
    url, name, size, modified, duration, priority = map(str.strip, columns.known(padded))
    if not url and name and base_url:
        url = public_url(base_url, name)
    if url.startswith('"'):
        raise ValueError(message("a double quote begins its URL and never ends"))
    if not url:
        short, where = message("it has "), message(" and no name")
        if len(cells) < len(columns.header):
            short = message("it has {count} columns of {all}, and ", count=len(cells), all=len(columns.header))
        if columns.url is not None:
            where = message(' in "{header}"', header=columns.header[columns.url])
        raise ValueError(message("{short}no URL{where}", short=short, where=where))
    if name and " " in name and _HTTP.match(url) and url.endswith(name):
        # The URL is a base and the plain name: percent-encode the name, also its % and #.
        url = url.removesuffix(name) + quote(name, safe="/")
    if name and (why := ignored_reason(name, url)):
        return IgnoredRow(number, name, why)
    # These go into records: remove passwords from URLs among them.
    others = {header: _without_password(cells[index]) for index, header in columns.others if index < count}
    return Row(
        number,
        url,
        _without_password(name) if name else None,
        size or None,
        modified or None,
        duration or None,
        others,
        None if columns.priority is None else priority,
    )
