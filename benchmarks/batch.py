"""Many rows: CSVs that are all done, bad or filtered, 200 videos beside video2dataset, memory over 2,000 rows.

`--ten-million` adds a CSV of ten million rows that are all done.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from measure import make_videos, peak_memory, run, seconds, served, table, vidkit

_HEADER = "url,file_size,last_modified\n"
_SITE = "http://127.0.0.1:9/videos"  # nobody answers there
PEER = Path(__file__).parent / ".venv-peers"


def all_done(rows: int, goal: str) -> list[object]:
    """A CSV of which every row is done, each with its record."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_videos(folder / "site", 1)
        url = (folder / "site" / "v0.mp4").absolute()
        (folder / "v.csv").write_text(f"{_HEADER}{url},1,2026-11-20\n")
        vidkit("process", "--describe", "none", "--csv", "v.csv", cwd=folder)
        results = folder / "processed_videos"
        with closing(sqlite3.connect(results / ".vidkit.db")) as journal, journal:
            version, settings = journal.execute("SELECT version, settings FROM videos").fetchone()
            journal.executemany(
                "INSERT INTO videos (url, filename, name, version, settings) VALUES (?, ?, ?, ?, ?)",
                ((f"{_SITE}/{n}.mp4", f"{n}.mp4", f"{n}.mp4", version, settings) for n in range(1, rows)),
            )
        with (folder / "v.csv").open("a") as file:
            file.writelines(f"{_SITE}/{number}.mp4,1,2026-11-20\n" for number in range(1, rows))
        content = (results / "v0.mp4.json").read_bytes()
        for number in range(1, rows):
            record = results / f"{number}.mp4.json"
            if number % 60_000 == 1:  # the others are links to it: file systems allow so many
                record.write_bytes(content)
                first = record
            else:
                os.link(first, record)
        took, memory = peak_memory(["process", "--describe", "none", "--csv", "v.csv"], folder)
        summary = json.loads((results / "summary.json").read_text())
    assert summary["skipped"] == rows, summary
    return [f"a CSV of {rows:,} rows, all done", "", "", goal, f"{took:.1f} s, {memory:.0f} MB"]


def none_taken(what: str, rows: int, goal: str) -> list[object]:
    """A CSV of which every row is "bad" (it has no URL) or "filtered" (the video is too small)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "v.csv").open("w") as file:
            file.write(_HEADER)
            url = "" if what == "bad" else _SITE
            file.writelines(f"{url and f'{url}/{number}.mp4'},1,2026-11-20\n" for number in range(rows))
        words = ["process", "--describe", "none", "--csv", "v.csv", "--min-size", "1MB"]
        # Failed rows are exit code 1, and a line each on stderr.
        # Not `ru_maxrss`: that begins with the peak of the process that started this one.
        code = "import re, sys; from vidkit.cli import main; main(sys.argv[1:]); "
        code += "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=open('peak', 'w'))"
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, *words], cwd=folder, check=True, stderr=subprocess.DEVNULL)
        took, memory = time.perf_counter() - began, int((folder / "peak").read_text()) / 1024
        summary = json.loads((folder / "processed_videos" / "summary.json").read_text())
    assert summary["failed" if what == "bad" else "filtered"] == rows, summary
    return [f"a CSV of {rows:,} rows, all {what}", "", "", goal, f"{took:.1f} s, {memory:.0f} MB"]


def two_hundred() -> list[list[object]]:
    """200 small videos: vidkit's full pipeline and its download alone, compared with video2dataset's download."""
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
    for what, took in (("200 videos, full pipeline", whole), ("200 videos, download alone", alone)):
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
    from vidkit.batch import NullReporter, process_rows
    from vidkit.core.config import load_config
    from vidkit.rows import Row
    from vidkit.workflow.run import open_run

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        videos = make_videos(Path("site"), rows, seconds_each=0.2, size="64x48")
        with served(Path("site")) as url, open_run(load_config(environment={}), level="none") as run_:
            half = rows // 2
            seen = []
            for part in (videos[:half], videos[half:]):
                process_rows(run_, [Row(line=1, url=f"{url}/{video}") for video in part], 4, NullReporter())
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
    million = 1_000_000
    rows = [all_done(10_000, "1 s"), all_done(100_000, "5 s, 200 MB"), all_done(million, "29 s, 200 MB")]
    if "--ten-million" in sys.argv:  # making its files takes minutes
        rows.append(all_done(10 * million, "120 s, 500 MB"))
    rows += [none_taken("bad", million, "25 s, 200 MB"), none_taken("filtered", million, "17 s, 200 MB")]
    rows += [*two_hundred(), memory_over_rows()]
    print(table(("what", "beside", "ratio", "goal", "measured"), rows))
