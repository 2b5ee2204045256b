"""One command, one download, one video: what starting, fetching and vidkit itself cost."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measure import make_videos, pairs, run, seconds, served, table

GIGABYTE = 10**9


def startup() -> list[object]:
    base = [sys.executable, "-c", "import argparse, json, logging"]
    program = [Path(sys.executable).with_name("vidkit"), "--help"]
    ours, theirs, ratio = pairs(lambda: run(*program), lambda: run(*base), runs=15)
    return ["`vidkit --help`", "`python -c 'import argparse, json, logging'`", f"{ratio:.2f}", "1.5 at most",
            f"{ours * 1000:.0f} ms and {theirs * 1000:.0f} ms"]  # fmt: skip


def download() -> list[list[object]]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as name:
        folder = Path(name)
        (folder / "site").mkdir()
        with (folder / "site" / "big.mp4").open("wb") as file:
            block = os.urandom(10**6)
            for _ in range(GIGABYTE // 10**6):
                file.write(block)
        with served(folder / "site") as url:
            code = (
                "import resource, sys, time; import requests; from vidkit import download_video\n"
                "began = time.perf_counter()\n"
                "download_video(sys.argv[1], download_dir=sys.argv[2], progress=False)\n"
                "print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
            )

            def vidkit() -> tuple[float, float]:
                (folder / "out" / "big.mp4").unlink(missing_ok=True)
                said = run(sys.executable, "-c", code, f"{url}/big.mp4", folder / "out").stdout.split()
                return float(said[0]), float(said[1])

            def curl() -> float:
                (folder / "curl.mp4").unlink(missing_ok=True)
                return seconds(lambda: run("curl", "-s", "-o", folder / "curl.mp4", f"{url}/big.mp4"))

            vidkit(), curl()
            found = [(vidkit(), curl()) for _ in range(7)]
    ratio = statistics.median(theirs / ours for (ours, _), theirs in found)
    speeds = [
        GIGABYTE / 1e6 / statistics.median(times) for times in ([o for (o, _), _ in found], [t for _, t in found])
    ]
    memory = max(memory for (_, memory), _ in found)
    return [
        ["downloading 1 GB from loopback, speed", "`curl`", f"{ratio:.2f}", "0.9 at least",
         f"{speeds[0]:.0f} and {speeds[1]:.0f} MB/s"],
        ["its peak memory", "", "", "80 MB at most", f"{memory:.0f} MB"],
    ]  # fmt: skip


def overhead() -> list[object]:
    """A video's time less that of the ffmpeg and ffprobe processes and of the network."""
    from vidkit import ffmpeg, process_video_pipeline
    from vidkit.core.config import load_config
    from vidkit.workflow.run import open_run

    spent = 0.0
    real = ffmpeg._process

    @contextlib.contextmanager
    def timed(*arguments: Any) -> Iterator[Any]:
        nonlocal spent
        began = time.perf_counter()
        with real(*arguments) as process:
            yield process
        spent += time.perf_counter() - began

    ffmpeg._process = timed
    own = []
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        names = make_videos(Path("videos"), 21)
        with open_run(load_config(environment={}), level="none") as run_:
            for video in names:
                spent = 0.0
                whole = seconds(lambda video=video: process_video_pipeline(f"videos/{video}", run=run_))
                own.append(whole - spent)
        os.chdir("/")
    ffmpeg._process = real
    return ["what vidkit itself adds to one video", "", "", "150 ms at most",
            f"{statistics.median(own[1:]) * 1000:.0f} ms (the most of 20: {max(own[1:]) * 1000:.0f})"]  # fmt: skip


if __name__ == "__main__":
    print(table(("what", "compared with", "ratio", "goal", "measured"), [startup(), *download(), overhead()]))
