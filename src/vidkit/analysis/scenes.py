"""The scenes (shots) of a video, from 0 to its end without a gap."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vidkit.analysis.probe import Metadata, extract_metadata
from vidkit.core import printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkit.analysis.adaptive import Boundary


@dataclass(frozen=True)
class Scene:
    """One shot: its number from 1, its times in seconds, and the score of the cut at its start, 0 to 1."""

    index: int
    start_time: float
    end_time: float
    score: float | None


@dataclass(frozen=True)
class Cut:
    """Where one scene ends and the next begins: seconds from the video's start, and how sure it is, 0 to 1."""

    time: float
    score: float


def detect_scenes(
    filepath: str | os.PathLike[str],
    threshold: float = 0.3,
    min_length: float = 0.0,
    metadata: Metadata | None = None,
    detector: str = "adaptive",
) -> list[Scene]:
    """Find the scenes of a video.

    Args:
        filepath: a local video file.
        threshold: how unlike two neighbouring frames must be to part two scenes, 0 to 1; lower finds more.
        min_length: no scene is shorter than this, in seconds.
        metadata: what `extract_metadata` said of the file, where it is known already.
        detector: `adaptive` (cuts, dissolves and fades; see `vidkit.analysis.adaptive`) or `threshold` (ffmpeg's
            own scene score).

    Returns:
        The scenes in order: the first starts at 0.0, each starts where the one before ends, the last ends at the
        video's duration.

    Raises:
        MediaError: ffmpeg cannot decode the file; the message is ffmpeg's own.
    """
    path = Path(filepath)
    metadata = metadata or extract_metadata(path)
    cuts = DETECTORS[detector](path, threshold, metadata)
    return scenes_between(cuts, metadata.duration, min_length)


def scenes_between(cuts: Iterable[Cut], duration: float, min_length: float = 0.0) -> list[Scene]:
    """The scenes that some cuts leave; of two cuts nearer than `min_length` the surer one counts."""
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


def threshold_cuts(path: Path, threshold: float, metadata: Metadata) -> list[Cut]:
    """The frames whose ffmpeg scene score is over the threshold.

    The score is the smaller of the mean absolute difference to the frame before and the change in that difference,
    as ffmpeg's `select` filter documents it.
    """
    cuts: list[Cut] = []

    def read(pipe: IO[bytes]) -> None:
        time = 0.0
        for line in pipe:
            if match := re.search(rb"pts_time:([\d.]+)", line):
                time = float(match[1])
            elif match := re.match(rb"lavfi\.scene_score=([\d.]+)", line):
                cuts.append(Cut(time, float(match[1])))

    graph = f"select='gt(scene,{threshold:.6f})',metadata=print:file=-"
    arguments = ["ffmpeg", "-v", "error", "-nostdin", *input_arguments(path), "-map", f"0:{metadata.stream}"]
    arguments += ["-vf", graph, "-an", "-f", "null", "-"]
    _decode(path, arguments, metadata, read)
    return cuts


def adaptive_cuts(path: Path, threshold: float, metadata: Metadata) -> list[Cut]:
    """The boundaries that `find_boundaries` sees in a tiny copy of every frame, from one decode."""
    from vidkit.analysis.adaptive import FRAME_BYTES, FRAME_SIZE, PIXEL_FORMAT, find_boundaries

    times = _Times()
    found: list[Boundary] = []

    def read(pipe: IO[bytes]) -> None:
        found.extend(find_boundaries(_frames(pipe, FRAME_BYTES), threshold, metadata.fps))

    # The loop filter smooths what is too small to be seen in the tiny frames. The times go to the standard error,
    # as integers in microseconds: `pts_time` has only six digits.
    graph = f"scale={FRAME_SIZE[0]}:{FRAME_SIZE[1]}:flags=area,format={PIXEL_FORMAT},settb=1/1000000"
    graph += ",metadata=mode=add:key=t:value=1,metadata=print:file=pipe\\\\:2"
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-noautorotate", "-filter_threads", "1"]
    arguments += ["-skip_loop_filter", "all", *input_arguments(path), "-map", f"0:{metadata.stream}", "-an", "-sn"]
    arguments += ["-vf", graph, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "rawvideo", "pipe:1"]
    _decode(path, arguments, metadata, read, times.take)
    return [Cut(times.of(boundary.frame), boundary.score) for boundary in found]


# The names of `[SceneDetection] Detector`.
DETECTORS: dict[str, Callable[[Path, float, Metadata], list[Cut]]] = {
    "adaptive": adaptive_cuts,
    "threshold": threshold_cuts,
}


class _Times:
    """The presentation times of all frames, picked out of what ffmpeg writes to its standard error."""

    def __init__(self) -> None:
        self._times = array("q")
        self._rest = b""

    def take(self, block: bytes) -> bytes:
        """Keep the times of a block; the other lines are ffmpeg's words."""
        *lines, self._rest = (self._rest + block).split(b"\n")
        words = []
        for line in lines:
            if match := re.match(rb"frame:\d+ +pts:(-?\d+) ", line):
                self._times.append(int(match[1]))
            elif line.strip() != b"t=1":
                words.append(line + b"\n")
        return b"".join(words)

    def of(self, frame: int) -> float:
        """Seconds from the video's start."""
        return self._times[min(frame, len(self._times) - 1)] / 1e6 if self._times else 0.0


def _frames(pipe: IO[bytes], size: int, at_once: int = 256) -> Iterator[NDArray[np.uint8]]:
    """The frames of a pipe in blocks, `(n, size)` bytes each."""
    import numpy as np

    while block := pipe.read(size * at_once):
        whole = len(block) // size
        yield np.frombuffer(block, np.uint8, whole * size).reshape(whole, size)


def _decode(
    path: Path,
    arguments: list[str],
    metadata: Metadata,
    read: Callable[[IO[bytes]], None],
    on_words: Callable[[bytes], bytes] | None = None,
) -> None:
    try:
        run_tool(arguments, metadata.time_allowed, read, on_words)
    except MediaError as error:
        raise MediaError(f"{printable(path.name)} cannot be decoded: {error}") from None
