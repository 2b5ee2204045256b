"""Thumbnails of scenes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from vidkit.analysis.decode import DecodeOutput
from vidkit.analysis.probe import Metadata
from vidkit.analysis.scenes import Scene
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool

WIDTH = 320
_AT_ONCE = 4  # open files in one ffmpeg; each has a decoder with its memory
_INTERVAL = 0.4  # seconds between two candidates, so that nearly every scene has one
_MAX_CANDIDATES = 4000  # maximum of a video, some 50 MB: for more they are farther apart


def make_thumbnails(path: Path, scenes: Sequence[Scene], folder: Path, metadata: Metadata) -> list[Path | None]:
    """Write one JPEG per scene, 320 pixels wide, from the middle of the scene.

    Args:
        path: the video.
        scenes: its scenes.
        folder: an existing folder; the files are `scene_001.jpg` and so on.
        metadata: the video's.

    Returns:
        The file of each scene, in order; None if there was no frame.

    Raises:
        MediaError: ffmpeg cannot decode the file.
    """
    files = [_thumbnail_path(folder, scene) for scene in scenes]
    # The frame that is shown in the middle starts up to one frame before it.
    middles = [
        max(scene.start_time, (scene.start_time + scene.end_time) / 2 - 1 / metadata.fps) for scene in scenes
    ]
    _write_frames(path, metadata, list(zip(middles, scenes, files, strict=True)))
    # A scene of one long frame has no frame after its middle, only one at its start.
    missing = [(scene.start_time, scene, file) for scene, file in zip(scenes, files, strict=True)]
    _write_frames(path, metadata, [job for job in missing if not job[2].is_file()])
    return [file if file.is_file() else None for file in files]


def candidates_output(metadata: Metadata, folder: Path) -> DecodeOutput:
    """The output that writes candidates for thumbnails to a folder during scene detection.

    Seeking to each scene after the detection would decode half of the video again: keyframes are far apart.
    """
    apart = max(_INTERVAL, metadata.duration / _MAX_CANDIDATES)
    graph = f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{apart:.6f})',{_scale_filter(metadata)}"
    # The name is the time in microseconds.
    target = str(folder.absolute()).replace("%", "%%") + "/%d.jpg"
    arguments = ["-map", "[candidates]", "-fps_mode", "passthrough", "-enc_time_base", "1:1000000"]
    arguments += ["-c:v", "mjpeg", "-q:v", "4", "-f", "image2", "-frame_pts", "1", target]
    return DecodeOutput(lambda source: [f"[{source}]{graph},format=yuvj420p[candidates]"], arguments)


def choose_thumbnails(
    path: Path, scenes: Sequence[Scene], candidates: Path, folder: Path, metadata: Metadata
) -> list[Path | None]:
    """Use the candidate that is nearest to a scene's middle as its thumbnail; decode one if there is no candidate.

    Args:
        path: the video.
        scenes: its scenes.
        candidates: the folder of `candidates_output`, in the same file system.
        folder: an existing folder; the files are `scene_001.jpg` and so on.
        metadata: the video's.

    Returns:
        The file of each scene, in order; None if the scene has no frame, or none that can be decoded.
    """
    times = sorted(int(file.stem) for file in candidates.iterdir() if file.stem.lstrip("-").isdigit())
    missing = []
    for scene in scenes:
        first = bisect_left(times, round(scene.start_time * 1e6) - 1)
        inside = times[first : bisect_left(times, round(scene.end_time * 1e6) - 1)]
        if inside:
            middle = (scene.start_time + scene.end_time) / 2 * 1e6
            nearest = min(inside, key=lambda time: abs(time - middle))
            (candidates / f"{nearest}.jpg").rename(_thumbnail_path(folder, scene))
        else:
            missing.append(scene)
    try:
        make_thumbnails(path, missing, folder, metadata)
    except MediaError:
        # ffmpeg fails for all of them if one is nothing but damage: make each one alone.
        for scene in missing:
            with suppress(MediaError):
                make_thumbnails(path, [scene], folder, metadata)
    files = [_thumbnail_path(folder, scene) for scene in scenes]
    return [file if file.is_file() else None for file in files]


def _thumbnail_path(folder: Path, scene: Scene) -> Path:
    return folder / f"scene_{scene.index:03d}.jpg"


def _scale_filter(metadata: Metadata) -> str:
    """The filters that scale to the width of a thumbnail, and to at most four times that in height."""
    height = round(WIDTH * metadata.height / metadata.width / 2) * 2
    return f"scale={WIDTH}:{min(max(2, height), 4 * WIDTH)},setsar=1"


def _write_frames(path: Path, metadata: Metadata, jobs: Sequence[tuple[float, Scene, Path]]) -> None:
    """Write the first frame at or after each time, if it is in the scene."""
    for first in range(0, len(jobs), _AT_ONCE):
        chunk = jobs[first : first + _AT_ONCE]
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
        for time, _, _ in chunk:
            arguments += ["-threads", "1", "-ss", f"{time:.6f}", *input_arguments(path)]
        for number, (time, scene, file) in enumerate(chunk):
            length = max(scene.end_time - time, 0.001)
            arguments += ["-map", f"{number}:{metadata.stream}", "-frames:v", "1"]
            arguments += [
                "-vf",
                f"trim=end={length:.6f},{_scale_filter(metadata)}",
                "-pix_fmt",
                "yuvj420p",
                "-q:v",
                "4",
            ]
            arguments += ["-f", "image2", "-update", "1", str(file.absolute())]
        run_tool(arguments, metadata.time_allowed)
