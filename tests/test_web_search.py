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
from vidkit.web.cursors import encode_cursor
from vidkit.web.search_parameters import SearchParameters
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


def read_on(address: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers of all pages."""
    parameters = dict(parameters)
    while True:
        answer = get(address, SEARCH, params=parameters)
        assert answer.status_code == 200, answer.text
        yield from answer.json()["items"]
        if answer.json()["next"] is None:
            return
        parameters["cursor"] = answer.json()["next"]
        assert len(parameters["cursor"]) <= 4096


@pytest.mark.parametrize(
    "parameters", [{}, {"q": "rain"}, {"q": "rain", "sort": "name"}, {"tag": "topic 1"}], ids=str
)
def test_the_pages_are_the_search(server: tuple[str, Services], parameters: dict[str, Any]) -> None:
    address, services = server
    options = {"words": parameters.get("q", ""), "tags": [], "sort": parameters.get("sort", "relevance")}
    options["tags"] = [parameters["tag"]] if "tag" in parameters else []
    whole = services.library.search(parse_query(**options))
    got = list(read_on(address, {**parameters, "limit": 13}))
    assert [(each["url"], each["kind"], each["number"]) for each in got] == [each.key for each in whole]
    assert [each["rank"] for each in got] == [each.rank for each in whole]


def test_a_cursor_of_500_ranked_answers_is_small_and_leads_on_from_any_page_again(address: str) -> None:
    first = get(address, SEARCH, params={"q": "rain OR town OR again OR nothing", "limit": 1}).json()
    assert len(first["next"]) < 3600
    asked = {"q": "rain OR town OR again OR nothing", "cursor": first["next"], "limit": 3}
    second = get(address, SEARCH, params=asked).json()
    assert second == get(address, SEARCH, params=asked).json()
    assert second["items"][0] != first["items"][0]


def test_a_wrong_cursor_is_refused_in_words(address: str) -> None:
    cursor = get(address, SEARCH, params={"q": "rain", "limit": 5}).json()["next"]
    scope = json.dumps(["rain", [], {}])
    forged = [encode_cursor(scope, values) for values in ([], [1] * 5, ["1"] * 6, [-1] * 6, [1, 1, 1, 1, 1, "x"])]
    wrong = ["x", "=", "A" * 5000, cursor[:-1], cursor[1:], cursor + "A", "\0", "é", "%00", "\ud800", *forged]
    for each in wrong:
        answer = get(address, SEARCH, params={"q": "rain", "cursor": each.encode("utf-8", "surrogatepass")})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), each
        assert "leave it out to begin with the first page" in answer.json()["detail"]
    for other in ({"q": "dog"}, {"q": "rain", "sort": "newest"}, {"q": "rain", "tag": "Night"}, {}):
        assert get(address, SEARCH, params={**other, "cursor": cursor}).status_code == 400
    assert get(address, SEARCH, params={"q": "rain", "cursor": cursor, "limit": 9}).status_code == 200


def test_values_in_a_cursor_that_was_made_up_break_nothing(address: str) -> None:
    for sort, query in (("relevance", "rain"), ("name", "rain"), ("newest", ""), ("name", "")):
        parameters = SearchParameters(q=query, sort=sort)
        big = 2**63 - 1
        made = [[big] * 5, [0] * 5, [5, 0, big, 1, 1], [5, big, 5, 0, 0], [10**12, 0, 10**12, 100, 2**20 - 1]]
        for numbers in made:
            for value in (None, "\ud800", "\0", 1e300, -1.5, "zz"):
                for rest in (b"", b"x" * 2400):
                    cursor = encode_cursor(parameters.scope(), [*numbers, value], rest)
                    answer = get(address, SEARCH, params={"q": query, "sort": sort, "cursor": cursor})
                    assert answer.status_code in (200, 400), answer.text
