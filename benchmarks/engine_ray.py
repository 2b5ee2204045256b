"""`--engine ray`: what it adds to a call of Ray's, two nodes beside one, a node killed, memory, the same records.

    python benchmarks/engine_ray.py [--rows 10000] [--copies 8] [--media FOLDER] [--only overhead|nodes]

Each part starts a cluster of its own, of processes of this machine in a network of their own (needs root and the
commands unshare, nsenter and ip), with Ray's own times for when a node counts as lost. Each node has one slot and is
bound to one core with all that it starts; the head and vidkit run on both cores, so their share is in the times.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from measure import run, table

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.ray_cluster import Driver, Node, RayCluster, why_none
from tests.test_engines import without_clocks

VIDEOS = ("fades.mp4", "armwrestling_short.mp4", "chaplin.mp4")
FEW = 200  # rows of the run that all others are held against: start and end are in both
SECONDS = 600.0

# What a run of vidkit took: seconds, its own processor time, and its own peak of memory in MB.
MEASURED = """
import json, re, sys, time
from vidkit.cli import main
began = time.monotonic()
main(sys.argv[1:])
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
json.dump([time.monotonic() - began, time.process_time(), peak], open("took", "w"))
"""
# Seconds of a call of an actor on the node, with a row as its argument and its answer.
BARE = """
import logging, sys, time
import ray
from vidkit.rows import Row
ray.init(address=sys.argv[1], log_to_driver=False, logging_level=logging.CRITICAL)
class Actor:
    def process(self, number, row):
        return row
actor = ray.remote(Actor).options(num_cpus=1).remote()
row = Row(2, "/videos/that/are/not/there/1.mp4")
for number in range(200):
    ray.get(actor.process.remote(number, row))
began = time.perf_counter()
for number in range(int(sys.argv[2])):
    ray.get(actor.process.remote(number, row))
print((time.perf_counter() - began) / int(sys.argv[2]))
"""


class Cluster(RayCluster):
    """The tests' cluster, without their impatience: with Ray's own times and priorities of processes."""

    def environment(self, **more: str) -> dict[str, str]:
        own = ("RAY_health_check_", "RAY_worker_niceness")
        return {name: value for name, value in super().environment(**more).items() if not name.startswith(own)}

    def add_on(self, core: int) -> Node:
        """Start a node with one slot on one core."""
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})
        try:
            return self.add(1)
        finally:
            os.sched_setaffinity(0, cores)

    def vidkit(self, folder: Path, *words: str) -> Driver:
        """Start a run in a folder of its own."""
        code = f"import os; os.chdir({str(folder)!r})\n{MEASURED}"
        return self.process("--describe", "none", "--csv", "v.csv", *words, code=code)


@contextmanager
def cluster(nodes: int) -> Iterator[Cluster]:
    """A cluster of so many nodes, each on a core of its own where there are enough."""
    running, cores = Cluster(), sorted(os.sched_getaffinity(0))
    try:
        for number in range(nodes):
            running.add_on(cores[number % len(cores)])
        yield running
    finally:
        running.close()


def took(folder: Path) -> tuple[float, float, float]:
    """What a run took (`MEASURED`)."""
    wall, cpu, peak = json.loads((folder / "took").read_text())
    return wall, cpu, peak


def overhead(rows: int) -> list[list[object]]:
    """Many rows of which the worker sees at once that they fail, beside bare calls; the driver's memory over them."""
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name, cluster(1) as running:
        found = []
        for number in (FEW, rows):
            folder = Path(name, str(number))
            folder.mkdir()
            lines = (f"/videos/that/are/not/there/{each}.mp4" for each in range(number))
            (folder / "v.csv").write_text("url\n" + "\n".join(lines) + "\n")
            running.vidkit(folder).ends(0, SECONDS)
            summary = json.loads((folder / "processed_videos" / "summary.json").read_text())
            assert summary["failed"] == number, summary
            found.append(took(folder))
        words = [sys.executable, "-c", BARE, running.address, "2000"]
        bare = float(run(*running.network.inside(*words), env=running.environment()).stdout)
    (few, few_cpu, few_peak), (many, many_cpu, peak) = found
    each, cpu = (many - few) / (rows - FEW), (many_cpu - few_cpu) / (rows - FEW)
    said = f"{1000 * (each - bare):.2f} ms: {1000 * each:.2f} beside {1000 * bare:.2f}; vidkit's processor time {1000 * cpu:.2f} ms"
    memory = f"{peak - few_peak:.0f} MB: {few_peak:.0f} MB over {FEW} rows, {peak:.0f} over {rows:,}"
    return [
        ["what vidkit adds to a bare Ray actor call, a row", "2 ms at most", said],
        [f"memory of vidkit over {rows:,} rows", "25 MB more at most", memory],
    ]


