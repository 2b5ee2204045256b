"""The API of `vidkit serve` over a library of 100,000 videos of five moments each, as in `library.py`.

Run alone: `.venv/bin/python benchmarks/web.py [--videos N] [--library FILE] [--seconds S]`. The server is a process of
its own, and is asked over HTTP, each client with one connection that stays open. The library alone is measured by the
same calls in this process. Times are by the clock and, in brackets, of the processors. A library that is given as
FILE is made there where it is missing, and used again the next time; some videos are added to it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import library as made_up
from measure import make_videos, served, table

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.web_process import serve_process

from vidkit.library import Library, Query, parse_query
from vidkit.library.sqlite.backend import open_sqlite

LIMIT, PAGES, CLIENTS, RUNS = 50, 1000, 20, 5
SETTINGS = """[Library]
Path = {library}
[Serve]
MaxJobs = 2
AllowedHosts = 127.0.0.1
RequestsPerMinute = 1000000
"""
PAGED: list[dict[str, Any]] = [{}, {"words": "the"}, {"words": "goal OR street"}, {"sort": "longest"}]
FILTERS: list[dict[str, Any]] = [
    {"tag": "Action"}, {"tag": "Topic 1"}, {"class": "Sports"}, {"codec": "hevc"}, {"resolution": ">=1080p"},
    {"min_duration": "60"}, {"max_duration": "30", "class": "Action"}, {"where": "camera=B"}, {"after": "2026-06-01"},
    {"tag": "Action", "class": "Sports"}, {"q": "goal"}, {"q": "bicycle", "tag": "Action"},
]  # fmt: skip
Times = tuple[float, float]  # seconds by the clock, and of the processors


class Client:
    """One who asks the API."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)

    def get(self, path: str, parameters: dict[str, Any]) -> Any:
        self._connection.request("GET", f"/api/v1{path}?{urlencode(parameters, doseq=True)}")
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content.decode()[:300]}")
        return json.loads(content)


