"""Decode a video once for all outputs that need its frames or its audio."""

from __future__ import annotations

import os
import re
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Generic, Literal, TypeVar

from vidkit.analysis.probe import Metadata
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.pipes import OutputPipe

T = TypeVar("T")
# On Windows a child process gets no pipes but its standard output.
MANY_PIPES = os.name == "posix"
# Stands for an output's own pipe in its arguments and, with `PIPE_IN_CHAIN`, in its filters.
PIPE = "pipe:OWN"
PIPE_IN_CHAIN = "pipe\\\\:OWN"

# What ffmpeg writes if frames or audio are lost or damaged, and in which stream; versions 4 to 7 differ.
_LOSS = re.compile(
    rb"(corrupt decoded frame)|corrupt input packet|Error while decoding stream|Error submitting packet to decoder"
    rb"|partial file|ended prematurely|exceeds containing"
)
# An error of a demuxer: it skips something, and does not say in which streams. Muxers have other names.
_SKIPPED = re.compile(
    rb"^\[(?:matroska,webm|mov,mp4,m4a,3gp,3g2,mj2|avi|flv|live_flv|mpegts|mpeg|asf|ogg|rm|nut|mxf|gxf|wtv|ivf|nsv|dv)"
    rb" @ [^\]]*\] \[(?:error|fatal)\]"
)
_STREAM = re.compile(rb"(?:stream |stream #\d+:|[va]ist#\d+:)(\d+)")
_LEVEL = re.compile(rb"\[(fatal|error|warning|info)\] ")
_TIME = re.compile(rb"frame:(\d+) +pts:(-?\d+|NOPTS)[^\n]*")


@dataclass(frozen=True)
class DecodeOutput:
    """One output of a decode.

    `chains`: the label of the stream -> filter chains. `arguments`: ffmpeg's output arguments.
    `read`: reads what ffmpeg writes to `PIPE`, in a thread of its own, during the decode; a slow reader
    slows the decode. On Windows all readers but the first read a temporary file after the decode.
    `stream`: whether the chains take the video stream or the first audio stream; `audio` only for a video that
    has audio. Only one output may have filters with `TELL_TIMES`. `held_up` returns for how many seconds the reader
    has made ffmpeg wait so far: they do not count towards ffmpeg's time limit.
    """

    chains: Callable[[str], list[str]]
    arguments: Sequence[str]
    read: Callable[[IO[bytes]], None] | None = None
    stream: Literal["video", "audio"] = "video"
    held_up: Callable[[], float] | None = None


@dataclass(frozen=True)
class DecodeRequest(Generic[T]):
    """What one stage needs from a shared decode: outputs, and a function that turns them into a result.

    `outputs` may be empty. `finish` is called after the decode with its log, which is empty if nothing had to be
    decoded. `purpose` is for the message if ffmpeg fails: "x.mp4 cannot be <purpose>".
    """

    outputs: Sequence[DecodeOutput]
    finish: Callable[[DecodeLog], T]
    purpose: str = "decoded"


# Filters that write the time of each frame to the standard error, which `DecodeLog` reads. The times are integers
# in microseconds, as `pts_time` has only six digits; each line is written at once, so that lines do not mix.
TELL_TIMES = "settb=1/1000000,metadata=mode=add:key=t:value=1,metadata=print:file=pipe\\\\:2:direct=1"


