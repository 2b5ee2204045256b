"""`vidkit process` into a bucket, and the commands over records that lie in one, against a real S3 server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import extract_metadata
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.object_store import ObjectStore
from vidkit.core.stores import Store, open_store
from vidkit.record import Record, record_name
from vidkit.workflow.job import VideoJob
from vidkit.workflow.run import open_run
from vidkit.workflow.stages import STAGES, Stage, of_content

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .test_stores import named_in

Capture = pytest.CaptureFixture[str]


def all_names(store: Store, folder: str = "") -> set[str]:
    """Every object of a store but the parts of the journal."""
    assert isinstance(store, ObjectStore)
    start = len(store._key("")) + 1 if store._key("") else 0
    return {key[start:] for key in store._keys(folder) if not key[start:].startswith(".journal/")}


def processed(url: str, machine: str = "", **processing: str) -> tuple[Record, list[str]]:
    """A video's record, and the stages that were made. Another machine has its own library and downloads."""
    made: list[str] = []
    options = {("Processing", key): value for key, value in processing.items()}
    if machine:
        options[("Paths", "DownloadDirectory")] = f"{machine}/downloads"
        options[("Paths", "Library")] = f"{machine}/library.db"
        Path(machine).mkdir(exist_ok=True)
    with open_run(load_config(overrides=options), level="none") as run:
        record = process_video_pipeline(url, run=run, progress=lambda name, *_: made.append(name))
    return record, list(dict.fromkeys(made))


def test_a_run_into_a_bucket_leaves_there_what_a_folder_would_have(
    server: Server, make_video: MakeVideo, results: str, tmp_path: Path
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2, audio=True), etag='"1"'))
    assert main(["process", "--describe", "none", "--urls", url]) == 0
    store = open_store(results)
    record = json.loads(store.read("v.mp4.json"))
    assert all_names(store) == {"v.mp4.json", *named_in(record)}
    assert not [path for path in Path.cwd().rglob("*") if path.name in ("s3:", "clips", "processed_videos")]
    clip = store.fetch(record["segments"][0]["path"], tmp_path)
    assert extract_metadata(clip).duration == pytest.approx(4, abs=0.2)
    assert store.read(record["scenes"][0]["thumbnail"]).startswith(b"\xff\xd8")
    assert not list(Path.cwd().rglob(".vidkit-*-*"))  # nothing is left of the scratch folders

    assert processed(url) == (record, [])
    newer, made = processed(url, SegmentLength="1", ClipMode="encode")
    assert made == ["clips", "describe", "tag"]
    assert all_names(store) == {"v.mp4.json", *named_in(newer)}


def test_records_in_a_bucket_are_those_of_a_folder(
    server: Server, make_video: MakeVideo, results: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=3, audio=True), etag='"1"'))
    in_bucket, _ = processed(url, "one")
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", "folder")
    in_folder, _ = processed(url, "two")
    for record in (in_bucket, in_folder):
        record["path"] = None
        for key in ("started_at", "finished_at"):
            del record["processing"][key]  # type: ignore[misc]
        for entry in record["processing"]["stages"].values():
            entry["at"], entry["seconds"] = "", 0.0
    assert in_bucket == in_folder


def test_who_finishes_second_publishes_nothing_over_the_first(
    server: Server, make_video: MakeVideo, results: str
) -> None:
    others: list[Record] = []

    def meanwhile(job: VideoJob) -> dict[str, Any]:
        if not others:  # another machine, with a journal of its own, takes the same video the whole way
            others.append({})  # type: ignore[typeddict-item]
            others[0], _ = processed(url, "another")
        return {"meanwhile": 1}

    STAGES.append(Stage("meanwhile", 1, ("meanwhile",), "waiting", of_content, make=meanwhile))
    try:
        url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
        record, _ = processed(url)
    finally:
        STAGES.pop()
    assert others == [record]
    store = open_store(results)
    assert json.loads(store.read("v.mp4.json")) == record
    assert all_names(store) == {"v.mp4.json", *named_in(record)}


@pytest.mark.slow
def test_a_record_that_is_written_all_the_time_ends_in_words_and_not_in_a_loop(
    server: Server, make_video: MakeVideo, results: str, capsys: Capture
) -> None:
    store = open_store(results)
    writes: list[int] = []

    def meanwhile(job: VideoJob) -> dict[str, Any]:
        writes.append(1)
        store.write(record_name("v.mp4"), b"%d" % len(writes))
        return {"meanwhile": 1}

    STAGES.append(Stage("meanwhile", 1, ("meanwhile",), "waiting", of_content, make=meanwhile))
    try:
        url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
        assert main(["process", "--describe", "none", "--urls", url]) == 1
    finally:
        STAGES.pop()
    assert "other runs write its record again and again. Let one of them finish" in capsys.readouterr().err
    assert len(writes) == 3


def test_the_commands_on_a_library_work_with_records_in_a_bucket(
    server: Server, make_video: MakeVideo, results: str, capsys: Capture
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
    Path("v.csv").write_text(f"url,label\n{url},wave\n{server.url('/gone.mp4')},wave\n")
    assert main(["process", "--describe", "none", "--csv", "v.csv", "--segment_length", "2"]) == 1
    store = open_store(results)
    record = json.loads(store.read("v.mp4.json"))
    capsys.readouterr()
    assert main(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failures"][0]["videos"] == 1
    assert main(["search", "--json", "v"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["record_path"] == f"{results}/v.mp4.json"

    Path("library.db").rename("older.db")
    assert main(["library", "add", results]) == 0
    assert main(["label", url, "--class", "Waving"]) == 0
    Path("custom_tags.json").write_text('{"rules": [{"filename_keywords": ["v"], "tags": ["Vee"]}]}')
    assert main(["retag"]) == 0
    now = json.loads(store.read("v.mp4.json"))
    assert (now["classification"], now["tags"][-1]) == ("Waving", "Vee")

    assert main(["prepare", "--csv", "v.csv", "--out", "videos.json", "--segment_length", "2"]) == 1
    (video,) = json.loads(Path("videos.json").read_text())
    assert video["segments"] == [f"{results}/{clip['path']}" for clip in record["segments"]]
    assert "Signature" not in Path("videos.json").read_text()

    assert (
        main(["export", "clips", "--format", "videofolder", "--level", "segments", "--label", "column:label"]) == 0
    )
    clips = sorted(Path("clips/train").rglob("*.mp4"))
    assert [clip.read_bytes() for clip in clips] == [store.read(clip["path"]) for clip in record["segments"]]

    capsys.readouterr()
    assert main(["remove", "--files", "--yes", url]) == 0
    assert f"{results}/clips/v.mp4\n" in capsys.readouterr().out
    assert all_names(store) == set()
