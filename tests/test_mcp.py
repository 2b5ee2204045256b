"""`vidkit mcp` over standard input and output: the SDK's own client and a real process."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the SDK is not installed: pip install 'vidkit-toolkit[mcp]'")

from tests.made_up_videos import SHOTS, make_videos
from tests.mcp_client import Agent, in_background, picture_of, stdio_agent, text_of
from tests.misbehaving_server import Reply
from tests.waiting import PATIENCE, until
from tests.web_jobs import write_config
from tests.web_pages import site_of
from tests.web_process import VIDKIT, vidkit

# Each test starts a process.
pytestmark = pytest.mark.slow

LOOKING = {"search", "show", "facets", "stats", "jobs"}
NIGHT = SHOTS["night"][1]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of a library of three videos that were made and processed, with a description of each scene."""
    folder = tmp_path_factory.mktemp("library")
    videos = make_videos(tmp_path_factory.mktemp("videos"), 3)
    with site_of(folder, videos):
        pass
    return write_config(folder)


@pytest.fixture(scope="module")
def reader(library: Path) -> Iterator[Agent]:
    """A client that may only look."""
    with stdio_agent(library) as agent:
        yield agent


def own(library: Path, folder: Path, **serve: Any) -> Path:
    """A copy of the library, to be changed."""
    shutil.copytree(library.parent, folder / "own")
    return write_config(folder / "own", **serve)


def test_an_agent_finds_a_moment_sees_its_picture_and_labels_it(library, tmp_path):
    with stdio_agent(own(library, tmp_path), "--allow", "label") as agent:
        assert set(agent.tools()) == LOOKING | {"label"}
        found = agent.ask("search", q="violet moon", limit=1)["moments"][0]
        assert (found["kind"], found["name"], found["text"]) == ("scene", "night-drive.mp4", NIGHT)
        assert (found["start"], found["time"]) == (0.0, "0:00-0:03")
        shown = agent.call("show", key=found["key"], at=found["second"])
        assert picture_of(shown).startswith(b"\xff\xd8\xff")
        assert shown.structured_content["scenes"][0]["description"] == NIGHT
        made = agent.ask("label", key=found["key"], **{"class": "Astronomy"}, add_tags=["No moon"])
        assert (made["class"], "No moon" in made["tags"], made["before"]) == ("Astronomy", True, None)
        again = agent.ask("search", **{"class": ["Astronomy"]}, tag=["No moon"])["moments"]
        assert [each["key"] for each in again] == [found["key"]]
        assert agent.ask("show", key=found["key"])["corrected"] is True
        agent.ask("label", key=found["key"], clear=True)
        assert agent.ask("search", **{"class": ["Astronomy"]})["moments"] == []
    log = [json.loads(line) for line in vidkit(tmp_path / "own", "audit", "--json").stdout.splitlines()]
    assert [(line["who"], line["action"]) for line in log[-2:]] == [("mcp", "label"), ("mcp", "label")]


def test_without_permission_nothing_can_be_changed(reader):
    assert set(reader.tools()) == LOOKING
    key = reader.ask("search", limit=1)["moments"][0]["key"]
    assert "--allow label" in reader.refused("label", key=key, **{"class": "Mine"})
    assert "--allow process" in reader.refused("process", urls=["https://example.org/a.mp4"])
    assert "--allow export" in reader.refused("export", format="csv")
    assert "--allow process or --allow export" in reader.refused("cancel", job=1)
    assert reader.ask("jobs") == {"jobs": []}


def test_each_picture_is_of_the_scene_at_its_second(reader):
    key = reader.ask("search", q="violet moon", limit=1)["moments"][0]["key"]
    first, second = reader.call("show", key=key, at=0.5), reader.call("show", key=key, at="0:04")
    assert "scene 1, 0:00-0:03" in first.structured_content["picture"]
    assert "scene 2, 0:03-0:06" in second.structured_content["picture"]
    assert picture_of(first) != picture_of(second)
    assert second.structured_content["at"] == 4.0
    assert [each["number"] for each in second.structured_content["scenes"]] == [2, 3]
    without = reader.call("show", key=key, picture=False)
    assert [part.type for part in without.content] == ["text"]
    few = reader.ask("show", key=key, parts=1)
    assert (len(few["scenes"]), few["more"]) == (1, True)


def test_the_text_says_what_the_values_say(reader):
    found = reader.call("search", q="violet", limit=2)
    for moment in found.structured_content["moments"]:
        assert f"key {moment['key']}" in text_of(found)
        assert moment["time"] in text_of(found)
        assert moment["text"] in text_of(found)