def server_clock(process: int) -> Callable[[], Times]:
    """Seconds by the clock, and of the processors that a server has used."""

    def now() -> Times:
        used = 0.0
        for task in Path(f"/proc/{process}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # a thread that has just ended
                used += int(task.read_text().split()[0]) / 1e9
        return time.perf_counter(), used

    return now


def middle(now: Callable[[], Times], work: Callable[[], object], runs: int = RUNS) -> Times:
    """The median of some runs, after one that is not counted."""
    work()
    return sorted(made_up.timed(now, work) for _ in range(runs))[runs // 2]


def shown(times: Sequence[Times]) -> str:
    """The median and the 95th percentile."""
    return made_up.percentiles(times)


def ratio(one: Times, other: Times) -> str:
    return f"{one[0] / other[0]:.2f} ({one[1] / other[1]:.2f})"


def parameters_of(query: dict[str, Any]) -> dict[str, Any]:
    """A search as the API is asked for it."""
    names = {"words": "q", "tags": "tag", "classes": "class"}
    return {names.get(name, name): value for name, value in query.items()}


def searches() -> Iterator[tuple[dict[str, Any], Query]]:
    """The searches of the library's benchmark, as the API and as the library are asked."""
    for asked in (each for all_ in made_up.typed().values() for each in all_):
        yield parameters_of(asked), parse_query(limit=LIMIT, **asked)


def search_rows(client: Client, home: Library, now: Callable[[], Times]) -> list[list[object]]:
    api, alone, own = [], [], []
    for parameters, query in searches():
        by_api = middle(now, lambda: client.get("/search", {**parameters, "limit": LIMIT}))  # noqa: B023
        by_library = middle(made_up.clock(None), lambda: home.page(query))  # noqa: B023
        api.append(by_api)
        alone.append(by_library)
        own.append((by_api[0] - by_library[0], by_api[1] - by_library[1]))
    return [
        [f"search by the API, {LIMIT} results, {len(api)} searches", shown(api), "40 ms"],
        ["the same by the library alone", shown(alone), ""],
        ["what the API adds", shown(own), "5 ms"],
    ]


def page_rows(client: Client, now: Callable[[], Times]) -> list[list[object]]:
    rows: list[list[object]] = []
    for asked in PAGED:
        parameters = {**parameters_of(asked), "limit": LIMIT}
        first = middle(now, lambda: client.get("/search", parameters), 20)  # noqa: B023
        cursor, last, seen = None, {}, 0
        for number in range(PAGES - 1):
            answer = client.get("/search", parameters | ({"cursor": cursor} if cursor else {}))
            cursor, seen = answer["next"], number + 1
            if cursor is None:
                break
            last = {**parameters, "cursor": cursor}
        deep = middle(now, lambda: client.get("/search", last), 20)  # noqa: B023
        name = (
            f"page {seen + 1:,} compared with page 1: {json.dumps(parameters_of(asked)) if asked else 'all videos'}"
        )
        rows.append([name, ratio(deep, first), "1.5 times"])
    return rows


def facet_rows(client: Client, now: Callable[[], Times]) -> list[list[object]]:
    while client.get("/facets", {})["partial"]:  # the first time, it reads what each video has
        time.sleep(0.2)
    whole, single = [], []
    left_out = 0
    for asked in FILTERS:
        for run in range(RUNS):  # no query twice: else the server knows its videos
            other = {**asked, "before": f"2027-01-0{run + 1}"}
            began = now()
            left_out += client.get("/facets", other)["partial"]
            whole.append(tuple(after - before for after, before in zip(now(), began, strict=True)))
        single.append(middle(now, lambda: client.get("/facets", {**asked, "facet": "class"})))  # noqa: B023
    return [
        [f"facets under a filter, all at once ({left_out} of {len(whole)} not complete)", shown(whole), "300 ms"],  # type: ignore[arg-type]
        ["one more facet of the same search", shown(single), ""],
    ]


def client_rows(address: str, videos: Sequence[str], seconds: float) -> list[list[object]]:
    """People who ask once a second each, while nothing else happens and during two jobs."""
    idle, _ = asked_by_many(address, seconds)
    site = Client(address)
    half = len(videos) // 2
    for urls in (videos[:half], videos[half:]):
        body = json.dumps({"urls": urls, "settings": {"describe": "none"}})
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        connection.request("POST", "/api/v1/jobs", body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 201
    time.sleep(2)
    busy, errors = asked_by_many(address, seconds)
    jobs = site.get("/jobs", {})["items"]
    done = sum(job["processed"] for job in jobs)
    running = sum(job["state"] == "running" for job in jobs)
    times = statistics.quantiles(idle, n=20)[-1], statistics.quantiles(busy, n=20)[-1]
    return [
        [f"{CLIENTS} clients, nothing else", f"{times[0] * 1000:.0f} ms", ""],
        [
            f"{CLIENTS} clients during 2 jobs ({done} videos were processed, {running} jobs went on at the end)",
            f"{times[1] * 1000:.0f} ms, {times[1] / times[0]:.1f} times; {len(errors)} errors",
            "3 times, no errors",
        ],
    ]


def asked_by_many(address: str, seconds: float) -> tuple[list[float], list[str]]:
    """Seconds that each answer took, and errors."""
    asked = [parameters for parameters, _ in searches()]
    took: list[float] = []
    errors: list[str] = []
    end = time.monotonic() + seconds

    def ask(which: int) -> None:
        client = Client(address)
        while time.monotonic() < end:
            which += 1
            began = time.monotonic()
            try:
                client.get("/search", {**asked[which * 7 % len(asked)], "limit": LIMIT})
            except Exception as error:
                errors.append(str(error))
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, 1 - took[-1]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for number, thread in enumerate(threads):
        thread.start()
        time.sleep(1 / CLIENTS if number else 0)
    for thread in threads:
        thread.join()
    return took, errors


@contextmanager
def library_of(path: Path, videos: int) -> Iterator[Library]:
    with open_sqlite(path) as home:
        there = home.stats().videos
        if there < videos:
            made_up.filled(home, made_up.clock(None), there, videos)
        yield home


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--seconds", type=float, default=30, help="how long the clients ask, each time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = (options.library or folder / "made_up.db").absolute()
        (folder / "config.ini").write_text(SETTINGS.format(library=path))
        names = make_videos(folder / "videos", 600)
        with (
            library_of(path, options.videos) as home,
            served(folder / "videos") as videos,
            serve_process(folder, "--no-auth") as server,
        ):
            client, now = Client(server.address), server_clock(server.process.pid)
            rows: list[list[object]] = []
            for part in (
                lambda: search_rows(client, home, now),
                lambda: page_rows(client, now),
                lambda: facet_rows(client, now),
                lambda: client_rows(server.address, [f"{videos}/{name}" for name in names], options.seconds),
            ):
                rows += part()
                print(rows[-1], file=sys.stderr, flush=True)
    print(table((f"{options.videos * made_up.MOMENTS:,} moments in SQLite", "measured", "goal"), rows))


if __name__ == "__main__":
    main()
