"""`--engine ray` while workers die, servers stall and the driver is stopped or killed; the nodes stay."""

from __future__ import annotations

import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import MakeVideo
from .misbehaving_server import Asked, Reply, Server
from .ray_cluster import IMPATIENT, RayCluster, client_of
from .test_ray_engine import paths, records

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(two_nodes: RayCluster) -> RayCluster:
    return two_nodes


@pytest.fixture
def server(cluster: RayCluster) -> Iterator[Server]:
    with cluster.server() as running:
        yield running


def ffmpegs() -> dict[int, int]:
    """The ffmpeg processes that read a file of this test's folder, each with its parent."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            stat = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[0].endswith(b"ffmpeg") and os.getcwd().encode() in b" ".join(words) and stat[0] != "Z":
            found[int(place.name)] = int(stat[1])
    return found


def test_a_row_that_kills_its_worker_fails_after_three_tries_and_no_other_row_does(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    killed = []

    def kill(asked: Asked) -> Reply:
        if asked.method == "GET":
            killed.append(client_of(asked.connection, cluster))
            os.kill(killed[-1], signal.SIGKILL)
        return Reply(status=404)

    poison = server.at("/poison.mp4", kill)
    good = [server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"')) for name in "abcd"]
    said = cluster.process("--urls", good[0], poison, *good[1:], code=IMPATIENT, **paths("out")).ends(1)
    assert "4 processed, 1 failed" in said
    assert len(set(killed)) == 3
    assert server.fetched() == {"/poison.mp4": 3} | {f"/{name}.mp4": 1 for name in "abcd"}
    (failure,) = records("out")["failures"]
    assert failure["public_url"] == poison
    assert failure["failed_stage"] == "download"
    assert failure["failed_reason"].startswith("its worker was killed 3 times: its process ended")


def test_a_row_that_needs_more_memory_than_there_is_fails_and_no_other_row_does(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    """Its worker gets no more memory, and neither does its ffmpeg, while it is at this row. It dies, or hangs."""
    video = make_video().read_bytes()

    def limited(most: int) -> Callable[[Asked], Reply]:
        def reply(asked: Asked) -> Reply:
            worker = client_of(asked.connection, cluster)
            resource.prlimit(worker, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
            return Reply(video, etag='"1"')

        return reply

    greedy = server.at("/greedy.mp4", limited(2**20))
    good = [server.at(f"/{name}.mp4", limited(resource.RLIM_INFINITY)) for name in "abcd"]
    said = cluster.process("--urls", good[0], greedy, *good[1:], code=IMPATIENT, **paths("out")).ends(1)
    assert "4 processed, 1 failed" in said
    (failure,) = records("out")["failures"]
    assert failure["public_url"] == greedy
    assert re.search("memory|no sign of progress", failure["failed_reason"])
    assert "mistake" not in failure["failed_reason"]


def test_no_ffmpeg_outlives_its_worker_and_the_row_is_started_again(
    cluster: RayCluster, make_video: MakeVideo
) -> None:
    video = make_video(shots=6, shot_length=4.0, size="1280x720")
    Path("long.mp4").write_bytes(video.read_bytes())
    run = cluster.process("--urls", "long.mp4", **paths("out"))
    cluster.wait(ffmpegs, "an ffmpeg")
    ffmpeg, worker = next(iter(ffmpegs().items()))
    os.kill(worker, signal.SIGKILL)
    cluster.wait(lambda: ffmpeg not in ffmpegs(), "the end of ffmpeg", 20)
    said = run.ends(0)
    assert "1 slot" in said or "2 slots" in said
    assert "a worker died with long.mp4" in said
    assert list(records("out")) == ["long.mp4.json"]
    assert not [path for path in Path("out").rglob(".vidkit-*") if path.is_dir()]


def test_a_worker_that_gives_no_sign_of_progress_is_given_up(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    """Here for want of the server's; vidkit's own limits of a download take longer than this run has."""
    slow = server.at("/slow.mp4", Reply(make_video(), stall_after=10_000, etag='"1"'))
    good = [server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"')) for name in "ab"]
    said = cluster.process("--urls", slow, *good, code=IMPATIENT, **paths("out")).ends(1)
    assert "2 processed, 1 failed" in said
    (failure,) = records("out")["failures"]
    assert failure["public_url"] == slow
    assert "gave no sign of progress" in failure["failed_reason"]


def test_after_a_killed_driver_only_rows_under_way_are_done_again(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    urls = [server.at(f"/{n}.mp4", Reply(make_video(), etag='"1"', delay=0.5)) for n in range(12)]
    Path("v.csv").write_text("url\n" + "\n".join(urls) + "\n")
    results = Path("out/processed")
    run = cluster.process("--csv", "v.csv", **paths("out"))
    cluster.wait(lambda: len(list(results.glob("*.mp4.json"))) >= 4, "four records")
    run.send(signal.SIGKILL)
    run.process.wait()
    there = {path.name.removesuffix(".json") for path in results.glob("*.mp4.json")}
    said = cluster.process("--csv", "v.csv", **paths("out")).ends(0)
    assert "failed" not in said
    assert len(records("out")) == 12
    asked = server.fetched()
    assert all(asked[f"/{name}"] == 1 for name in there)
    assert sum(asked.values()) <= 12 + 2
    assert not list(results.glob(".vidkit-*-nodes"))


@pytest.mark.parametrize(("signals", "most"), [("INT", 4), ("INT INT", 2), ("TERM", 2)])
def test_a_signal_ends_a_run_with_what_is_done_and_no_ffmpeg(
    cluster: RayCluster, server: Server, make_video: MakeVideo, signals: str, most: int
) -> None:
    body = make_video(shots=6, shot_length=4.0, size="1280x720")
    urls = [server.at(f"/{n}.mp4", Reply(body, etag='"1"')) for n in range(8)]
    run = cluster.process("--urls", *urls, **paths("out"))
    cluster.wait(ffmpegs, "an ffmpeg")
    for name in signals.split():
        run.send(getattr(signal, f"SIG{name}"))
        time.sleep(0.5)
    said = run.ends(130)
    assert "interrupted: the same command continues from here" in said
    assert len(records("out")) <= most
    assert "failures" not in records("out")
    if signals == "INT":
        assert "finishing 2 videos" in said
        assert len(records("out")) >= 2
    cluster.wait(lambda: not ffmpegs(), "the end of ffmpeg", 20)
    assert not [path for path in Path("out").rglob(".vidkit-*") if path.is_dir()]


def test_ctrl_c_leaves_rows_that_wait_for_a_slot_to_the_next_run(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    """After rows that took no time, each slot has its next row waiting."""
    gone = [server.url(f"/gone{number}.mp4") for number in range(20)]
    slow = [server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"', delay=5.0)) for name in "abcdef"]
    run = cluster.process("--urls", *gone, *slow, **paths("out"))

    def begun() -> list[str]:
        return sorted(path for path in server.fetched() if "gone" not in path)

    cluster.wait(lambda: len(begun()) == 2, "two slow downloads")
    run.send(signal.SIGINT)
    assert "finishing 2 videos" in run.ends(130)
    assert begun() == ["/a.mp4", "/b.mp4"]
    found = records("out")
    assert len(found.pop("failures")) == 20
    assert set(found) == {"a.mp4.json", "b.mp4.json"}
