"""Where results are kept: a store from outside the package is one more row of a table."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import extract_metadata
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.stores import STORES, Address, LocalStore, Store, open_store
from vidkit.errors import ConfigError, OutputError
from vidkit.library import open_library
from vidkit.record import CLIPS, Record
from vidkit.workflow.job import VideoJob
from vidkit.workflow.run import open_run
from vidkit.workflow.stages import STAGES, Stage, of_content

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server

Capture = pytest.CaptureFixture[str]
RESULTS = "memory://results/of a run"


class MemoryStore:
    """A toy: names -> bytes. Like a bucket it has no folders and renames nothing."""

    folder = None

    def __init__(self, address: Address) -> None:
        self.address = address
        self.files = FILES.setdefault(str(address), {})

    def exists(self, name: str) -> bool:
        return bool(self.files.get(name))

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise FileNotFoundError(2, "no such file", name)
        return self.files[name]

    def write(self, name: str, content: bytes) -> None:
        if any(word in name for word in FAILING):
            raise OutputError(f"{name}: the memory is full")
        DONE.append(f"write {name}")
        self.files[name] = content

    def read_version(self, name: str) -> tuple[bytes, str]:
        return self.read(name), str(id(self.files[name]))

    def write_over(self, name: str, content: bytes, version: str | None) -> bool:
        if version != (str(id(self.files[name])) if name in self.files else None):
            return False
        self.write(name, content)
        return True

    @contextmanager
    def publishing(self, name: str, scratch: Path | None = None) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            yield Path(folder)
            new = {f"{name}/{file}": Path(folder, file).read_bytes() for file in os.listdir(folder)}
        for old in [each for each in self.files if each.startswith(f"{name}/") and each not in new]:
            del self.files[old]
        for each, content in new.items():
            self.write(each, content)

    def names(self, folder: str = "") -> Iterator[str]:
        begin = f"{folder}/" if folder else ""
        yield from {name[len(begin) :].split("/")[0] for name in self.files if name.startswith(begin)}

    def delete(self, name: str) -> None:
        DONE.append(f"delete {name}")
        for each in [each for each in self.files if each == name or each.startswith(f"{name}/")]:
            del self.files[each]

    def url(self, name: str) -> str:
        return f"https://memory.example/{name}"

    def fetch(self, name: str, folder: Path) -> Path:
        path = folder / name
        content = self.read(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


FILES: dict[str, dict[str, bytes]] = {}
DONE: list[str] = []
FAILING: list[str] = []


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setitem(STORES, "memory", MemoryStore)
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", RESULTS)
    FILES.clear(), DONE.clear(), FAILING.clear()
    return FILES.setdefault(RESULTS, {})


def processed(url: str, **processing: str) -> tuple[Record, list[str]]:
    """A video's record, and the stages that were made."""
    made: list[str] = []
    config = load_config(overrides={("Processing", key): value for key, value in processing.items()})
    with open_run(config, level="none") as run:
        record = process_video_pipeline(url, run=run, progress=lambda name, *_: made.append(name))
    return record, list(dict.fromkeys(made))


def results_in(memory: dict[str, bytes]) -> dict[str, bytes]:
    """What is in the memory but the parts of the journal."""
    return {name: content for name, content in memory.items() if not name.startswith(".journal/")}


def named_in(record: Record) -> set[str]:
    """The files that a record names."""
    sprites = record["sprites"]
    names = [*(clip["path"] for clip in record["segments"]), *(scene["thumbnail"] for scene in record["scenes"])]
    return {str(name) for name in [*names, *([sprites["vtt"], *sprites["images"]] if sprites else [])]}


