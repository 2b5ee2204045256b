"""The text of a CSV as people's programs write it: its encoding, its delimiter, its records."""

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
LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # what bytes that are not UTF-8 became
MOST_COLUMNS = 16_384  # as in Excel
_LINE_LIMIT = 2**20  # characters; what is longer is no row, and is not held in memory whole


# One record: the number of its first line, from 1; that line as it stands; its cells, if it can be parted.
Record = tuple[int, str, "list[str] | None"]


class TimeUpError(Exception):
    """The time for reading a file is over."""


@contextmanager
def open_text(path: Address, until: float | None = None) -> Iterator[Iterator[tuple[int, str]]]:
    """The numbered lines of a file, a pipe or an object of a bucket: UTF-8, or UTF-16 with its mark.

    Bytes that are no UTF-8 become lone surrogates, which tell the rows where they stand.

    Args:
        path: the file or the pipe, or the address of the object.
        until: the time by `time.monotonic` after which the lines end with a TimeUpError; None: never.

    Raises:
        ConfigError: the file cannot be read or is no text.
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
    """The lines with their numbers; of a line beyond all measure only the beginning."""
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
    """The cells of one line; None if it cannot be parted (a cell beyond `csv.field_size_limit`, a NUL)."""
    try:
        return next(csv.reader([line], delimiter=delimiter, quoting=quoting), [])  # type: ignore[arg-type]
    except csv.Error:
        return None


def find_delimiter(header: str, score: Callable[[list[str]], tuple[int, ...]]) -> str:
    """The delimiter by which a header scores most, by `score` of its cells and then by their number."""

    def found(delimiter: str) -> tuple[int, ...]:
        cells = cells_of(header, delimiter) or []
        return (*score(cells[:MOST_COLUMNS]), len(cells))

    return max(DELIMITERS, key=found)


def records(lines: Iterator[tuple[int, str]], delimiter: str, width: int | None) -> Iterator[Record]:
    """The records of a CSV.

    A quote that is never closed would swallow the records after it. So one that goes on over several lines, and is
    not written as CSV is or has not `width` cells, is taken as the line that it begins with, quotes as they stand.
    """
    pending: deque[tuple[int, str]] = deque()
    taken: list[tuple[int, str]] = []
    limit = csv.field_size_limit()

    def feed() -> Iterator[str]:
        while (item := pending.popleft() if pending else next(lines, None)) is not None:
            taken.append(item)
            yield item[1]

    while (item := pending.popleft() if pending else next(lines, None)) is not None:
        number, text = item
        if '"' not in text and len(text) <= limit and "\0" not in text:  # most lines: many times faster
            line = text.rstrip("\r\n")
            yield number, text, line.split(delimiter) if line else []
            continue
        pending.appendleft(item)
        taken.clear()
        cells: list[str] | None
        try:
            cells = next(csv.reader(feed(), delimiter=delimiter))
        except csv.Error:
            cells = None
        if len(taken) > 1 and not _sound(taken, cells, delimiter, width):
            pending.extendleft(reversed(taken[1:]))
            cells = cells_of(text, delimiter, csv.QUOTE_NONE)
        yield number, text, cells


def _sound(lines: list[tuple[int, str]], cells: list[str] | None, delimiter: str, width: int | None) -> bool:
    """Whether a record of several lines is one."""
    if cells is None or len(cells) != (width or len(cells)):
        return False
    try:
        return next(csv.reader((line for _, line in lines), delimiter=delimiter, strict=True)) == cells
    except csv.Error:
        return False


def find_column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """The index of the first column that has one of these names; the names that come first win."""
    plain = [column_name(cell) for cell in header]
    return next((plain.index(column_name(name)) for name in names if column_name(name) in plain), None)


def column_name(written: str) -> str:
    """A column's name as names are compared: `File Name`, `fileName` and `file_name` are one."""
    return re.sub(r"[\W_]+", "", written).casefold()


def readable_cells(text: str, cells: list[str] | None, width: int) -> list[str]:
    """The cells of a record without the empty ones that a program put after the header's last column.

    Args:
        text: the record as it stands in the file.
        cells: its cells, as `records` gives them.
        width: how many columns the header has.

    Raises:
        ValueError: the record cannot be read, in words.
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
