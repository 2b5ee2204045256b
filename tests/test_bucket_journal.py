"""The journal of results in a bucket: what is done is known on every machine, without a look at each record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core.object_store import ObjectStore
from vidkit.core.stores import open_store
from vidkit.workflow import finished, journal_parts

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the objects that are asked for one by one."""
    names: list[str] = []
    for verb in ("exists", "read", "read_version"):
        usual = getattr(ObjectStore, verb)

        def noted(self: ObjectStore, name: str, usual: object = usual) -> object:
            names.append(name)
            return usual(self, name)  # type: ignore[operator]

        monkeypatch.setattr(ObjectStore, verb, noted)
    return names


def run(machine: str, *urls: str) -> int:
    """`vidkit process` on a machine with a disk of its own."""
    folder = Path(machine)
    folder.mkdir(exist_ok=True)
    (folder / "list.csv").write_text("url,last_modified\n" + "".join(f"{url},2024-01-01\n" for url in urls))
    Path("config.ini").write_text(
        f"[Paths]\nDownloadDirectory = {machine}/down\n[Library]\nPath = {machine}/l.db\n"
    )
    return main(["process", "--describe", "none", "--csv", str(folder / "list.csv")])


def test_a_new_machine_knows_what_is_done_without_a_look_at_any_record(
    server: Server, make_video: MakeVideo, results: str, reads: list[str], capsys: Capture
) -> None:
    urls = [server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"')) for name in "ab"]
    assert run("first", *urls) == 0
    asked = len(server.asked)
    for machine in ("first", "second", "second"):
        reads.clear()
        assert run(machine, *urls) == 0
        assert not [name for name in reads if name.endswith(".json")]
    assert len(server.asked) == asked
    assert len([name for name in reads if name.endswith(".gz")]) == 0  # each part is read once
    assert len(list(open_store(results).names(".journal"))) == 1


def test_what_a_killed_run_did_not_note_is_found_in_the_record_and_not_done_again(
    server: Server, make_video: MakeVideo, results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    with monkeypatch.context() as crash:
        crash.setattr("vidkit.batch.engines.note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run("first", url) == 130
    record = open_store(results).read("v.mp4.json")  # it was put, and neither journal nor library know
    for machine in ("first", "second"):  # also on a machine that never heard of it
        assert run(machine, url) == 0
        assert open_store(results).read("v.mp4.json") == record
        assert main(["search", "--json", "v"]) == 0
    assert len([each for each in server.asked_for("/v.mp4") if each.method == "GET"]) == 1


def test_what_could_not_be_told_is_told_by_the_next_run(
    server: Server, make_video: MakeVideo, results: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    with monkeypatch.context() as killed:
        killed.setattr(journal_parts.Parts, "send", lambda self: None)
        assert run("first", url) == 0
    store = open_store(results)
    assert not list(store.names(".journal"))
    assert run("first", url) == 0
    assert len(list(store.names(".journal"))) == 1
    store.delete("v.mp4.json")  # to see that the part alone is believed
    asked = len(server.asked)
    assert run("second", url) == 0
    assert len(server.asked) == asked


@pytest.mark.parametrize("hears", [True, False])
def test_two_machines_that_give_one_name_to_two_videos_end_with_two_records(
    server: Server, make_video: MakeVideo, results: str, hears: bool
) -> None:
    """The second has given the name before the first published under it, and hears of that or does not."""
    first = server.at("/1/v.mp4", Reply(make_video(shots=1), etag='"1"'))
    second = server.at("/2/v.mp4", Reply(make_video(shots=2), etag='"2"'))
    shutil.copytree(_claimed(second), "waiting")
    assert run("first", first) == 0
    with pytest.MonkeyPatch.context() as deaf:
        if not hears:
            deaf.setattr(journal_parts.Parts, "read", lambda self: None)
        assert run("waiting", second) == 0
    store = open_store(results)
    records = [json.loads(store.read(name)) for name in store.names() if name.endswith(".json")]
    assert {record["source"]["url"]: len(record["scenes"]) for record in records} == {first: 1, second: 2}
    for record in records:
        assert all(store.exists(clip["path"]) for clip in record["segments"])
    assert run("third", first, second) == 0
    assert run("third", second, first) == 0
    assert len([name for name in store.names() if name.endswith(".json")]) == 2


def _claimed(url: str) -> str:
    """A machine whose journal has given the name v.mp4 to a URL, and which was killed then."""
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr("vidkit.batch.engines.make_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert run("claims", url) == 130
    return "claims"


def test_a_removed_video_is_made_again_by_every_machine(
    server: Server, make_video: MakeVideo, results: str
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    assert run("first", url) == 0
    assert run("second", url) == 0
    assert run("first", url) == 0
    assert main(["remove", "--files", "--yes", url]) == 0
    store = open_store(results)
    assert not store.exists("v.mp4.json")
    assert run("second", url) == 0
    assert store.exists("v.mp4.json")
    assert run("first", url) == 0


def test_a_part_that_is_damaged_is_skipped_with_a_warning(
    server: Server, make_video: MakeVideo, results: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    assert run("first", url) == 0
    open_store(results).write(".journal/0.jsonl.gz", b"not gzip")
    asked = len(server.asked)
    assert run("second", url) == 0
    assert len(server.asked) == asked


def test_a_long_run_tells_others_on_the_way(
    server: Server, make_video: MakeVideo, results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"')) for name in "ab"]
    monkeypatch.setattr(journal_parts, "SECONDS", 0.0)
    told: list[int] = []
    usual = finished.note

    def noted(*arguments: object) -> None:
        usual(*arguments)  # type: ignore[arg-type]
        told.append(len(list(open_store(results).names(".journal"))))

    monkeypatch.setattr("vidkit.batch.engines.note", noted)
    assert run("first", *urls) == 0
    assert told[0] >= 1
