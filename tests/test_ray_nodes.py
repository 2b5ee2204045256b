"""`--engine ray` while nodes join, stop, and are lost, and at last the head."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .ray_cluster import RayCluster, memory_of, ray_cluster
from .test_ray_engine import paths, records

pytestmark = pytest.mark.slow
SOURCE = Path(__file__).parents[1] / "src"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """Only a head, which works on nothing."""
    with ray_cluster() as running:
        yield running


@pytest.fixture
def server(cluster: RayCluster) -> Iterator[Server]:
    with cluster.server() as running:
        yield running


@pytest.fixture(autouse=True)
def only_a_head(cluster: RayCluster) -> Iterator[None]:
    """The nodes of a test are gone at its end."""
    yield
    for node in cluster.nodes[1:]:
        node.kill()


def site(server: Server, make_video: MakeVideo, count: int, delay: float = 1.0) -> list[str]:
    return [server.at(f"/{n}.mp4", Reply(make_video(), etag='"1"', delay=delay)) for n in range(count)]


def done(folder: str) -> int:
    return len(list(Path(folder, "processed").glob("*.mp4.json")))


def test_a_run_waits_for_nodes_uses_those_that_join_and_loses_no_row_with_a_killed_one(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    urls = site(server, make_video, 12)
    run = cluster.process("--urls", *urls, **paths("out"))
    run.says(f"ray: no node to work on at {cluster.address}: waiting for one, Ctrl-C ends the run")
    nodes = cluster.add(wait=False), cluster.add()
    run.says("2 nodes, 2 slots")
    cluster.wait(lambda: 2 <= done("out") < 9 and sum(server.fetched().values()) > done("out"), "rows under way")
    nodes[0].kill()
    before = done("out")
    cluster.wait(lambda: done("out") >= before + 2, "rows after a node was killed", 90)
    said = run.ends(0)
    assert "12 processed, " in said
    assert "1 node, 1 slot" in said
    assert len(records("out")) == 12
    assert sum(server.fetched().values()) <= 13


def test_a_node_that_was_stopped_and_goes_on_counts_once_and_a_run_without_nodes_ends_on_ctrl_c(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    urls = site(server, make_video, 3, delay=2.0)
    node = cluster.add()
    run = cluster.process("--urls", *urls, **paths("out"))
    run.says("1 node, 1 slot")
    without = run.err.count("no node to work on")
    cluster.wait(lambda: server.fetched(), "a download")
    node.send(signal.SIGSTOP)
    cluster.wait(lambda: run.err.count("no node to work on") == without + 1, "the loss of the node", 90)
    other = cluster.add()
    cluster.wait(lambda: run.err.count("1 node, 1 slot") == 2, "another node", 90)
    node.send(signal.SIGCONT)
    cluster.wait(lambda: done("out"), "a record")
    other.kill()
    cluster.wait(lambda: run.err.count("no node to work on") == without + 2, "the loss of the last node", 90)
    run.send(signal.SIGINT)
    said = run.ends(130)
    assert "Ctrl-C ends the run" in said
    assert "processed" in said
    assert len(records("out")) == done("out") < 3
    assert "failures" not in records("out")


def test_a_node_with_another_vidkit_is_not_used_and_the_reason_is_one_sentence(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    other = Path("other")
    shutil.copytree(SOURCE / "vidkit", other / "vidkit", ignore=shutil.ignore_patterns("static"))
    (other / "vidkit/_version.py").write_text('__version__ = "0.0.7"\n')
    cluster.add(PYTHONPATH=str(other.absolute()))
    (url,) = site(server, make_video, 1)
    run = cluster.process("--urls", url, **paths("out"))
    said = run.ends(2)
    reason = "it has vidkit 0.0.7, and the driver has "
    assert f"no node of the Ray cluster at {cluster.address} can be used. 127.0.0.1: {reason}" in said
    assert not server.fetched()


# In the processes of a node: a process that opens this file takes more and more memory.
GREEDY = """
import sys, time
def take(event, arguments):
    if event == "open" and "greedy" in str(arguments[0]):
        taken = []
        while True:
            taken.append(b"x" * 40_000_000)
            time.sleep(0.1)
