"""Pictures at a steady rate, and the sound, as a decode hands them to those who look into them."""

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
_SOUND_BLOCK = 2.0  # seconds


def pictures_output(
    metadata: Metadata,
    per_second: float,
    side: int,
    take: Callable[[int, float, NDArray[np.uint8]], None],
    end: Callable[[], None],
    held_up: Callable[[], float],
) -> DecodeOutput:
    """The pictures that a viewer sees at 0, 1/per_second, 2/per_second ... seconds.

    Args:
        metadata: the video's.
        per_second: pictures a second. A video with fewer shows some of them several times.
        side: pixels of the longer side at the most.
        take: gets the number of each picture from 0, its second, and height x width x 3 of RGB, in a thread of its
            own. It must not raise.
        end: called after the last picture, in that thread.
        held_up: as in `DecodeOutput`.
    """
    width, height = fitted(metadata, side)
    output = _output(metadata, per_second, (height, width, 3), "rgb24", f"pictures{side}", take, end)
    return replace(output, held_up=held_up)


def squares_output(
    metadata: Metadata, per_second: float, side: int, take: Callable[[int, NDArray[np.uint8]], None]
) -> DecodeOutput:
    """The same pictures, but stretched to squares and grey.

    Args:
        metadata: the video's.
        per_second: pictures a second.
        side: pixels of each side.
        take: gets the number of each picture from 0, and side x side of grey, in a thread of its own. If it raises,
            the decode ends with that.
    """

    def numbered(number: int, second: float, picture: NDArray[np.uint8]) -> None:
        take(number, picture)

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
    """Pictures of a shape, height first, in one of ffmpeg's pixel formats with a byte for each number."""

    def read(pipe: IO[bytes]) -> None:
        import numpy as np

        number = 0
        size = math.prod(shape)
        waiting = None
        while len(block := pipe.read(size)) == size:
            if waiting is not None:
                take(number, number / per_second, waiting)
                number += 1
            waiting = np.frombuffer(block, np.uint8).reshape(shape)
        # The last one may be of a time at which nothing is shown any more.
        if waiting is not None and (number == 0 or number / per_second < metadata.duration):
            take(number, number / per_second, waiting)
        end()

    # Rounded up, a picture has the number of the first time at which it is shown; the last one before that stays.
    graph = f"fps=fps={per_second:g}:start_time=0:round=up:eof_action=pass"
    graph += f",scale={shape[1]}:{shape[0]},setsar=1,format={pixels}"
    arguments = ["-map", f"[{label}]", "-fps_mode", "passthrough", "-f", "rawvideo", PIPE]
    return DecodeOutput(lambda source: [f"[{source}]{graph}[{label}]"], arguments, read)


def sound_output(take: Callable[[float, NDArray[np.float32]], None], held_up: Callable[[], float]) -> DecodeOutput:
    """The first sound track as mono with `SAMPLE_RATE`, from the video's start: silence is put where there is none.

    Args:
        take: gets the second and the samples (-1 to 1) of each block, in a thread of its own. It must not raise.
        held_up: as in `DecodeOutput`.
    """

    def read(pipe: IO[bytes]) -> None:
        import numpy as np

        done = 0
        while block := pipe.read(round(_SOUND_BLOCK * SAMPLE_RATE) * 2):
            samples = np.frombuffer(block, "<i2", len(block) // 2).astype(np.float32) / np.float32(32768)
            take(done / SAMPLE_RATE, samples)
            done += len(samples)

    graph = f"aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=mono"
    arguments = ["-map", "[sound]", "-c:a", "pcm_s16le", "-f", "s16le", PIPE]
    chains: Callable[[str], list[str]] = lambda source: [f"[{source}]{graph}[sound]"]  # noqa: E731
    return DecodeOutput(chains, arguments, read, "audio", held_up)


def fitted(metadata: Metadata, side: int) -> tuple[int, int]:
    """Width and height of a picture whose longer side has so many pixels at the most; it is not enlarged."""
    scale = min(1.0, side / max(metadata.width, metadata.height))
    return max(1, round(metadata.width * scale)), max(1, round(metadata.height * scale))


def has_sound(metadata: Metadata) -> bool:
    """Whether the video has sound that can be decoded."""
    return metadata.audio is not None and metadata.audio.sample_rate > 0 and metadata.audio.channels > 0
