"""The library at 2,000, 100,000 and 200,000 videos of five moments each: searching, saving, stats, export.

Run alone: `.venv/bin/python benchmarks/library.py [--home sqlite|postgresql|mongodb] [--videos N ...] [--detail]`.
The words are spread as in a language (Zipf's law), so that a search meets some that stand in nearly every moment and
some that stand in a few. Times are by the clock and, in brackets, of the processors (vidkit's and the server's), which is what
they would be on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from measure import table

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.mongod import mongod
from tests.postgresql import data_folder, postgresql
from tests.records import make_record

from vidkit.library import Library, LibraryEntry, Query, parse_query

HOMES = ("sqlite", "postgresql", "mongodb")
SIZES = (2_000, 100_000, 200_000)
MOMENTS = 5
_PART = 5_000  # records made at once, so that making them is not what is measured
_RUNS = 5
_HEAD = [
    "the",
    "a",
    "of",
    "in",
    "and",
    "man",
    "is",
    "woman",
    "on",
    "with",
    "street",
    "car",
    "people",
    "to",
    "night",
    "walks",
    "red",
    "city",
    "dog",
    "water",
    "from",
    "blue",
    "his",
    "her",
    "child",
    "sea",
    "goal",
    "runs",
    "camera",
    "crowd",
    "near",
    "slowly",
    "white",
    "beach",
    "bridge",
    "train",
    "sports",
    "rain",
    "window",
    "bicycle",
    "sky",
    "green",
    "kitchen",
    "music",
    "dances",
    "market",
    "river",
    "boat",
    "mountain",
    "snow",
    "football",
    "holds",
    "tree",
    "sunset",
    "opens",
    "door",
    "talks",
    "face",
    "hands",
]
_TAGS = ["Action", "High-Intensity", "Night-time Filming", "H.264 Codec", "High Resolution", "Aerial Shot"]
_CLASSES = ["Action", "Sports", "Documentary", "Cinematic", "Unclassified"]
_SIZES = ["640x360", "1280x720", "1280x720", "1920x1080", "1920x1080", "3840x2160", "1080x1920"]


@cache
def vocabulary() -> tuple[list[str], list[float]]:
    """20,000 words, the most frequent first, and their cumulative weights."""
    syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
    made = ("".join(parts) for parts in itertools.product(syllables, repeat=3))
    chance = random.Random(1)
    words = [*_HEAD, *chance.sample(list(made), 20_000 - len(_HEAD))]
    return words, list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))


def record(number: int) -> LibraryEntry:
    """The record of one video: a description of the video, five described clips, five scenes, a CSV's columns."""
    chance = random.Random(number)
    words, weights = vocabulary()

    def text(length: int) -> str:
        return " ".join(chance.choices(words, cum_weights=weights, k=length))

    name = f"{chance.choice(words)}_{number}.mp4"
    day = number % 365
    made = make_record(
        name,
        qwen_description=text(30),
        segments=[(text(25), chance.choices(words, k=3)) for _ in range(MOMENTS)],
        scenes=[None] * MOMENTS,
        tags=[*sorted(chance.sample(_TAGS, 3)), f"Topic {int(chance.paretovariate(0.6)) % 5000}"],
        ai_generated_tags=chance.choices(words, cum_weights=weights, k=4),
        classification=chance.choice(_CLASSES),
        resolution=chance.choice(_SIZES),
        codec=chance.choice(["h264"] * 8 + ["hevc", "vp9"]),
        duration=round(chance.lognormvariate(4, 1), 3),
        size=chance.randrange(10**5, 10**9),
        columns={"label": f"label {number % 400}", "camera": chance.choice("ABCD")},
        finished_at=f"2026-{day // 31 + 1:02d}-{day % 28 + 1:02d}T{number % 24:02d}:00:00Z",
    )
    return LibraryEntry(made, Path("/videos/processed"))


