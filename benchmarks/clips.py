"""Clips: time, size, quality and exactness of vidkit and of others on the same pieces of the same film.

python benchmarks/clips.py [--rounds 2] [--short]
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

from films import FPS, Film, make_film, with_sound
from measure import Contender, Cost, command, in_turn, peers, python, ratio, run, table, tools_first, why
from vidkit import detect_scenes
from vidkit.analysis.encoders import encoding
from vidkit.ffmpeg import find_tool

LENGTH = 15  # seconds of a clip, vidkit's default
# What is compared is the way to make clips, not the encoder: vidkit and the bare command encode alike.
ENCODING = encoding("libx264", 1280, 720)
ENCODE = ["--clip_mode", "encode", "--encoder", "libx264"]

Piece = tuple[float, float]  # from and to, in seconds
Way = Callable[[Path, Path], Cost]  # makes clips of a film in a folder


@dataclass(frozen=True)
class Quality:
    """What is seen of a set of clips: bytes, similarity to the film (0 to 1 and 0 to 100), frames that are wrong."""

    size: int
    ssim: float
    vmaf: float | None
    wrong: int


def film_to_cut(short: bool) -> Film:
    """The film of this benchmark; a shorter one to try it out."""
    return make_film("1280x720", 20 if short else 40, 3)


def pieces_of(film: Film) -> list[Piece]:
    """The pieces of 15 s."""
    end = film.truth.frames / FPS
    starts = [float(start) for start in range(0, int(end + 0.999), LENGTH)]
    return list(pairwise([*starts, end]))


def scenes_of(film: Film) -> list[Piece]:
    """The scenes that vidkit finds in a film."""
    found = detect_scenes(film.path, min_length=0.5)  # as `vidkit clips` does
    return [(scene.start_time, scene.end_time) for scene in found]


def one_command(pieces: Sequence[Piece], path: Path, out: Path) -> Cost:
    """The one ffmpeg command that makes the clips, and nothing else."""
    times = ",".join(f"{start - 0.5 / FPS:.3f}" for start, _ in pieces[1:])
    words: list[object] = [
        "-force_key_frames",
        times,
        "-f",
        "segment",
        "-segment_times",
        times,
        "-reset_timestamps",
        "1",
    ]
    words += ["-segment_format_options", "movflags=+faststart", out / "%03d.mp4"]
    return command(find_tool("ffmpeg"), "-v", "error", "-nostdin", "-i", path, *ENCODING, *words)[0]


def prototype_command(path: Path, out: Path) -> Cost:
    """`segment_video` of the prototype, word for word."""
    words: list[object] = [
        "-vf",
        "scale=trunc(min(iw\\,1280)/2)*2:trunc(min(ih\\,720)/2)*2,fps=30",
        "-c:v",
        "libx264",
    ]
    words += ["-c:a", "copy", "-f", "segment", "-segment_time", LENGTH, out / "clip_%03d.mp4"]
    return command(find_tool("ffmpeg"), "-v", "error", "-nostdin", "-i", path, *words)[0]


def vidkit_clips(path: Path, out: Path, *options: object) -> Cost:
    """`vidkit clips`, encoding unless the options say otherwise."""
    words = ["clips", *ENCODE, *options, "--out", out, path]
    setup, call = "from vidkit.cli import main", "main(sys.argv[1:])"
    cost, code = python(sys.executable, setup, call, *words, cwd=out.parent)
    if code != 0:
        raise RuntimeError(f"exit code {code}")
    return cost


_MOVIEPY = """
from moviepy import VideoFileClip
def cut(path, out, pieces):
    for number, (start, end) in enumerate(pieces):
        video = VideoFileClip(path)
        segment = video.subclipped(start, min(end, video.duration))
        segment.write_videofile(f"{out}/{number:03d}.mp4", codec="libx264", audio_codec="aac", logger=None)
        video.close()
"""


def moviepy(pieces: Sequence[Piece], path: Path, out: Path) -> Cost:
    """`extract_scene_segment` of the prototype: MoviePy for each piece."""
    program = peers("moviepy", "moviepy") / "python"
    call = "cut(*sys.argv[1:3], json.loads(sys.argv[3]))"
    return python(program, _MOVIEPY, call, path, out, json.dumps(pieces), env=tools_first(), cwd=out)[0]


_SPLIT = """
from scenedetect import FrameTimecode, open_video, split_video_ffmpeg
rate = open_video(sys.argv[1]).frame_rate
pieces = [tuple(FrameTimecode(float(time), rate) for time in piece) for piece in json.loads(sys.argv[3])]
"""


def split_video(pieces: Sequence[Piece], path: Path, out: Path) -> Cost:
    """What PySceneDetect's `split-video` does with scenes that are given to it."""
    program = peers("scenedetect", "scenedetect") / "python"
    call = "split_video_ffmpeg(sys.argv[1], pieces, output_dir=sys.argv[2])"
    return python(program, _SPLIT, call, path, out, json.dumps(pieces), env=tools_first())[0]


def quality(path: Path, clips: Sequence[Path], pieces: Sequence[Piece]) -> Quality:
    """Hold clips against the film, each against the piece that it should be, from the first frame of both."""
    found = [_beside(path, clip, piece) for clip, piece in zip(clips, pieces, strict=False)]
    wanted = _frames_of(pieces)
    got = [*(frames for _, _, frames in found), *[0] * (len(pieces) - len(found))]
    wrong = sum(abs(a - b) for a, b in zip(wanted, got, strict=True))
    wrong += sum(_frames(clip) for clip in clips[len(pieces) :])
    return Quality(
        size=sum(clip.stat().st_size for clip in clips),
        ssim=_mean((ssim, frames) for ssim, _, frames in found),
        vmaf=_mean((vmaf, frames) for _, vmaf, frames in found if vmaf is not None) if _has_vmaf() else None,
        wrong=wrong,
    )


