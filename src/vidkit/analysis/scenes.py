"""Detect the scenes of a video, from 0 to its end without gaps."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vidkit.analysis.decode import PIPE, PIPE_IN_CHAIN, TELL_TIMES, DecodeLog, DecodeOutput, decode
from vidkit.analysis.duration import decoded_duration
from vidkit.analysis.probe import Metadata, extract_metadata
from vidkit.core import printable
from vidkit.core.settings import SceneDetection
from vidkit.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkit.analysis.adaptive import Boundary


@dataclass(frozen=True)
class Scene:
    """One scene: its number from 1, its times in seconds, and the score of the cut at its start, 0 to 1."""

    index: int
    start_time: float
    end_time: float
    score: float | None


@dataclass(frozen=True)
class Cut:
    """Where one scene ends and the next begins: seconds from the video's start, and its score, 0 to 1."""

    time: float
    score: float


@dataclass(frozen=True)
class Detection:
    """Scene detection during a decode.

    `cuts` returns the cuts after the decode, from its log.
    `options` are ffmpeg's for a decode without other outputs. They must not change the frames: a decoder that skips
    the loop filter, for example, would find other scenes than a decode that also makes clips.
    """

    output: DecodeOutput
    cuts: Callable[[DecodeLog], list[Cut]]
    options: tuple[str, ...] = ()


def detect_scenes(
    filepath: str | os.PathLike[str],
    threshold: float = SceneDetection.default_threshold,
    min_length: float = SceneDetection.min_scene_length,
    metadata: Metadata | None = None,
    detector: str = SceneDetection.detector,
) -> list[Scene]:
    """Find the scenes of a video.

    Args:
        filepath: a local video file.
        threshold: how different two frames must be to start a new scene, 0 to 1; lower finds more.
        min_length: minimum length of a scene, in seconds.
        metadata: the result of `extract_metadata`, if known.
        detector: `adaptive` (cuts, dissolves and fades; see `vidkit.analysis.adaptive`) or `threshold` (ffmpeg's
            scene score).

    Returns:
        The scenes in order, without gaps, from 0.0 to the duration of the video, or to the decoded duration if the
        duration in the header is wrong.

    Raises:
        MediaError: ffmpeg cannot decode the file; the message is ffmpeg's own.
    """
    path = Path(filepath)
    metadata = metadata or extract_metadata(path)
    found = DETECTORS[detector](threshold, metadata)
    try:
        decode_log = decode(path, metadata, [found.output], found.options)
    except MediaError as error:
        raise MediaError("{path} cannot be decoded: {error}", path=printable(path.name), error=error) from None
    return scenes_between(found.cuts(decode_log), decoded_duration(path, metadata, decode_log), min_length)


def scenes_between(cuts: Iterable[Cut], duration: float, min_length: float = 0.0) -> list[Scene]:
    """The scenes between cuts; if two cuts are closer than `min_length`, the one with the higher score is kept."""
    kept: list[Cut] = []
    for cut in sorted(cuts, key=lambda cut: cut.time):
        if not max(min_length, 1e-6) <= cut.time <= duration - max(min_length, 1e-6):
            continue
        if kept and cut.time - kept[-1].time < min_length:
            if cut.score > kept[-1].score:
                kept[-1] = cut
            continue
        kept.append(cut)
    starts = [0.0, *(round(cut.time, 6) for cut in kept)]
    scores = [None, *(round(cut.score, 4) for cut in kept)]
    ends = [*starts[1:], duration]
    return [
        Scene(index, start, end, score)
        for index, (start, end, score) in enumerate(zip(starts, ends, scores, strict=True), 1)
    ]


def threshold_detection(threshold: float, metadata: Metadata) -> Detection:
    """The frames whose ffmpeg scene score is over the threshold.

    The score is the smaller of the mean absolute difference to the frame before and the change in that difference,
    as ffmpeg's `select` filter documents it.
    """
    cuts: list[Cut] = []

    def read(pipe: IO[bytes]) -> None:
        time = 0.0
        for line in pipe:
            if match := re.search(rb"pts:(-?\d+)", line):
                time = int(match[1]) / 1e6
            elif match := re.match(rb"lavfi\.scene_score=([\d.]+)", line):
                cuts.append(Cut(time, float(match[1])))

    # `select` does not support every pixel format. The scale filter converts them here. Otherwise ffmpeg would
    # convert them before the split, into a format for the other outputs too, and these would change the scores.
    graph = f"scale,{TELL_TIMES},select='gt(scene,{threshold:.6f})'"
    graph += f",metadata=print:file={PIPE_IN_CHAIN}:key=lavfi.scene_score"
    arguments = ["-map", "[cuts]", "-f", "null", "-"]
    output = DecodeOutput(lambda source: [f"[{source}]{graph}[cuts]"], arguments, read)
    return Detection(output, lambda decode_log: cuts)


def adaptive_detection(threshold: float, metadata: Metadata) -> Detection:
    """The boundaries that `find_boundaries` finds in a tiny copy of every frame."""
    from vidkit.analysis.adaptive import find_boundaries
    from vidkit.analysis.similarity import FRAME_BYTES, FRAME_SIZE, PIXEL_FORMAT

    found: list[Boundary] = []

    def read(pipe: IO[bytes]) -> None:
        found.extend(find_boundaries(_frames(pipe, FRAME_BYTES), threshold, metadata.fps))

    graph = f"scale={FRAME_SIZE[0]}:{FRAME_SIZE[1]}:flags=area,format={PIXEL_FORMAT},{TELL_TIMES}"
    arguments = ["-map", "[tiny]", "-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
    arguments += ["-f", "rawvideo", PIPE]
    return Detection(
        DecodeOutput(lambda source: [f"[{source}]{graph}[tiny]"], arguments, read),
        lambda decode_log: [Cut(decode_log.time_of(boundary.frame), boundary.score) for boundary in found],
        ("-filter_complex_threads", "1"),  # with tiny frames alone, more threads only wait for each other
    )


# The names of `[SceneDetection] Detector`.
DETECTORS: dict[str, Callable[[float, Metadata], Detection]] = {
    "adaptive": adaptive_detection,
    "threshold": threshold_detection,
}


def _frames(pipe: IO[bytes], size: int, at_once: int = 256) -> Iterator[NDArray[np.uint8]]:
    """The frames of a pipe in blocks, `(n, size)` bytes each."""
    import numpy as np

    while block := pipe.read(size * at_once):
        whole = len(block) // size
        yield np.frombuffer(block, np.uint8, whole * size).reshape(whole, size)
