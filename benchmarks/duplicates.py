"""Duplicates: which made copies are found, which different videos are taken for copies, and how long it takes.

    python benchmarks/duplicates.py [--only found many cost] [--media ../shared/media] [--films FOLDER ...] [--longest 12]

Copies are made by ffmpeg of three kinds of films: those that the rule was made with, films that ffmpeg generates, and
those of folders of your own. The last two are held back: nothing was chosen by them.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from vidkit.analysis.probe import extract_metadata
from vidkit.duplicates.compare import match
from vidkit.duplicates.files import signature_of
from vidkit.duplicates.groups import CopyFinder
from vidkit.duplicates.known import KnownPictures
from vidkit.duplicates.pdq import BYTES, SIDE, pdq
from vidkit.duplicates.signature import TICKS, Signature, to_record
from vidkit.ffmpeg import find_tool
from vidkit.library.protocol import PicturesOf

FILMS = (
    "armwrestling_short.mp4", "bunny_vp8.webm", "chaplin.mp4", "city_720p_cuts_fades.mp4", "rotated.mp4",
    "talk_720p.mp4", "vfr_fire.mp4", "static/bottles.mp4", "static/green_screen.mp4",
)  # fmt: skip
# Motion and texture that ffmpeg makes: a name -> a source, and so many seconds of it.
_STILL = "trim=end_frame=1,loop=300:1,setpts=N/25/TB"
GENERATED = {
    "life": ("life=s=160x120:mold=10:r=25:ratio=0.12:seed=7,scale=640:480:flags=16", 12),
    "other life": ("life=s=160x120:mold=10:r=25:ratio=0.12:seed=8,scale=640:480:flags=16", 12),
    "fast zoom": (
        "mandelbrot=s=640x360:r=25:start_x=-0.743643887037151:start_y=-0.131825904205330:start_scale=3"
        ":end_scale=0.0003:end_pts=250",
        10,
    ),
    "other zoom": (
        "mandelbrot=s=640x360:r=25:start_x=-0.16:start_y=-1.0405:start_scale=2:end_scale=0.003:end_pts=500",
        12,
    ),
    "long zoom": (
        "mandelbrot=s=480x360:r=25:start_x=-0.743643887037151:start_y=-0.131825904205330:start_scale=3"
        ":end_scale=0.00003:end_pts=800",
        32,
    ),
    "automaton 110": ("cellauto=s=320x240:rule=110:r=25:seed=3,scale=640:480", 10),
    "automaton 18": ("cellauto=s=320x240:rule=18:r=50:seed=4,scale=640:480", 10),
    "gradients": ("gradients=s=640x360:n=8:speed=0.03:seed=5:r=25", 10),
    "other gradients": ("gradients=s=640x360:n=8:speed=0.03:seed=6:r=25", 10),
    "carpet": ("sierpinski=s=640x360:seed=9:r=25:jump=60", 12),
    "test chart": ("testsrc2=s=640x360:r=25", 10),
    "old test chart": ("testsrc=s=640x360:r=25", 10),
    "displaced": (
        "testsrc2=s=640x360:r=25[a];life=s=80x45:mold=20:seed=2:r=25:ratio=0.2,scale=640:360,gblur=12,format=yuv444p,"
        "split[x][y];[a]format=yuv444p[b];[b][x][y]displace=edge=mirror",
        10,
    ),
    "pan": (
        "mandelbrot=s=1600x900:start_x=-0.5:start_y=0.3:start_scale=0.8:end_pts=100000,trim=end_frame=1,"
        "zoompan=z=2:x='iw/2*on/300':y='ih/4+ih/8*sin(on/20)':d=300:s=640x360:fps=25",
        12,
    ),
    "zoom into a picture": (
        "sierpinski=s=1600x900:seed=4:type=triangle,trim=end_frame=1,gblur=3,"
        "zoompan=z='1+on/60':x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)':d=300:s=640x360:fps=25",
        12,
    ),
    "turning": (
        f"mandelbrot=s=800x800:start_x=-0.7:start_y=0.2:start_scale=0.5:end_pts=100000,{_STILL},"
        "rotate=t*0.6:ow=500:oh=400",
        12,
    ),
    "scrolling": (
        f"mandelbrot=s=1280x720:start_x=-0.7:start_y=0.25:start_scale=0.3:end_pts=100000,{_STILL},"
        "scroll=h=0.02:v=0.004,crop=640:480",
        12,
    ),
    "steps": (
        "mandelbrot=s=640x360:r=25:start_x=-0.1:start_y=-0.9:start_scale=0.4:end_scale=0.01:end_pts=900,fps=1,fps=25",
        30,
    ),
}
EVEN = "trunc(iw/2)*2:trunc(ih/2)*2"
INTRO = 5  # seconds


def changes(duration: float) -> dict[str, list[str]]:
    """What copies are made by: a name -> ffmpeg's options, those before the input first, parted by `-i`."""
    scale = ["-vf", f"scale={EVEN}"]
    logo = "drawbox=x=iw*0.82:y=ih*0.05:w=iw*0.13:h=ih*0.13:color=white@0.8:t=fill"
    return {
        "rescaled to half": ["-i", "-vf", "scale=trunc(iw/4)*2:trunc(ih/4)*2"],
        "re-encoded (x264, crf 35)": ["-i", *scale, "-crf", "35"],
        "cropped by 5 %": ["-i", "-vf", f"crop=iw*0.95:ih*0.95,scale={EVEN}"],
        "trimmed by 10 % at the start": ["-ss", f"{duration * 0.1:.3f}", "-i", *scale],
        "trimmed by 10 % at the end": ["-t", f"{duration * 0.9:.3f}", "-i", *scale],
        "15 frames a second": ["-i", "-vf", f"fps=15,scale={EVEN}"],
        "30 frames a second": ["-i", "-vf", f"fps=30,scale={EVEN}"],
        "no goal: brighter, more contrast": ["-i", "-vf", f"eq=brightness=0.1:contrast=1.15,scale={EVEN}"],
        "no goal: trimmed at both ends, 24 frames a second, 240 lines, crf 32": [
            *("-ss", f"{duration * 0.07:.3f}", "-t", f"{duration * 0.85:.3f}"),
            *("-i", "-vf", "fps=24,scale=-2:240", "-crf", "32"),
        ],
        "no goal: a logo of 13 % of width and height": ["-i", "-vf", f"{logo},scale={EVEN}"],
        "no goal: black bars": ["-i", "-vf", f"pad=iw:ceil(ih*1.25/2)*2:0:(oh-ih)/2,scale={EVEN}"],
        "no goal: mirrored": ["-i", "-vf", f"hflip,scale={EVEN}"],
    }


