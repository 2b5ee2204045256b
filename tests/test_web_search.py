"""Searching through the API, over real HTTP."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.records import make_record
from tests.waiting import PATIENCE, until
from tests.web import config_in, get, serving
from vidkit.cli import main
from vidkit.core.redaction import TOKEN
from vidkit.library import LibraryEntry, moment_as_json, parse_query, video_key
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.rows import FAILURE_COLUMNS
from vidkit.web.cursors import decode_cursor, encode_cursor
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


def test_a_cursor_never_looks_like_a_key_which_no_address_may_have() -> None:
    rest = base64.urlsafe_b64decode("Avk_" * 600)
    texts = [encode_cursor("q", [], b"x" * shift + rest) for shift in range(3)]
    assert [decode_cursor("q", text) for text in texts] == [([], b"x" * shift + rest) for shift in range(3)]
    assert not any(TOKEN.search(text) for text in texts)
    assert any(TOKEN.search(text.replace(".", "_")) for text in texts)


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


# Facets


def counts(address: str, **parameters: Any) -> dict[str, Any]:
    """The facets of a search, all counted: the first time, the server may have to read on."""

    def whole() -> dict[str, Any] | None:
        answer = get(address, "/api/v1/facets", params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return None if found["partial"] else found

    return until(whole) or {}


def values_of(answer: dict[str, Any], name: str) -> dict[str, int]:
    facet = next(each for each in answer["facets"] if each["name"] == name)
    return {value["label"]: value["count"] for value in facet["values"]}


FILTERS: list[dict[str, Any]] = [
    {},
    {"tag": ["Topic 1"]},
    {"q": "town", "class": ["Sports"]},
    {"codec": "hevc", "where": ["camera=A"]},
]


def test_each_value_of_a_facet_leads_to_as_many_videos_as_it_says(server: tuple[str, Services]) -> None:
    address, services = server
    for asked in (
        {},
        {"tag": ["Topic 1"]},
        {"q": "town", "class": ["Sports"]},
        {"codec": "hevc", "where": ["camera=A"]},
    ):
        answer = counts(address, **asked)
        assert {each["name"] for each in answer["facets"]} == {
            *("class", "tag", "length", "resolution", "codec"),
            *("column:camera", "column:label"),
        }
        for facet in answer["facets"]:
            assert facet["values"]
            for value in facet["values"]:
                given = value["value"]
                if isinstance(given, dict):
                    chosen = {**asked, **given}
                elif facet["param"] in ("tag", "where"):
                    chosen = {**asked, facet["param"]: [*asked.get(facet["param"], []), given]}
                else:
                    chosen = {**asked, facet["param"]: [given] if facet["param"] == "class" else given}
                parameters = SearchParameters.model_validate(chosen)
                there = sum(1 for _ in services.library.records(parameters.query()))
                assert there == value["count"], (asked, facet["name"], value)
        whole = SearchParameters.model_validate(asked).query()
        assert answer["videos"] == sum(1 for _ in services.library.records(whole))
        assert answer["moments"] == len(services.library.search(whole))


def test_chosen_values_are_marked_and_other_classes_are_still_counted(address: str) -> None:
    answer = counts(address, **{"class": ["sports", "Nothing"], "tag": "NIGHT", "where": "camera=a"})
    classes = next(each for each in answer["facets"] if each["name"] == "class")
    assert [(value["label"], value["chosen"]) for value in classes["values"]] == [
        ("Sports", True),
        ("Action", False),
        ("Nothing", True),
    ]
    assert classes["values"][1]["count"]
    tags = next(each for each in answer["facets"] if each["name"] == "tag")
    assert [(value["label"], value["chosen"]) for value in tags["values"]] == [("Night", True)]
    assert values_of(answer, "column:camera") == {"A": 20}
    assert set(values_of(answer, "length")) == {"10 s - 30 s", "30 s - 1 min", "1 min - 5 min"}


def test_facets_that_are_asked_for_are_those_that_are_counted(address: str) -> None:
    assert [each["name"] for each in counts(address, facet="columns")["facets"]] == [
        "column:camera",
        "column:label",
    ]
    assert [each["name"] for each in counts(address, facet=["codec", "column:camera"])["facets"]] == [
        "codec",
        "column:camera",
    ]
    assert counts(address, facet="column:none")["facets"][0]["values"] == []
    answer = get(address, "/api/v1/facets", params={"facet": "clas"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "there is no facet clas: did you mean class?")


# Stats and saved searches


def test_stats_are_those_of_the_command_with_failures_by_reason_and_the_cost(
    server: tuple[str, Services], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, services = server
    results = services.config.paths.processed_directory
    results.mkdir(exist_ok=True)
    (results / "failures.csv").write_text(
        f"public_url,{','.join(FAILURE_COLUMNS)}\n"
        "https://a.example/1,download,https://a.example/1: the server says 404\n"
        "https://a.example/2,download,https://a.example/2: the server says 404\n"
        "https://a.example/3,probe,no video\n"
    )
    (results / "summary.json").write_text(json.dumps({"model": {"requests": 3, "tokens_in": 1000, "seconds": 1.5}}))
    monkeypatch.setenv("VIDKIT_LIBRARY_PATH", str(services.config.library.path))
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", str(results))
    for asked, options in (({}, []), ({"tag": "topic 1", "by": "camera"}, ["--tag", "topic 1", "--by", "camera"])):
        got = get(address, "/api/v1/stats", params=asked).json()
        assert main(["stats", "--json", *options]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert {key: value for key, value in got.items() if key not in ("failures", "model")} == {
            key: value for key, value in printed.items() if key != "failures"
        }
        reasons = {"download: the server says 404": 2, "probe: no video": 1}
        assert got["failures"] == ({} if asked else reasons)
        assert got["model"] == ({} if asked else {"requests": 3, "tokens_in": 1000, "seconds": 1.5})
    assert values_of_key(got) == {"B": 30}
    for asked, words in (({"by": "camra"}, "did you mean camera?"), ({"before": "x"}, "before: ")):
        answer = get(address, "/api/v1/stats", params=asked)
        assert (answer.status_code, words in answer.json()["detail"]) == (400, True)


def values_of_key(got: dict[str, Any]) -> dict[str, int]:
    return {each["value"]: each["videos"] for each in got["values"]}


def test_failures_of_jobs_are_counted_once_for_each_video(server: tuple[str, Services]) -> None:
    address, services = server
    for number, reason in enumerate(("https://a.example/9: gone", "https://a.example/9: later"), 1000):
        columns = "id, kind, state, priority, name, created_at, created_by, settings, version, result"
        values = number, "process", "done", 0, "", "", "me", "{}", 1, '{"model": {"requests": 2}}'
        with services.state.writing() as connection:
            connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({','.join('?' * 10)})", values)
        folder = services.jobs.folder(number)
        folder.path.mkdir(parents=True)
        row = {"url": "https://a.example/9", "line": 1, "stage": "download", "reason": reason}
        folder.failures.write_text(json.dumps(row) + "\n")
    assert get(address, "/api/v1/stats").json()["model"]["requests"] >= 4
    failures = get(address, "/api/v1/stats").json()["failures"]
    assert failures["download: later"] == 1
    assert "download: gone" not in failures


def test_a_search_is_saved_for_all_listed_and_forgotten(address: str) -> None:
    saved = f"{address}/api/v1/searches"
    headers = {"Origin": address}
    name, text = "Hunde & <b>Regen</b>", "q=dog+rain&tag=Night&class=Sports&min_duration=10&sort=newest"
    made = requests.post(saved, json={"name": name, "address": text}, headers=headers, timeout=PATIENCE)
    assert made.status_code == 201, made.text
    listed = get(address, "/api/v1/searches").json()["items"]
    assert listed == [{"id": made.json()["id"], "name": name, "address": text}]
    for wrong, status, words in (
        ({"name": name, "address": ""}, 409, "choose another name"),
        ({"name": " ", "address": ""}, 422, "name"),
        ({"name": "a\x1b", "address": ""}, 422, "name"),
        ({"name": "a", "address": "q=rain&tagg=x"}, 422, "did you mean tag?"),
        ({"name": "a", "address": "sort=best"}, 400, "sort best"),
        ({"name": "a", "address": "&".join(["tag=x"] * 400)}, 422, "too many"),
        ({"name": "a", "address": "x" * 9000}, 422, "address"),
        ({"name": "a", "address": "", "more": 1}, 422, "more"),
    ):
        answer = requests.post(saved, json=wrong, headers=headers, timeout=PATIENCE)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    gone = f"{saved}/{made.json()['id']}"
    assert requests.delete(gone, headers=headers, timeout=PATIENCE).status_code == 204
    assert requests.delete(gone, headers=headers, timeout=PATIENCE).status_code == 404
    assert get(address, "/api/v1/searches").json() == {"items": []}
    actions = [row["action"] for row in get(address, "/api/v1/audit").json()["items"]]
    assert actions[:2] == ["delete search", "save search"]


# What can go wrong


def test_hostile_parameters_are_refused_or_find_nothing(address: str) -> None:
    long = "a" * 10_000
    for path in (SEARCH, "/api/v1/facets", "/api/v1/stats", f"/api/v1/videos/{'0' * 20}/moments"):
        for query in (
            f"q={long}", "q=%00", "q=%ed%a0%80", "q=%ff%fe", "tag=%00&tag=", "&".join(["tag=x"] * 1000), "limit=-1",
            "limit=99999999999999999999", "after=99999-01-01", "after=-1", "before=1e400", "min_duration=1e999",
            "min_duration=nan", "max_duration=-5", f"max_duration={'9' * 400}", "where==", f"where={'x' * 400}=y",
            "resolution=1e9x1e9", f"resolution={'9' * 400}x1", "codec=%00%0a", 'q="', "q=-", "q=*", "q=OR",
            'q=" OR 1=1 --', "sort=newest;drop", "class[]=x", "q[]=x", "%00=x", "q=a*&q=b*",
            "where=source.columns.%00=x", "cursor=%00",
        ):  # fmt: skip
            answer = get(address, f"{path}?{query}")
            assert answer.status_code < 500, (path, query, answer.text)
    assert get(address, SEARCH).json()["items"]


def test_the_library_may_go_away_and_come_back_while_the_server_runs(tmp_path: Path) -> None:
    paths = [
        SEARCH,
        f"{SEARCH}?q=rain",
        "/api/v1/facets",
        "/api/v1/stats",
        f"/api/v1/videos/{'0' * 20}",
        "/healthz",
    ]
    config = config_in(tmp_path)
    with open_sqlite(tmp_path / "other.db") as other:
        other.save_all(film(number) for number in range(3))
    with serving(config, no_auth=True) as (address, services):
        services.library.save_all(film(number) for number in range(9))
        assert len(get(address, SEARCH).json()["items"]) == 9
        config.library.path.rename(tmp_path / "away.db")
        for path in paths:
            answer = get(address, path)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), path
            if path != "/healthz":
                assert "cannot be opened: it is not there any more" in answer.json()["detail"]
        (tmp_path / "away.db").rename(config.library.path)
        assert len(get(address, SEARCH).json()["items"]) == 9
        cursor = get(address, SEARCH, params={"limit": 2}).json()["next"]
        (tmp_path / "other.db").replace(config.library.path)
        assert len(get(address, SEARCH).json()["items"]) == 3
        assert counts(address)["videos"] == 3
        assert get(address, SEARCH, params={"cursor": cursor}).status_code == 200
        config.library.path.write_bytes(b"no library at all " * 1000)
        for path in paths[:-1]:
            assert get(address, path).status_code in (503, 404), path


def test_a_search_waits_for_no_writer(server: tuple[str, Services]) -> None:
    address, services = server
    with sqlite3.connect(services.config.library.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE videos SET size = size + 1")
        for path in (SEARCH, f"{SEARCH}?q=rain", "/api/v1/facets", "/api/v1/stats"):
            began = time.monotonic()
            assert get(address, path).status_code == 200
            assert time.monotonic() - began < 9  # a writer is waited for 10 seconds
        other.execute("ROLLBACK")
    other.close()
