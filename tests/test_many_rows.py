"""What the driver of a run holds in memory does not grow with the rows."""

from __future__ import annotations

import csv
import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from vidkit.batch import NullReporter, failures, process_rows
from vidkit.batch.failures import Failure, Failures
from vidkit.batch.ordering import unpack_row
from vidkit.batch.prepare import _copy_rows
from vidkit.core.config import load_config
from vidkit.core.sorting import Sorter
from vidkit.rows import BadRow, CsvRow, Filters, IgnoredRow, Row
from vidkit.workflow.run import RunSpec, open_run

FEW, MANY = 4_000, 12_001
ALLOWED = 150_000  # bytes more: 19 for each row more


@pytest.fixture(autouse=True)
def files_come_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held until a file is made is less than what a test would notice."""
    monkeypatch.setattr(failures, "Sorter", partial(Sorter, in_memory=2**17))


def new(count: int) -> Iterator[CsvRow]:
    return (Row(line, f"https://h.invalid/{line}.mp4", columns={"label": str(line)}) for line in range(2, count))


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes of Python objects, beyond those that were there before."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_rows_without_work_cost_no_memory() -> None:
    def rows(count: int) -> Iterator[CsvRow]:
        for line in range(2, count, 3):
            yield BadRow(line, f"{line},,", "it has no URL")
            yield IgnoredRow(line + 1, f"{line}/", "folder")
            yield Row(line + 2, f"https://h.invalid/{line}.mp4", file_size="1")

    with open_run(RunSpec(load_config(), level="none", filters=Filters(min_size=10))) as run:
        few, many = (peak_of(partial(process_rows, run, rows(count), 2, NullReporter())) for count in (FEW, MANY))
    assert many < few + ALLOWED
    summary = json.loads(Path("processed_videos/summary.json").read_text())
    assert [summary[key] for key in ("failed", "filtered", "passed_over")] == [4_000] * 3


def test_failures_cost_no_memory_and_come_in_the_order_of_their_rows(tmp_path: Path) -> None:
    def write(count: int) -> None:
        made = Failures(tmp_path)
        for line in range(count - 1, 1, -1):
            made.add(Failure(Row(line, f"https://h.invalid/{line}.mp4"), "download", "there is no such file"))
        made.write(lambda url: False)

    few, many = (peak_of(partial(write, count)) for count in (FEW, MANY))
    assert many < few + ALLOWED
    with (tmp_path / "failures.csv").open(newline="") as file:
        names = [row["public_url"].rpartition("/")[2] for row in csv.DictReader(file)]
    assert names == [f"{line}.mp4" for line in range(2, MANY)]


def test_the_rows_that_prepare_needs_again_cost_no_memory(tmp_path: Path) -> None:
    def go_through(count: int) -> None:
        with Sorter(tmp_path, in_memory=2**17) as wanted:
            assert sum(1 for _ in _copy_rows(new(count), wanted)) == count - 2
            assert all(again == row for again, row in zip(map(unpack_row, wanted), new(count), strict=True))

    few, many = (peak_of(partial(go_through, count)) for count in (FEW, MANY))
    assert many < few + ALLOWED