def test_a_store_is_added_by_one_row(
    server: Server, make_video: MakeVideo, memory: dict[str, bytes], capsys: Capture, tmp_path: Path
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2, audio=True), etag='"1"'))
    assert main(["process", "--describe", "none", "--urls", url]) == 0
    record = json.loads(memory["v.mp4.json"])
    assert set(results_in(memory)) == {"v.mp4.json", *named_in(record)}
    (tmp_path / "clip.mp4").write_bytes(memory[record["segments"][0]["path"]])
    assert extract_metadata(tmp_path / "clip.mp4").duration == pytest.approx(4, abs=0.2)
    assert all(memory[scene["thumbnail"]].startswith(b"\xff\xd8") for scene in record["scenes"])
    assert Path(record["path"]).read_bytes()  # the download is on this machine
    assert not [path for path in Path.cwd().rglob("*") if path.name in ("memory:", "clips", "processed_videos")]

    before, asked = results_in(memory), len(server.asked_for("/v.mp4"))
    assert processed(url) == (record, [])
    assert main(["process", "--describe", "none", "--urls", url]) == 0
    assert results_in(memory) == before
    assert sum(each.method == "GET" for each in server.asked_for("/v.mp4")) == 1 <= asked


def test_a_changed_setting_publishes_under_another_name_and_the_record_commits(
    server: Server, make_video: MakeVideo, memory: dict[str, bytes]
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
    older, _ = processed(url)
    DONE.clear()
    newer, made = processed(url, SegmentLength="1", ClipMode="encode")
    assert made == ["clips", "describe", "tag"]
    clips = {clip["path"] for clip in newer["segments"]}
    assert not clips & named_in(older)
    record_at = DONE.index("write v.mp4.json")
    assert all(DONE.index(f"write {clip}") < record_at for clip in clips)
    removed = [number for number, done in enumerate(DONE) if done.startswith("delete")]
    assert removed == list(range(record_at + 1, len(DONE)))
    assert removed
    assert set(results_in(memory)) == {"v.mp4.json", *named_in(newer)}  # nothing of the older clips is left


def test_stages_that_publish_beside_each_other_keep_their_files(
    server: Server, make_video: MakeVideo, memory: dict[str, bytes]
) -> None:
    def note(job: VideoJob) -> dict[str, Any]:
        with job.publishing(CLIPS, "note") as new:
            (new.folder / "note.txt").write_text("seen")
        return {"note": f"{new.name}/note.txt"}

    files = lambda record: [str(record.get("note"))]  # noqa: E731
    STAGES.append(Stage("note", 1, ("note",), "noting", of_content, make=note, files=files))
    try:
        url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
        older, _ = processed(url)
        assert set(results_in(memory)) == {"v.mp4.json", str(older.get("note")), *named_in(older)}
        newer, made = processed(url, SegmentLength="1")
        assert "note" not in made
        assert set(results_in(memory)) == {"v.mp4.json", str(newer.get("note")), *named_in(newer)}
    finally:
        STAGES.pop()


def test_a_run_that_ends_before_the_new_record_leaves_the_older_one_whole(
    server: Server, make_video: MakeVideo, memory: dict[str, bytes]
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
    older, _ = processed(url)
    before = dict(memory)
    FAILING.append("v.mp4.json")
    with pytest.raises(OutputError, match="the memory is full"):
        processed(url, SegmentLength="1")
    assert {name: memory[name] for name in before} == before
    assert processed(url) == (older, [])
    FAILING.clear()
    newer, _ = processed(url, SegmentLength="1")
    assert set(results_in(memory)) == {"v.mp4.json", *named_in(newer)}


def test_the_commands_on_a_library_work_with_another_store(
    server: Server, make_video: MakeVideo, memory: dict[str, bytes], capsys: Capture
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
    Path("v.csv").write_text(f"url,label\n{url},wave\n{server.url('/gone.mp4')},wave\n")
    assert main(["process", "--describe", "none", "--csv", "v.csv", "--segment_length", "2"]) == 1
    reports = capsys.readouterr().err.split("failed (see ")[1].split("/failures.csv)")[0]
    assert "/gone.mp4" in Path(reports, "failures.csv").read_text()
    assert main(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failures"][0]["videos"] == 1

    assert main(["search", "--json", "v"]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert shown[0]["record_path"] == f"{RESULTS}/v.mp4.json"
    assert shown[0]["thumbnail"].startswith(f"{RESULTS}/thumbnails/v.mp4/")

    Path("library.db").rename("older.db")
    assert main(["library", "add", RESULTS]) == 0
    capsys.readouterr()
    assert main(["label", url, "--class", "Waving"]) == 0
    Path("custom_tags.json").write_text('{"rules": [{"filename_keywords": ["v"], "tags": ["Vee"]}]}')
    assert main(["retag"]) == 0
    record = json.loads(memory["v.mp4.json"])
    assert (record["classification"], record["tags"][-1]) == ("Waving", "Vee")

    assert main(["prepare", "--csv", "v.csv", "--out", "videos.json", "--segment_length", "2"]) == 1
    (video,) = json.loads(Path("videos.json").read_text())
    assert video["segments"] == [f"{RESULTS}/{clip['path']}" for clip in record["segments"]]

    for form in ("videofolder", "webdataset"):
        assert main(["export", form, "--format", form, "--level", "segments", "--label", "column:label"]) == 0
    clips = sorted(Path("videofolder/train").rglob("*.mp4"))
    assert [clip.read_bytes() for clip in clips] == [memory[clip["path"]] for clip in record["segments"]]

    capsys.readouterr()
    assert main(["remove", "--files", "--yes", url]) == 0
    assert f"{RESULTS}/clips/v.mp4\n" in capsys.readouterr().out
    assert results_in(memory) == {}
    assert not Path(record["path"]).exists()


def test_a_model_on_this_machine_is_shown_clips_of_another_store(
    server: Server, make_video: MakeVideo, memory: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Reply(b'{"choices": [{"message": {"content": "A box moves."}}]}', type="application/json")
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
    processed(url, SegmentLength="2")
    monkeypatch.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", server.at("/v1/chat/completions", answer))
    monkeypatch.setenv("VIDKIT_QWENVL_PROTOCOL", "openai")
    monkeypatch.setenv("VIDKIT_QWENVL_MODEL", "tiny")
    monkeypatch.setenv("VIDKIT_PROCESSING_SEGMENTLENGTH", "2")
    assert main(["process", "--describe", "segments", "--urls", url]) == 0
    record = json.loads(memory["v.mp4.json"])
    assert [clip["description"] for clip in record["segments"]] == ["A box moves."] * 2
    assert server.asked_for("/v1/chat/completions")


@pytest.mark.parametrize("address", ["ftp://bucket/videos", "FTP://bucket/videos", "hdfs:/bucket/videos"])
def test_a_store_that_is_not_known_is_refused_and_makes_no_folder(address: str, capsys: Capture) -> None:
    here = sorted(os.listdir())
    assert main(["process", "--urls", "v.mp4", "--output", address]) == 2
    said = capsys.readouterr().err
    assert "[Paths] ProcessedDirectory" in said
    assert f"{address.partition(':')[0].lower()}:// is not a store that vidkit knows: give a folder" in said
    assert sorted(os.listdir()) == here
    Path("v.csv").write_text("url\nv.mp4\n")
    open_library(load_config()).close()
    prepare = ["prepare", "--csv", "v.csv", "--out", f"{address}/v"]
    for command in (["export", address, "--format", "jsonl"], prepare):
        assert main(command) == 2
        assert "is not on this machine" in capsys.readouterr().err
    assert not [path for path in Path.cwd().iterdir() if ":" in path.name]
    with pytest.raises(ConfigError, match="s3:// is not on this machine"):
        load_config(overrides={("Paths", "DownloadDirectory"): "s3://bucket"}, environment={})


def stores(tmp_path: Path) -> list[Store]:
    return [LocalStore(tmp_path / "results"), open_store(RESULTS)]


def check_verbs(store: Store, here: Path, absent: str) -> None:
    """See that an empty store keeps the promises of its verbs; `a.json` is there then.

    Args:
        store: the store.
        here: where files are fetched to.
        absent: what the error of a file that is not there says.
    """
    assert not store.exists("a.json")
    assert list(store.names()) == list(store.names("clips/a")) == []
    store.delete("a.json")
    store.write("a.json", b"{}")
    assert store.read("a.json") == b"{}"
    for content in (b"older", b"new"):
        with store.publishing("clips/a/1") as folder:
            (folder / "1.mp4").write_bytes(content)
            if content == b"older":
                (folder / "2.mp4").write_bytes(content)
            assert not store.exists("clips/a/1/1.mp4") or content == b"new"
    assert list(store.names("clips/a/1")) == ["1.mp4"]
    assert store.read("clips/a/1/1.mp4") == b"new"
    with suppress(KeyError), store.publishing("clips/a/2") as folder:
        (folder / "1.mp4").write_bytes(b"x")
        raise KeyError
    assert list(store.names("clips/a")) == ["1"]
    assert sorted(store.names()) == ["a.json", "clips"]
    assert store.fetch("clips/a/1/1.mp4", here).read_bytes() == b"new"
    with pytest.raises(OSError, match=absent):
        store.read("clips/a/1/2.mp4")
    assert store.write_over("b.json", b"1", None)
    content, version = store.read_version("b.json")
    assert content == b"1"
    assert not store.write_over("b.json", b"2", None)
    assert store.write_over("b.json", b"3", version)
    assert not store.write_over("b.json", b"4", version)
    assert store.read("b.json") == b"3"
    store.delete("b.json")
    assert not store.write_over("b.json", b"5", version)
    store.delete("clips/a")
    assert not store.exists("clips/a/1/1.mp4")
    address: Any = store.address
    assert open_store(address).read("a.json") == b"{}"


def test_both_stores_keep_the_promises_of_their_verbs(tmp_path: Path, memory: dict[str, bytes]) -> None:
    for store in stores(tmp_path):
        check_verbs(store, tmp_path / "here", absent="o such file")


def test_a_link_in_place_of_a_videos_folder_is_replaced_and_not_followed(
    server: Server, make_video: MakeVideo
) -> None:
    Path("mine").mkdir()
    Path("mine/file").write_text("mine")
    Path("processed_videos/clips").mkdir(parents=True)
    Path("processed_videos/clips/v.mp4").symlink_to(Path("mine").absolute())
    record, _ = processed(server.at("/v.mp4", Reply(make_video(), etag='"1"')))
    assert os.listdir("mine") == ["file"]
    assert Path("processed_videos", record["segments"][0]["path"]).is_file()


def test_clips_of_a_record_made_before_stay_until_they_are_cut_again(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
    record, _ = processed(url)
    folder = Path("processed_videos")
    text = json.dumps(record)  # as an older vidkit wrote it: without the fingerprint in the paths
    for kind, stage in (("clips", "clips"), ("thumbnails", "scenes")):
        made_from = record["processing"]["stages"][stage]["fingerprint"][:8]
        text = text.replace(f"{kind}/v.mp4/{made_from}/", f"{kind}/v.mp4/")
        for file in (folder / kind / "v.mp4" / made_from).iterdir():
            file.rename(folder / kind / "v.mp4" / file.name)
        (folder / kind / "v.mp4" / made_from).rmdir()
    older = json.loads(text)
    (folder / "v.mp4.json").write_text(text)
    Path(folder, ".vidkit.db").unlink()
    assert processed(url) == (older, [])
    newer, made = processed(url, SegmentLength="1")
    assert made[0] == "clips"
    assert "scenes" not in made
    assert newer["scenes"] == older["scenes"]
    there = {path.relative_to(folder).as_posix() for path in folder.glob("[ct]*/**/*.*") if path.is_file()}
    assert there == named_in(newer)
    with open_library(load_config()) as library:
        assert main(["remove", "--files", "--yes", url]) == 0
        assert library.find(url) == []
    assert not list(folder.glob("*/v.mp4"))
