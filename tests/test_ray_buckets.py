"""`--engine ray` from a bucket into a bucket, with the records of one machine and its disk."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .bucket_server import s3_server
from .ray_cluster import Network, ray_cluster, skip_without_cluster
from .test_engines import without_clocks

pytest.importorskip("obstore", reason="the extra `cloud` is not installed")
pytestmark = pytest.mark.slow
ALL_MEDIA = bool(os.environ.get("VIDKIT_TEST_ALL_MEDIA"))  # in a test it is gone, with all that configures vidkit
SOME = (
    "fades.mp4", "rotated_90.mov", "hevc.mp4", "subtitles.mkv", "cover_art_png.mp4", "one_pixel.mp4",
    "corrupted.mp4", "audio_only.mp3", "empty.webm",
)  # fmt: skip
PUT = """
import sys
from pathlib import Path
from vidkit.core.buckets import open_bucket
client, media = open_bucket(sys.argv[1]).client, Path(sys.argv[2])
lines = ["url"]
for name in sys.argv[3:]:
    client.put(f"media/{name}", (media / name).read_bytes())
    lines.append(f"{sys.argv[1]}/media/{name}")
client.put("list.csv", "\\n".join([*lines, ""]).encode())
"""
GET = """
import json, sys
from vidkit.core.stores import open_store
store = open_store(sys.argv[1])
names = [name for name in store.names() if name[0] != "." and "/" not in name and name.endswith(".json")]
found = {}
for record in (json.loads(store.read(name)) for name in names):
    found[record["filename"]] = record
    for part in record["segments"]:
        assert store.exists(part["path"]), part
print(json.dumps(found))
"""


def compared(record: dict[str, Any]) -> Any:
    """A record without clocks, without where the download was kept, and without how much ffmpeg could not decode.

    That last number differs by a tenth between any two runs over a damaged video.
    """
    for entry in record["processing"]["stages"].values():
        entry.pop("at", None)
    return {**without_clocks(record), "path": None, "unread": bool(record.get("unread"))}


def failures(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return sorted(csv.DictReader(lines), key=lambda row: row["public_url"])


def test_a_bucket_of_videos_gives_the_records_of_one_machine_though_a_node_is_killed(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the test videos: VIDKIT_TEST_ALL_MEDIA=1."""
    skip_without_cluster()
    names = list(SOME)
    if ALL_MEDIA:
        names = sorted(str(path.relative_to(media)) for path in media.rglob("*.*") if path.suffix != ".json")
    network = Network()
    with s3_server(tmp_path / "s3", network.inside()) as s3:
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)

        def run(*words: str, codes: tuple[int, ...] = (0,)) -> str:
            done = subprocess.run(
                network.inside(sys.executable, *words), capture_output=True, text=True, timeout=900
            )
            assert done.returncode in codes, done.stdout + done.stderr
            return done.stdout

        run("-c", PUT, "s3://bucket", str(media), *names)
        words = ("--describe", "none", "--csv", "s3://bucket/list.csv", "--output")
        with ray_cluster(1, 1, 1, network=network) as cluster:
            folder = {"VIDKIT_LIBRARY_PATH": "ray.db", "VIDKIT_PATHS_DOWNLOADDIRECTORY": "ray"}
            driver = cluster.process(*words, "s3://bucket/out", "--json", **folder)
            driver.says("3 nodes, 3 slots")
            cluster.wait(lambda: driver.out.count("\n") >= len(names) // 4, "the first videos", 300)
            cluster.nodes[-1].kill()
            assert driver.process.poll() is None
            driver.ends(1, 900)
            printed = [json.loads(line)["filename"] for line in driver.out.splitlines()]
            found = json.loads(run("-c", GET, "s3://bucket/out"))
            run("-m", "vidkit", "process", *words, str(tmp_path / "here"), codes=(1,))
    here = [json.loads(path.read_text()) for path in (tmp_path / "here").glob("*.json") if path.stem != "summary"]
    assert len(here) == len(found) > len(names) // 2
    assert {name: compared(record) for name, record in found.items()} == {
        record["filename"]: compared(record) for record in here
    }
    assert sorted(printed) == sorted(found)
    (failed,) = Path("ray").glob("results-*/failures.csv")
    assert failures(failed) == failures(tmp_path / "here" / "failures.csv")
