"""Facets count the videos of a search as counting their records would, in each backend."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from vidkit.library import Library, LibraryEntry, Query, parse_query
from vidkit.library.facets import FACETS
from vidkit.library.protocol import LENGTHS
from vidkit.library.sqlite.backend import SqliteLibrary

from .records import make_record
from .test_library import library, open_home, server, settings  # noqa: F401 - fixtures

SLOW = 60.0  # seconds, on a machine that is busy
NAMES = (*FACETS, "column:camera", "column:Place Name")


def film(number: int, version: int = 0) -> LibraryEntry:
    chance = random.Random(100 * number + version)
    record = make_record(
        f"{number}.mp4",
        scenes=["rain", f"dog {number}"],
        tags=chance.sample(["Night", "Action", "Aerial Shot", f"Topic {number % 9}"], chance.randrange(4)),
        classification=chance.choice(["Sports", "Action", "Unclassified"]),
        codec=chance.choice(["h264", "hevc"]),
        resolution=chance.choice(["640x360", "1280x720"]),
        duration=chance.choice([3.0, 10.0, 29.9, 30.0, 4000.0]),
        columns={"camera": chance.choice("ab"), "Place Name": chance.choice(["Köln", ""]), "id": f"x{number}"},
    )
    return LibraryEntry(record, Path("/results"))


def counted(home: Library, name: str, query: Query) -> dict[str, int]:
    """The same from the records."""
    found = Counter[str]()
    for entry in home.records(query):
        record = entry.record
        if name == "length":
            bounds = [0, *sorted(LENGTHS), 1e9]
            for length, (low, high) in enumerate(pairwise(bounds)):
                found[str(length)] += low <= record["duration"] <= high
        elif name == "tag":
            found.update(record["tags"])
        elif name.startswith("column:"):
            found[record["source"]["columns"][name.removeprefix("column:")]] += 1
        else:
            found[record["classification" if name == "class" else name]] += 1  # type: ignore[literal-required]
    return {value: videos for value, videos in found.items() if value and videos}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"tags": ["night"]},
        {"words": "dog -7", "classes": ["Sports", "Action"]},
        {"min_duration": "10", "where": ["camera=a"]},
        {"words": "-7"},
        {"words": "nothing"},
    ],
    ids=str,
)
def test_facets_count_what_the_records_of_a_search_have(library: Library, asked: dict[str, Any]) -> None:  # noqa: F811
    library.save_all(film(number) for number in range(60))
    query = parse_query(**asked)
    assert set(library.columns(SLOW) or ()) >= {"camera", "Place Name"}
    for _ in range(2):  # and again, after some were replaced, removed and added
        found = library.facets(dict.fromkeys((*NAMES, "videos", "moments"), query), SLOW)
        for name in NAMES:
            assert found[name] == counted(library, name, query), name
            assert list(found[name].values()) == sorted(found[name].values(), reverse=True)
        assert found["videos"] == {"": len(list(library.records(query)))}
        assert found["moments"] == {"": len(library.search(query))}
        library.save_all(film(number, 1) for number in range(10, 30))
        library.save(film(90).record, Path("/results"))
        library.remove(film(40).record["source"]["url"])


def test_what_cannot_be_counted_in_time_is_left_out_and_a_search_goes_on(library: Library) -> None:  # noqa: F811
    library.save_all(film(number) for number in range(300))
    query = parse_query("rain")
    assert library.facets(dict.fromkeys((*NAMES, "moments"), query), 0.0) == {}
    assert len(library.search(query)) == 300
    found: dict[str, Any] = {}
    until = time.monotonic() + SLOW
    while len(found) < len(NAMES) + 1 and time.monotonic() < until:  # each time it is further
        found = library.facets(dict.fromkeys((*NAMES, "moments"), query), 0.5)
    assert found["moments"] == {"": 300}


def test_a_column_of_names_is_no_facet(library: Library) -> None:  # noqa: F811
    if not isinstance(library, SqliteLibrary):
        pytest.skip("a server counts a column only when it is asked for")
    library.save_all(
        LibraryEntry(make_record(f"{n}.mp4", columns={"id": f"name {n}", "camera": "a"}), Path("/x"))
        for n in range(2100)
    )
    assert library.columns(SLOW) == ["camera"]
