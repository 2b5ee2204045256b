"""Rows with a higher priority come first, and so do runs over one results folder."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from vidkit.batch import NullReporter, ordering, process_rows
from vidkit.batch.ordering import in_order
from vidkit.cli import main
from vidkit.core import load_config
from vidkit.core.locks import MOST_PRIORITY, Locks
from vidkit.core.sorting import Sorter
from vidkit.rows import CsvRow, Row, read_video_metadata_from_csv
from vidkit.workflow.run import RunSpec, open_run

from .misbehaving_server import Asked, Reply, Server
from .test_batch import vidkit
from .waiting import PATIENCE, until

KEPT = {".vidkit.db", ".vidkit.db-journal", ".vidkit.lock", "clips", "thumbnails", "transcripts"}
GONE = Reply(b"none here", 404, type="text/plain")


has_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


def ordered(content: str, default: int = 0) -> list[str]:
    """The last parts of the URLs of a CSV, by priority."""
    Path("v.csv").write_text(content)
    rows = in_order(read_video_metadata_from_csv("v.csv"), default, Path())
    return [row.url.rpartition("/")[2] for row in rows if isinstance(row, Row)]


def run_in_order(rows: Iterable[CsvRow], priority: int = 0) -> None:
    with open_run(RunSpec(load_config(), level="none", priority=priority)) as run:
        process_rows(run, rows, 1, NullReporter())


@pytest.mark.parametrize("name", ["priority", "Priority", "PRIORITY"])
def test_rows_with_a_higher_priority_come_first_and_others_in_the_order_of_the_file(name: str) -> None:
    cells = {"a": "1", "b": "", "c": "10", "d": " -3 ", "e": "1.0", "f": "+10", "g": "0", "h": "1"}
    content = f"url,{name}\n" + "".join(f"https://h/{url},{cell}\n" for url, cell in cells.items())
    assert ordered(content) == ["c", "f", "a", "e", "h", "b", "g", "d"]
    assert ordered(content, default=5) == ["c", "f", "b", "a", "e", "h", "g", "d"]


def test_a_row_too_short_for_its_priority_has_none() -> None:
    assert ordered("url,priority\nhttps://h/a\nhttps://h/b,1\n") == ["b", "a"]


def test_a_priority_that_is_no_number_is_said_once_and_counts_as_that_of_the_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    content = "url,priority\n" + "".join(f"https://h/{n},{cell}\n" for n, cell in enumerate(["high", "1", "low"]))
    assert ordered(content) == ["1", "0", "2"]
    assert [entry.getMessage() for entry in caplog.records] == [
        "2 rows have a priority that is no whole number, such as 'high' in line 2: they count as 0"
    ]


def test_the_column_is_kept_like_any_other() -> None:
    Path("v.csv").write_text("url,priority,label\nhttps://h/a.mp4,2,dog\n")
    (row,) = read_video_metadata_from_csv("v.csv")
    assert isinstance(row, Row)
    assert (row.columns, row.rank) == ({"priority": "2", "label": "dog"}, 2)
    assert next(in_order([row], 0, Path())) == row


def test_without_the_column_rows_come_before_all_are_read() -> None:
    def rows() -> Iterator[CsvRow]:
        yield Row(2, "https://h/a.mp4")
        raise AssertionError("a second row was read")

    assert next(in_order(rows(), 0, Path())).line == 2


@has_pipes
def test_a_csv_from_a_pipe_is_ordered_too() -> None:
    os.mkfifo("pipe")
    content = "url,priority\nhttps://h/a,1\nhttps://h/b,2\n"
    writer = threading.Thread(target=Path("pipe").write_text, args=(content,))
    writer.start()
    assert [row.line for row in in_order(read_video_metadata_from_csv("pipe"), 0, Path())] == [3, 2]
    writer.join()


def test_many_items_are_sorted_over_files_that_are_gone_at_the_end(tmp_path: Path) -> None:
    chance = random.Random(4)
    items = [(chance.randrange(-50, 50), str(place).encode()) for place in range(40_000)]
    opened = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    with Sorter(tmp_path, in_memory=8_000) as sorter:  # a thousand files, and so three levels
        for number, content in items:
            sorter.add(number, content)
        if opened:
            assert opened < len(os.listdir("/proc/self/fd")) < opened + 100
        assert list(sorter) == [content for _, content in sorted(items, key=lambda item: item[0])]
    assert not list(tmp_path.iterdir())


def test_the_memory_of_ordered_rows_does_not_grow_with_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "Sorter", partial(Sorter, in_memory=2**18))

    def peak_of(count: int) -> int:
        rows = (Row(n, f"https://h/{n}.mp4", priority=str(n % 7)) for n in range(count))
        tracemalloc.start()
        try:
            found = sum(1 for _ in in_order(rows, 0, tmp_path))
            assert found == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak_of(4_000), peak_of(16_000)
    assert many < few + 2**18


def test_videos_begin_by_their_priority_and_bad_rows_cost_no_place(server: Server) -> None:
    cells = {"a": "1", "b": "", "c": "2", "d": "-1"}
    lines = [f"{server.at(f'/{name}.mp4', GONE)},{cell}\n" for name, cell in cells.items()]
    Path("v.csv").write_text("url,priority\n,9\n" + "".join(lines))
    run_in_order(read_video_metadata_from_csv("v.csv"))
    assert [asked.path for asked in server.asked] == ["/c.mp4", "/a.mp4", "/b.mp4", "/d.mp4"]
    failed = Path("processed_videos/failures.csv").read_text().splitlines()
    names = [line.partition(",")[0].rpartition("/")[2] for line in failed]
    assert names[2:] == ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]


@has_pipes
def test_a_run_killed_while_it_sorts_leaves_no_file(tmp_path: Path) -> None:
    os.mkfifo("pipe")
    running = vidkit("process", "--describe", "none", "--csv", "pipe")
    with open("pipe", "w") as pipe:
        pipe.write("url,priority\n")
        for number in range(90_000):
            pipe.write(f"https://h.invalid/{number}.mp4,{number % 5}\n")
        pipe.flush()
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    assert {path.name for path in Path("processed_videos").iterdir()} <= KEPT


class Gates:
    """URLs that are answered once their gate is opened."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._gates: dict[str, threading.Event] = {}

    def url(self, name: str) -> str:
        gate = self._gates[name] = threading.Event()

        def answer(asked: Asked) -> Reply:
            gate.wait(PATIENCE)
            return GONE

        return self._server.at(f"/{name}.mp4", answer)

    def open(self, *names: str) -> None:
        for name in names:
            self._gates[name].set()

    def asked(self) -> list[str]:
        return [asked.path.strip("/").removesuffix(".mp4") for asked in self._server.asked]

    def wait_for(self, *names: str) -> None:
        until(lambda: set(names) <= set(self.asked()), told=self.asked)


