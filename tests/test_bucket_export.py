"""`vidkit export` into a bucket, against a real S3 server."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.object_store import ObjectStore
from vidkit.errors import OutputError
from vidkit.export.folder import LISTED, MARKER

from .bucket_server import S3
from .conftest import MakeVideo
from .test_bucket_download import put

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def processed(s3_process: S3, make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A bucket with two processed videos, whose clips lie in it; and the library."""
    folder = tmp_path_factory.mktemp("processed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in s3_process.environment.items():
            patch.setenv(name, value)
        bucket = s3_process.new_bucket()
        Path("list.csv").write_text(f"url,label\n{bucket}/in/a.mp4,wave\n{bucket}/in/b.mp4,clap\n")
        put(f"{bucket}/in/a.mp4", make_video(shots=2))
        put(f"{bucket}/in/b.mp4", make_video())
        run = ["process", "--describe", "none", "--csv", "list.csv", "--output", f"{bucket}/out"]
        assert main([*run, "--segment_length", "2"]) == 0
    return bucket, folder / "library.db"


@pytest.fixture
def bucket(
    processed: tuple[str, Path], s3: S3, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A folder of that bucket for one test, which has the library too."""
    bucket, library = processed
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", f"{bucket}/out")
    shutil.copy(library, "library.db")
    return f"{bucket}/{request.node.name}"


def export(directory: str, format: str, *more: str) -> int:
    return main(["export", directory, "--format", format, "--level", "segments", "--label", "label", *more])


def test_a_dataset_in_a_bucket_has_the_files_that_a_folder_would_have(bucket: str, capsys: Capture) -> None:
    for number, form in enumerate(("jsonl", "parquet", "videofolder", "webdataset")):
        address = f"{bucket}/sets/{form}"
        pytest.importorskip("pyarrow") if form == "parquet" else None
        assert export(address, form) == 0
        assert capsys.readouterr().out == f"{address}\n"
        assert export(f"here-{number}/{form}", form) == 0
        capsys.readouterr()
        here, there = Path(f"here-{number}/{form}"), ObjectStore(address)
        names = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
        assert set(there.files()) == names
        for name in names:
            if name.endswith((".jsonl", ".csv", ".mp4", ".tsv")):
                assert there.read(name) == (here / name).read_bytes(), name
            elif name.endswith(".tar"):
                with tarfile.open(fileobj=io.BytesIO(there.read(name))) as tar, tarfile.open(here / name) as same:
                    assert [member.name for member in tar] == [member.name for member in same]
    assert not list(Path("downloaded_videos").glob("export-*"))


def test_nothing_says_that_it_is_a_dataset_before_all_of_it_is_there(
    bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    address = f"{bucket}/set"
    uploaded: list[str] = []
    upload = ObjectStore.upload

    def failing(self: ObjectStore, name: str, path: Path) -> None:
        if len(uploaded) == 2:
            raise OutputError("the store is away")
        uploaded.append(name)
        upload(self, name, path)

    monkeypatch.setattr("vidkit.export.bucket.UPLOADS", 1)
    monkeypatch.setattr(ObjectStore, "upload", failing)
    assert export(address, "jsonl") != 0
    assert "the store is away" in capsys.readouterr().err
    assert MARKER not in set(ObjectStore(address).files())
    assert {name for name in ObjectStore(address).files() if name != LISTED} == set(uploaded)

    def noted(self: ObjectStore, name: str, path: Path) -> None:
        uploaded.append(name)
        upload(self, name, path)

    monkeypatch.setattr(ObjectStore, "upload", noted)
    assert export(address, "jsonl") == 0  # the same command continues
    assert uploaded[-1] == MARKER
    content: Any = json.loads(ObjectStore(address).read(MARKER))
    assert content["format"] == "jsonl"

    # An older dataset that was being replaced: its files are known as an export's too.
    uploaded.clear()
    monkeypatch.setattr(ObjectStore, "upload", failing)
    assert export(address, "videofolder", "--overwrite") != 0
    assert MARKER not in set(ObjectStore(address).files())
    monkeypatch.setattr(ObjectStore, "upload", noted)
    ObjectStore(address).write("notes.txt", b"mine")
    assert export(address, "videofolder", "--overwrite") != 0
    ObjectStore(address).delete_file("notes.txt")
    assert export(address, "videofolder") == 0
    listed = ObjectStore(address).read(LISTED).decode().splitlines()
    assert {*(line.partition("\t")[0] for line in listed), LISTED} == set(ObjectStore(address).files())


def test_only_an_older_dataset_is_replaced(bucket: str, capsys: Capture) -> None:
    address = f"{bucket}/set"
    store = ObjectStore(address)

    def refused(words: str, *more: str) -> None:
        before = {name: store.read(name) for name in store.files()}
        assert export(address, "jsonl", *more) != 0
        assert words in capsys.readouterr().err
        assert {name: store.read(name) for name in store.files()} == before

    store.write("notes.txt", b"mine")
    refused("is there already: give another name, or say --overwrite")
    refused("is not a dataset of vidkit's", "--overwrite")
    store.delete_file("notes.txt")
    assert export(address, "videofolder") == 0
    made = set(store.files())
    store.write("train/own.mp4", b"mine")
    refused("train/own.mp4 in", "--overwrite")
    store.delete_file("train/own.mp4")
    card = store.read("README.md")
    store.write("README.md", b"edited")
    refused("README.md in", "--overwrite")
    store.write("README.md", card)
    assert export(address, "jsonl", "--overwrite") == 0
    now = set(store.files())
    assert MARKER in now
    assert now != made
    assert not any(name.startswith("train/") and name.endswith(".mp4") for name in now - made)
    content: Any = json.loads(store.read(MARKER))
    assert content["format"] == "jsonl"
