"""Bodies that have no end, hardly come, end early, or lie about their length: what ends a download."""

from __future__ import annotations

import gzip
import logging
import os
import re
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest

from tests.downloads import VIDEO, fetch, left_behind, reason
from tests.misbehaving_server import Reply, Server
from tests.waiting import until
from vidkit.cli import main
from vidkit.core.retry import RetryPolicy
from vidkit.download.destination import Destination
from vidkit.download.fetch import DownloadRequest
from vidkit.download.fetch import fetch as fetch_order
from vidkit.download.http import DownloadPolicy
from vidkit.errors import DownloadError, OutputError, UnwantedError

SLOW = DownloadPolicy(timeout=2, retry=RetryPolicy(3, 0.001), min_pace=1000, pace_window=0.4)


def request_of(policy: DownloadPolicy) -> DownloadRequest:
    return DownloadRequest(filename=None, destination=Destination(Path("here"), str), progress=False, policy=policy)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_compressed_body_that_ends_early_is_not_taken_for_whole(
    server: Server, encoding: str, chunked: bool
) -> None:
    packed = gzip.compress(VIDEO) if encoding == "gzip" else zlib.compress(VIDEO)
    headers = {"Content-Encoding": encoding}
    whole = Reply(packed, headers=headers, chunked=chunked)
    short = Reply(packed[: len(packed) // 2], headers=headers, chunked=chunked)
    assert "the compressed answer ends early" in reason(server.at("/a.mp4", short))
    assert list(Path("here").iterdir()) == []
    assert fetch(server.at("/b.mp4", short, whole)).path.read_bytes() == VIDEO


def test_compressed_bodies_of_every_form_are_undone(server: Server) -> None:
    raw = zlib.compressobj(wbits=-15)
    for encoding, body in (
        ("gzip", gzip.compress(VIDEO[:1000]) + gzip.compress(VIDEO[1000:]) + b"\0" * 9),
        ("deflate", zlib.compress(VIDEO)),
        ("deflate", raw.compress(VIDEO) + raw.flush()),
        ("deflate, gzip", gzip.compress(zlib.compress(VIDEO))),
        ("identity", VIDEO),
    ):
        url = server.at("/a.mp4", Reply(body, headers={"Content-Encoding": encoding}, chunked=True))
        assert fetch(url).path.read_bytes() == VIDEO
    damaged = bytearray(gzip.compress(VIDEO))
    damaged[40:50] = b"damage" * 2
    assert "is damaged" in reason(server.at("/b.mp4", Reply(bytes(damaged), headers={"Content-Encoding": "gzip"})))


def test_a_body_without_end_is_ended_by_the_largest_size_that_is_wanted(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, chunked=True, endless=True, etag='"1"'))
    with pytest.raises(UnwantedError, match=r"a\.mp4 is larger than 5\.0 MB"):
        fetch(url, max_size=5e6)
    assert list(Path("here").iterdir()) == []
    # Where the server tells the length, the body is not waited for.
    told = server.at("/b.mp4", Reply(VIDEO, length=6_000_000, stall_after=600))
    with pytest.raises(UnwantedError):
        fetch(told, max_size=5e6)
    assert fetch(server.at("/c.mp4", Reply(VIDEO)), max_size=len(VIDEO)).path.read_bytes() == VIDEO


def test_the_filter_of_the_command_line_ends_a_download(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, chunked=True, endless=True))
    Path("in.csv").write_text(f"url,file_size\n{url},1000\n")  # which is not true
    for source in (["--urls", url], ["--csv", "in.csv"]):
        assert main(["process", "--describe", "none", "--max-size", "4MB", *source]) == 0
        assert "1 filtered out" in capsys.readouterr().err
    assert [path.name for path in Path("downloaded_videos").iterdir() if path.suffix != ".lock"] == []


def test_an_hls_stream_larger_than_wanted_is_ended(server: Server) -> None:
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:9"]
    for number in range(9):
        server.at(f"/{number}.ts", Reply(VIDEO[:1_000_000]))
        lines += ["#EXTINF:9,", f"{number}.ts"]
    url = server.at("/s.m3u8", Reply("\n".join([*lines, "#EXT-X-ENDLIST"]).encode()))
    with pytest.raises(UnwantedError):
        fetch(url, max_size=2_500_000)
    assert server.asked_for("/3.ts") == []
    assert list(Path("here").iterdir()) == []


