"""Searching through the API, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.records import make_record
from tests.web import config_in, get, serving
from vidkit.library import LibraryEntry, moment_as_json, parse_query, video_key
from vidkit.web.services import Services

SEARCH = "/api/v1/search"


def film(number: int, **changes: Any) -> LibraryEntry:
    """One of many videos: each is found by `rain`, as are two of its clips."""
    made = make_record(
        f"{number:03d}.mp4",
        qwen_description=f"rain over town {number}",
        segments=[(f"a dog in the rain {number}", []), ("nothing", []), ("rain again", [])],
        tags=["Night", "Topic 1"] if number % 2 else ["Night"],
        classification="Sports" if number % 3 else "Action",
        codec="h264" if number % 4 else "hevc",
        duration=10.0 + number,
        finished_at=f"2026-01-02T03:{number // 5 % 60:02d}:00Z",  # five have the same time
        columns={"camera": "AB"[number % 2], "label": f"label {number % 7}"},
    )
    return LibraryEntry(made | changes, Path("/results"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Services]]:
    with serving(config_in(tmp_path_factory.mktemp("search")), no_auth=True) as (address, services):
        services.library.save_all(film(number) for number in range(60))
        yield address, services


@pytest.fixture(scope="module")
def address(server: tuple[str, Services]) -> str:
    return server[0]


def test_a_search_answers_as_the_command_does_with_the_key_of_each_video(server: tuple[str, Services]) -> None:
    address, services = server
    answer = get(address, SEARCH, params={"q": '"a dog" -nothing', "class": ["Sports", "Action"], "limit": 7})
    moments = services.library.search(parse_query('"a dog" -nothing', limit=7))
    assert len(moments) == 7
    expected = [{"key": video_key(each.url), **moment_as_json(each)} for each in moments]
    assert answer.json()["items"] == json.loads(json.dumps(expected))


@pytest.mark.parametrize(
    ("parameters", "status", "words"),
    [
        ({"durration": "3"}, 422, "no parameter durration"),
        ({"clas": "Sports"}, 422, "did you mean class?"),
        ({"classes": "Sports"}, 422, "did you mean class?"),
        ({"limit": "0"}, 422, "limit"),
        ({"limit": "-5"}, 422, "limit"),
        ({"limit": "many"}, 422, "limit"),
        ({"sort": "best"}, 400, "sort best: there is"),
        ({"min_duration": "long"}, 400, "min_duration: "),
        ({"after": "999999999-01-01"}, 400, "after: "),
        ({"where": "camera"}, 400, "where: "),
        ({"q": "!!!"}, 400, "no letter"),
        ({"q": "a " * 101}, 400, "100 words"),
        ({"q": "a" * 6000}, 422, "q"),
        ({"tag": ["x"] * 51}, 422, "tag"),
        ({"codec": "x" * 501}, 422, "codec"),
    ],
)
def test_a_wrong_parameter_is_refused_in_words(
    address: str, parameters: dict[str, Any], status: int, words: str
) -> None:
    answer = get(address, SEARCH, params=parameters)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
