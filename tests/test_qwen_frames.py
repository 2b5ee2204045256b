"""Which frames a model is shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vidkit.ffmpeg import find_tool
from vidkit.qwen_model.frames import Budget, Clip, jpeg_frames, raw_frames

FPS, SECONDS = 25, 8
BRIGHTER = 1.0  # of 255, with each frame


@pytest.fixture(scope="module", params=["libx264 -bf 3 -crf 12", "mpeg4 -bf 2 -q:v 2", "mjpeg -q:v 2"])
def brighter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that becomes brighter with each frame. No other frame depends on some of them."""
    path = tmp_path_factory.mktemp("brighter") / "brighter.mkv"
    grey = ":".join(f"{channel}='N*{BRIGHTER}'" for channel in "rgb")
    picture = f"color=black:s=64x48:r={FPS}:d={SECONDS},format=gbrp,geq={grey}"
    codec = ["-c:v", *request.param.split(), "-pix_fmt", "yuvj420p" if "mjpeg" in request.param else "yuv420p"]
    command = [find_tool("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", picture, *codec, path]
    subprocess.run(command, check=True)
    return path


@pytest.mark.parametrize("rate", [0.5, 1, 2, 4, 10])
@pytest.mark.parametrize(("start", "end"), [(0.0, None), (2.0, 6.0)])
def test_each_frame_is_from_the_middle_of_its_stretch(
    brighter: Path, rate: float, start: float, end: float | None
) -> None:
    frames = raw_frames(
        Clip(brighter, start=start, end=end), Budget(rate, 100, 10**6), lambda height, width: (height, width)
    )
    seconds = (end or SECONDS) - start
    assert frames.count == round(seconds * rate)
    size = frames.height * frames.width * 3
    for number in range(frames.count):
        shown = frames.pixels[number * size : (number + 1) * size]
        middle = (start + (number + 0.5) * seconds / frames.count) * FPS
        assert abs(sum(shown) / size / BRIGHTER - middle) < 4, number


def test_as_many_jpeg_files_come_as_frames(brighter: Path) -> None:
    pictures, rate = jpeg_frames(Clip(brighter), Budget(2, 100, 10**6))
    assert (len(pictures), rate) == (2 * SECONDS, 2)