def ffmpeg(*words: object) -> None:
    subprocess.run([str(find_tool("ffmpeg")), "-v", "error", "-nostdin", "-y", *map(str, words)], check=True)


def copy_of(film: Path, options: list[str], target: Path) -> Signature:
    at = options.index("-i")
    ffmpeg(*options[:at], "-i", film, "-an", "-c:v", "libx264", "-preset", "ultrafast", *options[at + 1 :], target)
    found = signature_of(target)
    target.unlink()
    return found


def films_of(media: Path, folders: list[Path], scratch: Path, longest: float) -> dict[str, list[Path]]:
    """The films of each kind, of which as much as is to be looked at."""
    found = {"videos that the rule was tuned with": [media / name for name in FILMS]}
    found["videos that the rule was tuned with"] += sorted((media / "gestures").glob("*.mkv"))
    found["generated"] = []
    for name, (source, seconds) in GENERATED.items():
        made = scratch / f"{name}.mkv"
        quality = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p"]
        ffmpeg("-filter_complex", source, "-t", seconds, *quality, made)
        found["generated"].append(made)
    for folder in folders:
        found[folder.name] = []
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            film = path
            if extract_metadata(path).duration > longest:
                film = scratch / f"{path.stem}.mkv"
                ffmpeg(
                    "-t", longest, "-i", path, "-an", "-c:v", "libx264", "-crf", "12", "-vf", f"scale={EVEN}", film
                )
            found[folder.name].append(film)
    return found


