"""Buckets that are busy, slow, away or full: a real S3 server behind a proxy that makes the mistakes of stores."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core import buckets, object_store
from vidkit.core.retry import RetryPolicy
from vidkit.core.stores import open_store
from vidkit.errors import OutputError
from vidkit.ffmpeg import find_tool
from vidkit.library.sqlite.file import Connections

from .bucket_proxy import Asked, BucketProxy, Fault
from .bucket_server import S3
from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .waiting import PATIENCE, until

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketProxy]:
    """The S3 server behind a proxy, and less patience than usual."""
    monkeypatch.setattr(buckets, "RETRIES", 2)
    monkeypatch.setattr(buckets, "TIMEOUT", timedelta(seconds=1))
    monkeypatch.setattr(buckets, "LONGEST_BACKOFF", timedelta(seconds=0.2))
    monkeypatch.setattr(object_store, "_RETRIES", RetryPolicy(retries=2, backoff=0.05))
    buckets._client.cache_clear()
    with BucketProxy(s3.endpoint) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.endpoint)
        yield running


@pytest.fixture
def results(s3: S3, proxy: BucketProxy, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"{s3.new_bucket()}/results"
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", address)
    return address


def process(*urls: str) -> int:
    return main(["process", "--describe", "none", "--urls", *urls])


def there(results: str) -> list[str]:
    """Whatever can be seen in the results."""
    store = open_store(results)
    assert isinstance(store, object_store.ObjectStore)
    return [key for key in store._keys("") if ".journal/" not in key]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(503),
        Fault(429),
        pytest.param(Fault(seconds=1.5), marks=pytest.mark.slow),
        Fault(cut=True),
        Fault(cut_answer=True),
    ],
    ids=["503", "429", "stalls", "cut", "answer lost"],
)
def test_temporary_failures_are_tried_again_for_every_kind_of_request(
    server: Server, make_video: MakeVideo, proxy: BucketProxy, results: str, fault: Fault
) -> None:
    """Reads, writes, lists, deletes and writes with a condition: the first try of each fails."""
    proxy.fault = lambda asked: fault if asked.number == 1 else None
    store = open_store(results)
    assert not store.exists("a.json")
    store.write("a.json", b"1")
    content, version = store.read_version("a.json")
    assert content == b"1"
    assert store.write_over("a.json", b"2", version)
    assert store.write_over("b.json", b"3", None)
    assert not store.write_over("b.json", b"4", None)
    with store.publishing("clips/a") as folder:
        (folder / "1.mp4").write_bytes(b"x" * 100)
    assert sorted(store.names()) == ["a.json", "b.json", "clips"]
    assert [store.read(name) for name in ("a.json", "b.json")] == [b"2", b"3"]
    store.delete("a.json")
    assert not store.exists("a.json")


@pytest.mark.slow
def test_a_large_file_gets_through_where_parts_of_it_fail(
    proxy: BucketProxy, results: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "RETRIES", 8)
    monkeypatch.setattr(buckets, "TIMEOUT", timedelta(seconds=3))
    faults = [Fault(503), Fault(cut=True), Fault(seconds=4), None]
    proxy.fault = lambda asked: faults[len(proxy.asked) % 4] if asked.number == 1 else None
    buckets._client.cache_clear()  # it has the patience of before
    store = open_store(results)
    content = bytes(range(256)) * 2**17  # 32 MiB: four parts
    with store.publishing("clips/a") as folder:
        (folder / "1.mp4").write_bytes(content)
        (folder / "2.mp4").write_bytes(b"small")
    assert len({each.query for each in proxy.asked_for("PUT", "1.mp4")}) == 4
    proxy.fault = lambda asked: None
    assert store.fetch("clips/a/1.mp4", tmp_path / "back").read_bytes() == content


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(503), "the store is busy (503 Service Unavailable), also after 2 more tries. Use fewer workers"),
        (Fault(429), "the store is busy (429 Too Many Requests), also after 2 more tries. Use fewer workers"),
        (
            Fault(cut=True),
            "the store is not reached, or breaks the connection, also after 2 more tries. See",
        ),
        (Fault(seconds=1.2, cut=True), "the store does not answer in time"),
    ],
    ids=["503", "429", "cut", "stalls"],
)
def test_a_store_that_stays_away_is_said_in_words(
    proxy: BucketProxy, results: str, fault: Fault, words: str
) -> None:
    proxy.fault = lambda asked: fault
    store = open_store(results)
    for work in (lambda: store.write("a.json", b"1"), lambda: store.read("a.json"), lambda: list(store.names())):
        with pytest.raises(OutputError) as failure:
            work()
        assert words in str(failure.value)
        assert str(failure.value).startswith(results)
        assert "Debug" not in str(failure.value)
    proxy.fault = lambda asked: None
    assert there(results) == []


def test_a_record_that_cannot_be_put_fails_the_row_and_is_made_by_the_next_run(
    server: Server, make_video: MakeVideo, proxy: BucketProxy, results: str, capsys: Capture
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2), etag='"1"'))
    proxy.fault = lambda asked: Fault(cut=asked.method == "PUT" and asked.path.endswith("v.mp4.json"))
    assert process(url) == 1
    assert f"{results}/v.mp4.json: the store is not reached" in capsys.readouterr().err
    assert not [name for name in there(results) if name.endswith(".json")]
    proxy.fault = lambda asked: None
    assert process(url) == 0
    assert [name for name in there(results) if name.endswith(".json")] == ["results/v.mp4.json"]


def test_a_record_whose_put_was_done_and_not_answered_is_not_taken_for_somebody_elses(
    server: Server, make_video: MakeVideo, proxy: BucketProxy, results: str
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    proxy.fault = lambda asked: Fault(cut_answer=asked.method == "PUT" and asked.path.endswith("v.mp4.json"))
    assert process(url) == 0
    assert len([each for each in server.asked_for("/v.mp4") if each.method == "GET"]) == 1


@pytest.mark.slow
def test_credentials_that_end_midway_end_the_run_with_one_sentence(
    server: Server, make_video: MakeVideo, proxy: BucketProxy, results: str, capsys: Capture
) -> None:
    urls = [server.at(f"/{number}.mp4", Reply(make_video(), etag='"1"')) for number in range(4)]
    expired = lambda: any(each.path.endswith("1.mp4.json") for each in proxy.asked if each.method == "PUT")  # noqa: E731
    proxy.fault = lambda asked: Fault(403) if expired() and not asked.path.endswith("1.mp4.json") else None
    assert main(["process", "--describe", "none", "--workers", "1", "--urls", *urls]) == 2
    said = capsys.readouterr().err
    assert "the run ends, since every other row would fail too: " in said
    assert "the credentials have expired. Sign in again, and start the same command: it continues" in said
    assert len({each.path for each in server.asked if each.method == "GET"}) <= 4  # the others are not fetched
    proxy.fault = lambda asked: None
    assert main(["process", "--describe", "none", "--urls", *urls]) == 0
    records = [name for name in there(results) if name.endswith(".json")]
    assert len(records) == 4
    assert len([each for each in server.asked_for("/0.mp4") if each.method == "GET"]) == 1


def test_a_store_that_does_not_know_conditions_is_looked_at_before_a_write(
    proxy: BucketProxy, results: str
) -> None:
    proxy.fault = lambda asked: (
        Fault(501) if "If-Match" in asked.headers or "If-None-Match" in asked.headers else None
    )
    store = open_store(results)
    assert store.write_over("a.json", b"1", None)
    assert not store.write_over("a.json", b"2", None)
    _, version = store.read_version("a.json")
    assert store.write_over("a.json", b"3", version)
    assert not store.write_over("a.json", b"4", version)
    assert store.read("a.json") == b"3"


UPLOAD = """
import sys
from pathlib import Path
from vidkit.core.stores import open_store
with open_store(sys.argv[1]).publishing("clips/v.mp4/0f3c2b1a") as folder:
    (folder / "large.mp4").write_bytes(b"x" * 2**25)
