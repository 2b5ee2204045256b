"""Many rows: CSVs that are all done, bad, filtered, new or ordered, 200 videos beside video2dataset, memory.

`--ten-million` adds CSVs of ten million rows; `--rows` leaves out the videos.
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
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from measure import make_videos, peak_memory, run, seconds, served, table, vidkit

_HEADER = "url,file_size,last_modified\n"
_SITE = "http://127.0.0.1:9/videos"  # nobody answers there
PEER = Path(__file__).parent / ".venv-peers"


def all_done(rows: int, goal: str, priorities: bool = False) -> list[object]:
    """A CSV of which every row is done, each with its record; perhaps with a column of priorities."""
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
        with (folder / "v.csv").open("w") as file:
            file.write(_HEADER.replace("\n", ",priority\n") if priorities else _HEADER)
            urls = (str(url) if number == 0 else f"{_SITE}/{number}.mp4" for number in range(rows))
            ranks = (f",{number * 7919 % 1000}" if priorities else "" for number in range(rows))
            file.writelines(f"{each},1,2026-11-20{rank}\n" for each, rank in zip(urls, ranks, strict=True))
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
    what = "all done, with priorities" if priorities else "all done"
    return [f"a CSV of {rows:,} rows, {what}", "", "", goal, f"{took:.1f} s, {memory:.0f} MB"]


def none_taken(what: str, rows: int, goal: str) -> list[object]:
    """A CSV of which every row is "bad" (it has no URL) or "filtered" (the video is too small)."""
    url = "" if what == "bad" else _SITE
    cells = (f"{url and f'{url}/{number}.mp4'},1,2026-11-20\n" for number in range(rows))
    took, memory, summary = _over(cells)
    assert summary["failed" if what == "bad" else "filtered"] == rows, summary
    return [f"a CSV of {rows:,} rows, all {what}", "", "", goal, f"{took:.1f} s, {memory:.0f} MB"]


def all_new(rows: int, goal: str) -> list[object]:
    """A CSV of new rows, each of which fails as its turn comes: its file is not there. Beside a CSV of one."""
    _, one, _ = _over(["/nowhere/0.mp4,2000000,2026-11-20\n"])
    took, memory, summary = _over(f"/nowhere/{number}.mp4,2000000,2026-11-20\n" for number in range(rows))
    assert summary["failed"] == rows, summary
    measured = f"{took:.1f} s, {memory:.0f} MB: {memory - one:.0f} more"
    return [f"a CSV of {rows:,} rows, all new", f"of one row: {one:.0f} MB", "", goal, measured]


def _over(lines: Iterable[str]) -> tuple[float, float, dict[str, int]]:
    """Seconds, peak memory in MB, and the summary of a run over a CSV in an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "v.csv").open("w") as file:
            file.write(_HEADER)
            file.writelines(lines)
        words = ["process", "--describe", "none", "--csv", "v.csv", "--min-size", "1MB"]
        took, memory = peak_memory(words, folder)
        return took, memory, json.loads((folder / "processed_videos" / "summary.json").read_text())


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
    rows += [none_taken("bad", million, "25 s, 200 MB"), none_taken("filtered", million, "17 s, 200 MB")]
    rows += [all_done(million, "200 MB", priorities=True), all_new(10_000, "25 MB more")]
    if "--ten-million" in sys.argv:  # making their files takes minutes
        rows += [all_done(10 * million, "120 s, 500 MB"), all_done(10 * million, "500 MB", priorities=True)]
        rows += [none_taken("bad", 10 * million, "500 MB"), none_taken("filtered", 10 * million, "500 MB")]
    if "--rows" not in sys.argv:
        rows += [*two_hundred(), memory_over_rows()]
    print(table(("what", "compared with", "ratio", "goal", "measured"), rows))
