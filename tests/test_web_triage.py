"""Triage by the API: a queue of moments that several people answer, each moment once, with undo."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.records import make_record
from tests.waiting import PATIENCE, until
from tests.web import authorized, config_in, key_of, serving
from vidkit.export import export_to_json
from vidkit.library import LibraryEntry
from vidkit.record import Record
from vidkit.web import triage
from vidkit.web.services import Services

QUEUE = "/api/v1/triage"


class Site:
    """A server over a library of records, and calls of it."""

    def __init__(self, address: str, services: Services, folder: Path) -> None:
        self.address, self.services, self.folder = address, services, folder

    def add(self, *records: Record) -> None:
        self.services.library.save_all(LibraryEntry(record, self.folder) for record in records)
        for record in records:
            export_to_json(record, self.folder)

    def call(self, method: str, path: str = "", body: Any = None, **options: Any) -> requests.Response:
        return requests.request(method, f"{self.address}{QUEUE}{path}", json=body, timeout=PATIENCE, **options)

    def start(self, **query: Any) -> dict[str, Any]:
        answer = self.call("POST", "", {"query": query})
        assert answer.ok, answer.text
        return answer.json()

    def next(self, queue: dict[str, Any], count: int = 1, holder: str = "") -> list[dict[str, Any]]:
        answer = self.call("POST", f"/{queue['id']}/next", {"count": count, "holder": holder})
        assert answer.ok, answer.text
        return answer.json()["items"]

    def answer(self, queue: dict[str, Any], moment: dict[str, Any], **said: Any) -> requests.Response:
        which = {name: moment[name] for name in ("key", "kind", "number")}
        return self.call("POST", f"/{queue['id']}/answers", which | said)

    def job(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.address}/api/v1/jobs/{number}", timeout=PATIENCE).json()
        return found

    def record(self, name: str) -> Record:
        """A record that stands alike in the library and in its JSON."""
        (entry,) = self.services.library.find(name)
        assert json.loads((self.folder / f"{name}.json").read_text()) == entry.record
        return entry.record


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("web")
    with serving(config_in(folder), no_auth=True) as (address, services):
        yield Site(address, services, folder / "processed")


@pytest.fixture
def site(server: Site) -> Iterator[Site]:
    """A server whose library is empty, without queues."""
    yield server
    for entry in list(server.services.library.records()):
        server.services.library.remove(entry.record["source"]["url"])
    for each in triage.queues(server.services.state):
        triage.forget_queue(server.services.state, each["id"])


def videos(*names: str, **changes: Any) -> list[Record]:
    return [make_record(f"{name}.mp4", **changes) for name in names]


def test_a_queue_has_the_moments_of_its_query_in_their_order(site: Site) -> None:
    scenes = ["a boat", "a car", "a boat again"]
    site.add(*videos("one", scenes=scenes), *videos("two", scenes=["a car", "cars"]))
    found = site.start(q="boat", sort="oldest")
    assert (found["total"], found["done"], found["left"], found["keys"]) == (2, 0, 2, {})
    assert [(each["kind"], each["number"]) for each in site.next(found, 5)] == [("scene", 1), ("scene", 3)]
    moment = site.next(found)[0]
    assert moment["filename"] == "one.mp4"
    assert moment["text"] == "a boat"
    assert moment["marks"] == [[2, 6]]
    assert moment["classification"] == "Unclassified"
    assert moment["said"] is None


def test_what_is_tagged_sensitive_comes_first(site: Site) -> None:
    site.add(*(make_record(f"t{n}.mp4", scenes=[], segments=[]) for n in range(3)))
    site.add(
        make_record("first.mp4", scenes=[], segments=[], tags=["Sensitive"], finished_at="2020-01-01T00:00:00Z")
    )
    queue = site.start()
    found = [item["filename"] for item in site.next(queue, 50)]
    assert found[0] == "first.mp4"
    assert len(found) == len(set(found)) == queue["total"] == 4


def test_the_same_query_joins_the_same_queue_and_is_a_snapshot(site: Site) -> None:
    site.add(*videos("a", "b"))
    first = site.call("POST", "", {"query": {"codec": "h264", "sort": "name"}})
    site.add(*videos("c"))
    second = site.call("POST", "", {"query": {"sort": "name", "codec": "h264", "tag": []}})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == f"{QUEUE}/{first.json()['id']}"
    assert first.json() == second.json()
    assert site.start(sort="name")["id"] != first.json()["id"]
    listed = site.call("GET").json()["items"]
    assert [each["total"] for each in listed] == [3, 2]


def test_an_answered_queue_takes_in_what_its_query_finds_since(site: Site) -> None:
    site.add(*videos("a"))
    queue = site.start()
    site.answer(queue, site.next(queue)[0], skip=True)
    site.add(*videos("b"))
    again = site.start()
    assert (again["id"], again["total"], again["left"]) == (queue["id"], 2, 1)
    assert [each["filename"] for each in site.next(queue, 5)] == ["b.mp4"]


def test_an_answer_is_what_vidkit_label_writes(site: Site) -> None:
    site.add(*videos("a", "b"))
    queue = site.start(sort="name")
    a, b = site.next(queue, 2)
    answered = site.answer(queue, a, **{"class": "Boats"})
    assert answered.status_code == 201
    assert {name: answered.json()[name] for name in ("total", "done", "left", "class")} == {
        "total": 2, "done": 1, "left": 1, "class": "Boats",
    }  # fmt: skip
    assert site.record("a.mp4")["classification"] == "Boats"
    assert site.answer(queue, b, add_tags=["Water", "Night"]).json()["tags"] == ["H.264 Codec", "Water", "Night"]
    corrections = site.record("b.mp4")["corrections"]
    assert corrections is not None
    assert corrections["add_tags"] == ["Water", "Night"]
    done = site.call("GET", f"/{queue['id']}").json()
    assert (done["left"], done["by"]) == (0, {"local": 2})
    assert site.next(queue) == []


def test_a_skipped_moment_is_done_and_says_nothing(site: Site) -> None:
    site.add(*videos("a"))
    queue = site.start()
    before = site.record("a.mp4")
    assert site.answer(queue, site.next(queue)[0], skip=True).json()["left"] == 0
    assert site.record("a.mp4") == before


def test_other_moments_of_a_labelled_video_show_what_was_said(site: Site) -> None:
    site.add(*videos("a", scenes=["a boat", "a boat"]))
    queue = site.start(q="boat")
    first, second = site.next(queue, 2)
    assert site.answer(queue, first, **{"class": "Boats"}).ok
    (shown,) = site.next(queue, 2)
    assert shown["number"] == second["number"]
    assert shown["classification"] == "Boats"
    assert shown["said"] == {"who": "local", "class": "Boats"}


def test_undo_brings_back_the_corrections_exactly_and_the_moment(site: Site) -> None:
    said = {"classification": "Old", "add_tags": ["Mine"], "remove_tags": [], "at": "2026-01-01T00:00:00.000Z"}
    site.add(*videos("a", corrections=said), *videos("b"))
    queue = site.start(sort="name")
    a, _ = site.next(queue, 2)
    answered = site.answer(queue, a, **{"class": "New"}).json()
    assert site.record("a.mp4")["classification"] == "New"
    undone = site.call("DELETE", f"/{queue['id']}/answers/{answered['id']}?holder=me")
    assert undone.status_code == 200
    assert site.record("a.mp4")["corrections"] == said
    assert (undone.json()["left"], undone.json()["item"]["classification"]) == (2, "Old")
    assert [each["filename"] for each in site.next(queue, 2, "me")] == ["a.mp4"]
    assert site.call("DELETE", f"/{queue['id']}/answers/{answered['id']}").status_code == 404


def test_undo_takes_back_one_answer_after_another(site: Site) -> None:
    site.add(*videos("a", scenes=["a boat", "a boat"]))
    queue = site.start(q="boat")
    before = site.record("a.mp4")["corrections"]
    answers = [site.answer(queue, each, **{"class": "Boats"}).json()["id"] for each in site.next(queue, 2)]
    for answer in reversed(answers):
        assert site.call("DELETE", f"/{queue['id']}/answers/{answer}").ok
    assert site.record("a.mp4")["corrections"] == before
    assert site.call("GET", f"/{queue['id']}").json()["done"] == 0


def test_undo_leaves_what_somebody_else_said_since_and_says_so(site: Site) -> None:
    site.add(*videos("a", scenes=["a boat", "a boat"]))
    queue = site.start(q="boat")
    first, second = site.next(queue, 2)
    mine = site.answer(queue, first, **{"class": "Mine"}).json()
    site.answer(queue, second, **{"class": "Theirs"})
    refused = site.call("DELETE", f"/{queue['id']}/answers/{mine['id']}")
    assert refused.status_code == 409
    assert "changed since" in refused.json()["detail"]
    assert site.record("a.mp4")["classification"] == "Theirs"
    assert site.call("GET", f"/{queue['id']}").json()["done"] == 2


def test_nobody_gets_a_moment_that_somebody_has(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add(*videos("a", "b", "c"))
    queue = site.start(sort="name")
    mine = site.next(queue, 2, "one")
    theirs = site.next(queue, 2, "two")
    assert [each["filename"] for each in (*mine, *theirs)] == ["a.mp4", "b.mp4", "c.mp4"]
    assert site.next(queue, 2, "one") == mine
    refused = site.answer(queue, mine[0], skip=True, holder="two")
    assert refused.status_code == 409
    assert "local has this moment" in refused.json()["detail"]
    site.next(queue, 0, "one")
    assert [each["filename"] for each in site.next(queue, 5, "two")] == ["c.mp4", "a.mp4", "b.mp4"]


def test_a_moment_is_free_again_after_some_minutes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add(*videos("a"))
    queue = site.start()
    monkeypatch.setattr(triage, "LEASE", -1.0)
    (mine,) = site.next(queue, 1, "one")
    monkeypatch.undo()
    assert site.next(queue, 1, "two") == [mine]
    assert site.answer(queue, mine, skip=True, holder="one").status_code == 409
    assert site.answer(queue, mine, skip=True, holder="two").status_code == 201


def test_who_comes_back_late_gets_the_same_moments_and_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add(*videos("a", "b", "c"))
    queue = site.start(sort="name")
    monkeypatch.setattr(triage, "LEASE", 0.0)
    late = site.next(queue, 2, "one")
    monkeypatch.undo()
    assert [each["filename"] for each in site.next(queue, 3, "one")] == ["a.mp4", "b.mp4", "c.mp4"]
    assert site.next(queue, 2, "one") == late


def test_the_same_answer_sent_twice_counts_once_and_another_is_refused(site: Site) -> None:
    site.add(*videos("a"))
    queue = site.start()
    (moment,) = site.next(queue)
    first, second = (site.answer(queue, moment, **{"class": "A"}).json() for _ in range(2))
    assert first == second
    refused = site.answer(queue, moment, **{"class": "B"})
    assert refused.status_code == 409
    assert site.record("a.mp4")["classification"] == "A"


def test_four_people_at_once_answer_every_moment_once(site: Site) -> None:
    site.add(*videos(*(f"v{number:02d}" for number in range(20)), scenes=["a boat", "a boat"]))
    queue = site.start(q="boat")
    answered: list[tuple[str, int]] = []
    errors: list[str] = []

    def work(name: str) -> None:
        while items := site.next(queue, 3, name):
            for item in items:
                done = site.answer(queue, item, add_tags=[f"{name} {item['number']}"], holder=name)
                if not done.ok:
                    errors.append(done.text)
                answered.append((item["key"], item["number"]))

    threads = [threading.Thread(target=work, args=(f"tab{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(answered) == len(set(answered)) == 40
    assert site.call("GET", f"/{queue['id']}").json()["left"] == 0
    for number in range(20):
        corrections = site.record(f"v{number:02d}.mp4")["corrections"]
        assert corrections is not None
        assert sorted(tag.split()[1] for tag in corrections["add_tags"]) == ["1", "2"]


def test_the_queue_says_who_answered_and_who_has_what(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    with serving(config) as (address, services):
        site = Site(address, services, tmp_path / "processed")
        site.add(*videos("a", "b", "c"))
        anna, ben, eve = (
            {"headers": authorized(key_of(services, scope, name))}
            for scope, name in (("label", "anna"), ("process", "ben"), ("read", "eve"))
        )
        assert site.call("POST", "", {"query": {}}, **eve).status_code == 403
        queue = site.call("POST", "", {"query": {"sort": "name"}}, **anna).json()
        assert site.call("POST", "", {"query": {"sort": "name"}}, **ben).json()["id"] == queue["id"]
        path = f"/{queue['id']}"
        (first,) = site.call("POST", f"{path}/next", {"count": 1}, **anna).json()["items"]
        (second,) = site.call("POST", f"{path}/next", {"count": 1}, **ben).json()["items"]
        assert (first["filename"], second["filename"]) == ("a.mp4", "b.mp4")
        which = {name: first[name] for name in ("key", "kind", "number")}
        refused = site.call("POST", f"{path}/answers", {**which, "class": "B"}, **ben)
        assert (refused.status_code, refused.json()["detail"][:4]) == (409, "anna")
        assert site.call("POST", f"{path}/answers", {**which, "class": "A"}, **anna).status_code == 201
        assert site.call("POST", f"{path}/answers", {**which, "class": "A"}, **ben).status_code == 409
        shown = site.call("GET", path, **ben).json()
        assert (shown["by"], shown["created_by"]) == ({"anna": 1}, "anna")
        with services.state.reading() as connection:
            lines = connection.execute("SELECT who, action FROM audit WHERE action = 'label'").fetchall()
        assert [tuple(line) for line in lines] == [("anna", "label")]


def test_a_moment_whose_video_is_gone_is_skipped(site: Site) -> None:
    site.add(*videos("a", "b", "c"))
    queue = site.start(sort="name")
    (held,) = site.next(queue, 1, "other")
    for record in videos("a", "b"):
        site.services.library.remove(record["source"]["url"])
    assert [each["filename"] for each in site.next(queue, 2, "me")] == ["c.mp4"]
    assert site.answer(queue, held, skip=True, holder="other").status_code == 404
    left = site.call("GET", f"/{queue['id']}").json()
    assert (left["total"], left["left"]) == (1, 1)


def test_an_answer_that_cannot_be_saved_leaves_the_moment_to_be_answered(site: Site) -> None:
    site.add(*videos("a"))
    queue = site.start()
    (moment,) = site.next(queue)
    before = site.record("a.mp4")
    with closing(sqlite3.connect(site.services.config.library.path)) as other:
        other.execute("CREATE TRIGGER broken BEFORE UPDATE ON videos BEGIN SELECT RAISE(ABORT, 'no'); END")
        refused = site.answer(queue, moment, **{"class": "A"})
        other.execute("DROP TRIGGER broken")
    assert refused.status_code == 503
    assert site.record("a.mp4") == before
    assert site.call("GET", f"/{queue['id']}").json()["done"] == 0
    assert site.answer(queue, moment, **{"class": "A"}).status_code == 201


def test_all_that_is_left_gets_the_same_by_a_job(site: Site) -> None:
    site.add(*videos("a", "b", "c", "d"))
    queue = site.start(sort="name")
    a, b = site.next(queue, 2, "me")
    site.answer(queue, a, **{"class": "Mine"}, holder="me")
    (others,) = site.next(queue, 1, "other")
    assert others["filename"] == "c.mp4"
    started = site.call("POST", f"/{queue['id']}/rest", {"class": "Rest", "add_tags": ["Late"], "holder": "me"})
    assert started.status_code == 201, started.text
    job = started.json()
    assert (job["kind"], job["total"], job["settings"]) == ("label", 2, {"class": "Rest", "add_tags": ["Late"]})
    until(lambda: site.job(job["id"])["state"] == "done", told=lambda: site.job(job["id"]))
    assert [site.record(f"{name}.mp4")["classification"] for name in "abcd"] == [
        "Mine", "Rest", "Unclassified", "Rest",
    ]  # fmt: skip
    left = site.call("GET", f"/{queue['id']}").json()
    assert (left["done"], left["left"], left["by"]) == (3, 1, {"local": 3})
    assert site.answer(queue, b, skip=True, holder="me").status_code == 409
    assert site.answer(queue, others, skip=True, holder="other").status_code == 201
    nothing = site.call("POST", f"/{queue['id']}/rest", {"class": "Rest"})
    assert (nothing.status_code, "nothing is left" in nothing.json()["detail"]) == (409, True)


def test_what_a_job_wrote_is_not_undone_one_by_one(site: Site) -> None:
    site.add(*videos("a"))
    queue = site.start()
    job = site.call("POST", f"/{queue['id']}/rest", {"class": "Rest"}).json()
    until(lambda: site.job(job["id"])["state"] == "done", told=lambda: site.job(job["id"]))
    refused = site.call("DELETE", f"/{queue['id']}/answers/1")
    assert refused.status_code == 409
    assert site.record("a.mp4")["classification"] == "Rest"


def test_keys_are_kept_with_the_queue_and_changed_one_by_one(site: Site) -> None:
    queue = site.start()
    path = f"/{queue['id']}"
    site.call("PATCH", path, {"keys": {"1": {"class": "Boats"}, "n": {"add_tags": ["Night", "Dark"]}}})
    changed = site.call("PATCH", path, {"keys": {"1": None, "2": {"class": "Cars"}}})
    assert changed.json()["keys"] == {"2": {"class": "Cars"}, "n": {"add_tags": ["Night", "Dark"]}}
    assert site.start()["keys"] == changed.json()["keys"]


@pytest.mark.parametrize(
    "keys",
    [
        {"0": {"class": "A"}}, {"u": {"class": "A"}}, {"s": {"class": "A"}}, {"10": {"class": "A"}}, {"1": {}},
        {"1": {"class": " "}}, {"1": {"add_tags": []}}, {"1": {"class": "A", "more": 1}}, {"1\n": {"class": "A"}},
    ],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_refused(site: Site, keys: dict[str, Any]) -> None:
    queue = site.start()
    assert site.call("PATCH", f"/{queue['id']}", {"keys": keys}).status_code in (400, 422)


@pytest.mark.parametrize(
    "said", [{}, {"skip": True, "class": "A"}, {"add_tags": []}, {"class": ""}, {"class": "A", "tags": ["B"]}]
)
def test_an_answer_that_makes_no_sense_is_refused(site: Site, said: dict[str, Any]) -> None:
    site.add(*videos("a"))
    queue = site.start()
    assert site.answer(queue, site.next(queue)[0], **said).status_code == 422


def test_an_unknown_queue_is_not_there(site: Site) -> None:
    for method, path, body in [
        ("GET", "/99", None), ("PATCH", "/99", {"keys": {}}), ("POST", "/99/next", {}), ("DELETE", "/99", None),
        ("POST", "/99/answers", {"key": "a" * 20, "kind": "video", "number": 0, "skip": True}),
        ("DELETE", "/99/answers/1", None),
    ]:  # fmt: skip
        assert site.call(method, path, body).status_code == 404, path


def test_a_search_that_cannot_be_read_is_refused_and_leaves_no_queue(site: Site) -> None:
    assert site.call("POST", "", {"query": {"min_duration": "long"}}).status_code == 400
    assert site.call("POST", "", {"query": {"word": "boat"}}).status_code == 422
    assert site.call("GET").json() == {"items": []}


def test_a_queue_is_forgotten_and_its_labels_stay(site: Site) -> None:
    site.add(*videos("a"))
    queue = site.start()
    site.answer(queue, site.next(queue)[0], **{"class": "A"})
    assert site.call("DELETE", f"/{queue['id']}").status_code == 204
    assert site.call("GET").json() == {"items": []}
    assert site.record("a.mp4")["classification"] == "A"
