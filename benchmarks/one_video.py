"""What one video needs: processor time, files and bytes; what docs/scale.md is computed from.

    python benchmarks/one_video.py [--rounds 3] [--short] [--film FILE]

The film is the one of benchmarks/clips.py: 720p with sound. It is made of fast patterns, which cost more to encode and
take more bytes than most footage. Processor time is that of a process that has loaded vidkit, and of its ffmpeg.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from clips import film_to_cut
from films import with_sound
from library import clock, filled
from measure import python, table, vidkit
from vidkit import extract_metadata
from vidkit.core.config import load_config
from vidkit.library import open_library

WAYS = {"clips encoded": "encode", "clips copied": "copy"}
RECORDS = 5_000
URLS = 20_000


def processed(film: Path, minutes: float, rounds: int) -> list[list[object]]:
    """Rows of the full pipeline without a model, for each way to make clips."""
    rows: list[list[object]] = []
    for what, mode in WAYS.items():
        costs = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
                words = ["process", "--describe", "none", "--clip_mode", mode, "--urls", film]
                call = "main(sys.argv[1:])"
                cost, code = python(sys.executable, "from vidkit.cli import main", call, *words, cwd=name)
                if code:
                    raise RuntimeError(f"exit code {code}")
                costs.append(cost.cpu)
                sizes = [
                    path.stat().st_size for path in Path(name, "processed_videos").rglob("*") if is_result(path)
                ]
        rows.append([f"processor time for a minute of 720p, {what}", f"{statistics.median(costs) / minutes:.1f} s"])
        rows.append([f"results of a minute of 720p, {what}", f"{sum(sizes) / 1e6 / minutes:.1f} MB"])
    rows.append(["files of a minute of 720p", f"{len(sizes) / minutes:.0f}"])
    return rows


def is_result(path: Path) -> bool:
    """Whether a file of a results folder is a video's, and not the run's own."""
    return path.is_file() and not path.name.startswith(".vidkit") and path.name != "summary.json"


def in_library() -> list[object]:
    """The bytes that a video with five described clips takes in SQLite."""
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        path = Path(name, "library.db")
        library = open_library(load_config(environment={"VIDKIT_LIBRARY_PATH": str(path)}))
        filled(library, clock(None), 0, RECORDS)
        library.close()
        return ["a video of five moments in a SQLite library", f"{path.stat().st_size / RECORDS / 1000:.1f} kB"]


def in_journal(film: Path) -> list[object]:
    """The bytes that a URL that is done takes in the journal."""
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        vidkit("process", "--describe", "none", "--clip_mode", "copy", "--urls", film, cwd=Path(name))
        path = Path(name, "processed_videos", ".vidkit.db")
        with closing(sqlite3.connect(path)) as journal, journal:
            version, settings = journal.execute("SELECT version, settings FROM videos").fetchone()
            journal.executemany(
                "INSERT INTO videos (url, filename, name, version, settings) VALUES (?, ?, ?, ?, ?)",
                (
                    (
                        f"https://videos.example.org/{n:040x}.mp4",
                        f"{n:040x}.mp4",
                        f"{n:040x}.mp4",
                        version,
                        settings,
                    )
                    for n in range(URLS)
                ),
            )
        with closing(sqlite3.connect(path)) as journal:
            journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return ["a URL of 71 letters in the journal", f"{os.path.getsize(path) / URLS:.0f} bytes"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a film of 20 s, to try it out")
    parser.add_argument("--film", type=Path, help="a film of your own")
    options = parser.parse_args()
    path = options.film.absolute() if options.film else with_sound(film_to_cut(options.short))
    minutes = extract_metadata(path).duration / 60
    rows = [*processed(path, minutes, options.rounds), in_library(), in_journal(path)]
    print(table(("what", "measured"), rows))


if __name__ == "__main__":
    main()
