"""Where rows are worked on: an engine from outside the package is one more row of a table."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vidkit.batch import ENGINES, NullReporter, Summary, process_rows
from vidkit.batch.cluster.engine import RayWorkers
from vidkit.batch.engines import Job
from vidkit.core.config import load_config
from vidkit.messages import translated
from vidkit.rows import BadRow, Row
from vidkit.workflow.run import RunSpec, open_run

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .waiting import PATIENCE, until


class OneByOne:
    """Rows are worked on one after the other, in the caller's thread."""

    def __init__(self, job: Job, slots: int) -> None:
        self.start = job.process

    def room(self, timeout: float) -> bool:
        return True

    def wait(self, timeout: float) -> int:
        return 0

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass


def without_clocks(content: Any) -> Any:
    if isinstance(content, dict):
        clocks = ("seconds", "started_at", "finished_at")
        return {key: without_clocks(value) for key, value in content.items() if key not in clocks}
    return content


def test_an_engine_from_outside_gives_the_same_records_and_summary(
    server: Server, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"'))
    rows = [Row(line, server.url(path)) for line, path in enumerate(("/a.mp4", "/gone.mp4", "/b.mp4", "/a.mp4"), 2)]
    monkeypatch.setitem(ENGINES, "toy", OneByOne)
    found = []
    for name in ("local", "toy"):
        paths = {"ProcessedDirectory": f"{name}/processed", "DownloadDirectory": f"{name}/downloads"}
        overrides = {("Paths", key): path for key, path in paths.items()} | {("Library", "Path"): f"{name}.db"}
        with open_run(RunSpec(load_config(overrides=overrides, environment={}), level="none")) as run:
            summary = process_rows(run, [*rows, BadRow(6, "", "no URL")], 2, NullReporter(), engine=name)
        assert (summary.processed, summary.failed, summary.skipped) == (2, 2, 1)
        results = Path(name, "processed")
        assert len(list(results.glob("*.mp4.json"))) == 2
        found.append({path.name: without_clocks(json.loads(path.read_text())) for path in results.glob("*.json")})
        with Path(results, "failures.csv").open(newline="") as file:
            found[-1]["failures"] = list(csv.DictReader(file))
    assert found[0] == found[1]


def test_a_run_that_another_thread_stops_begins_no_more_videos(server: Server, make_video: MakeVideo) -> None:
    urls = [server.at(f"/{number}.mp4", Reply(make_video(), etag='"1"', delay=8.0)) for number in range(3)]
    found: list[Summary] = []
    with open_run(RunSpec(load_config(environment={}), level="none")) as run:
        rows = [Row(line, url) for line, url in enumerate(urls)]
        thread = threading.Thread(target=lambda: found.append(process_rows(run, rows, 1, NullReporter())))
        thread.start()
        until(lambda: server.asked)
        run.processes.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert (found[0].interrupted, found[0].processed, found[0].failed) == (True, 0, 0)
    assert {asked.path for asked in server.asked} == {"/0.mp4"}


def test_rows_are_read_only_as_there_is_room_for_them(server: Server, make_video: MakeVideo) -> None:
    """A generator of millions of rows is never a list."""
    read = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for number in range(50_000):
            read = number
            yield Row(number, server.url(f"/{number}.mp4"))

    class Stopping(NullReporter):
        def failed(self, url: str, line: int, stage: str, reason: str) -> None:
            if line == 5:
                run.processes.stop()

    with open_run(RunSpec(load_config(environment={}), level="none")) as run:
        summary = process_rows(run, rows(), 2, Stopping())
    assert summary.interrupted
    assert read < 5000


def test_a_cluster_says_how_many_slots_it_has_once_one_is_ready() -> None:
    workers, said = object.__new__(RayWorkers), list[str]()
    slots = SimpleNamespace(refused=list, by_number={1: None, 2: None}, nodes=2, ready=0)
    workers.__dict__.update(
        _slots=slots,
        _cluster=SimpleNamespace(address="127.0.0.1:6379"),
        _models=SimpleNamespace(description=""),
        _job=SimpleNamespace(reporter=SimpleNamespace(engine=said.append)),
        _shown="",
        _changed_at=time.monotonic() - 60,
    )
    workers._report_state()
    assert said == []
    for slots.ready in (1, 2):
        workers._report_state()
    assert [translated(text) for text in said] == [
        f"ray: 2 nodes, {count} at 127.0.0.1:6379" for count in ("1 slot", "2 slots")
    ]
