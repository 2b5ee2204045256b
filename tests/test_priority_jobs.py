"""Priorities of the web library's jobs: of a job beside others, and of the rows of a CSV."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.misbehaving_server import Asked, Reply, Server
from tests.test_priority import wait_for_a_higher_priority
from tests.waiting import PATIENCE, until
from tests.web import serving
from tests.web_jobs import Site, jobs_config

GONE = Reply(b"none here", 404, type="text/plain")
ONE_BY_ONE = {"describe": "none", "workers": 1}


@pytest.fixture
def videos() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(jobs_config(tmp_path, max_jobs=2), no_auth=True) as (address, _):
        yield Site(address)


def asked(videos: Server) -> list[str]:
    return [asked.path.strip("/") for asked in videos.asked]


def test_the_rows_of_a_dropped_csv_begin_by_their_priority(site: Site, videos: Server) -> None:
    cells = {"a": "", "b": "-1", "c": "3"}
    table = "Priority,url\n" + "".join(f"{cell},{videos.at(f'/{name}', GONE)}\n" for name, cell in cells.items())
    settings = {"settings": json.dumps(ONE_BY_ONE)}
    answer = site.call("POST", data=table, headers={"Content-Type": "text/csv"}, params=settings)
    assert site.wait(answer.json()["id"])["failed"] == 3
    assert asked(videos) == ["c", "a", "b"]


def test_a_job_begins_no_video_while_a_more_urgent_one_has_rows_waiting(
    site: Site, videos: Server, tmp_path: Path
) -> None:
    gates = {name: threading.Event() for name in ("low1", "low2", "high1", "high2", "high3")}

    def url(name: str) -> str:
        def answer(asked: Asked) -> Reply:
            gates[name].wait(PATIENCE)
            return GONE

        return videos.at(f"/{name}", answer)

    low = site.submit(url("low1"), url("low2"), settings=ONE_BY_ONE)
    until(lambda: asked(videos) == ["low1"])
    high = site.submit(url("high1"), url("high2"), url("high3"), settings=ONE_BY_ONE, priority=7)
    until(lambda: asked(videos) == ["low1", "high1"])
    wait_for_a_higher_priority(tmp_path / "processed", 0)
    for name in ("low1", "low2", "high1"):
        gates[name].set()
    until(lambda: "high2" in asked(videos))
    time.sleep(1.2)  # a job that did not wait would begin a video meanwhile
    assert asked(videos) == ["low1", "high1", "high2"]
    gates["high2"].set()
    gates["high3"].set()
    assert [site.wait(number)["failed"] for number in (low, high)] == [2, 3]
