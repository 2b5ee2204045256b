"""Small pictures of a video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vidkit.analysis.probe import Metadata
from vidkit.analysis.scenes import Scene
from vidkit.ffmpeg import input_arguments, run_tool

WIDTH = 320
_AT_ONCE = 16  # files open in one ffmpeg


def make_thumbnails(path: Path, scenes: Sequence[Scene], folder: Path, metadata: Metadata) -> list[Path | None]:
    """Write a JPEG, 320 pixels wide, of the middle of each scene.

    Args:
        path: the video.
        scenes: its scenes.
        folder: an existing folder; the files are `scene_001.jpg` and on.
        metadata: the video's.

    Returns:
        The file of each scene, in order; None where there was no frame to show.

    Raises:
        MediaError: ffmpeg cannot decode the file.
    """
    pictures = [folder / f"scene_{scene.index:03d}.jpg" for scene in scenes]
    # The frame that is shown in the middle began up to one frame before it.
    middles = [
        max(scene.start_time, (scene.start_time + scene.end_time) / 2 - 1 / metadata.fps) for scene in scenes
    ]
    _draw(path, metadata, list(zip(middles, scenes, pictures, strict=True)))
    # A picture that stands still for long has no frame after its middle, only one at its start.
    missing = [(scene.start_time, scene, picture) for scene, picture in zip(scenes, pictures, strict=True)]
    _draw(path, metadata, [job for job in missing if not job[2].is_file()])
    return [picture if picture.is_file() else None for picture in pictures]


def _draw(path: Path, metadata: Metadata, jobs: Sequence[tuple[float, Scene, Path]]) -> None:
    """Write the first frame from each time on, as long as it is in the scene."""
    for first in range(0, len(jobs), _AT_ONCE):
        chunk = jobs[first : first + _AT_ONCE]
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
        for time, _, _ in chunk:
            arguments += ["-ss", f"{time:.6f}", *input_arguments(path)]
        for number, (time, scene, picture) in enumerate(chunk):
            length = max(scene.end_time - time, 0.001)
            arguments += ["-map", f"{number}:{metadata.stream}", "-frames:v", "1"]
            arguments += ["-vf", f"trim=end={length:.6f},scale={WIDTH}:-2", "-pix_fmt", "yuvj420p", "-q:v", "4"]
            arguments += ["-f", "image2", "-update", "1", str(picture.absolute())]
        run_tool(arguments, metadata.time_allowed)
