"""The whole analysis of one video (probe, scenes, thumbnails, clips) beside the one command that only makes its clips.

python benchmarks/analysis.py [--rounds 3] [--short]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

from clips import ENCODE, Piece, film_to_cut, moviepy, one_command, pieces_of
from films import Film, with_sound
from measure import Contender, Cost, command, in_turn, peers, python, ratio, table
from vidkit.ffmpeg import find_tool

ONE = "one `ffmpeg` command that only makes the clips of 15 s"
VIDKIT = "**`vidkit process --describe none`**: probe, scenes, thumbnails, clips, record, library"
ALONG = "`vidkit process --describe none --segment_by scenes`"
PROTOTYPE = "the prototype: `ffprobe`, `gt(scene,0.3)`, MoviePy for each scene"
TOOLS = "tools one by one: `ffprobe`, PySceneDetect with `save-images`, the command for the clips"


def vidkit(path: Path, folder: Path, *options: str) -> Cost:
    """`vidkit process` in a fresh folder."""
    call = "main(sys.argv[1:])"
    words = ["process", "--describe", "none", *ENCODE, *options, "--urls", path]
    cost, code = python(sys.executable, "from vidkit.cli import main", call, *words, cwd=folder)
    clips = list((folder / "processed_videos").rglob("*_clip_*.mp4"))
    if code != 0 or not clips:
        raise RuntimeError(f"exit code {code}, {len(clips)} clips")
    return cost


def prototype(film: Film, path: Path, folder: Path) -> Cost:
    """Metadata, scenes by ffmpeg's score, and a clip of each scene by MoviePy."""
    probe = _probe(path)
    filters = ["-vf", "select='gt(scene,0.3)',metadata=print:file=-", "-an", "-f", "null", "-"]
    detect, said = command(find_tool("ffmpeg"), "-v", "error", "-nostdin", "-i", path, *filters)
    times = [float(time) for time in re.findall(r"pts_time:([\d.]+)", said)]
    pieces: list[Piece] = list(pairwise([0.0, *times, film.truth.frames / film.truth.fps]))
    return _sum(probe, detect, moviepy(pieces, path, folder))


def tools(film: Film, path: Path, folder: Path) -> Cost:
    """ffprobe; PySceneDetect's scenes with a picture of each; ffmpeg's clips."""
    program = peers("scenedetect", "scenedetect") / "scenedetect"
    detect, _ = command(
        program, "-q", "-i", path, "-o", folder, "detect-adaptive", "list-scenes", "save-images", "-n", 1
    )
    return _sum(_probe(path), detect, one_command(pieces_of(film), path, folder))


def _probe(path: Path) -> Cost:
    cost, said = command(find_tool("ffprobe"), "-v", "error", "-show_format", "-show_streams", "-of", "json", path)
    assert json.loads(said)["streams"]
    return cost


def _sum(*costs: Cost) -> Cost:
    return Cost(*(sum(getattr(cost, of) for cost in costs) for of in ("wall", "cpu", "whole")))


def compared(film: Film, path: Path, rounds: int) -> str:
    """The table, with the goals."""
    ways: dict[str, tuple[Callable[[Path], Cost], int]] = {
        ONE: (partial(one_command, pieces_of(film), path), rounds),
        VIDKIT: (partial(vidkit, path), rounds),
        ALONG: (lambda folder: vidkit(path, folder, "--segment_by", "scenes"), rounds),
        TOOLS: (partial(tools, film, path), rounds),
        PROTOTYPE: (partial(prototype, film, path), 1),
    }
    costs = in_turn([Contender(name, partial(_afresh, work), turns) for name, (work, turns) in ways.items()])
    rows = [_row(name, costs) for name in ways]
    return table(
        ("", "time", "processor time", "time with its start", "goal", "times as long as vidkit", "goal"), rows
    )


def _afresh(work: Callable[[Path], Cost]) -> Cost:
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as folder:
        return work(Path(folder))


def _row(name: str, costs: dict[str, list[Cost] | str]) -> list[object]:
    own, base, ours = costs[name], costs[ONE], costs[VIDKIT]
    if isinstance(own, str) or isinstance(base, str):
        return [name, own if isinstance(own, str) else "nothing to hold it against", *[""] * 5]
    times = [f"{ratio(own, base, of):.2f}" for of in ("wall", "cpu", "whole")]
    beside = "" if isinstance(ours, str) else f"{ratio(own, ours):.2f}"
    return [
        name,
        *times,
        "1.10 at most" if name == VIDKIT else "",
        beside,
        "3 at least" if name == PROTOTYPE else "",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="a film of 20 s, to try it out")
    options = parser.parse_args()
    film = film_to_cut(options.short)
    print(compared(film, with_sound(film), options.rounds))


if __name__ == "__main__":
    main()
