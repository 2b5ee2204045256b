"""One decode of a video for everything that is made of its pictures."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple

from vidkit.analysis.probe import Metadata
from vidkit.ffmpeg import input_arguments, run_tool

# What ffmpeg says where pictures or sound are lost or damaged, and of which stream; versions 4 to 7 differ.
_LOSS = re.compile(
    rb"(corrupt decoded frame)|corrupt input packet|Error while decoding stream|Error submitting packet to decoder"
    rb"|partial file|ended prematurely|exceeds containing"
)
# What a demuxer calls an error: it skips something, of which streams cannot be told. Muxers have other names.
_SKIPPED = re.compile(
    rb"^\[(?:matroska,webm|mov,mp4,m4a,3gp,3g2,mj2|avi|flv|live_flv|mpegts|mpeg|asf|ogg|rm|nut|mxf|gxf|wtv|ivf|nsv|dv)"
    rb" @ [^\]]*\] \[(?:error|fatal)\]"
)
_STREAM = re.compile(rb"(?:stream |stream #\d+:|[va]ist#\d+:)(\d+)")
_LEVEL = re.compile(rb"\[(fatal|error|warning|info)\] ")
_TIME = re.compile(rb"frame:(\d+) +pts:(-?\d+|NOPTS)[^\n]*")


class Use(NamedTuple):
    """One use of the pictures: their stream's label -> chains of filters, and the arguments of the outputs."""

    chains: Callable[[str], list[str]]
    arguments: list[str]


# Filters that tell the times of the frames that pass, and whose words `Listener` reads. The times are integers in
# microseconds, as `pts_time` has only six digits; each line is written at once, so that no other falls into it.
TELL_TIMES = "settb=1/1000000,metadata=mode=add:key=t:value=1,metadata=print:file=pipe\\\\:2:direct=1"


class Listener:
    """Hears what ffmpeg says while it decodes: the times of the frames, and of damage."""

    def __init__(self) -> None:
        self.times = array("q")
        self.lost: set[int | None] = set()  # streams of which something is; None: that cannot be told
        self.damaged: Counter[int | None] = Counter()  # frames of each stream that were decoded all the same
        self._rest = b""

    def take(self, block: bytes) -> bytes:
        """Take in a block of the standard error; what is left are ffmpeg's errors."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        return b"".join(said + b"\n" for said in map(self._line, lines) if said)

    def _line(self, line: bytes) -> bytes:
        if match := _TIME.search(line):
            while len(self.times) < int(match[1]):
                self.times.append(self.times[-1] if self.times else 0)
            known = match[2] != b"NOPTS"
            self.times.append(int(match[2]) if known else self.times[-1] if self.times else 0)
            return b""
        if line == b"t=1":
            return b""
        if loss := _LOSS.search(line):
            stream = _STREAM.search(line)
            number = int(stream[1]) if stream else None
            self.lost.add(number)
            self.damaged[number] += loss[1] is not None
        elif _SKIPPED.match(line):
            self.lost.add(None)
        level = _LEVEL.search(line)
        if level and level[1] in (b"warning", b"info"):
            return b""
        return line[: level.start()] + line[level.end() :] if level else line

    def time_of(self, frame: int) -> float:
        """When a frame is shown, in seconds from the video's start."""
        return self.times[min(frame, len(self.times) - 1)] / 1e6 if self.times else 0.0

    def unread(self, metadata: Metadata) -> float:
        """Seconds of the video whose pictures are lost or damaged; 0 where ffmpeg complained of nothing.

        A picture that is missing leaves a gap in the times of those that are there. The metadata's duration is the
        one that `decoded_duration` found.
        """
        of_these = {metadata.stream, None}
        if not self.times or not self.lost & of_these:
            return 0.0
        frame = 1 / metadata.fps
        ends = [*self.times, round(metadata.duration * 1e6)]
        gaps = (max(0.0, (after - before) / 1e6 - frame) for before, after in pairwise(ends))
        missing = sum(gap for gap in gaps if gap > frame / 2)
        damaged = sum(self.damaged[stream] for stream in of_these)
        return round(min(missing + damaged * frame, metadata.duration), 3)


def _sound_heard(metadata: Metadata) -> list[str]:
    """The arguments by which ffmpeg reads the sound, undecoded, where no use wants it.

    Where a file's times jump, ffmpeg goes on after the stream that ends last: without the sound, the pictures after
    the jump would have other times than beside clips.
    """
    if metadata.audio is None or not metadata.audio.sample_rate or not metadata.audio.channels:
        return []
    return ["-map", "0:a:0", "-c", "copy", "-f", "null", "-"]


@dataclass(frozen=True)
class Span:
    """A part of a video, in seconds; without an end it goes to the video's."""

    start: float
    end: float | None


def decode(
    path: Path,
    metadata: Metadata,
    uses: Sequence[Use],
    options: Sequence[str] = (),
    read: Callable[[IO[bytes]], None] | None = None,
    listener: Listener | None = None,
    span: Span | None = None,
) -> Listener:
    """Decode a video once for several uses.

    Args:
        path: the video.
        metadata: what `extract_metadata` said of it.
        uses: what is made of the pictures; each gets all of them.
        options: ffmpeg's, for the decoder.
        read: reads the standard output, if a use writes there.
        listener: hears the standard error; by default a new one.
        span: only this part of the video; times are counted from its start.

    Returns:
        The listener.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    listener = listener or Listener()
    source = f"0:{metadata.stream}"
    labels = [source]
    chains = []
    if len(uses) > 1:
        labels = [f"use{number}" for number in range(len(uses))]
        chains.append(f"[{source}]split={len(uses)}" + "".join(f"[{label}]" for label in labels))
    for use, label in zip(uses, labels, strict=True):
        chains += use.chains(label)
    arguments = ["ffmpeg", "-v", "repeat+level+warning", "-nostdin", "-y", *options]
    arguments += ["-ss", f"{span.start:.6f}"] if span else []
    arguments += ["-t", f"{span.end - span.start:.6f}"] if span and span.end is not None else []
    arguments += [*input_arguments(path), "-filter_complex", ";".join(chains)]
    for use in uses:
        arguments += use.arguments
    if not any("[0:a:0]" in chain for chain in chains):
        arguments += _sound_heard(metadata)
    run_tool(arguments, metadata.time_allowed, read, listener.take)
    return listener
