"""The reader `ocr` on real footage: words that are read and missed, false text, memory, time beside RapidOCR alone.

    python benchmarks/readers_ocr.py [--media FOLDER] [--rounds 3]

The films are those of `--media`, by default `../shared/media`, which is not part of the repository.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from measure import command, python, ratio, table

# What is to be read, once each: clocks and counters at the seconds that are looked at.
TRUTH = {
    "city_720p_cuts_fades.mp4": "Copyright © 2013 Brandon Castellano www.bcastell.com",
    "talk_720p.mp4": " ".join(f"01:00:{second:02}:00" for second in range(43)),
    "counter_1080p_10fps.mp4": "Frame = 1 11 21 PTS = 0.0s 1.0s 2.0s",
}
# Films without text, and the seconds of the first that do show titles.
WITHOUT = {"bunny_vp8.webm": (20.0, 24.0), "fades.mp4": (0.0, 0.0)}
TIMED = "city_720p_cuts_fades.mp4"

_PROCESS = """
import json, logging, sys
from resource import RUSAGE_SELF, getrusage
from vidkit import process_video_pipeline
from vidkit.core.config import load_config
from vidkit.workflow.run import open_run
readers, films = sys.argv[1], sys.argv[2:]
pictures, spans = [], {}
if readers:
    import rapidocr
    asked = rapidocr.RapidOCR.__call__
    rapidocr.RapidOCR.__call__ = lambda *words: pictures.append(1) or asked(*words)
overrides = {("Readers", "Use"): readers, ("Readers", "Timeout"): "3600"}
for film in films:
    with open_run(load_config(overrides=overrides, environment={}), level="none") as run:
        record = process_video_pipeline(film, run=run)
    spans[film] = record.get("readings", {}).get("ocr", {}).get("spans", [])
print(json.dumps([spans, len(pictures), getrusage(RUSAGE_SELF).ru_maxrss / 1024]))
"""
_PICTURES = """
import subprocess, numpy as np
from vidkit.ffmpeg import find_tool
words = [find_tool("ffmpeg"), "-v", "error", "-i", sys.argv[1], "-vf", "fps=1/2,scale=1280:720,format=rgb24"]
raw = subprocess.run([*words, "-frames:v", "8", "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
pictures = np.frombuffer(raw, np.uint8).reshape(-1, 720, 1280, 3)
"""
_ALONE = """
from rapidocr import RapidOCR
engine = RapidOCR(params={"Global.log_level": "critical"})
engine(np.ascontiguousarray(pictures[0][:, :, ::-1]))
def read():
    return [list(engine(np.ascontiguousarray(picture[:, :, ::-1])).txts or ()) for picture in pictures]
"""
_READER = """
from vidkit.core.config import load_config
from vidkit.readers import PictureBatch, Video
from vidkit.readers.registry import make_reader
reader = make_reader("ocr", load_config(environment={})).opened().reader
reader.open()
def read():
    batches = iter([PictureBatch([2.0 * n for n in range(len(pictures))], pictures)])
    video = Video("film", 2.0 * len(pictures), 1280, 720, 30, False)
    return [span.text for span in reader.read(video, batches).spans]
read()
"""


def processed(readers: str, films: list[Path], folder: str) -> tuple[dict[str, Any], int, float]:
    """Process films: the spans of each by its name, pictures that the models saw, and the peak memory in MB."""
    _, said = command(sys.executable, "-c", _PROCESS, readers, *(film.resolve() for film in films), cwd=folder)
    spans, pictures, memory = json.loads(said.splitlines()[-1])
    return {Path(film).name: found for film, found in spans.items()}, pictures, memory


def words_row(name: str, spans: list[dict[str, Any]]) -> tuple[str, ...]:
    """How many of a film's words are read, and how many more there are."""
    truth = Counter(TRUTH[name].split())
    found = Counter(word for span in spans for word in span["text"].split())
    right = (truth & found).total()
    measured = f"{right / truth.total():.1%}: {right} of {truth.total()}; wrong {(found - truth).total()}"
    return f"words of `{name}`", "98 %", f"{measured}, in {len(spans)} spans"


def false_row(name: str, spans: list[dict[str, Any]]) -> tuple[str, ...]:
    """How many spans a film without text has, beside those of its titles."""
    first, last = WITHOUT[name]
    titles = [span for span in spans if first <= span["start_time"] and span["end_time"] <= last]
    said = f"{len(spans) - len(titles)}" + (f", and {len(titles)} of its titles" if last else "")
    return f"spans in `{name}`, where there is no text", "0", said


def main() -> None:
    """Measure, and print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--media", type=Path, default=Path(__file__).parents[2] / "shared" / "media")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    from vidkit.readers.ocr_files import find_models

    films = [options.media / name for name in (*TRUTH, *WITHOUT)]
    if missing := [film.name for film in films if not film.is_file()]:
        sys.exit(f"{options.media} has no {', '.join(missing)}: name the folder by --media")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        spans, pictures, _ = processed("ocr", films, folder)
        _, again, _ = processed("ocr", films, folder)
        largest = [options.media / "talk_720p.mp4"]
        without, with_it = processed("", largest, other)[2], processed("ocr", largest, other)[2]
    rows = [words_row(name, spans[name]) for name in TRUTH]
    rows += [false_row(name, spans[name]) for name in WITHOUT]
    files = find_models("")
    models = sum(path.stat().st_size for path in (files.detector, files.recogniser)) / 1e6
    beside = with_it - without - models
    rows.append(
        ("peak memory of `talk_720p.mp4` with the reader, above the size of the models", "300 MB",
         f"{beside:.0f} MB: {with_it:.0f} MB, without it {without:.0f}, models {models:.0f}")
    )  # fmt: skip
    costs: dict[str, list[Any]] = {"alone": [], "reader": []}
    for _ in range(options.rounds):
        for name, setup in (("alone", _ALONE), ("reader", _READER)):
            program = "import sys\n" + _PICTURES + setup
            costs[name].append(python(sys.executable, program, "read()", options.media / TIMED)[0])
    shown = [
        f"{ratio(costs['reader'], costs['alone'], of):.2f} {words}"
        for of, words in (("wall", "on the clock"), ("cpu", "of the processors"))
    ]
    rows.append(("time for 8 frames in 720p compared with RapidOCR with its defaults", "0.8", ", ".join(shown)))
    rows.append(("frames read in a second run", "0", f"{again}; in the first {pictures}"))
    print(table(["what", "goal", "measured"], rows))


if __name__ == "__main__":
    main()
