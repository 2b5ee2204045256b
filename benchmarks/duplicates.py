"""Duplicates: which made copies are found, which different films are taken for copies, and how long it takes.

    python benchmarks/duplicates.py [--media ../shared/media] [--videos 100000]

Copies are made of every film by ffmpeg. Half of the films (`TUNED_ON`) were looked at when the rule was made; the
others were held back.
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
from vidkit.duplicates.groups import Footage
from vidkit.duplicates.known import KnownPictures
from vidkit.duplicates.pdq import BYTES, SIDE, pdq
from vidkit.duplicates.signature import TICKS, Signature, to_record
from vidkit.ffmpeg import find_tool
from vidkit.library.protocol import PicturesOf

FILMS = (
    "armwrestling_short.mp4", "bunny_vp8.webm", "chaplin.mp4", "city_720p_cuts_fades.mp4", "rotated.mp4",
    "talk_720p.mp4", "vfr_fire.mp4", "static/bottles.mp4", "static/green_screen.mp4",
)  # fmt: skip
TUNED_ON = {
    "armwrestling_short",
    "chaplin",
    "bottles",
    "vfr_fire",
    "again",
    "no",
    "book",
    "school",
    "milk",
    "please",
}
EVEN = "trunc(iw/2)*2:trunc(ih/2)*2"


def changes(duration: float) -> dict[str, list[str]]:
    """What copies are made by: a name -> ffmpeg's options, those before the input first, parted by `-i`."""
    scale = ["-vf", f"scale={EVEN}"]
    return {
        "rescaled to half": ["-i", "-vf", "scale=trunc(iw/4)*2:trunc(ih/4)*2"],
        "re-encoded (x264, crf 35)": ["-i", *scale, "-crf", "35"],
        "cropped by 5 %": ["-i", "-vf", f"crop=iw*0.95:ih*0.95,scale={EVEN}"],
        "trimmed by 10 % at the start": ["-ss", f"{duration * 0.1:.3f}", "-i", *scale],
        "trimmed by 10 % at the end": ["-t", f"{duration * 0.9:.3f}", "-i", *scale],
        "15 frames a second": ["-i", "-vf", f"fps=15,scale={EVEN}"],
        "30 frames a second": ["-i", "-vf", f"fps=30,scale={EVEN}"],
    }


def copy_of(film: Path, options: list[str], target: Path) -> Signature:
    at = options.index("-i")
    command = [str(find_tool("ffmpeg")), "-v", "error", "-nostdin", "-y", *options[:at], "-i", str(film)]
    command += ["-an", "-c:v", "libx264", "-preset", "ultrafast", *options[at + 1 :], str(target)]
    subprocess.run(command, check=True)
    found = signature_of(target)
    target.unlink()
    return found


def films_in(media: Path) -> list[Path]:
    return [*(media / name for name in FILMS), *sorted((media / "gestures").glob("*.mkv"))]


def print_found(media: Path) -> None:
    films = films_in(media)
    originals = {film: signature_of(film) for film in films}
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    missed = []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:

        def look(film: Path) -> None:
            for name, options in changes(extract_metadata(film).duration).items():
                copy = copy_of(film, options, Path(folder, f"{film.stem}.mp4"))
                is_found = match(originals[film], copy).is_copy
                found[name].append((is_found, film.stem in TUNED_ON))
                if not is_found:
                    missed.append(f"{film.stem} {name}")

        list(pool.map(look, films))
    print("| copies | found, films that the rule was made with | found, films held back |")
    print("|---|---|---|")
    for name in changes(1.0):
        seen = [each for each, tuned in found[name] if tuned]
        held = [each for each, tuned in found[name] if not tuned]
        print(f"| {name} | {sum(seen)} of {len(seen)} | {sum(held)} of {len(held)} |")
    if missed:
        print(f"\nMissed: {', '.join(sorted(missed))}.")
    gestures = [film for film in films if film.parent.name == "gestures"]
    takes = [match(originals[one], originals[other]) for one, other in itertools.combinations(gestures, 2)]
    others = [
        match(originals[one], originals[other])
        for one, other in itertools.combinations(films, 2)
        if not {one, other} <= set(gestures)
    ]
    print("\n| different films | pairs | taken for copies | most pictures that are the same |")
    print("|---|---|---|---|")
    for name, pairs in (("takes of one scene (gestures)", takes), ("all others", others)):
        wrong = sum(each.is_copy for each in pairs)
        print(f"| {name} | {len(pairs)} | {wrong} | {max(each.share for each in pairs):.0%} |")


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
    began = time.monotonic()
    footage = Footage(library)
    copies = sum(len(group.copies) for group in footage.groups())
    seconds = time.monotonic() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    known = KnownPictures(lambda after: enumerate(library, 1) if after == 0 else [])
    new = [each._replace(url=f"new{each.url}", sha256=f"new{each.url}") for each in library[9:100:10]]
    known.copy_of(new[0])
    started = time.monotonic()
    found = [known.copy_of(each) for each in new[1:]]
    each = (time.monotonic() - started) / len(found)
    pictures = sum(len(one) for one in footage.signatures if one is not None)
    print(f"\n| {videos:,} made-up videos, {pictures:,} pictures, a tenth of them copies | |")
    print("|---|---|")
    print(f"| hashes in the records | {text / 2**20:.0f} MiB, {text / videos / 1024:.1f} KiB a video |")
    print(f"| `vidkit duplicates`, without reading the library | {seconds:.0f} s, {memory:.0f} MiB more memory |")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[2] / "shared" / "media")
    parser.add_argument("--videos", type=int, default=100_000)
    options = parser.parse_args()
    print_found(options.media)
    print_many(options.videos)
    print_cost(options.media)


if __name__ == "__main__":
    main()
