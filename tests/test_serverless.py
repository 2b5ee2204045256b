"""`vidkit.serverless.handler`: one video of an event, from and to a bucket of a real S3 server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.buckets import open_bucket
from vidkit.core.config import load_config
from vidkit.core.stores import open_store
from vidkit.errors import ConfigError, DownloadError, OutputError, VidkitError
from vidkit.library import open_library
from vidkit.serverless import Request, Skipped, handler, requests_of

from .bucket_server import S3
from .conftest import MakeVideo
from .meaning_models import image_model
from .misbehaving_server import Asked, Reply, Server
from .postgresql import Server as PostgreSQL
from .waiting import PATIENCE

__all__ = ["image_model"]


class Context:
    """What Lambda gives a function."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self._ends - time.monotonic()) * 1000))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on loopback that the function may reach."""
    monkeypatch.setenv("VIDKIT_SERVE_ALLOWEDHOSTS", "127.0.0.1")
    with Server() as running:
        yield running


@pytest.fixture
def output(s3: S3) -> str:
    """A place for results, in a bucket that is there."""
    bucket = s3.new_bucket()
    open_store(bucket).write("made", b"by its first object")
    return f"{bucket}/results"


def notification(bucket: str, key: str, event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """What S3 sends; the key is as it comes there."""
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": event, "s3": detail}]}


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        ({"url": "s3://b/a.mp4"}, Request("s3://b/a.mp4")),
        ({"url": "s3://b/a.mp4", "output": "s3://c/out"}, Request("s3://b/a.mp4", "s3://c/out")),
        (notification("b", "new+films/caf%C3%A9%2B1.mp4"), Request("s3://b/new films/café+1.mp4")),
        (
            {
                "source": "aws.s3",
                "detail-type": "Object Created",
                "detail": {"bucket": {"name": "b"}, "object": {"key": "new films/a+1.mp4"}},
            },
            Request("s3://b/new films/a+1.mp4"),
        ),
        (
            notification("b", "a.mp4", "ObjectRemoved:Delete"),
            Skipped("s3://b/a.mp4", "it was not created (ObjectRemoved:Delete)"),
        ),
        ({"Event": "s3:TestEvent", "Bucket": "b"}, Skipped("s3://b", "S3 tries out the notification")),
    ],
    ids=["plain", "with output", "S3", "EventBridge", "removed", "test"],
)  # fmt: skip
def test_an_event_is_read_as_its_sender_means_it(event: dict[str, Any], asked: Request | Skipped) -> None:
    assert requests_of(event) == [asked]


@pytest.mark.parametrize("event", [{}, {"Records": [{"kinesis": {}}]}, {"url": 7}])
def test_an_event_of_somebody_else_is_refused_in_words(event: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="event"):
        handler(event)


