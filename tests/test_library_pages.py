"""The results of a search page by page, in each backend, also while others write."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidkit.errors import QueryError
from vidkit.library import SORTS, Library, LibraryEntry, MomentKey, Query, parse_query
from vidkit.library.paging import Position
from vidkit.library.ranking import RANKED

from .records import make_record
from .test_library import library, open_home, server, settings  # noqa: F401 - fixtures

VIDEOS = 220
FOLDER = Path("/results")


def film(number: int, version: int = 0, extra_scenes: int = 0) -> LibraryEntry:
    """A video with answers for `rain`; a later version was processed later, is longer, and has more scenes."""
    chance = random.Random(number)
    scenes = [
        f"rain {number}",
        *(f"rain of scene {n}" for n in range(1 + chance.randrange(2))),
        *[None] * extra_scenes,
    ]
    record = make_record(
        f"{'zyxa'[version]}{chance.randrange(40)}.mp4",
        url=f"https://videos.example/{number}",
        qwen_description="town " * chance.randrange(6) + "rain" * (number % 7 != 0),
        scenes=scenes,
        segments=[(f"{'rain ' * n} again {number}", []) for n in range(3)],
        duration=float(chance.randrange(20) + 100 * version),
        size=1000 * chance.randrange(9) + version,
        tags=["Night"] if number % 3 else ["Day"],
        columns={"label": "rare" if number % 50 == 0 else "usual"},
        finished_at=f"2026-01-{1 + number % 28 if not version else 28 + version:02d}T03:04:05Z",
    )
    return LibraryEntry(record, FOLDER)


@pytest.fixture
def films(library: Library) -> Library:  # noqa: F811
    library.save_all(film(number) for number in range(VIDEOS))
    return library


def pages(
    home: Library, query: Query, between: Callable[[int], object] = lambda number: None
) -> Iterator[list[MomentKey]]:
    """Each page's answers; `between` is called with the number of the page that was read."""
    after, number = None, 0
    while True:
        moments, after = home.page(query, after)
        yield [moment.key for moment in moments]
        if after is None:
            return
        assert len(after.ranked) <= RANKED * 5
        between(number)
        number += 1
        assert number < 3000


def joined(found: Iterable[list[MomentKey]]) -> list[MomentKey]:
    return [key for page in found for key in page]


SEARCHES: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, SORTS),
    ({"tags": ["Night"]}, ("newest", "name")),
    ({"where": ["label=rare"]}, ("newest", "name")),
    ({"words": "rain"}, SORTS),
    ({"words": '"of scene" OR again -town'}, ("relevance", "longest")),
    ({"words": "rain", "tags": ["Night"], "max_duration": "10"}, ("relevance", "oldest")),
    ({"words": "rain", "where": ["label=rare"]}, ("relevance", "name")),
    ({"words": "-town"}, ("newest", "largest")),
]


@pytest.mark.parametrize(("asked", "sorts"), SEARCHES, ids=str)
def test_the_pages_together_are_the_search(films: Library, asked: dict[str, Any], sorts: tuple[str, ...]) -> None:
    for sort in sorts:
        whole = [moment.key for moment in films.search(parse_query(**asked, sort=sort))]
        assert whole
        for limit in (1 + len(whole) // 9, len(whole)):
            got = list(pages(films, parse_query(**asked, sort=sort, limit=limit)))
            assert joined(got) == whole
            assert all(map(len, got))
            assert {len(page) for page in got[:-1]} <= {limit}


WRITTEN: list[tuple[dict[str, Any], str]] = [
    *(({}, sort) for sort in ("newest", "shortest", "name")),
    *(({"words": "rain"}, sort) for sort in ("relevance", "newest", "smallest", "name")),
    ({"words": '"of scene" OR again -town', "tags": ["Night"]}, "relevance"),
    ({"words": "-town"}, "newest"),
]


@pytest.mark.parametrize(("asked", "sort"), WRITTEN, ids=str)
def test_no_result_comes_twice_or_is_missing_while_records_are_saved_and_removed(
    films: Library, asked: dict[str, Any], sort: str
) -> None:
    whole = [moment.key for moment in films.search(parse_query(**asked, sort=sort))]
    chance = random.Random(sort)
    removed: set[str] = set()
    replaced: dict[int, int] = {}

    def write(number: int) -> None:
        films.save_all(film(VIDEOS + 3 * number + each, chance.randrange(2)) for each in range(3))
        for which in (chance.randrange(VIDEOS) for _ in range(4)):
            if f"https://videos.example/{which}" not in removed:
                replaced[which] = min(replaced.get(which, 0) + 1, 3)
                films.save(*film(which, replaced[which], extra_scenes=chance.randrange(4)).__dict__.values())
        gone = film(chance.randrange(VIDEOS)).record["source"]["url"]
        removed.add(gone)
        films.remove(gone)

    got = joined(pages(films, parse_query(**asked, sort=sort, limit=1 + len(whole) // 20), write))
    assert len(set(got)) == len(got)
    assert replaced
    left = [key for key in whole if key.url not in removed]
    assert [key for key in got if key.url not in removed] == left
    assert set(got) <= set(whole)


def test_pages_are_whole_while_another_thread_writes(films: Library) -> None:
    asked = parse_query("rain", limit=20)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            films.save(*film(number % VIDEOS, 1, number % 3).__dict__.values())
            films.save(*film(VIDEOS + number).__dict__.values())
            number += 1
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for sort in ("relevance", "newest", "longest"):
            now = {moment.key for moment in films.search(replace(asked, sort=sort, limit=None))}
            got = joined(pages(films, replace(asked, sort=sort)))
            assert len(set(got)) == len(got)
            assert now <= set(got)
    finally:
        done.set()
        writer.join()


def test_a_video_that_comes_again_after_it_was_removed_is_a_new_one(films: Library) -> None:
    query = parse_query(sort="shortest", limit=50)
    seen: list[str] = []

    def remove_and_add(number: int) -> None:
        if number == 0:
            for which in (int(url.rpartition("/")[2]) for url in seen):
                films.remove(film(which).record["source"]["url"])
                films.save(*film(which, 1).__dict__.values())  # longer than all the others

    after = None
    first, after = films.page(query)
    seen += [moment.url for moment in first]
    remove_and_add(0)
    while after:
        moments, after = films.page(query, after)
        seen += [moment.url for moment in moments]
    assert len(seen) == len(set(seen)) == VIDEOS


def test_a_position_of_another_library_finds_nothing_and_breaks_nothing(films: Library) -> None:
    for query in (parse_query("rain", limit=5), parse_query(limit=5), parse_query("rain", sort="name", limit=5)):
        for number in (0, 10**9, 2**62, -(2**62)):
            value = {"relevance": None, "name": "x"}.get(query.order(), 1.0)
            for ranked in (b"", b"12345" * 100) if value is None else (b"",):
                try:
                    page = films.page(query, Position(number, number, number, (9, 2**19), value, ranked))
                except QueryError:
                    continue
                assert len(page.moments) <= 5