def typed() -> dict[str, list[dict[str, Any]]]:
    """The searches, by kind, as `parse_query` takes them."""
    words = vocabulary()[0]
    ranks = (0, 1, 2, 5, 8, 12, 20, 35, 55, 80, 150, 300, 600, 1200, 2500, 5000, 10_000, 15_000, 19_999)
    return {
        "one word": [{"words": words[rank]} for rank in ranks],
        "two words": [{"words": f"{words[a]} {words[b]}"} for a, b in ((0, 1), (5, 30), (1, 400), (90, 3000))],
        "a phrase": [
            {"words": f'"{words[a]} {words[b]}"'} for a, b in ((0, 1), (5, 7), (12, 40), (1, 400), (300, 600))
        ],
        "a prefix": [{"words": f"{start}*"} for start in ("s", "ma", "str", "walk", "kat", "bado")],
        "a filter": [
            {"tags": ["Action"]},
            {"tags": ["Topic 1"]},
            {"tags": ["Topic 777"]},
            {"classes": ["Sports"]},
            {"codec": "hevc"},
            {"resolution": "720p"},
            {"resolution": ">=1080p"},
            {"resolution": "4K", "codec": "vp9"},
            {"min_duration": "10:00"},
            {"max_duration": "5"},
            {"min_duration": "60", "max_duration": "61"},
            {"after": "2026-12-01"},
            {"before": "2026-01-03"},
            {"where": ["label=label 7"]},
            {"where": ["camera=B", "label=label 9"]},
            {"sort": "longest"},
            {"tags": ["Action"], "sort": "largest"},
        ],
        "a word and a filter": [
            {"words": words[rank], **filters}
            for rank in (0, 12, 150, 5000)
            for filters in (
                {"tags": ["Action"]},
                {"tags": ["Topic 777"]},
                {"classes": ["Sports"], "resolution": ">=1080p"},
                {"min_duration": "10:00"},
                {"after": "2026-12-01"},
                {"where": ["label=label 7"]},
            )
        ],
    }


def searches() -> dict[str, list[Query]]:
    """The searches, by kind; each asks for the first 20 answers, as the command does."""
    return {kind: [parse_query(limit=20, **each) for each in all_] for kind, all_ in typed().items()}


Clock = Callable[[], float]  # seconds of the processors


def clock(server: int | None) -> Clock:
    """A clock of the processor time of this process and of a server, with all threads and processes that it has now,
    where the system tells. It notes the time of those that have ended."""
    used: dict[Path, float] = {}

    def now() -> float:
        processes = [server] if server else []
        for process in processes:
            for task in Path(f"/proc/{process}/task").glob("*"):
                with contextlib.suppress(OSError):  # one that has just ended
                    used[task] = int((task / "schedstat").read_text().split()[0]) / 1e9
                    processes += map(int, (task / "children").read_text().split())
        return time.process_time() + sum(used.values())

    return now


def timed(now: Clock, work: Callable[[], object]) -> tuple[float, float]:
    """How long something takes, in seconds by the clock and in seconds of the processors."""
    used, began = now(), time.perf_counter()
    work()
    return time.perf_counter() - began, now() - used


