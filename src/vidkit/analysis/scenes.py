"""The scenes (shots) of a video, from 0 to its end without a gap."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vidkit.analysis.probe import Metadata, extract_metadata
from vidkit.core import printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool


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
) -> list[Scene]:
    """Find the scenes of a video.

    Args:
        filepath: a local video file.
        threshold: how unlike two neighbouring frames must be to part two scenes, 0 to 1; lower finds more.
        min_length: no scene is shorter than this, in seconds.
        metadata: what `extract_metadata` said of the file, where it is known already.

    Returns:
        The scenes in order: the first starts at 0.0, each starts where the one before ends, the last ends at the
        video's duration.

    Raises:
        MediaError: ffmpeg cannot decode the file; the message is ffmpeg's own.
    """
    path = Path(filepath)
    metadata = metadata or extract_metadata(path)
    return scenes_between(threshold_cuts(path, threshold, metadata), metadata.duration, min_length)


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
    try:
        run_tool(arguments, metadata.time_allowed, read)
    except MediaError as error:
        raise MediaError(f"{printable(path.name)} cannot be decoded: {error}") from None
    return cuts