def test_a_body_of_a_few_bytes_a_second_is_given_up_and_continues_in_the_next_run(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO[:9000], etag='"1"', trickle=0.05), Reply(VIDEO[:9000], etag='"1"'))
    with pytest.raises(DownloadError, match=r"a download slower than 1000 bytes a second is stopped"):
        fetch_order(url, request_of(SLOW))
    assert len(server.asked) == 1  # it is not asked again at once
    # Of a video, fewer bytes than the first look takes may come in the time.
    lively = server.at("/b.mp4", Reply(VIDEO, etag='"1"', delay=1.2), Reply(VIDEO, etag='"1"'))
    with pytest.raises(DownloadError, match="is stopped"):
        fetch_order(lively, request_of(DownloadPolicy(min_pace=1e6, pace_window=2)))
    assert left_behind() == ["b.mp4.part", "b.mp4.part.json"]
    assert fetch(lively).path.read_bytes() == VIDEO
    assert server.asked_for("/b.mp4")[1].headers["Range"].startswith("bytes=")


@pytest.mark.parametrize("type", ["text/html", "application/vnd.apple.mpegurl"])
def test_a_page_or_manifest_of_a_few_bytes_a_second_is_given_up(server: Server, type: str) -> None:
    body = b"#EXTM3U\n" * 2000 if "apple" in type else b"<html>" * 2000
    url = server.at("/page", Reply(body, type=type, trickle=0.01))
    with pytest.raises(DownloadError, match="is stopped"):
        fetch_order(url, request_of(SLOW))


def test_a_slow_but_steady_download_is_not_given_up(server: Server) -> None:
    url = server.at("/a.mp4", Reply(VIDEO[:400_000], delay=0.3))
    policy = DownloadPolicy(min_pace=10_000, pace_window=1)
    assert fetch_order(url, request_of(policy)).path.stat().st_size == 400_000
    standard = DownloadPolicy()
    assert standard.min_pace <= 50_000 / 8  # eight videos at once over a line of 50 kB/s


def test_a_redirect_whose_body_hardly_comes_is_followed_all_the_same(server: Server) -> None:
    server.at("/b.mp4", Reply(VIDEO))
    url = server.at("/a.mp4", Reply(b"moved" * 999, 302, headers={"Location": "/b.mp4"}, trickle=0.05))
    endless = server.at("/e.mp4", Reply(VIDEO, 302, headers={"Location": "/b.mp4"}, chunked=True, endless=True))
    began = time.monotonic()
    assert fetch(url).path.read_bytes() == VIDEO
    assert fetch(endless).path.read_bytes() == VIDEO
    assert time.monotonic() - began < 60  # the whole of the first would take minutes


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_length_of_too_many_digits_is_no_mistake_of_vidkit(server: Server, digits: int) -> None:
    url = server.at("/a.mp4", Reply(VIDEO, length="9" * digits), Reply(VIDEO))
    assert fetch(url).path.read_bytes() == VIDEO
    whole = server.at(
        "/r.mp4",
        Reply(VIDEO, etag='"1"', drop_after=1_000_000),
        Reply(b"", 206, headers={"Content-Range": f"bytes {'9' * digits}-1/{'9' * digits}"}),
        Reply(VIDEO),
    )
    assert fetch(whole).path.read_bytes() == VIDEO
    redirect = server.at("/m.mp4", Reply(b"x", 302, length="9" * digits, headers={"Location": "/c.mp4"}))
    server.at("/c.mp4", Reply(VIDEO))
    assert fetch(redirect).path.read_bytes() == VIDEO


@pytest.mark.parametrize("wait", ["999999999", "Fri, 31 Dec 2199 23:59:59 GMT", "²", "9" * 5000, "-5", ""])
def test_a_server_cannot_make_vidkit_wait_longer_than_two_minutes(
    server: Server, wait: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vidkit.download")
    stop = threading.Event()
    url = server.at("/a.mp4", Reply(status=503, headers={"Retry-After": wait.encode().decode("latin-1")}))

    def run() -> None:
        with pytest.raises(DownloadError):
            fetch(url, stop=stop, retries=1)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: "trying again in" in caplog.text)
    stop.set()
    thread.join()
    said = re.search(r"trying again in ([\d.]+) s", caplog.text)
    assert said is not None
    assert float(said[1]) <= 120
    assert (float(said[1]) > 100) == (wait in ("999999999", "Fri, 31 Dec 2199 23:59:59 GMT"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="a small file system can only be mounted by root")
def test_a_body_without_end_stops_where_the_disk_is_to_stay_free(server: Server, tmp_path: Path) -> None:
    small = tmp_path / "here"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.decode().strip()}")
    most = 0

    def watch(done: int, total: int | None) -> None:
        nonlocal most
        most = max(most, done)

    try:
        url = server.at("/a.mp4", Reply(VIDEO, chunked=True, endless=True, etag='"1"'))
        with pytest.raises(OutputError, match=r"a\.mp4 needs more .* must stay free: make room"):
            fetch(url, progress=watch)
        assert 20e6 < most <= (48 - 16 + 9) * 2**20
        assert list(small.iterdir()) == []  # the disk has its room back
    finally:
        subprocess.run(["umount", "-l", small], check=True)
