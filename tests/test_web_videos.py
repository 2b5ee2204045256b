"""Videos in the web library: the record, where tags are from, corrections with undo, and erasing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from tests.records import make_record
from tests.waiting import PATIENCE
from tests.web import authorized, config_in, get, key_of, serving
from vidkit.core.config import Config
from vidkit.core.stores import LocalStore
from vidkit.curate.retag import retagged
from vidkit.export import export_to_json, read_record
from vidkit.library import video_key
from vidkit.tagging.user_rules import open_rules
from vidkit.web.services import Services

RULES = {
    "rules": [
        {"description_keywords": ["cat", "kitten"], "tags": ["Cat"]},
        {"tags_present": ["Cat"], "tags": ["Pet"]},
    ],
    "classifications": [{"name": "Pets", "tags_present": ["Pet"]}],
}


class Site(NamedTuple):
    """A server over a library in a folder."""

    address: str
    services: Services
    config: Config
    folder: Path

    def add(self, name: str, **changes: Any) -> str:
        """Put a record into the library, with its JSON and the tags of the rules; its address."""
        record = retagged(make_record(name, **changes), open_rules(self.config))
        self.services.library.save(record, self.folder)
        export_to_json(record, self.folder)
        return f"/api/v1/videos/{video_key(record['source']['url'])}"

    def get(self, path: str, **options: Any) -> Any:
        return get(self.address, path, **options)

    def send(self, method: str, path: str, body: Any = None, key: str = "admin") -> requests.Response:
        headers = authorized(key_of(self.services, key)) if key != "admin" else {}
        return requests.request(method, self.address + path, json=body, headers=headers, timeout=PATIENCE)

    def record(self, name: str) -> Any:
        """The record as its JSON has it; the library's is the same."""
        record = read_record(LocalStore(self.folder), name)
        assert record is not None
        (entry,) = self.services.library.find(record["source"]["url"])
        assert entry.record == record
        return record


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("videos")
    config = config_in(root)
    rules = root / "custom_tags.json"
    rules.write_text(json.dumps(RULES))
    config = replace(config, rules=replace(config.rules, custom_tag_rules=rules))
    folder = config.paths.processed_directory
    folder.mkdir(parents=True)
    with serving(config, no_auth=True) as (address, services):
        yield Site(address, services, config, folder)


def test_the_record_is_given_exactly(site):
    path = site.add("exact.mp4", scenes=["Ünï <img src=x onerror=alert(1)> \u2028"], columns={"a": "1"})
    assert site.get(path).json() == site.record("exact.mp4")
    saved = site.get(f"{path}?download=1")
    assert saved.headers["content-disposition"] == 'attachment; filename="exact.mp4.json"'
    assert saved.content == (site.folder / "exact.mp4.json").read_bytes()


def test_moments_in_a_video_are_those_of_the_search_by_time(site):
    path = site.add("hits.mp4", scenes=["A fish.", "Walking dogs.", "A dog walks."], segments=["A dog", "A bird"])
    items = site.get(f"{path}/moments?q=dog").json()["items"]
    assert [(item["kind"], item["number"]) for item in items] == [("segment", 1), ("scene", 2), ("scene", 3)]
    found = site.get("/api/v1/search?q=dog").json()["items"]
    ours = {(each["kind"], each["number"]) for each in found if each["filename"] == "hits.mp4"}
    assert ours == {(item["kind"], item["number"]) for item in items}
    assert items[1]["marks"]
    assert site.get(f"{path}/moments").json()["items"] == []
    assert site.get(f"{path}/moments?q=zebra").json()["items"] == []
    assert site.get(f"{path}/moments?nonsense=1").status_code == 422


def test_each_tag_tells_its_rule_its_words_and_their_place(site):
    path = site.add("why.mp4", codec="vp9", scenes=["A dog.", "A kitten!"], segments=[("Play.", ["Toy"])])
    told = site.get(f"{path}/origins").json()
    assert told["tags"][0] == {
        "tag": "Cat",
        "origin": "rule",
        "why": "custom_tags.json, rule 1: the words kitten in scene 2",
        "rule": "custom_tags.json, rule 1",
        "condition": "description_keywords",
        "words": ["kitten"],
        "where": "scene 2",
        "reasons": told["tags"][0]["reasons"],
    }
    assert (told["tags"][1]["tag"], told["tags"][1]["condition"]) == ("Pet", "tags_present")
    assert told["classification"]["value"] == "Pets"
    assert told["classification"]["rule"] == "custom_tags.json, classification 1"
    assert told["model_tags"] == [{"tag": "Toy", "where": ["clip 1"]}]
    assert (told["removed"], told["corrections"], told["outdated"]) == ([], None, False)


def test_a_correction_is_kept_in_the_library_and_the_json_and_undone_exactly(site):
    path = site.add("labels.mp4", codec="vp9", scenes=["A kitten."])
    before = site.record("labels.mp4")
    answer = site.send("PATCH", f"{path}/labels", {"class": "Zoo", "add_tags": ["Young"], "remove_tags": ["Pet"]})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["class"], said["tags"], said["before"]) == ("Zoo", ["Cat", "Young"], None)
    record = site.record("labels.mp4")
    assert (record["classification"], record["tags"]) == ("Zoo", ["Cat", "Young"])
    assert record["corrections"] == said["corrections"]
    told = site.get(f"{path}/origins").json()
    assert told["classification"]["origin"] == "person"
    assert {each["tag"]: each["origin"] for each in told["tags"]} == {"Cat": "rule", "Young": "person"}
    assert told["removed"] == ["Pet"]
    second = site.send("PATCH", f"{path}/labels", {"tags": ["Pet"]}).json()
    assert second["before"] == said["corrections"]
    assert second["tags"] == ["Pet"]
    undone = site.send("PUT", f"{path}/labels", {"corrections": second["before"]}).json()
    assert (undone["class"], undone["tags"], undone["corrections"]) == (
        "Zoo",
        ["Cat", "Young"],
        said["corrections"],
    )
    site.send("PUT", f"{path}/labels", {"corrections": None})
    assert site.record("labels.mp4") == before