def print_found(media: Path, folders: list[Path], longest: float) -> None:
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        scratch = Path(name)
        kinds = films_of(media, folders, scratch, longest)
        originals: dict[Path, Signature] = {}
        found: dict[tuple[str, str], list[bool]] = defaultdict(list)
        missed = []

        def look(kind: str, film: Path) -> None:
            originals[film] = signature_of(film)
            for name, options in changes(extract_metadata(film).duration).items():
                copy = copy_of(film, options, scratch / f"copy of {film.stem}.mp4")
                is_found = match(originals[film], copy).is_copy
                found[name, kind].append(is_found)
                if not is_found and not name.startswith("no goal"):
                    missed.append(f"{film.stem} ({name})")

        list(pool.map(lambda each: look(*each), [(kind, film) for kind, films in kinds.items() for film in films]))
        print_copies(list(kinds), found, missed)
        print_different({kind: {film: originals[film] for film in films} for kind, films in kinds.items()})
        print_intros(media, scratch)


def print_copies(kinds: list[str], found: dict[tuple[str, str], list[bool]], missed: list[str]) -> None:
    print(f"| copies found | {' | '.join(kinds)} |")
    print(f"|---|{'---|' * len(kinds)}")
    for name in changes(1.0):
        print(
            f"| {name} | {' | '.join(f'{sum(each)} of {len(each)}' for each in (found[name, k] for k in kinds))} |"
        )
    if missed:
        print(f"\nMissed: {', '.join(sorted(missed))}.")


def print_different(kinds: dict[str, dict[Path, Signature]]) -> None:
    """Which different videos are taken for copies of each other."""
    gestures = [film for films in kinds.values() for film in films if film.parent.name == "gestures"]
    originals = {film: signature for films in kinds.values() for film, signature in films.items()}
    takes, others, wrong = [], [], []
    for one, other in itertools.combinations(originals, 2):
        same = match(originals[one], originals[other])
        (takes if one in gestures and other in gestures else others).append(same)
        if same.is_copy:
            wrong.append(f"{one.stem} and {other.stem} ({same.share:.0%}, {same.bits:.0f} bits)")
    print("\n| different videos | pairs | taken for copies |")
    print("|---|---|---|")
    for name, pairs in (("takes of one scene (gestures)", takes), ("all others", others)):
        print(f"| {name} | {len(pairs)} | {sum(each.is_copy for each in pairs)} |")
    if wrong:
        print(f"\nTaken for copies: {', '.join(wrong)}.")


def print_intros(media: Path, scratch: Path) -> None:
    """Films that begin with the same five seconds."""
    films = [media / name for name in FILMS if extract_metadata(media / name).duration > INTRO * 1.5]
    joined = []
    same = "scale=640:360,setsar=1,fps=25"
    for film in films[1:]:
        graph = f"[0:v]trim=end={INTRO},{same}[a];[1:v]trim=end=30,setpts=PTS-STARTPTS,{same}[b];[a][b]concat"
        target = scratch / "joined.mp4"
        ffmpeg("-i", films[0], "-i", film, "-filter_complex", graph, "-an", "-preset", "ultrafast", target)
        joined.append(signature_of(target))
    pairs = [match(one, other) for one, other in itertools.combinations(joined, 2)]
    wrong, most = sum(each.is_copy for each in pairs), max(each.share for each in pairs)
    print(
        f"\n{len(pairs)} pairs of films of 10 to 30 seconds after the same intro of {INTRO} seconds: {wrong} taken"
    )
    print(f"for copies; at most {most:.0%} of the shorter one's pictures are the same.")