sys.addaudithook(take)
"""


def test_a_row_that_takes_all_memory_of_its_node_fails_after_three_tries_and_no_other_row_does(
    cluster: RayCluster, make_video: MakeVideo
) -> None:
    """Ray's watch ends the worker, at 0.7 of the memory, before the system does."""
    Path("sitecustomize.py").write_text(GREEDY)
    places = os.pathsep.join([os.getcwd(), str(SOURCE)])
    video = make_video()
    urls = [str(shutil.copy(video, Path(f"{name}.mp4").absolute())) for name in ("greedy", "a", "b")]
    with memory_of(megabytes=1400) as within:
        cluster.add(within=within, PYTHONPATH=places, RAY_memory_usage_threshold="0.7")
        said = cluster.process("--urls", *urls, **paths("out")).ends(1)
    assert "2 processed, 1 failed" in said
    (failure,) = records("out")["failures"]
    assert failure["public_url"] == urls[0]
    assert failure["failed_reason"] == "its worker was killed 3 times: its node was running out of memory"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("ray.__version__ = '2.1.0'", "and here is Ray 2.1.0 and Python"),
        (
            "from ray._private import utils; utils.compute_version_info = lambda: (ray.__version__, '3.7.1')",
            "and Python 3.7.1: install the same",
        ),
    ],
)
def test_a_driver_with_another_ray_or_python_is_told_so_in_one_sentence(
    cluster: RayCluster, change: str, reason: str
) -> None:
    code = f"import sys, ray; {change}; from vidkit.cli import main; sys.exit(main())"
    said = cluster.process("--urls", "a.mp4", code=code, **paths("out")).ends(2)
    assert f"the Ray cluster at {cluster.address} has Ray " in said
    assert reason in said
    assert len(said.strip().splitlines()) == 2


def test_a_cluster_that_asks_for_a_token_is_said_in_one_sentence(clean_place: Path) -> None:
    token = clean_place / "token"
    token.write_text("0123456789abcdef" * 4)
    locked = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    with ray_cluster(head_cpus=1, **locked) as other:
        said = other.process("--urls", "a.mp4", **paths("out")).ends(2)
        assert f"the Ray cluster at {other.address} asks for its token: set RAY_AUTH_MODE=token" in said
        assert len(said.strip().splitlines()) == 2
        said = other.process("--urls", "a.mp4", **paths("out"), **locked).ends(1)
        assert "1 failed" in said or "failed: a.mp4" in said


def test_a_run_whose_head_is_gone_says_so_in_one_sentence_and_the_next_run_goes_on(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    """The last of this module: its cluster is gone then."""
    cluster.add()
    urls = site(server, make_video, 6)
    run = cluster.process("--urls", *urls, **paths("out"))
    cluster.wait(lambda: done("out") >= 2, "two records")
    cluster.head.kill()
    said = run.ends(2, 60)
    assert f"ERROR: the head of the Ray cluster at {cluster.address} is gone" in said
    assert done("out") < 6
    said = cluster.process("--urls", urls[0], **paths("out")).ends(2)
    assert f"ERROR: no Ray cluster answers at {cluster.address}" in said
    cluster.nodes[-1].kill()  # else its worker may write its record while the next run makes the same one
    with ray_cluster(head_cpus=1) as other, other.server(server.port) as again:
        assert site(again, make_video, 6) == urls
        there = done("out")
        said = other.process("--urls", *urls, **paths("out")).ends(0)
        assert f"{6 - there} processed, {there} already done" in said
        assert sum(again.fetched().values()) == 6 - there
    assert len(records("out")) == 6