def test_every_correction_is_in_the_audit_log(site):
    path = site.add("audited.mp4")
    site.send("PATCH", f"{path}/labels", {"class": "Seen"})
    latest = site.get("/api/v1/audit?limit=1").json()["items"][0]
    assert latest["action"] == "label"
    assert "audited.mp4: Seen" in latest["what"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"class": ""},
        {"class": "  "},
        {"class": "x" * 201},
        {"class": "two\nlines"},
        {"add_tags": ["A"], "remove_tags": ["a"]},
        {"tags": ["A"], "add_tags": ["B"]},
        {"add_tags": ["A"] * 201},
        {"add_tags": "A"},
        {"unknown": 1},
        [],
        None,
    ],
)
def test_a_correction_that_says_nothing_sensible_changes_nothing(site, body):
    path = site.add("unchanged.mp4")
    before = site.record("unchanged.mp4")
    answer = site.send("PATCH", f"{path}/labels", body)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert site.record("unchanged.mp4") == before


@pytest.mark.parametrize(
    "corrections",
    [5, {}, {"classification": "A"}, {"classification": None, "add_tags": [], "remove_tags": [], "at": "now"}],
)
def test_invalid_corrections_are_refused(site, corrections):
    path = site.add("unput.mp4")
    answer = site.send("PUT", f"{path}/labels", {"corrections": corrections})
    assert answer.status_code == 422
    assert site.record("unput.mp4")["corrections"] is None


def test_two_people_at_once_lose_nothing(site):
    path = site.add("shared.mp4", codec="vp9")

    def add(name: str) -> None:
        for number in range(5):
            answer = site.send("PATCH", f"{path}/labels", {"class": name, "add_tags": [f"{name} {number}"]})
            assert answer.status_code == 200

    people = [threading.Thread(target=add, args=(name,)) for name in ("Ann", "Bob")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    record = site.record("shared.mp4")
    assert sorted(record["tags"]) == sorted(f"{name} {number}" for name in ("Ann", "Bob") for number in range(5))
    assert record["classification"] in ("Ann", "Bob")


def make_files(site: Site, name: str) -> list[Path]:
    """What vidkit makes of a video: its folders, the download, and the record."""
    made = [site.folder / kind / name / "1.bin" for kind in ("clips", "thumbnails")]
    made.append(site.config.paths.download_directory / name)
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return [*made, site.folder / f"{name}.json"]


def test_a_video_is_erased_with_its_files(site):
    path = site.add("erased.mp4", path="../downloads/erased.mp4")
    made = make_files(site, "erased.mp4")
    answer = site.send("DELETE", f"{path}?files=true").json()
    assert not any(each.exists() for each in made)
    assert len(answer["removed"]) == 4
    assert answer["left"] == []
    assert site.get(path).status_code == 404
    assert site.send("DELETE", path).status_code == 404
    latest = site.get("/api/v1/audit?limit=1").json()["items"][0]
    assert (latest["action"], "erased.mp4" in latest["what"]) == ("erase", True)


def test_a_video_is_removed_and_its_files_stay_unless_that_is_asked_for(site):
    path = site.add("removed.mp4", path="../downloads/removed.mp4")
    made = make_files(site, "removed.mp4")
    assert site.send("DELETE", path).json() == {"removed": [], "left": []}
    assert all(each.exists() for each in made)
    assert site.get(path).status_code == 404


def test_what_is_not_vidkits_own_is_left_and_the_answer_says_why(site, tmp_path):
    path = site.add("outside.mp4", path="../downloads/outside.mp4")
    (site.folder / "clips").mkdir(exist_ok=True)
    (site.folder / "clips/outside.mp4").symlink_to(tmp_path)
    answer = site.send("DELETE", f"{path}?files=true").json()
    assert any("it is a link" in reason for reason in answer["left"])
    assert tmp_path.exists()


def test_each_call_needs_its_scope(site, tmp_path):
    config = config_in(tmp_path)
    config.paths.processed_directory.mkdir(parents=True)
    with serving(config) as (address, services):
        locked = Site(address, services, config, config.paths.processed_directory)
        path = locked.add("scoped.mp4")
        needs = [("GET", ""), ("GET", "/origins"), ("GET", "/moments"), ("PATCH", "/labels"), ("PUT", "/labels")]
        body = {"PATCH": {"class": "A"}, "PUT": {"corrections": None}}
        for method, call in [*needs, ("DELETE", "")]:
            allowed = {"GET": "read", "DELETE": "admin"}.get(method, "label")
            less = {"read": None, "label": "read", "admin": "process"}[allowed]
            if less is None:
                assert locked.send(method, path + call, body.get(method)).status_code == 401
            else:
                assert locked.send(method, path + call, body.get(method), less).status_code == 403
            answer = requests.request(
                method,
                address + path + call,
                json=body.get(method),
                headers=authorized(key_of(services, allowed)),
                timeout=PATIENCE,
            )
            assert answer.status_code == 200
