"""`csv`, `jsonl` and `parquet`: one table per split, one row per item."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from vidkit.core.extras import install_command
from vidkit.errors import ToolMissingError
from vidkit.export.items import DatasetSpec, Sample
from vidkit.export.rows import COLUMNS, cell, flat, row_of

Put = Callable[[dict[str, Any]], None]
_ROWS = 1000  # in one group of a Parquet file


def write_csv(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write `<split>.csv`, with a header."""
    _write(samples, spec, _open_csv, "csv")


def write_jsonl(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write `<split>.jsonl`: one JSON object per line, with lists, and the CSV's columns and readings as
    objects."""
    _write(samples, spec, _open_jsonl, "jsonl")


def write_parquet(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write `<split>.parquet`, with the CSV's columns and readings as JSON text.

    Raises:
        ToolMissingError: pyarrow is not installed.
    """
    _pyarrow()
    _write(samples, spec, _open_parquet, "parquet")


def _write(samples: Iterable[Sample], spec: DatasetSpec, open_table: Callable[[Path], Any], suffix: str) -> None:
    with ExitStack() as stack:
        tables: dict[str, Put] = {
            split: stack.enter_context(open_table(spec.folder / f"{split}.{suffix}")) for split in spec.splits
        }
        for sample in samples:
            tables[sample.split](row_of(sample, spec))


@contextmanager
def _open_csv(path: Path) -> Iterator[Put]:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
        table.writeheader()
        yield lambda row: table.writerow({name: cell(value) for name, value in flat(row).items()})


@contextmanager
def _open_jsonl(path: Path) -> Iterator[Put]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield lambda row: print(json.dumps(row, ensure_ascii=False), file=file)


@contextmanager
def _open_parquet(path: Path) -> Iterator[Put]:
    pa = _pyarrow()
    import pyarrow.parquet

    types = {"number": pa.float64(), "whole": pa.int64(), "texts": pa.list_(pa.string())}
    schema = pa.schema([(name, types.get(kind, pa.string())) for name, kind in COLUMNS.items()])
    rows: list[dict[str, Any]] = []

    def flush() -> None:
        writer.write_table(pa.Table.from_pylist(rows, schema))
        rows.clear()

    def put(row: dict[str, Any]) -> None:
        objects = {name: row[name] for name, kind in COLUMNS.items() if kind == "object"}
        texts = {name: json.dumps(value, ensure_ascii=False) for name, value in objects.items()}
        rows.append({**row, **texts})
        if len(rows) == _ROWS:
            flush()

    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        yield put
        flush()


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise ToolMissingError("parquet needs pyarrow: {command}", command=install_command("export")) from None
    return pyarrow