def test_results_come_page_by_page(reader):
    whole = reader.ask("search", q="light", limit=50)["moments"]
    assert len(whole) > 2
    found, cursor = [], None
    while True:
        page = reader.ask("search", q="light", limit=2, **({"cursor": cursor} if cursor else {}))
        found += page["moments"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole


def test_facets_and_statistics_count_the_videos_of_a_search(reader):
    found = reader.ask("facets")
    assert found["videos"] == 3
    columns = {each["name"]: each["values"] for each in found["facets"]}
    topics = {each["label"]: each["videos"] for each in columns["column:topic"]}
    assert topics == {"technical": 2, "landscape": 1}
    one = reader.ask("facets", where=["topic=landscape"], facet=["tag"])
    assert (one["videos"], [each["name"] for each in one["facets"]]) == (1, ["tag"])
    numbers = reader.ask("stats", by="topic")
    assert (numbers["videos"], numbers["length"]) == (3, "0:27")
    assert {each["value"]: each["videos"] for each in numbers["values"]} == topics
    assert reader.ask("stats", where=["topic=landscape"])["videos"] == 1


def test_a_dataset_is_counted_then_made(library, tmp_path):
    config = own(library, tmp_path)
    with stdio_agent(config, "--allow", "export") as agent:
        assert set(agent.tools()) == LOOKING | {"export", "cancel"}
        asked = {"format": "csv", "label": "topic", "query": {"where": ["topic=technical"]}, "name": "technical"}
        counted = agent.ask("export", **asked, dry_run=True)["counts"]
        assert (counted["items"], counted["exists"]) == (2, False)
        assert not (tmp_path / "own" / "exports").exists()
        job = agent.ask("export", **asked, wait=120)["job"]
        assert (job["state"], job["result"]["items"]) == ("done", 2)
        assert (tmp_path / "own" / "exports" / "technical").is_dir()
        assert agent.ask("jobs", job=job["job"])["jobs"][0]["state"] == "done"
        assert "already a dataset technical" in agent.refused("export", **asked)
        for name in ("../outside", "/tmp/outside", "a/b", "..", ""):
            assert "name" in agent.refused("export", **(asked | {"name": name}))
    assert {path.name for path in (tmp_path / "own" / "exports").iterdir()} == {"technical"}


def test_a_video_of_this_machine_is_processed_where_the_settings_allow_it(library, tmp_path, make_video):
    config = own(library, tmp_path, AllowLocalFiles="yes")
    video = make_video("lighthouse.mp4", shots=2)
    told: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, words: str | None) -> None:
        told.append((done, total, words))

    with stdio_agent(config, "--allow", "process") as agent:
        arguments = {"urls": [str(video)], "settings": {"describe": "none"}, "wait": 120}
        answer = agent.portal.call(lambda: agent.client.call_tool("process", arguments, progress_callback=progress))
        job = answer.structured_content
        assert (job["state"], job["processed"], job["failures"]) == ("done", 1, [])
        assert [each["name"] for each in job["videos"]] == ["lighthouse.mp4"]
        found = agent.ask("search", q="lighthouse")["moments"]
        assert found[0]["key"] == job["videos"][0]["key"]
        picture_of(agent.call("show", key=found[0]["key"]))
    assert told
    assert told[0][:2] == (0.0, 1.0)


def test_a_path_is_not_processed_where_the_settings_do_not_allow_it(library, tmp_path, make_video):
    secret = make_video("secret.mp4")
    with stdio_agent(own(library, tmp_path), "--allow", "process") as agent:
        for url in (str(secret), secret.as_uri(), "http://169.254.169.254/latest/meta-data/v.mp4"):
            job = agent.ask("process", urls=[url], settings={"describe": "none"}, wait=120)
            assert (job["state"], job["processed"], job["failed"]) == ("done", 0, 1)
            assert job["videos"] == []
            assert job["failures"][0]["reason"]


def test_a_call_that_is_cancelled_ends_its_job(library, tmp_path, server):
    url = server.at("/slow.mp4", Reply(b"\0" * 10_000, stall_after=1000))
    with stdio_agent(own(library, tmp_path), "--allow", "process") as agent:
        call = in_background(agent, "process", urls=[url], wait=300)
        until(lambda: agent.ask("jobs")["jobs"])
        call.cancel()
        until(lambda: agent.ask("jobs")["jobs"][0]["state"] == "cancelled")
        assert agent.ask("stats")["videos"] == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, None])
def test_the_process_ends_when_it_is_told_or_its_client_leaves(library, number):
    words = [*VIDKIT, "mcp", "--config", str(library)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, cwd=library.parent, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"jsonrpc": "2.0", "id": 1, "result": {}}
        if number is None:
            process.stdout.close()
            process.stdin.write(b'{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
            process.stdin.flush()
        else:
            process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


def test_the_list_of_tools_says_all_in_few_words(reader):
    """An agent pays for each word of it, in every conversation."""
    tools = reader.tools().values()
    assert sum(len(tool.model_dump_json(exclude_none=True)) for tool in tools) < 20_000
    for tool in tools:
        assert tool.description
        assert tool.output_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations.read_only_hint is True