def wait_for_a_higher_priority(folder: Path, priority: int) -> None:
    """Wait until a run over a results folder tells the others that its rows with a higher priority wait."""
    locks = Locks(folder / ".vidkit.lock")
    until(lambda: locks.is_outranked(priority))
    locks.close()


def run_of(gates: Gates, names: str, *words: str) -> subprocess.Popen[str]:
    urls = [gates.url(name) for name in names.split()]
    return vidkit("process", "--describe", "none", "--workers", "1", *words, "--urls", *urls)


def test_a_run_begins_no_video_while_one_with_a_higher_priority_has_rows_waiting(server: Server) -> None:
    gates = Gates(server)
    low = run_of(gates, "low1 low2 low3")
    gates.wait_for("low1")
    high = run_of(gates, "high1 high2 high3", "--priority", "5")
    gates.wait_for("high1")
    wait_for_a_higher_priority(Path("processed_videos"), 0)
    gates.open("low1", "low2", "low3", "high1")
    gates.wait_for("high2")
    time.sleep(1.2)  # a run that did not wait would begin a video meanwhile
    assert gates.asked() == ["low1", "high1", "high2"]
    gates.open("high2")
    gates.wait_for("low3")  # high3 is in progress, and no row of that run waits
    gates.open("high3")
    said = [run.communicate(timeout=PATIENCE)[1] for run in (low, high)]
    assert [said[0].count("this one waits"), said[1].count("this one waits")] == [1, 0]


def test_a_run_continues_when_the_one_with_a_higher_priority_is_killed(server: Server) -> None:
    gates = Gates(server)
    low = run_of(gates, "low1 low2", "--priority", "-1")
    gates.wait_for("low1")
    high = run_of(gates, "high1 high2")
    gates.wait_for("high1")
    wait_for_a_higher_priority(Path("processed_videos"), -1)
    gates.open("low1", "low2")
    time.sleep(1)  # a run that did not wait would begin a video meanwhile
    assert gates.asked() == ["low1", "high1"]
    os.killpg(high.pid, signal.SIGKILL)
    gates.wait_for("low2")
    low.communicate(timeout=PATIENCE)
    high.communicate()


def test_a_run_that_waits_for_another_ends_on_ctrl_c(server: Server) -> None:
    gates = Gates(server)
    high = run_of(gates, "high1 high2", "--priority", "1")
    gates.wait_for("high1")
    low = run_of(gates, "low1")
    assert low.stderr is not None
    assert "this one waits" in low.stderr.readline()
    os.killpg(low.pid, signal.SIGINT)
    assert low.wait(PATIENCE) == 130
    gates.open("high1", "high2")
    high.communicate(timeout=PATIENCE)
    low.communicate()
    assert "low1" not in gates.asked()


def test_what_waits_in_the_same_process_counts_and_equals_do_not(tmp_path: Path) -> None:
    first, second = Locks(tmp_path / "locks"), Locks(tmp_path / "locks")
    for each in (first, second):
        assert each.begin_opening()
        each.end_opening()
    for priority in (3, MOST_PRIORITY, 2 * MOST_PRIORITY, -5):
        first.announce(priority)
        below = min(priority, MOST_PRIORITY) - 1
        assert second.is_outranked(below)
        assert not second.is_outranked(priority)
        assert not first.is_outranked(below + 1)
        assert first.take("url")
        assert not second.take("url")
        first.release("url")
    first.announce(None)
    assert not second.is_outranked(-MOST_PRIORITY)
    first.close()
    second.close()


@pytest.mark.parametrize("word", ["high", "1.5", "", "1000000", "-100001"])
def test_a_priority_that_is_no_number_is_refused_in_words(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["process", "--urls", "https://h/a.mp4", "--priority", word]) == 2
    assert f"{word!r} is not a whole number from -100,000 to 100,000" in capsys.readouterr().err