def copies(folder: Path, media: Path, number: int) -> None:
    """Copies of the videos, which a free box at the end makes different, and a CSV of them."""
    folder.mkdir()
    lines = []
    for index in range(number):
        for name in VIDEOS:
            file = folder / f"{index}-{name}"
            file.write_bytes((media / name).read_bytes() + b"\x00\x00\x00\x10free" + index.to_bytes(8, "big"))
            lines.append(str(file))
    (folder / "v.csv").write_text("url\n" + "\n".join(lines) + "\n")


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a run, by the paths of their videos."""
    found = (json.loads(path.read_text()) for path in (folder / "processed_videos").glob("*.mp4.json"))
    return {record["source"]["url"]: record for record in found}


def clock(record: dict[str, Any], key: str) -> float:
    return datetime.fromisoformat(record["processing"][key].replace("Z", "+00:00")).timestamp()


def span(found: dict[str, dict[str, Any]]) -> float:
    """Seconds from the start of the first video to the end of the last."""
    return max(clock(each, "finished_at") for each in found.values()) - min(
        clock(each, "started_at") for each in found.values()
    )


def nodes(media: Path, number: int) -> list[list[object]]:
    """Real videos on one node, on two, on two of which one is killed, and with `local`."""
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        videos = Path(name, "videos")
        copies(videos, media, number)
        runs = {}
        for what in ("one", "two", "killed", "local"):
            runs[what] = folder = Path(name, what)
            folder.mkdir()
            (folder / "v.csv").symlink_to(videos / "v.csv")
        with cluster(1) as running:
            running.vidkit(runs["one"]).ends(0, SECONDS)
        with cluster(2) as running:
            running.vidkit(runs["two"]).ends(0, SECONDS)
        with cluster(2) as running:
            killed = killed_midway(running, runs["killed"], 3 * number)
        run(
            sys.executable,
            "-m",
            "vidkit",
            "process",
            "--workers",
            2,
            "--describe",
            "none",
            "--csv",
            "v.csv",
            cwd=runs["local"],
        )
        one, two, after, local = (records(folder) for folder in runs.values())
        assert len(one) == len(two) == len(local) == 3 * number
        same = sum(plain(two[url], runs["two"]) == plain(local[url], runs["local"]) for url in local)
        same_after = sum(plain(after[url], runs["killed"]) == plain(local[url], runs["local"]) for url in local)
    gain = f"{span(one) / span(two):.2f} times: {span(one):.1f} s and {span(two):.1f} s for {3 * number} videos"
    equal = f"{same} of {3 * number} equal, and {same_after} of {3 * number} where a node was killed"
    return [
        ["two nodes compared with one, one core each", "1.8 times", gain],
        ["a node killed: rows lost or twice; until its row starts again", "none; 10 s", killed],
        ["records of `ray` compared with those of `local`, except times", "equal", equal],
    ]


def killed_midway(running: Cluster, folder: Path, number: int) -> str:
    """Kill one of two nodes at a third of the rows; what came of it."""
    driver = running.vidkit(folder, "--json")
    urls = (folder / "v.csv").read_text().split()[1:]
    running.wait(lambda: len(records_there(folder)) >= number // 3, "a third of the videos", SECONDS)
    time.sleep(0.5)  # not between two videos
    at_work = running.nodes[-1]
    before, killed_at = records(folder), time.time()
    at_work.kill()
    driver.ends(0, SECONDS)
    times = Counter(json.loads(line)["source"]["url"] for line in driver.out.splitlines())
    after = records(folder)
    # Rows begin in their order. Of those that had begun, those without a record were in progress on the two nodes.
    under_way = [url for url in urls[: len(before) + 2] if url not in before]
    again = [clock(after[url], "started_at") - killed_at for url in under_way]
    later = [f"{each:.1f} s" for each in sorted(again) if each > 0]
    begun = later[-1] if later else "none was in progress"
    ends = sorted(clock(each, "finished_at") for each in after.values())
    gap = max(b - a for a, b in itertools.pairwise(ends) if b > killed_at)
    lost, twice = number - len(times), sum(count > 1 for count in times.values())
    return f"{lost} lost, {twice} twice; {begun} (at most {gap:.1f} s between two videos done)"


def records_there(folder: Path) -> Sequence[Path]:
    return list((folder / "processed_videos").glob("*.mp4.json"))


def plain(record: dict[str, Any], folder: Path) -> Any:
    """A record without its clocks and the name of the run's folder."""
    return json.loads(json.dumps(without_clocks(record)).replace(str(folder), "FOLDER"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--copies", type=int, default=8, help="of each of three videos (default: 8)")
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[2] / "shared" / "media")
    parser.add_argument("--only", choices=("overhead", "nodes"))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its clusters end with it
    reason = why_none()
    if reason:
        sys.exit(f"there can be no cluster: {reason}")
    rows: list[list[object]] = []
    if options.only != "nodes":
        rows += overhead(options.rows)
    if options.only != "overhead":
        rows += nodes(options.media.absolute(), options.copies)
    print(table(["`--engine ray`", "goal", "measured"], rows))


if __name__ == "__main__":
    main()