"""


def test_a_process_killed_in_the_middle_of_an_upload_leaves_nothing_that_can_be_seen(
    proxy: BucketProxy, results: str
) -> None:
    def third_part(asked: Asked) -> Fault | None:
        return Fault(seconds=PATIENCE) if "partNumber=3" in asked.query else None

    proxy.fault = third_part
    upload = subprocess.Popen([sys.executable, "-c", UPLOAD, results])
    try:
        until(lambda: any("partNumber=3" in each.query for each in list(proxy.asked)))
        assert any("partNumber=1" in each.query for each in proxy.asked)
    finally:
        upload.send_signal(signal.SIGKILL)
        upload.wait()
    proxy.fault = lambda asked: None
    assert there(results) == []
    assert subprocess.run([sys.executable, "-c", UPLOAD, results]).returncode == 0
    assert there(results) == ["results/clips/v.mp4/0f3c2b1a/large.mp4"]


def test_a_worker_whose_disk_is_full_fails_the_row_in_words_and_publishes_no_record(
    results: str, capsys: Capture
) -> None:
    """The scratch folder is beside the downloads, on a disk that is too small for the clips."""
    noise = ["-f", "lavfi", "-i", "testsrc2=s=320x180:d=4,noise=alls=80:allf=t", "-preset", "ultrafast"]
    subprocess.run([find_tool("ffmpeg"), "-v", "error", *noise, "noise.mp4"], check=True)
    Path("small").mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", "small"], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.decode().strip()}")
    try:
        Path("config.ini").write_text("[Paths]\nDownloadDirectory = small\n")
        options = ["--describe", "none", "--segment_length", "2"]
        assert main(["process", *options, "--urls", str(Path("noise.mp4").absolute())]) == 1
        assert "No space left on device" in capsys.readouterr().err
        assert there(results) == []
        assert not list(Path("small").rglob("*.mp4"))  # the scratch folder is gone
    finally:
        subprocess.run(["umount", "-l", "small"], check=True)


def test_a_library_that_is_locked_gets_the_record_from_the_bucket_in_the_next_run(
    server: Server, make_video: MakeVideo, results: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Connections.__init__
    monkeypatch.setattr(Connections, "__init__", lambda self, path, _, create: opened(self, path, 0.2, create))
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    assert process(server.at("/first.mp4", Reply(make_video(), etag='"1"'))) == 0
    with sqlite3.connect("library.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert process(url) == 0
        other.execute("ROLLBACK")
    assert json.loads(open_store(results).read("v.mp4.json"))["source"]["url"] == url
    assert process(url) == 0
    capsys.readouterr()
    assert main(["search", "--json", "v"]) == 0
    assert url in capsys.readouterr().out
    assert len([each for each in server.asked_for("/v.mp4") if each.method == "GET"]) == 1


def test_no_secret_of_a_store_is_shown(s3: S3) -> None:
    store = open_store("s3://no-such-bucket/x")
    url = store.url("a.json")
    assert "X-Amz-Signature=" in url
    with pytest.raises(OutputError) as failure:
        list(store.names())
    assert "Signature" not in str(failure.value)