def made_library(videos: int) -> list[PicturesOf]:
    """Made-up videos of 15 to 120 seconds. A tenth are copies of others: trimmed, each hash with 4 to 24 bits turned."""
    random = np.random.default_rng(20)
    signatures: list[Signature] = []
    for number in range(videos):
        if number % 10 == 9:
            one = signatures[int(random.integers(0, number))]
            keep = slice(len(one) // 20, len(one) - len(one) // 20)
            hashes = one.hashes[keep].copy()
            bits = np.argsort(random.random((len(hashes), 256)), axis=1) < int(random.integers(4, 25))
            hashes ^= np.packbits(bits, axis=1)
            count = len(hashes)
        else:
            count = int(random.integers(15, 121))
            # Within a shot of six seconds, pictures differ by some 30 bits from one to the next.
            shots = random.integers(0, 256, (count // 6 + 1, BYTES), dtype=np.uint8).repeat(6, axis=0)[:count]
            hashes = shots ^ np.packbits(random.random((count, 256)) < 0.06, axis=1)
        has_middle = np.arange(count) % 4 == 0
        middles = random.integers(0, 256, (int(has_middle.sum()), BYTES), dtype=np.uint8)
        signatures.append(Signature(count * TICKS, np.arange(count) * TICKS, hashes, has_middle, middles))
    return [
        PicturesOf(f"{number}", f"{number}.mp4", f"{number:064x}", 1280, 720, each.length / TICKS, to_record(each))
        for number, each in enumerate(signatures)
    ]


def print_many(videos: int) -> None:
    library = made_library(videos)
    text = sum(len(each.pictures["hashes"]) for each in library)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, before_cpu = time.monotonic(), time.process_time()
    footage = CopyFinder(library)
    copies = sum(len(group.copies) for group in footage.groups())
    seconds, cpu = time.monotonic() - began, time.process_time() - before_cpu
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    known = KnownPictures(lambda after: enumerate(library, 1) if after == 0 else [])
    new = [each._replace(url=f"new{each.url}", sha256=f"new{each.url}") for each in library[9:100:10]]
    known.copy_of(new[0])
    started = time.monotonic()
    found = [known.copy_of(each) for each in new[1:]]
    each = (time.monotonic() - started) / len(found)
    pictures = sum(len(one) for one in footage.signatures if one is not None)
    print(f"\n| {videos:,} synthetic videos, {pictures:,} frames, a tenth of them copies | |")
    print("|---|---|")
    print(f"| hashes in the records | {text / 2**20:.0f} MiB, {text / videos / 1024:.1f} KiB a video |")
    print(
        f"| `vidkit duplicates`, without reading the library | {seconds:.0f} s, {cpu:.0f} s of CPU time, {memory:.0f} MiB |"
    )
    print(f"| copies found | {copies:,} of {videos // 10:,} |")
    print(
        f"| `--skip-duplicates`: compare a new video | {each * 1000:.0f} ms, {sum(map(bool, found))} of {len(found)} found |"
    )


def print_cost(media: Path) -> None:
    """The hashing alone, beside all of the analysis, in seconds of CPU time."""
    film = media / "talk_720p.mp4"
    picture = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    pdq(picture)
    began = time.process_time()
    for _ in range(200):
        pdq(picture)
    each = (time.process_time() - began) / 200
    print(f"\nHashing one picture takes {each * 1000:.2f} ms of CPU time.", end=" ")
    used = {}
    for setting in ("no", "yes"):
        runs = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                command = [
                    sys.executable,
                    "-m",
                    "vidkit",
                    "process",
                    "--describe",
                    "none",
                    "--urls",
                    str(film.resolve()),
                ]
                environment = {**os.environ, "VIDKIT_PROCESSING_PICTUREHASHES": setting, "OMP_NUM_THREADS": "1"}
                subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                runs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        used[setting] = min(runs)
    more = used["yes"] / used["no"] - 1
    print(
        f"`vidkit process` of talk_720p.mp4 (42 seconds) takes {used['no']:.2f} s of CPU time without the stage and"
    )
    print(f"{used['yes']:.2f} s with it ({more:+.1%}; best of three runs each).")


PARTS = ("found", "many", "cost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[2] / "shared" / "media")
    parser.add_argument("--films", type=Path, nargs="+", default=[], help="folders with films of your own")
    parser.add_argument("--longest", type=float, default=12.0, help="seconds of these that are looked at")
    parser.add_argument("--videos", type=int, default=100_000)
    options = parser.parse_args()
    if "found" in options.only:
        print_found(options.media, options.films, options.longest)
    if "many" in options.only:
        print_many(options.videos)
    if "cost" in options.only:
        print_cost(options.media)


if __name__ == "__main__":
    main()
