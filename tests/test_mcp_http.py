"""`vidkit mcp --http`: who may call it, and what it refuses. The SDK's own client and a real process."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

pytest.importorskip("mcp", reason="the SDK is not installed: pip install 'vidkit-toolkit[mcp]'")

from tests.mcp_client import McpServer, http_agent, in_background, mcp_server, picture_of
from tests.misbehaving_server import Reply
from tests.records import make_record
from tests.waiting import PATIENCE, until
from tests.web import authorized
from tests.web_jobs import job_processes, write_config
from tests.web_process import VIDKIT, vidkit
from vidkit.export import export_to_json
from vidkit.library import video_key

# Each test starts a process.
pytestmark = pytest.mark.slow

LOOKING = {"search", "show", "facets", "stats", "jobs"}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def library_of(folder: Path, *names: str, **record: Any) -> Path:
    """The settings of a library of records without files."""
    folder.mkdir(exist_ok=True)
    config = write_config(folder)
    for name in names:
        export_to_json(make_record(name, **record), folder / "processed")
    if not names:
        return config
    added = vidkit(folder, "library", "--config", str(config), "add", str(folder / "processed"))
    assert added.returncode == 0, added.stderr
    return config


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library_of(tmp_path_factory.mktemp("http"), "harbour.mp4", "river.mp4", scenes=["A boat leaves"])


@pytest.fixture(scope="module")
def keys(config: Path) -> dict[str, str]:
    """A key of each scope."""
    made = {}
    for scope in ("read", "label", "process"):
        done = vidkit(config.parent, "keys", "--config", str(config), "add", f"{scope} key", "--scope", scope)
        assert done.returncode == 0, done.stderr
        made[scope] = done.stdout.strip()
    return made


@pytest.fixture(scope="module")
def server(config: Path, keys: dict[str, str]) -> Iterator[McpServer]:
    """A server that allows labels and exports."""
    with mcp_server(config, "--allow", "label,export") as running:
        yield running


def post(server: McpServer, body: Any = None, **headers: str) -> requests.Response:
    content = json.dumps(PING if body is None else body) if not isinstance(body, bytes) else body
    given = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.post(server.address, data=content, headers=given, timeout=PATIENCE)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_key_may_do_what_its_scope_and_the_server_allow(server, keys, mode):
    key = video_key(make_record("harbour.mp4")["source"]["url"])
    with http_agent(server.address, keys["read"], mode) as agent:
        assert set(agent.tools()) == LOOKING
        assert agent.ask("search", q="boat")["moments"]
        assert "needs a key with the scope label" in agent.refused("label", key=key, add_tags=["No"])
    with http_agent(server.address, keys["label"], mode) as agent:
        assert set(agent.tools()) == LOOKING | {"label"}
        assert mode in agent.ask("label", key=key, add_tags=[mode])["tags"]
        assert "needs a key with the scope process" in agent.refused("export", format="csv")
    with http_agent(server.address, keys["process"], mode) as agent:
        assert set(agent.tools()) == LOOKING | {"label", "export", "cancel"}
        assert "--allow process" in agent.refused("process", urls=["https://example.org/a.mp4"])
        assert agent.ask("export", format="csv", dry_run=True)["counts"]["videos"] == 2


def test_the_audit_log_names_the_key(config, server, keys):
    key = video_key(make_record("river.mp4")["source"]["url"])
    with http_agent(server.address, keys["label"]) as agent:
        agent.ask("label", key=key, **{"class": "Rivers"})
    done = vidkit(config.parent, "audit", "--config", str(config), "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    line = [each for each in lines if "Rivers" in each["what"]][-1]
    assert (line["who"], line["action"], line["address"]) == ("label key", "label", "127.0.0.1")


def test_only_a_key_that_is_in_use_opens_the_door(config, server, keys):
    assert '"result":{}' in post(server, **authorized(keys["read"])).text
    for wrong in ({}, authorized("vk_wrong"), authorized(""), {"Authorization": f"Basic {keys['read']}"}):
        answer = post(server, **wrong)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    done = vidkit(config.parent, "keys", "--config", str(config), "add", "short", "--scope", "read")
    short = done.stdout.strip()
    assert post(server, **authorized(short)).status_code == 200
    vidkit(config.parent, "keys", "--config", str(config), "revoke", "short")
    assert post(server, **authorized(short)).status_code == 401
    with pytest.raises(Exception), http_agent(server.address, "vk_wrong"):  # noqa: B017, PT011
        pass  # the SDK's error is in a group of errors


def test_pages_of_other_sites_and_other_names_are_refused(server, keys):
    good = authorized(keys["read"])
    assert post(server, **good, Host="rebound.example.org").status_code == 421
    assert post(server, **good, Origin="http://evil.example.org").status_code == 403
    assert post(server, **good, Origin="null").status_code == 403
    assert post(server, **good, Sec_Fetch_Site="cross-site").status_code == 403
    own = server.address.removesuffix("/mcp")
    assert post(server, **good, Origin=own).status_code == 200


def test_what_is_no_message_is_refused(server, keys):
    good = authorized(keys["read"])
    assert post(server, b"[" * 10_000, **good).status_code == 400
    assert post(server, b"{}" * 2**20, **good).status_code == 413
    assert post(server, b'{"jsonrpc": NaN}', **good).status_code == 400
    assert post(server, b"q=1", **good, Content_Type="application/x-www-form-urlencoded").status_code == 415
    for method in ("GET", "DELETE", "PUT", "OPTIONS"):
        assert (
            requests.request(method, server.address, headers={**JSON, **good}, timeout=PATIENCE).status_code == 405
        )
    elsewhere = server.address.replace("/mcp", "/api/v1/search")
    assert requests.get(elsewhere, headers=good, timeout=PATIENCE).status_code == 404
    assert (
        requests.post(f"{server.address}?key={keys['read']}", json=PING, headers=JSON, timeout=PATIENCE).status_code
        == 400
    )
    assert server.process.poll() is None


def test_two_clients_at_once_have_their_own_answers(server, keys):
    with ExitStack() as stack:
        agents = [stack.enter_context(http_agent(server.address, keys["read"])) for _ in range(2)]
        with ThreadPoolExecutor(8) as pool:
            words = ["boat", "harbour", "river", "nothing-like-this"] * 5
            found = list(pool.map(lambda at: agents[at % 2].ask("search", q=words[at], limit=50), range(20)))
    for word, answer in zip(words, found, strict=True):
        names = {each["name"] for each in answer["moments"]}
        expected = {"boat": {"harbour.mp4", "river.mp4"}, "harbour": {"harbour.mp4"}, "river": {"river.mp4"}}
        assert names == expected.get(word, set())


def test_other_machines_reach_it_with_keys_only(tmp_path):
    config = library_of(tmp_path / "library")

    def started(*options: str) -> subprocess.CompletedProcess[str]:
        words = [*VIDKIT, "mcp", "--config", str(config), *options]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)

    for options, words in (
        (["--http", "127.0.0.1:0"], "there is no key yet"),
        (["--http", "0.0.0.0:0"], "there is no key yet"),
        (["--http", "0.0.0.0:0", "--no-auth"], "can be reached by others"),
        (["--http", "localhost:65536"], "is no address"),
        (["--http", "nowhere.invalid:0", "--no-auth"], "can be reached by others"),
        (["--no-auth"], "--no-auth is for --http"),
        (["--allow", "label,everything"], "'everything' is none of label, process, export"),
    ):
        done = started(*options)
        assert (done.returncode, words in done.stderr, done.stdout) == (2, True, ""), (options, done.stderr)
        assert "Traceback" not in done.stderr


def test_without_keys_on_loopback_everyone_may_do_what_is_allowed(tmp_path):
    config = library_of(tmp_path / "library", "harbour.mp4")
    with mcp_server(config, "--no-auth", "--allow", "label") as server, http_agent(server.address) as agent:
        assert set(agent.tools()) == LOOKING | {"label"}
        key = agent.ask("search")["moments"][0]["key"]
        assert agent.ask("label", key=key, **{"class": "Ships"})["class"] == "Ships"
        assert "picture" in agent.ask("show", key=key)


def test_a_client_that_goes_away_ends_the_job_that_it_waits_for(tmp_path):
    from tests.misbehaving_server import Server

    config = library_of(tmp_path / "library")
    with Server() as site, mcp_server(config, "--no-auth", "--allow", "process") as server:
        url = site.at("/slow.mp4", Reply(b"\0" * 10_000, stall_after=1000))
        with http_agent(server.address) as agent:
            in_background(agent, "process", urls=[url], wait=300)
            with http_agent(server.address) as other:
                until(lambda: other.ask("jobs")["jobs"])
        with http_agent(server.address) as other:
            until(lambda: other.ask("jobs")["jobs"][0]["state"] == "cancelled")


def test_a_server_that_stops_leaves_its_job_to_the_next_one(tmp_path, make_video):
    from tests.misbehaving_server import Server

    config = library_of(tmp_path / "library")
    with Server() as site:
        url = site.at("/film.mp4", Reply(b"\0" * 10_000, stall_after=1000))
        with mcp_server(config, "--no-auth", "--allow", "process") as server, http_agent(server.address) as agent:
            job = agent.ask("process", urls=[url], settings={"describe": "none"}, wait=0)["job"]
            waits = in_background(agent, "process", urls=[url], settings={"describe": "none"}, wait=300)
            until(lambda: [each["state"] for each in agent.ask("jobs")["jobs"]] == ["queued", "running"])
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(PATIENCE) == 0
            assert waits.exception(60) or waits.result().structured_content["state"] == "queued"
        assert job_processes(config.parent) == []
        site.at("/film.mp4", Reply(make_video("film.mp4")))
        with mcp_server(config, "--no-auth") as server, http_agent(server.address) as agent:
            assert [each["state"] for each in agent.ask("jobs")["jobs"]] == ["queued", "queued"]
        with mcp_server(config, "--no-auth", "--allow", "process") as server, http_agent(server.address) as agent:
            until(lambda: agent.ask("jobs", job=job)["jobs"][0]["state"] == "done")
            picture_of(agent.call("show", key=agent.ask("search")["moments"][0]["key"]))


def test_a_picture_is_only_read_from_where_vidkit_keeps_pictures(tmp_path):
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"\xff\xd8\xff secret")
    config = library_of(tmp_path / "library", "harbour.mp4", scenes=["one", "two"])
    shutil.rmtree(tmp_path / "library" / "processed")
    record = make_record("harbour.mp4", scenes=["one", "two"])
    record["scenes"][0]["thumbnail"] = "../../outside.jpg"
    record["scenes"][1]["thumbnail"] = "thumbnails/text.jpg"
    record["scenes"][1]["start_time"] = record["scenes"][0]["end_time"]
    export_to_json(record, tmp_path / "library" / "processed")
    (tmp_path / "library" / "processed" / "thumbnails").mkdir()
    (tmp_path / "library" / "processed" / "thumbnails" / "text.jpg").write_text("password")
    added = vidkit(
        config.parent, "library", "--config", str(config), "add", str(tmp_path / "library" / "processed")
    )
    assert added.returncode == 0, added.stderr
    with mcp_server(config, "--no-auth") as server, http_agent(server.address) as agent:
        key = video_key(record["source"]["url"])
        for at in (0.0, record["scenes"][1]["start_time"]):
            shown = agent.call("show", key=key, at=at)
            assert [part.type for part in shown.content] == ["text"]
            assert "there is none" in shown.structured_content["picture"]
