"""Many rows: a CSV that is all done, 200 videos beside video2dataset, memory over 2,000 rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from measure import make_videos, peak_memory, run, seconds, served, table, vidkit

PEER = Path(__file__).parent / ".venv-peers"


def all_done(rows: int, goal: str) -> list[object]:
    """A CSV of which every row is done, each with its record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_videos(folder / "site", 1)
        url = (folder / "site" / "v0.mp4").absolute()
        with (folder / "v.csv").open("w") as file:
            file.write("url,file_size,last_modified\n")
            file.write(f"{url},1,2026-11-20\n")
        vidkit("process", "--describe", "none", "--csv", "v.csv", cwd=folder)
        results = folder / "processed_videos"
        line = json.loads((results / ".journal.jsonl").read_text())
        record = (results / "v0.mp4.json").read_text()
        with (folder / "v.csv").open("a") as file, (results / ".journal.jsonl").open("a") as journal:
            for number in range(1, rows):
                address = f"http://127.0.0.1:9/videos/{number}.mp4"  # nobody answers there
                file.write(f"{address},1,2026-11-20\n")
                journal.write(json.dumps([address, f"{number}.mp4", *line[2:]]) + "\n")
                (results / f"{number}.mp4.json").write_text(record)
        took, memory = peak_memory(["process", "--describe", "none", "--csv", "v.csv"], folder)
        summary = json.loads((results / "summary.json").read_text())
    assert summary["skipped"] == rows, summary
    return [f"a CSV of {rows:,} rows, all done", "", "", goal, f"{took:.1f} s, {memory:.0f} MB"]


def two_hundred() -> list[list[object]]:
    """200 small videos: vidkit's whole way and its download alone, beside video2dataset's download alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = make_videos(folder / "site", 200)
        with served(folder / "site") as url:
            (folder / "v.csv").write_text("url\n" + "".join(f"{url}/{video}\n" for video in names))
            whole = seconds(lambda: vidkit("process", "--describe", "none", "--csv", "v.csv", cwd=folder))
            code = (
                "import sys; from concurrent.futures import ThreadPoolExecutor; from vidkit import download_video\n"
                "urls = open('v.csv').read().split()[1:]\n"
                "list(ThreadPoolExecutor(5).map(lambda u: download_video(u, progress=False), urls))"
            )
            alone = seconds(lambda: run(sys.executable, "-c", code, cwd=folder))
            peer = _video2dataset(folder)
    rows: list[list[object]] = []
    for what, took in (("200 videos the whole way", whole), ("200 videos, download alone", alone)):
        beside = (
            f"video2dataset, download alone: {200 / peer:.1f} a second" if peer else "video2dataset: not installed"
        )
        ratio = f"{peer / took:.2f}" if peer else ""
        rows.append([what, beside, ratio, "1 at least", f"{200 / took:.1f} a second"])
    return rows


def _video2dataset(folder: Path) -> float | None:
    """Seconds that video2dataset takes; None where it cannot be installed."""
    program = PEER / "bin" / "video2dataset"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", PEER], check=True)
        subprocess.run([PEER / "bin" / "pip", "install", "--quiet", "video2dataset"])
    if not program.exists():
        return None
    words = [program, "--url_list=v.csv", "--input_format=csv", "--url_col=url", "--output_folder=peer"]
    words += ["--output_format=files", "--enable_wandb=False"]
    try:
        took = seconds(lambda: run(*words, cwd=folder))
    except subprocess.CalledProcessError as error:
        print(error.stderr[-1000:], file=sys.stderr)
        return None
    fetched = len(list((folder / "peer").rglob("*.mp4")))
    return took if fetched == 200 else None


def memory_over_rows(rows: int = 2000) -> list[object]:
    """The memory of the process after the first half of the rows and after the second."""
    from vidkit.batch import Silent, process_rows
    from vidkit.config import load_config
    from vidkit.rows import Row
    from vidkit.run import open_run

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        videos = make_videos(Path("site"), rows, seconds_each=0.2, size="64x48")
        with served(Path("site")) as url, open_run(load_config(environment={}), level="none") as run_:
            half = rows // 2
            seen = []
            for part in (videos[:half], videos[half:]):
                process_rows(run_, [Row(line=1, url=f"{url}/{video}") for video in part], 4, Silent())
                time.sleep(1)
                seen.append(resident())
            handles, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
            children = [
                Path(f"/proc/{pid}/comm").read_text().strip()
                for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            ]
        os.chdir("/")
    left = sum(child in ("ffmpeg", "ffprobe") for child in children)
    measured = f"{seen[0]:.0f} MB, then {seen[1]:.0f}; {handles} open files, {threads} threads, {left} ffmpeg left"
    return [
        f"memory after {half:,} rows, and after {rows:,}",
        "",
        f"{seen[1] / seen[0]:.3f}",
        "1.05 at most",
        measured,
    ]


if __name__ == "__main__":
    rows = [all_done(100_000, "5 s, 200 MB"), all_done(10_000, "1 s"), *two_hundred(), memory_over_rows()]
    print(table(("what", "beside", "ratio", "goal", "measured"), rows))
