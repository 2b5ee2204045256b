"""Outputs of a decode: frames at a constant rate, and the audio."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from vidkit.analysis.decode import PIPE, DecodeOutput
from vidkit.analysis.probe import Metadata

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE = 16_000
_AUDIO_BLOCK = 2.0  # seconds


def frames_output(
    metadata: Metadata,
    per_second: float,
    side: int,
    take: Callable[[int, float, NDArray[np.uint8]], None],
    end: Callable[[], None],
    held_up: Callable[[], float],
) -> DecodeOutput:
    """The frames that a viewer sees at 0, 1/per_second, 2/per_second ... seconds.

    Args:
        metadata: the video's.
        per_second: frames a second. If the video has fewer, frames are repeated.
        side: maximum pixels of the longer side.
        take: called for each frame with its number from 0, its time in seconds, and height x width x 3 of RGB, in a
            thread of its own. It must not raise.
        end: called after the last frame, in that thread.
        held_up: as in `DecodeOutput`.
    """
    width, height = fitted(metadata, side)
    output = _output(metadata, per_second, (height, width, 3), "rgb24", f"pictures{side}", take, end)
    return replace(output, held_up=held_up)


def square_frames_output(
    metadata: Metadata, per_second: float, side: int, take: Callable[[int, NDArray[np.uint8]], None]
) -> DecodeOutput:
    """The same frames, but scaled to squares and grey.

    Args:
        metadata: the video's.
        per_second: frames a second.
        side: pixels of each side.
        take: called for each frame with its number from 0, and side x side of grey, in a thread of its own. If it
            raises, the decode ends with its exception.
    """

    def numbered(number: int, second: float, frame: NDArray[np.uint8]) -> None:
        take(number, frame)

    return _output(metadata, per_second, (side, side), "gray", f"squares{side}", numbered, lambda: None)


def _output(
    metadata: Metadata,
    per_second: float,
    shape: tuple[int, ...],
    pixels: str,
    label: str,
    take: Callable[[int, float, NDArray[np.uint8]], None],
    end: Callable[[], None],
) -> DecodeOutput:
    """Frames of a shape, height first, in one of ffmpeg's pixel formats with a byte for each value."""

    def read(pipe: IO[bytes]) -> None:
        import numpy as np

        number = 0
        size = math.prod(shape)
        pending = None
        while len(block := pipe.read(size)) == size:
            if pending is not None:
                take(number, number / per_second, pending)
                number += 1
            pending = np.frombuffer(block, np.uint8).reshape(shape)
        # The time of the last frame may be after the video's end.
        if pending is not None and (number == 0 or number / per_second < metadata.duration):
            take(number, number / per_second, pending)
        end()

    # Round up: a frame gets the number of the first time at which it is shown; the last one before it is kept.
    graph = f"fps=fps={per_second:g}:start_time=0:round=up:eof_action=pass"
    graph += f",scale={shape[1]}:{shape[0]},setsar=1,format={pixels}"
    arguments = ["-map", f"[{label}]", "-fps_mode", "passthrough", "-f", "rawvideo", PIPE]
    return DecodeOutput(lambda source: [f"[{source}]{graph}[{label}]"], arguments, read)


def audio_output(take: Callable[[float, NDArray[np.float32]], None], held_up: Callable[[], float]) -> DecodeOutput:
    """The first audio stream as mono with `SAMPLE_RATE`, from the video's start; gaps are filled with silence.

    Args:
        take: called for each block with its time in seconds and its samples (-1 to 1), in a thread of its own. It
            must not raise.
        held_up: as in `DecodeOutput`.
    """

    def read(pipe: IO[bytes]) -> None:
        import numpy as np

        done = 0
        while block := pipe.read(round(_AUDIO_BLOCK * SAMPLE_RATE) * 2):
            samples = np.frombuffer(block, "<i2", len(block) // 2).astype(np.float32) / np.float32(32768)
            take(done / SAMPLE_RATE, samples)
            done += len(samples)

    graph = f"aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=mono"
    arguments = ["-map", "[sound]", "-c:a", "pcm_s16le", "-f", "s16le", PIPE]
    chains: Callable[[str], list[str]] = lambda source: [f"[{source}]{graph}[sound]"]  # noqa: E731
    return DecodeOutput(chains, arguments, read, "audio", held_up)


def fitted(metadata: Metadata, side: int) -> tuple[int, int]:
    """Width and height of a frame whose longer side has at most so many pixels; it is never enlarged."""
    scale = min(1.0, side / max(metadata.width, metadata.height))
    return max(1, round(metadata.width * scale)), max(1, round(metadata.height * scale))


def has_audio(metadata: Metadata) -> bool:
    """Whether the video has audio that can be decoded."""
    return metadata.audio is not None and metadata.audio.sample_rate > 0 and metadata.audio.channels > 0