def measured(library: Library, now: Clock, detail: bool) -> dict[str, str]:
    """What searching, stats and the export take in a library as it is."""
    found: dict[str, str] = {}
    every: list[tuple[float, float]] = []
    for kind, queries in searches().items():
        times = []
        for query in queries:
            library.search(query)
            # Of some runs the middle one: other programs on the machine are not what is measured.
            runs = sorted(timed(now, lambda query=query: library.search(query)) for _ in range(_RUNS))  # type: ignore[misc]
            times.append(runs[_RUNS // 2])
            if detail:
                print(f"  {times[-1][0] * 1000:8.1f} ms  {kind}: {shown(query)}", file=sys.stderr, flush=True)
        every += times
        found[kind] = percentiles(times)
    found["all of these searches"] = percentiles(every)
    found["stats"] = "{:.2f} s ({:.2f})".format(*timed(now, library.stats))
    with tempfile.TemporaryFile("w") as file:

        def export() -> None:
            for stored in library.records():
                file.write(json.dumps(stored.record, ensure_ascii=False) + "\n")

        found["every record as JSON lines"] = "{:.1f} s ({:.1f})".format(*timed(now, export))
    return found


def shown(query: Query) -> str:
    words = ["|".join(" ".join(term.words) + "*" * term.prefix for term in clause) for clause in query.words]
    return " ".join([*words, *("|".join(facts) for facts in query.facts), query.sort])


def percentiles(times: Sequence[tuple[float, float]]) -> str:
    """The median and the 95th percentile, in milliseconds, by the clock and of the processors."""
    found = [
        (statistics.median(each), statistics.quantiles(each, n=20, method="inclusive")[-1])
        for each in zip(*times, strict=True)
    ]
    (middle, most), (cpu_middle, cpu_most) = [(a * 1000, b * 1000) for a, b in found]
    return f"{middle:.0f} / {most:.0f} ms ({cpu_middle:.0f} / {cpu_most:.0f})"


def filled(library: Library, now: Clock, first: int, last: int) -> str:
    """Save the records from one number up to another; how many a second."""
    took = (0.0, 0.0)
    for start in range(first, last, _PART):
        part = [record(number) for number in range(start, min(start + _PART, last))]
        more = timed(now, lambda part=part: library.save_all(part))  # type: ignore[misc]
        took = took[0] + more[0], took[1] + more[1]
    return "{:,.0f} a second ({:,.0f})".format(*((last - first) / each for each in took))


def one_by_one(library: Library, now: Clock, first: int, many: int = 500) -> str:
    part = [record(number) for number in range(first, first + many)]
    took = timed(now, lambda: [library.save(each.record, each.folder) for each in part])
    return "{:,.0f} a second ({:,.0f})".format(*(many / each for each in took))


@contextmanager
def opened(home: str) -> Iterator[tuple[Library, Clock]]:
    """An empty library in one of the homes, and the clock for it."""
    with tempfile.TemporaryDirectory() as name:
        if home == "sqlite":
            from vidkit.library.sqlite.backend import open_sqlite

            with open_sqlite(Path(name) / "library.db") as library:
                yield library, clock(None)
            return
        if home == "postgresql":
            from vidkit.library.postgresql.backend import open_postgresql

            with (
                data_folder() as data,
                postgresql(data, "shared_buffers=512MB", safe=True) as server,
                open_postgresql(server.uri("postgres")) as library,
            ):
                yield library, clock(server.pid)
            return
        from vidkit.library.mongodb.backend import open_mongodb

        data = Path(name) / "mongod"
        with mongod(data, cache_gb=2) as address, open_mongodb(f"mongodb://{address}/") as library:
            yield library, clock(int((data / "mongod.lock").read_text()))


GOALS = {
    "one word": "50 ms",
    "a filter": "50 ms",
    "all of these searches": "50 ms",
    "saving many": "2,000 a second in SQLite",
    "stats": "1 s",
    "every record as JSON lines": "30 s",
}


def measure(home: str, sizes: Sequence[int], detail: bool, say: Callable[[str], None]) -> str:
    """The table of one home."""
    columns: list[dict[str, str]] = []
    with opened(home) as (library, now):
        before = 0
        for size in sizes:
            began = time.monotonic()
            saving = {"saving many": filled(library, now, before, size)}
            saving["replacing one by one"] = one_by_one(library, now, size - 500)
            columns.append({**measured(library, now, detail), **saving})
            say(f"{home}, {size:,} videos, {time.monotonic() - began:.0f} s: {columns[-1]}")
            before = size
    rows = [[what, GOALS.get(what, ""), *(column[what] for column in columns)] for what in columns[0]]
    title = {"sqlite": "SQLite", "mongodb": "MongoDB", "postgresql": "PostgreSQL"}[home]
    return table((title, "goal", *(f"{size * MOMENTS:,} moments" for size in sizes)), rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", choices=HOMES, action="append")
    parser.add_argument("--videos", type=int, nargs="+", default=SIZES)
    parser.add_argument("--detail", action="store_true", help="each search's time, on stderr")
    options = parser.parse_args()
    tables = [
        measure(home, options.videos, options.detail, lambda text: print(text, file=sys.stderr, flush=True))
        for home in options.home or HOMES
    ]
    print("\n\n".join(tables))
