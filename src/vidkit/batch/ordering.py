"""Sort rows by priority, in a temporary file: there may be millions."""

from __future__ import annotations

import logging
import marshal
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from vidkit.core import printable
from vidkit.core.sorting import Sorter
from vidkit.core.units import format_count
from vidkit.rows import CsvRow, Row

log = logging.getLogger(__name__)

_COLUMNS = Row._fields.index("columns")
_SHOWN = 40  # characters shown of a priority that is not a number


def in_order(rows: Iterable[CsvRow], default: int, folder: Path) -> Iterator[CsvRow]:
    """Rows by priority; rows with the same priority keep their order. Bad and ignored rows come at once.

    Without a priority column, rows come as they are read. With one, all rows are read before the first one comes.

    Args:
        rows: read as they are needed, so there may be millions.
        default: the priority of rows without one.
        folder: for temporary files.

    Raises:
        OutputError: the disk is full.
    """
    rows = iter(rows)
    for row in rows:
        if isinstance(row, Row):
            first = chain((row,), rows)
            yield from first if row.priority is None else _sorted(first, default, folder)
        else:
            yield row


def _sorted(rows: Iterator[CsvRow], default: int, folder: Path) -> Iterator[CsvRow]:
    unread, example = 0, Row(0, "")
    with Sorter(folder) as sorter:
        for row in rows:
            if not isinstance(row, Row):
                yield row
                continue
            rank = row.rank
            if rank is None:
                rank = default
                if row.priority:
                    example = row if not unread else example
                    unread += 1
            sorter.add(-rank, pack_row(row))
        if unread:
            log.warning(
                "%s a priority that is no whole number, such as %r in line %d: they count as %d",
                format_count(unread, "row has", "rows have"),
                printable(example.priority or "")[:_SHOWN],
                example.line,
                default,
            )
        for content in sorter:
            yield unpack_row(content)


def pack_row(row: Row) -> bytes:
    """A row as bytes, for a temporary file of this process."""
    values: list[Any] = list(row)
    values[_COLUMNS] = dict(row.columns)
    return marshal.dumps(values)


def unpack_row(content: bytes) -> Row:
    """The row that `pack_row` was given."""
    return Row(*marshal.loads(content))