def test_a_video_goes_to_the_bucket_and_leaves_nothing_on_this_machine(
    output: str, server: Server, make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    url = server.at("/a.mp4", Reply(make_video(shots=2), etag='"1"'))
    told = handler({"url": url, "output": output}, Context(600))
    assert told == {
        "state": "done",
        "url": url,
        "filename": "a.mp4",
        "record": f"{output}/a.mp4.json",
        "class": "Unclassified",
        "tags": ["H.264 Codec"],
        "seconds": told["seconds"],
    }
    store = open_store(output)
    record = json.loads(store.read("a.mp4.json"))
    assert len(record["scenes"]) == 2
    assert record["path"] is None
    assert all(map(store.exists, [each["path"] for each in record["segments"]]))
    assert list(scratch.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch"]


def test_the_same_event_again_does_nothing_twice(
    output: str, server: Server, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", output)
    url = server.at("/a.mp4", Reply(make_video(), etag='"1"'))
    assert handler({"url": url})["state"] == "done"
    before = open_store(output).read("a.mp4.json")
    assert handler({"url": url})["state"] == "unchanged"
    assert open_store(output).read("a.mp4.json") == before
    assert [asked.method for asked in server.asked].count("GET") == 1
    server.at("/a.mp4", Reply(make_video(shots=2), etag='"2"'))
    assert handler({"url": url})["state"] == "done"
    assert open_store(output).read("a.mp4.json") != before


def test_two_urls_with_one_name_get_two_names(output: str, server: Server, make_video: MakeVideo) -> None:
    urls = [server.at(f"/{n}/a.mp4", Reply(make_video(), etag='"1"')) for n in range(2)]
    names = [handler({"url": url, "output": output})["filename"] for url in urls * 2]
    assert names[0] == "a.mp4"
    assert names[1].startswith("a-")
    assert names[2:] == names[:2]


def test_events_that_come_twice_or_want_one_name_at_once_are_kept_apart(
    output: str, server: Server, make_video: MakeVideo
) -> None:
    urls = [server.at(f"/{n}/a.mp4", Reply(make_video(shots=1 + n), etag='"1"', delay=0.5)) for n in range(2)]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda url: handler({"url": url, "output": output}), urls * 2))
    assert {each["state"] for each in told} <= {"done", "unchanged"}
    store = open_store(output)
    names = sorted(name for name in store.names() if name.endswith(".json"))
    assert len(names) == 2
    records = [json.loads(store.read(name)) for name in names]
    assert sorted(record["source"]["url"] for record in records) == sorted(urls)
    for record in records:
        assert all(map(store.exists, [each["path"] for each in record["segments"]]))
        (mine,) = {each["filename"] for each in told if each["url"] == record["source"]["url"]}
        assert mine == record["filename"]


def test_what_lies_in_the_results_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", "s3://b/results/")
    told = handler(notification("b", "results/clips/a.mp4/12345678/a_clip_001.mp4"))
    assert told["state"] == "skipped"
    assert "lies in the results" in told["reason"]


def test_a_function_that_knows_no_place_for_results_says_so() -> None:
    with pytest.raises(ConfigError, match="VIDKIT_PATHS_PROCESSEDDIRECTORY"):
        handler({"url": "s3://b/a.mp4"})


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/"])
def test_an_event_reads_no_file_and_no_private_address(output: str, url: str) -> None:
    told = handler({"url": url, "output": output})
    assert told["state"] == "failed"
    assert "submitted jobs may" in told["reason"]


def test_only_what_may_pass_is_raised_so_that_the_platform_tries_again(
    output: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidkit.core.retry.RetryPolicy.delay", lambda *_: 0.0)
    broken = handler({"url": server.at("/b.mp4", Reply(b"no video", etag='"1"')), "output": output})
    assert (broken["state"], broken["stage"]) == ("failed", "probe")
    gone = handler({"url": server.url("/gone.mp4"), "output": output})
    assert (gone["state"], gone["stage"]) == ("failed", "download")
    assert "404" in gone["reason"]
    busy = server.at("/busy.mp4", Reply(status=503))
    with pytest.raises(DownloadError, match="503"):
        handler({"url": busy, "output": output})


def test_a_bucket_that_refuses_is_raised(
    output: str, server: Server, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.at("/a.mp4", Reply(make_video(), etag='"1"'))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(OutputError, match="refuses"):
        handler({"url": url, "output": output})


def test_the_work_stops_before_the_functions_time_is_over(
    output: str, server: Server, make_video: MakeVideo
) -> None:
    url = server.at("/slow.mp4", Reply(make_video(), etag='"1"', delay=60.0))
    began = time.monotonic()
    told = handler({"url": url, "output": output}, Context(8.0))
    assert time.monotonic() - began < 8.0
    assert (told["state"], told["stage"]) == ("failed", "download")
    assert "time is over" in told["reason"]


def test_a_record_without_its_description_is_written_and_raised(
    output: str, server: Server, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", server.at("/model", Reply(status=401)))
    url = server.at("/a.mp4", Reply(make_video(), etag='"1"'))
    with pytest.raises(VidkitError, match="recorded without a description"):
        handler({"url": url, "output": output})
    assert json.loads(open_store(output).read("a.mp4.json"))["ai"]["error"]


def put(address: str, content: bytes) -> None:
    place = open_bucket(address)
    place.client.put(place.key, content)


def test_a_video_that_comes_into_a_bucket_is_processed_once_for_each_version(
    s3: S3, output: str, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", output)
    bucket = s3.new_bucket()
    url = f"{bucket}/new films/café+1.mp4"
    event = notification(bucket.removeprefix("s3://"), "new+films/caf%C3%A9%2B1.mp4")
    put(url, make_video().read_bytes())
    told = handler(event, Context(600))
    assert (told["state"], told["url"], told["filename"]) == ("done", url, "café+1.mp4")
    assert handler(event, Context(600))["state"] == "unchanged"
    put(url, make_video(shots=2).read_bytes())
    assert handler(event, Context(600))["state"] == "done"
    record = json.loads(open_store(output).read("café+1.mp4.json"))
    assert len(record["scenes"]) == 2
    assert record["source"]["url"] == url
    open_store(bucket).delete("new films/café+1.mp4")
    gone = handler(event, Context(600))
    assert (gone["state"], gone["stage"]) == ("failed", "download")
    assert "no such object" in gone["reason"]


def test_the_records_of_a_function_are_joined_by_library_add(
    output: str, server: Server, make_video: MakeVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    handler({"url": server.at("/a.mp4", Reply(make_video(), etag='"1"')), "output": output})
    assert main(["library", "add", output]) == 0
    assert main(["search", "a.mp4"]) == 0
    assert "a.mp4" in capsys.readouterr().out


def test_a_function_keeps_vectors_where_the_library_is_on_a_server(
    output: str,
    server: Server,
    make_video: MakeVideo,
    image_model: Path,
    postgres: PostgreSQL,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = postgres.uri(postgres.new_database())
    monkeypatch.setenv("VIDKIT_MEANING_IMAGEMODEL", str(image_model))
    event = {"url": server.at("/a.mp4", Reply(make_video(shots=2), etag='"1"')), "output": output}
    assert handler(event)["state"] == "done"  # nobody would have them
    monkeypatch.setenv("VIDKIT_LIBRARY_PATH", address)
    for _ in range(2):
        assert handler(event)["state"] == "unchanged"
        with open_library(load_config()) as library:
            ((_, videos),) = library.vector_models().items()
            assert videos == 1
    postgres.leave(address.rpartition("/")[2])


@pytest.mark.slow
def test_lambdas_own_runtime_calls_the_function_and_is_told_what_came_of_it(
    output: str, server: Server, make_video: MakeVideo, tmp_path: Path
) -> None:
    pytest.importorskip("awslambdaric", reason="Lambda's runtime is not installed: pip install awslambdaric")
    good = {"url": server.at("/a.mp4", Reply(make_video(), etag='"1"')), "output": output}
    events = [good, {"url": good["url"]}]
    over, ended = threading.Event(), threading.Event()

    def following(asked: Asked) -> Reply:
        if asked.number > len(events):
            over.set()
            ended.wait(PATIENCE)
            return Reply(status=500)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"id-{asked.number}",
            "Lambda-Runtime-Deadline-Ms": str(round((time.time() + 600) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:vidkit",
        }
        return Reply(json.dumps(events[asked.number - 1]).encode(), headers=headers, type="application/json")

    at = "/2018-06-01/runtime/invocation"
    server.at(f"{at}/next", following)
    told = [server.at(f"{at}/{end}", Reply(status=202)) for end in ("id-1/response", "id-2/error")]
    address = server.url("").removeprefix("http://")
    environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": address, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-m", "awslambdaric", "vidkit.serverless.handler"]
    with (tmp_path / "log").open("wb") as log:
        runtime = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
        try:
            assert over.wait(PATIENCE), (tmp_path / "log").read_text()
        finally:
            ended.set()
            runtime.kill()
            runtime.wait()
    bodies = [json.loads(asked.body) for url in told for asked in server.asked if url.endswith(asked.path)]
    assert bodies[0]["state"] == "done"
    assert bodies[1]["errorType"] == "ConfigError"
    assert "VIDKIT_PATHS_PROCESSEDDIRECTORY" in bodies[1]["errorMessage"]
