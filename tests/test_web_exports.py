"""Datasets, new rules and labels for many videos by the API: real jobs over a library with files."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.dataset_parts import make_video_files
from tests.test_batch import vidkit
from tests.waiting import PATIENCE
from tests.web import serving
from tests.web_jobs import Site, jobs_config, write_config
from vidkit.export import export_to_json
from vidkit.library import video_key
from vidkit.web.services import Services

API = "/api/v1"
LABEL = "column:label"


class Library(Site):
    """A server over videos of three labels. Some have no file."""

    def __init__(self, address: str, services: Services, folder: Path) -> None:
        super().__init__(address)
        self.services, self.folder = services, folder
        entries = [
            make_video_files(folder / "processed", f"{label or 'none'}_{n}.mp4", columns={"label": label})
            for label in ("run", "jump", "")
            for n in range(5)
        ]
        services.library.save_all(entries)
        for entry in entries:
            export_to_json(entry.record, entry.folder)
        (folder / "processed" / "downloads" / "run_0.mp4").unlink()

    def post(self, path: str, body: Any, **parameters: Any) -> requests.Response:
        return requests.post(f"{self.address}{API}{path}", json=body, params=parameters, timeout=PATIENCE)

    def keys(self, *names: str) -> list[str]:
        return [video_key(f"https://videos.example/{name}") for name in names]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("exports")
    with serving(jobs_config(folder), no_auth=True) as (address, services):
        yield Library(address, services, folder)


def test_a_dry_run_counts_what_the_job_then_makes_and_writes_nothing(site):
    body = {"name": "one", "format": "csv", "label": LABEL, "split": "60/20/20", "seed": 4, "files": "copy"}
    told = site.post("/exports", body, dry_run=True)
    assert told.status_code == 200, told.text
    counts = told.json()
    assert not (site.folder / "exports").exists()
    assert (counts["items"], counts["unlabelled"], counts["exists"]) == (14, 5, False)
    assert sum(counts["missing"].values()) == 1
    answer = site.post("/exports", body)
    assert answer.status_code == 201
    job = site.wait(answer.json()["id"])
    assert (job["state"], job["kind"], job["processed"], job["total"]) == ("done", "export", 15, 15), job
    made = job["result"]
    assert {name: made[name] for name in counts if name != "exists"} == {
        n: c for n, c in counts.items() if n != "exists"
    }
    assert Path(made["folder"]) == (site.folder / "exports" / "one").resolve()
    assert (site.folder / "exports" / "one" / "train.csv").exists()
    assert site.post("/exports", body).status_code == 409
    assert site.post("/exports", body, dry_run=True).json()["exists"]
    again = site.wait(site.post("/exports", body | {"overwrite": True}).json()["id"])
    assert again["state"] == "done", again


def test_the_command_of_a_dataset_makes_the_same_dataset(site):
    query = {"q": "run OR jump", "where": ["label=run"], "class": ["Unclassified"]}
    body = {"name": "by command", "format": "jsonl", "label": LABEL, "files": "reference", "query": query}
    counts = site.post("/exports", body, dry_run=True).json()
    words = shlex.split(counts["command"])
    assert words[:2] == ["vidkit", "export"]
    words[2] = str(site.folder / "made_by_command")
    run = vidkit(*words[1:], "--config", str(write_config(site.folder)))
    said = run.communicate(timeout=PATIENCE)
    assert run.returncode in (0, 1), said
    rows = [json.loads(line) for line in (site.folder / "made_by_command" / "train.jsonl").read_text().splitlines()]
    assert len(rows) == counts["items"] == 5
    assert {row["label"] for row in rows} == {"run"}


def test_chosen_videos_are_a_dataset_without_a_command(site):
    keys = site.keys("run_1.mp4", "jump_2.mp4", "jump_3.mp4")
    body = {"name": "chosen", "format": "videofolder", "label": LABEL, "keys": [*keys, "0" * 20]}
    counts = site.post("/exports", body, dry_run=True).json()
    assert (counts["counts"], counts["command"]) == ({"train": {"run": 1, "jump": 2}}, None)
    job = site.wait(site.post("/exports", body).json()["id"])
    assert job["settings"]["videos"] == 4
    made = site.folder / "exports" / "chosen" / "train"
    assert sorted(path.name for path in made.glob("*/*")) == ["jump_2.mp4", "jump_3.mp4", "run_1.mp4"]


@pytest.mark.parametrize(
    "name",
    ["../out", "/tmp/out", "a/b", "..", ".", "", "-x", "a.", "con", "x.exporting", "a\\b", "a\n", "a" * 101, "a\0"],
)
def test_a_name_that_is_no_plain_folder_is_refused(site, name):
    answer = site.post("/exports", {"name": name, "format": "csv"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"format": "avi"}, 422, "format"),
        ({"split": "80/80"}, 400, "80/80"),
        ({"label": "tag:"}, 400, "tag:"),
        ({"label": "colour"}, 400, "did you mean|had no such column"),
        ({"format": "webdataset", "files": "reference"}, 400, "archives"),
        ({"query": {"resolution": "big"}}, 400, "resolution"),
        ({"query": {"q": "nothing at all like this"}}, 400, "nothing to export"),
        ({"query": {}, "keys": ["0" * 20]}, 422, "not both"),
        ({"keys": ["../../x"]}, 422, "keys"),
        ({"directory": "/tmp"}, 422, "directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_said_at_once(site, change, status, words):
    answer = site.post("/exports", {"format": "csv", "name": "wrong"} | change, dry_run=True)
    assert answer.status_code == status, answer.text
    assert re.search(words, answer.json()["detail"])


def test_an_export_that_fails_in_its_job_says_why(site):
    body = {"name": "empty", "format": "csv", "query": {"q": "nothing at all like this"}}
    job = site.wait(site.post("/exports", body).json()["id"])
    assert job["state"] == "failed"
    assert "nothing to export" in job["error"]
    again = site.call("POST", f"/{job['id']}/retry")
    assert again.status_code == 201
    assert (site.wait(again.json()["id"])["error"], again.json()["kind"]) == (job["error"], "export")


def test_labels_of_many_videos_are_one_job(site):
    answer = site.post(
        "/labels", {"query": {"where": ["label=jump"]}, "class": "Athletics", "add_tags": ["Outdoor"]}
    )
    assert answer.status_code == 201, answer.text
    job = site.wait(answer.json()["id"])
    assert (job["state"], job["name"], job["total"], job["processed"]) == ("done", "Athletics, +Outdoor", 5, 5), job
    (entry,) = site.services.library.find("jump_3.mp4")
    assert (entry.record["classification"], entry.record["tags"][-1]) == ("Athletics", "Outdoor")
    stored = json.loads((site.folder / "processed" / "jump_3.mp4.json").read_text())
    assert stored["corrections"]["classification"] == "Athletics"
    keys = [*site.keys("jump_3.mp4"), "0" * 20]
    job = site.wait(site.post("/labels", {"keys": keys, "remove_tags": ["Outdoor"]}).json()["id"])
    assert (job["processed"], job["skipped"]) == (1, 1)
    (entry,) = site.services.library.find("jump_3.mp4")
    assert "Outdoor" not in entry.record["tags"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"class": "x"}, 422),
        ({"query": {}}, 400),
        ({"query": {}, "class": ""}, 422),
        ({"query": {"after": "soon"}, "class": "x"}, 400),
        ({"keys": [], "class": "x"}, 422),
        ({"keys": ["0" * 20], "tags": ["x"]}, 422),
    ],
)
def test_labels_that_say_nothing_are_refused(site, body, status):
    assert site.post("/labels", body).status_code == status


def test_new_rules_reach_the_whole_library_as_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with serving(jobs_config(tmp_path), no_auth=True) as (address, services):
        site = Library(address, services, tmp_path)
        Path("custom_tags.json").write_text(
            '{"rules": [{"metadata_conditions": {"codec": "h264"}, "tags": ["Old"]}]}'
        )
        job = site.wait(site.post("/retag", None).json()["id"])
        assert (job["state"], job["total"], job["processed"]) == ("done", 15, 15), job
        assert job["result"]["changed"] == 15
        assert "Old" in services.library.find("run_1.mp4")[0].record["tags"]
        assert "Old" in requests.get(f"{address}{API}/settings", timeout=PATIENCE).json()["tags"]
        Path("custom_tags.json").write_text("{")
        assert site.post("/retag", {}).status_code == 400


def test_the_settings_say_what_forms_can_offer(site):
    found = requests.get(f"{site.address}{API}/settings", timeout=PATIENCE).json()
    options = {option["name"]: option for option in found["process"]["options"]}
    assert options["encoder"]["choices"][:2] == ["auto", "libx264"]
    assert (options["max_fps"]["default"], options["clip_mode"]["default"]) == ("30", "auto")
    assert options["describe"]["choices"][0] == "auto"
    assert not {"output", "keep_downloads", "use_vpc"} & options.keys()
    assert {"name": "webdataset", "modes": ["pack"]}.items() <= found["export"]["formats"][1].items()
    assert "Sports" in found["classes"]
