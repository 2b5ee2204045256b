"""`--engine ray` on a cluster whose nodes stay: the same records as on one machine, counted once."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.core.config import load_config
from vidkit.library import open_library

from .conftest import MakeVideo
from .meaning_models import image_model
from .misbehaving_server import Reply, Server
from .ray_cluster import Network, RayCluster, skip_without_cluster
from .test_batch import vidkit
from .test_engines import without_clocks
from .waiting import PATIENCE

__all__ = ["image_model"]

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(two_nodes: RayCluster) -> RayCluster:
    return two_nodes


@pytest.fixture
def server(cluster: RayCluster) -> Iterator[Server]:
    with cluster.server() as running:
        yield running


def paths(folder: str) -> dict[str, str]:
    names = {
        "PATHS_PROCESSEDDIRECTORY": "processed",
        "PATHS_DOWNLOADDIRECTORY": "downloads",
        "LIBRARY_PATH": "l.db",
    }
    return {f"VIDKIT_{name}": f"{folder}/{place}" for name, place in names.items()}


def records(folder: str) -> dict[str, Any]:
    """The records of a run, and its failures, without clocks.

    ffmpeg does not always lose the same tenth of a second of a damaged file.
    """
    place = Path(folder, "processed")
    found: dict[str, Any] = {}
    for path in place.glob("*.*.json"):
        record = without_clocks(json.loads(path.read_text()))
        found[path.name] = record | {"unread": bool(record.get("unread"))}
    if (place / "failures.csv").exists():
        with (place / "failures.csv").open(newline="") as file:
            found["failures"] = list(csv.DictReader(file))
    return found


def test_ray_gives_the_records_failures_and_library_of_one_machine(cluster: RayCluster, media: Path) -> None:
    names = ["fades.mp4", "rotated_90.mov", "corrupted.mp4", "audio_only.mp3", "one_pixel.mp4"]
    rows = [f"{os.path.relpath(media / name)},{name[:3]}\n" for name in names]
    Path("v.csv").write_text("url,label\n" + "".join(rows))
    here = vidkit("process", "--csv", "v.csv", "--json", settings=paths("here"))
    said = here.communicate(timeout=PATIENCE)
    assert here.returncode == 1, said
    there = cluster.process("--csv", "v.csv", "--json", VIDKIT_LOGGING_LOGFILE="ray.log", **paths("ray"))
    assert "ray: 2 nodes, 2 slots at 127.0.0.1:6379\n" in there.ends(1)
    both = [sorted(json.loads(line)["filename"] for line in out.splitlines()) for out in (said[0], there.out)]
    assert len(both[0]) == 4
    assert both[0] == both[1]
    assert records("here") == records("ray")
    assert len(records("ray")) == 5
    assert "\nTraceback (most recent call last):\n" in Path("ray.log").read_text()  # of a worker
    assert "4 already done" in cluster.process("--csv", "v.csv", **paths("ray")).ends(1)
    found = vidkit("search", "--json", settings=paths("ray")).communicate(timeout=PATIENCE)[0]
    assert len(found.splitlines()) == 4


def test_a_url_that_stands_twice_and_two_urls_of_one_name_are_done_once_each(
    cluster: RayCluster, server: Server, make_video: MakeVideo
) -> None:
    """The names of these are known only once they are downloaded, at the same time on two nodes."""
    header = {"Content-Disposition": "attachment; filename=same.mp4"}
    for name in "ab":
        video = Reply(make_video().read_bytes() + name.encode(), etag='"1"', headers=header, delay=1.0)
        server.at(f"/{name}/", video)
    gone = [server.url(f"/gone{number}.mp4") for number in range(30)]
    urls = [server.url("/a/"), server.url("/b/"), *gone, server.url("/a/")]
    Path("v.csv").write_text("url\n" + "\n".join(urls) + "\n")
    assert "2 processed, 1 already done, 30 failed" in cluster.process("--csv", "v.csv", **paths("out")).ends(1)
    found = records("out")
    assert len(found.pop("failures")) == 30
    assert {record["source"]["url"] for record in found.values()} == set(urls[:2])
    assert len(found) == 2
    assert len([asked for asked in server.asked if asked.method == "GET" and asked.path == "/a/"]) == 1


def test_workers_make_the_vectors_and_the_driver_keeps_them(
    cluster: RayCluster, make_video: MakeVideo, image_model: Path
) -> None:
    video = make_video(shots=3)
    settings = {**paths("out"), "VIDKIT_MEANING_IMAGEMODEL": os.path.relpath(image_model)}
    cluster.process("--urls", str(video), **settings).ends(0)

    def changes() -> list[tuple[int, int]]:
        with open_library(load_config(overrides={("Library", "Path"): "out/l.db"})) as home:
            (model,) = home.vector_models()
            return [(each.change, len(each.found.keys)) for each in home.vectors(model) if each.found]

    ((first, moments),) = changes()
    assert moments == 3
    cluster.process("--urls", str(video), "--force", **settings).ends(0)
    assert changes() == [(first, 3)]  # the worker knows that the library has them


def listening(network: Network) -> set[str]:
    """The addresses, in the system's own hexadecimal, on which something in a network listens."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{network.pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].rpartition(":")[0] for row in rows if row[3] == "0A"}


def test_a_cluster_that_vidkit_starts_itself_is_open_to_this_machine_alone(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    skip_without_cluster()
    network = Network()
    try:
        for words in ("address add 192.0.2.9/32 dev lo", "route add default dev lo src 192.0.2.9"):
            if subprocess.run(network.inside("ip", *words.split()), check=False).returncode:
                pytest.skip("the network of the test can have no second address")
        video = str(make_video())
        words = ["process", "--engine", "ray", "--describe", "none", "--urls", video]
        command = network.inside(
            sys.executable, "-c", "import sys; from vidkit.cli import main; sys.exit(main())", *words
        )
        run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        heard: set[str] = set()
        while run.poll() is None:
            heard |= listening(network)
            time.sleep(0.1)
        said, _ = run.communicate()
    finally:
        network.close()
    assert run.returncode == 0, said
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "0" * 24 + "01000000"}
    assert heard
    assert heard <= loopback
