"""The text of a CSV: its encoding, its delimiter, its records."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from vidkit.core import printable
from vidkit.core.bucket_files import ObjectReader
from vidkit.core.stores import Address
from vidkit.errors import ConfigError
from vidkit.messages import message

DELIMITERS = ",;\t|"
LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # stand for bytes that are not UTF-8
MAX_COLUMNS = 16_384  # as in Excel
_LINE_LIMIT = 2**20  # characters; a longer line is no row, and is not kept in memory as a whole


# One record: the number of its first line, from 1; that line as it is; its cells, or None if it cannot be split.
Record = tuple[int, str, "list[str] | None"]


class TimeUpError(Exception):
    """The time limit for reading a file is over."""


@contextmanager
def open_text(path: Address, until: float | None = None) -> Iterator[Iterator[tuple[int, str]]]:
    """The numbered lines of a file, a pipe or an object of a bucket: UTF-8, or UTF-16 with a byte order mark.

    Bytes that are not UTF-8 become lone surrogates, so that only their rows are bad.

    Args:
        path: the file or the pipe, or the address of the object.
        until: the time of `time.monotonic` after which the lines end with a TimeUpError; None: never.

    Raises:
        ConfigError: the file cannot be read or is not text.
    """
    try:
        raw = io.BufferedReader(ObjectReader(path)) if isinstance(path, str) else path.open("rb")
    except FileNotFoundError:
        raise ConfigError("{path}: no such file", path=printable(path)) from None
    except IsADirectoryError:
        raise ConfigError("{path} is a folder, and a CSV file is needed", path=printable(path)) from None
    except OSError as error:
        raise ConfigError("{path}: {reason}", path=printable(path), reason=error.strerror) from None
    with raw:
        beginning = raw.peek()
        wide = beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        workbook = beginning.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0"))
        if workbook or (b"\0" in beginning.partition(b"\n")[0] and not wide):
            remedy = (
                message("Save the workbook as CSV UTF-8") if workbook else message("Is it the CSV that was meant?")
            )
            raise ConfigError("{path} is not text. {remedy}", path=printable(path), remedy=remedy)
        encoding, errors = ("utf-16", "replace") if wide else ("utf-8-sig", "surrogateescape")
        with io.TextIOWrapper(raw, encoding, errors, newline="") as file:
            yield _lines(file) if until is None else _timed(_lines(file), until)


def _lines(file: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; only the first `_LINE_LIMIT` characters of a longer line."""
    for number in itertools.count(1):
        line = file.readline(_LINE_LIMIT)
        if not line:
            return
        yield number, line
        while len(line) == _LINE_LIMIT and line[-1] not in "\r\n":
            line = file.readline(_LINE_LIMIT)


def _timed(lines: Iterator[tuple[int, str]], until: float) -> Iterator[tuple[int, str]]:
    for line in lines:
        if time.monotonic() > until:
            raise TimeUpError
        yield line


def cells_of(line: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> list[str] | None:
    """The cells of one line; None if it cannot be split (a cell beyond `csv.field_size_limit`, a NUL)."""
    try:
        return next(csv.reader([line], delimiter=delimiter, quoting=quoting), [])  # type: ignore[arg-type]
    except csv.Error:
        return None


def find_delimiter(header: str, score: Callable[[list[str]], tuple[int, ...]]) -> str:
    """The delimiter with the highest `score` of the header's cells; if equal, with the most cells."""

    def found(delimiter: str) -> tuple[int, ...]:
        cells = cells_of(header, delimiter) or []
        return (*score(cells[:MAX_COLUMNS]), len(cells))

    return max(DELIMITERS, key=found)


def records(lines: Iterator[tuple[int, str]], delimiter: str, width: int | None) -> Iterator[Record]:
    """The records of a CSV.

    A quote that is never closed would swallow the records after it. So a record of several lines that is not valid
    CSV, or does not have `width` cells, is read as its first line only, with quotes as plain characters.
    """
    pending: deque[tuple[int, str]] = deque()
    read_lines: list[tuple[int, str]] = []
    limit = csv.field_size_limit()

    def feed() -> Iterator[str]:
        while (item := pending.popleft() if pending else next(lines, None)) is not None:
            read_lines.append(item)
            yield item[1]

    while (item := pending.popleft() if pending else next(lines, None)) is not None:
        number, text = item
        if '"' not in text and len(text) <= limit and "\0" not in text:  # most lines: many times faster
            line = text.rstrip("\r\n")
            yield number, text, line.split(delimiter) if line else []
            continue
        pending.appendleft(item)
        read_lines.clear()
        cells: list[str] | None
        try:
            cells = next(csv.reader(feed(), delimiter=delimiter))
        except csv.Error:
            cells = None
        if len(read_lines) > 1 and not _is_one_record(read_lines, cells, delimiter, width):
            pending.extendleft(reversed(read_lines[1:]))
            cells = cells_of(text, delimiter, csv.QUOTE_NONE)
        yield number, text, cells


def _is_one_record(
    lines: list[tuple[int, str]], cells: list[str] | None, delimiter: str, width: int | None
) -> bool:
    """Whether these lines are one record."""
    if cells is None or len(cells) != (width or len(cells)):
        return False
    try:
        return next(csv.reader((line for _, line in lines), delimiter=delimiter, strict=True)) == cells
    except csv.Error:
        return False


def find_column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """The index of the column with one of these names; the first name that is there wins."""
    plain = [column_name(cell) for cell in header]
    return next((plain.index(column_name(name)) for name in names if column_name(name) in plain), None)


def column_name(written: str) -> str:
    """A column's name in the form for comparison: `File Name`, `fileName` and `file_name` are the same."""
    return re.sub(r"[\W_]+", "", written).casefold()


def readable_cells(text: str, cells: list[str] | None, width: int) -> list[str]:
    """The cells of a record, without empty cells after the header's last column.

    Args:
        text: the record as it is in the file.
        cells: its cells, as from `records`.
        width: the number of columns in the header.

    Raises:
        ValueError: the record cannot be read; the message says why.
    """
    if "\0" in text:
        raise ValueError(message("it holds bytes that are not text"))
    if not text.isascii() and LONE_SURROGATES.search(text):
        raise ValueError(message("it is not text in UTF-8: save the file as CSV UTF-8"))
    if cells is None:
        raise ValueError(
            message("one of its cells is longer than {limit:,} characters", limit=csv.field_size_limit())
        )
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells


def too_many_cells(cells: Sequence[str], width: int, delimiter: str) -> ValueError:
    """The error for a record that has more cells than the header."""
    return ValueError(
        message(
            "it has {count} columns and the header {width}: put a text that holds {delimiter!r} in double quotes",
            count=len(cells),
            width=width,
            delimiter=delimiter,
        )
    )