class DecodeLog:
    """What ffmpeg writes to its standard error during a decode: the times of the frames, and damage."""

    def __init__(self) -> None:
        self.times = array("q")
        self.lost: set[int | None] = set()  # streams with lost parts; None: an unknown stream
        self.damaged: Counter[int | None] = Counter()  # decoded frames with damage, of each stream
        self._rest = b""

    def take(self, block: bytes) -> bytes:
        """Read a block of the standard error, and return only ffmpeg's errors."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        return b"".join(error + b"\n" for error in map(self._line, lines) if error)

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
        """The time of a frame, in seconds from the video's start."""
        return self.times[min(frame, len(self.times) - 1)] / 1e6 if self.times else 0.0

    def unread(self, metadata: Metadata) -> float:
        """Seconds of the video with lost or damaged frames; 0 if ffmpeg reported no damage.

        A missing frame leaves a gap between the times of the others. The metadata's duration is the
        result of `decoded_duration`.
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


def _unused_audio(metadata: Metadata) -> list[str]:
    """The arguments that make ffmpeg read the audio, undecoded, if no output needs it.

    If a file's timestamps jump, ffmpeg continues after the stream that ends last. Without the audio, the frames
    after the jump would get other times than in a decode with clips.
    """
    if metadata.audio is None or not metadata.audio.sample_rate or not metadata.audio.channels:
        return []
    return ["-map", "0:a:0", "-c", "copy", "-f", "null", "-"]


@dataclass(frozen=True)
class Span:
    """A part of a video, in seconds; `end` is None for the end of the video."""

    start: float
    end: float | None


def decode(
    path: Path,
    metadata: Metadata,
    outputs: Sequence[DecodeOutput],
    options: Sequence[str] = (),
    span: Span | None = None,
) -> DecodeLog:
    """Decode a video once for several outputs.

    Args:
        path: the video.
        metadata: the result of `extract_metadata`.
        outputs: the outputs; each gets all frames, or all audio.
        options: ffmpeg's options for the decoder.
        span: only this part of the video; times count from its start.

    Returns:
        The decode log: the times of the frames, if an output has `TELL_TIMES`, and damage.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
        Exception: raised by the first reader that failed; this ends the decode.
    """
    decode_log = DecodeLog()
    first: Callable[[IO[bytes]], None] | None = None
    pipes: list[OutputPipe] = []
    files: list[tuple[Callable[[IO[bytes]], None], Path]] = []
    targets: list[str] = []
    with ExitStack() as stack:
        for output in outputs:
            target = PIPE
            if output.read is not None and first is None:
                first, target = output.read, "pipe:1"
            elif output.read is not None and MANY_PIPES:
                pipes.append(stack.enter_context(OutputPipe(output.read)))
                target = pipes[-1].target
            elif output.read is not None:
                folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
                files.append((output.read, Path(folder, "output")))
                target = str(files[-1][1])
            targets.append(target)
        arguments = _arguments(path, metadata, outputs, targets, options, span)
        waits = [output.held_up for output in outputs if output.held_up is not None]
        held_up = lambda: sum(wait() for wait in waits)  # noqa: E731
        run_tool(arguments, metadata.time_allowed, first, decode_log.take, pipes, held_up)
        for read, file in files:
            with file.open("rb") as pipe:
                read(pipe)
    return decode_log


def _arguments(
    path: Path,
    metadata: Metadata,
    outputs: Sequence[DecodeOutput],
    targets: Sequence[str],
    options: Sequence[str],
    span: Span | None,
) -> list[str]:
    """ffmpeg's arguments for the outputs, each with the name of its pipe or file in `targets`."""
    source = f"0:{metadata.stream}"
    count = sum(output.stream == "video" for output in outputs)
    labels = iter([source] if count == 1 else [f"use{number}" for number in range(count)])
    chains = []
    if count > 1:
        chains.append(f"[{source}]split={count}" + "".join(f"[use{number}]" for number in range(count)))
    for output, target in zip(outputs, targets, strict=True):
        label = next(labels) if output.stream == "video" else "0:a:0"
        chains += [chain.replace(PIPE_IN_CHAIN, escaped(target)) for chain in output.chains(label)]
    arguments = ["ffmpeg", "-v", "repeat+level+warning", "-nostdin", "-y", *options]
    arguments += ["-ss", f"{span.start:.6f}"] if span else []
    arguments += ["-t", f"{span.end - span.start:.6f}"] if span and span.end is not None else []
    arguments += [*input_arguments(path), "-filter_complex", ";".join(chains)]
    for output, target in zip(outputs, targets, strict=True):
        arguments += [target if argument == PIPE else argument for argument in output.arguments]
    if not any("[0:a:0]" in chain for chain in chains):
        arguments += _unused_audio(metadata)
    return arguments


def escaped(text: str) -> str:
    """A text as an option of a filter in a filter graph: ffmpeg's first and second level of escaping."""
    return re.sub(r"([\\'\[\],;])", r"\\\1", re.sub(r"([\\':])", r"\\\1", text))
