"""Results and videos in a container of Azure, against Azurite."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core.buckets import open_bucket, readable_url
from vidkit.core.redaction import without_secrets
from vidkit.core.stores import open_store
from vidkit.download import download_video, source_version
from vidkit.errors import OutputError
from vidkit.rows import Row, read_video_metadata_from_csv

from .azurite import azurite, environment, make_container
from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .test_stores import named_in

_numbers = count(1)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'vidkit-toolkit[cloud]'")
    with azurite() as running:
        yield running


@pytest.fixture
def container(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty container, with the environment that leads to it."""
    for name, value in environment(endpoint).items():
        monkeypatch.setenv(name, value)
    name = f"tests-{os.getpid()}-{next(_numbers)}"
    make_container(endpoint, name)
    return f"az://{name}"


def test_a_container_keeps_the_promises_of_a_stores_verbs(container: str, tmp_path: Path) -> None:
    store = open_store(f"{container}/results")
    assert not store.exists("ä 50%.json")
    assert list(store.names()) == []
    store.delete("gone.json")
    store.write("ä 50%.json", b"{}")
    assert store.read("ä 50%.json") == b"{}"
    for content in (b"older", b"x" * 9 * 2**20):  # more than one part
        with store.publishing("clips/a/1") as folder:
            (folder / "1.mp4").write_bytes(content)
            if content == b"older":
                (folder / "2.mp4").write_bytes(content)
    assert list(store.names("clips/a/1")) == ["1.mp4"]
    assert store.fetch("clips/a/1/1.mp4", tmp_path / "here").stat().st_size == 9 * 2**20
    assert store.write_over("b.json", b"1", None)
    _, version = store.read_version("b.json")
    assert not store.write_over("b.json", b"2", None)
    assert store.write_over("b.json", b"3", version)
    assert not store.write_over("b.json", b"4", version)
    assert store.read("b.json") == b"3"
    with pytest.raises(OutputError, match="cannot be signed for Azure"):
        store.url("ä 50%.json")
    with urllib.request.urlopen(store.url("b.json")) as answer:
        assert answer.read() == b"3"
    assert sorted(store.names()) == ["b.json", "clips", "ä 50%.json"]
    store.delete("clips/a")
    assert sorted(store.names()) == ["b.json", "ä 50%.json"]
    with pytest.raises(FileNotFoundError):
        store.read("c.json")


def test_videos_are_processed_into_a_container_and_removed_from_it(
    container: str, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", f"{container}/results")
    with Server() as server:
        url = server.at("/v.mp4", Reply(make_video(shots=2, shot_length=2), etag='"1"'))
        assert main(["process", "--describe", "none", "--urls", url]) == 0
        store = open_store(f"{container}/results")
        record = json.loads(store.read("v.mp4.json"))
        assert all(store.exists(name) for name in named_in(record))
        assert main(["process", "--describe", "none", "--urls", url]) == 0
        assert len([each for each in server.asked_for("/v.mp4") if each.method == "GET"]) == 1
    main(["doctor"])
    assert f"ok       records, clips, thumbnails: {container}/results, can be written" in capsys.readouterr().out
    assert main(["remove", "--files", "--yes", url]) == 0
    assert list(store.names()) == [".journal"]


def test_a_wrong_key_and_a_missing_container_are_said_in_words(
    container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="there is no such bucket"):
        open_store("az://not-there/x").write("a.json", b"1")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    with pytest.raises(OutputError, match="refuses this"):
        open_store(f"{container}/x").write("a.json", b"1")


def test_a_container_is_a_list_of_its_videos_which_are_downloaded_and_signed_for(
    container: str, make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video()
    for key in ("in/a b%20?.mp4", "in/sub/c.mp4", "in/notes.txt"):
        place = open_bucket(f"{container}/{key}")
        place.client.put(place.key, video)
    rows = [row for row in read_video_metadata_from_csv(f"{container}/in/") if isinstance(row, Row)]
    assert [row.url for row in rows] == [f"{container}/in/a b%20?.mp4", f"{container}/in/sub/c.mp4"]
    assert [row.size_bytes for row in rows] == [video.stat().st_size] * 2
    found = download_video(rows[0].url, None, tmp_path)
    assert found.path.read_bytes() == video.read_bytes()
    assert found.version == source_version(rows[0].url)
    signed = readable_url(rows[1].url)
    with urllib.request.urlopen(signed) as answer:
        assert answer.read() == video.read_bytes()
    signature = signed.partition("sig=")[2].partition("&")[0]
    assert signature
    assert signature not in without_secrets(f"cannot read {signed}")