def _mean(scores: Iterable[tuple[float, int]]) -> float:
    known = list(scores)
    return sum(score * weight for score, weight in known) / sum(weight for _, weight in known)


def _frames_of(pieces: Sequence[Piece]) -> list[int]:
    return [round(end * FPS) - round(start * FPS) for start, end in pieces]


def _frames(clip: Path) -> int:
    words = [
        "-select_streams",
        "v:0",
        "-count_packets",
        "-show_entries",
        "stream=nb_read_packets",
        "-of",
        "csv=p=0",
    ]
    return int(run(find_tool("ffprobe"), "-v", "error", *words, clip).stdout.strip().strip(","))


def _beside(path: Path, clip: Path, piece: Piece) -> tuple[float, float | None, int]:
    """A clip's SSIM and VMAF against its piece of the film, and the number of its frames."""
    start, end = piece
    inputs = ["-i", clip, "-ss", f"{max(0, start - 0.5 / FPS):.6f}", "-t", f"{end - start:.6f}", "-i", path]
    graph = "[0:v]setpts=PTS-STARTPTS[clip];[1:v]setpts=PTS-STARTPTS[film];[clip][film]ssim"
    if _has_vmaf():
        graph = graph.replace("[clip];", ",split[clip][clip2];").replace("[film];", ",split[film][film2];")
        graph += ";[clip2][film2]libvmaf=n_threads=2:n_subsample=5"
    said = run(
        find_tool("ffmpeg"), "-hide_banner", "-nostdin", *inputs, "-an", "-lavfi", graph, "-f", "null", "-"
    ).stderr
    vmaf = re.search(r"VMAF score: ([\d.]+)", said)
    return float(re.findall(r"All:([\d.]+)", said)[-1]), float(vmaf[1]) if vmaf else None, _frames(clip)


@cache
def _has_vmaf() -> bool:
    return " libvmaf " in run(find_tool("ffmpeg"), "-v", "error", "-filters").stdout


def compared(path: Path, pieces: Sequence[Piece], ways: dict[str, tuple[Way, int]], base: str) -> str:
    """The table of some ways to make the same clips, and for how many rounds each is measured."""
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        folders = {way: Path(name) / str(number) / "clips" for number, way in enumerate(ways)}

        def afresh(way: str) -> Cost:
            shutil.rmtree(folders[way], ignore_errors=True)
            folders[way].mkdir(parents=True)
            return ways[way][0](path, folders[way])

        costs = in_turn([Contender(way, partial(afresh, way), rounds) for way, (_, rounds) in ways.items()])
        seen = {}
        for way, folder in folders.items():
            try:
                seen[way] = quality(path, sorted(folder.rglob("*.mp4")), pieces)
            except Exception as error:
                costs[way] = costs[way] if isinstance(costs[way], str) else why(error)
    rows = [_row(way, costs, seen, base, sum(_frames_of(pieces))) for way in ways]
    return table(("", "time", "processor time", "size", "SSIM", "VMAF", "frames too many or too few"), rows)


def _row(
    way: str, costs: dict[str, list[Cost] | str], seen: dict[str, Quality], base: str, frames: int
) -> list[object]:
    own, others = costs[way], costs[base]
    if isinstance(own, str) or isinstance(others, str):
        return [way, own if isinstance(own, str) else "nothing to hold it against", *[""] * 5]
    found = seen[way]
    vmaf = "" if found.vmaf is None else f"{found.vmaf:.1f}"
    return [
        way, f"{ratio(own, others):.2f}", f"{ratio(own, others, 'cpu'):.2f}", f"{found.size / seen[base].size:.2f}",
        f"{found.ssim:.4f}", vmaf, f"{found.wrong} of {frames}",
    ]  # fmt: skip


ONE = "one `ffmpeg` command that makes the same clips"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--short", action="store_true", help="a film of 20 s, to try it out")
    options = parser.parse_args()
    film = film_to_cut(options.short)
    path = with_sound(film)
    pieces, scenes, rounds = pieces_of(film), scenes_of(film), options.rounds
    print(f"{len(pieces)} clips of {LENGTH} s, the last one shorter:\n")
    fixed: dict[str, tuple[Way, int]] = {
        ONE: (partial(one_command, pieces), rounds),
        "**`vidkit clips`**": (vidkit_clips, rounds),
        "**`vidkit clips --clip_mode copy`**": (lambda *where: vidkit_clips(*where, "--clip_mode", "copy"), rounds),
        "`segment_video` of the prototype": (prototype_command, 1),
        "MoviePy for each clip, as in the prototype": (partial(moviepy, pieces), 1),
        "PySceneDetect's `split-video`": (partial(split_video, pieces), rounds),
    }
    print(compared(path, pieces, fixed, ONE))
    print(
        f"\n{len(scenes)} scene clips. The time of vidkit includes scene detection; the other tools get the scenes as input:\n"
    )
    along: dict[str, tuple[Way, int]] = {
        ONE: (partial(one_command, scenes), rounds),
        "**`vidkit clips --segment_by scenes`**": (
            lambda *where: vidkit_clips(*where, "--segment_by", "scenes"),
            rounds,
        ),
        "MoviePy for each clip, as in the prototype": (partial(moviepy, scenes), 1),
        "PySceneDetect's `split-video`": (partial(split_video, scenes), rounds),
    }
    print(compared(path, scenes, along, ONE))


if __name__ == "__main__":
    main()
