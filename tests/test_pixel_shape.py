"""Pixels that are not square: every size is as shown, and what is made has square pixels."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import ClipOptions, ClipSettings, SceneOptions, analyse_video, extract_metadata, segment_video
from vidkit.qwen_model.frames import Budget, Clip, raw_frames
from vidkit.rows import Row

from .conftest import turn
from .test_clips import ffmpeg, ffprobe

TV = "704x576", "16/11"  # shown at 1024x576


def film(folder: Path, size: str, aspect: str, name: str = "v.mp4", seconds: float = 2) -> Path:
    """A white box in the middle of black, that is square in stored pixels."""
    box = "drawbox=x=(iw-100)/2:y=(ih-100)/2:w=100:h=100:c=white:t=fill"
    source = f"color=black:s={size}:r=10:d={seconds},{box},setsar={aspect},format=yuv420p"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-g", 10, folder / name)
    return folder / name


def box(path: Path) -> tuple[int, int]:
    """Width and height of the white box in the first picture of a file, as stored."""
    width, height, *_ = map(int, ffprobe("-select_streams", "v", "-show_entries", "stream=width,height", path))
    raw = ffmpeg("-i", path, "-frames:v", 1, "-pix_fmt", "gray", "-f", "rawvideo", "-")
    row, column = raw[height // 2 * width :][:width], raw[width // 2 :: width]
    return sum(value > 128 for value in row), sum(value > 128 for value in column)


def pixel_shape(path: Path) -> str:
    return ffprobe("-select_streams", "v", "-show_entries", "stream=sample_aspect_ratio", path)[0]


@pytest.mark.parametrize(
    ("size", "aspect", "shown"),
    [
        (*TV, "1024x576"),
        ("720x480", "8/9", "640x480"),
        ("1440x1080", "4/3", "1920x1080"),
        ("640x360", "2025/2024", "640x360"),  # what is left of a scaling that was rounded
        ("640x360", "1", "640x360"),
    ],
)
def test_the_size_is_the_one_that_is_shown(size: str, aspect: str, shown: str, tmp_path: Path) -> None:
    assert extract_metadata(film(tmp_path, size, aspect, seconds=0.2)).resolution == shown


def test_a_turned_video_is_as_shown_too(tmp_path: Path) -> None:
    turned = turn(film(tmp_path, *TV), 270, tmp_path / "turned.mp4")
    assert extract_metadata(turned).resolution == "576x1024"
    segments = segment_video(turned, tmp_path / "out")
    assert (segments[0].width, segments[0].height) == (576, 1024)
    assert pixel_shape(segments[0].path) == "1:1"
    assert box(segments[0].path) == (100, pytest.approx(145, abs=2))


@pytest.mark.parametrize("aspect", ["0/1", "1/10000", "10000/1", "6/1"])
def test_an_impossible_pixel_shape_is_ignored(aspect: str, tmp_path: Path) -> None:
    video = film(tmp_path, "320x180", aspect)
    metadata = extract_metadata(video)
    assert metadata.resolution == "320x180"
    wish = ClipOptions(tmp_path, "c", ClipSettings(clip_mode="encode"))
    found = analyse_video(video, metadata, SceneOptions(tmp_path, sprite_interval=1), wish)
    assert found.segments is not None
    assert pixel_shape(found.segments[0].path) == "1:1"
    assert box(found.segments[0].path) == (100, 100)
    assert found.thumbnails[0] is not None
    assert box(found.thumbnails[0]) == (100, 100)


def test_pictures_have_the_shape_that_is_shown(tmp_path: Path) -> None:
    video = film(tmp_path, *TV, seconds=3)
    found = analyse_video(video, extract_metadata(video), SceneOptions(tmp_path, sprite_interval=5))
    assert found.thumbnails[0] is not None
    across, down = box(found.thumbnails[0])
    assert across / down == pytest.approx(16 / 11, abs=0.07)
    assert pixel_shape(found.thumbnails[0]) == "1:1"
    assert found.sprites is not None
    assert "xywh=0,0,160,90" in found.sprites.vtt.read_text()


@pytest.mark.parametrize("mode", ["encode", "auto"])
def test_clips_have_square_pixels(mode: str, tmp_path: Path) -> None:
    segments = segment_video(film(tmp_path, *TV), tmp_path / "out", clip_mode=mode)
    assert (segments[0].width, segments[0].height) == (1024, 576)
    assert pixel_shape(segments[0].path) == "1:1"
    assert box(segments[0].path) == (pytest.approx(145, abs=2), 100)
    assert extract_metadata(segments[0].path).resolution == "1024x576"


def test_a_clip_that_must_be_copied_keeps_its_pixels_and_is_shown_at_the_size_that_is_said(tmp_path: Path) -> None:
    segments = segment_video(film(tmp_path, *TV), tmp_path / "out", clip_mode="copy")
    assert (segments[0].width, segments[0].height) == (1024, 576)
    assert (pixel_shape(segments[0].path), box(segments[0].path)) == ("16:11", (100, 100))
    assert extract_metadata(segments[0].path).resolution == "1024x576"


def test_pixels_whose_shape_changes_half_way_are_square_in_clips(tmp_path: Path) -> None:
    parts = [film(tmp_path, "320x180", aspect, f"{aspect[0]}.ts") for aspect in ("1/1", "4/3")]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    segments = segment_video(joined, tmp_path / "out", 1, clip_mode="encode")
    assert len(segments) == 4
    assert {pixel_shape(segment.path) for segment in segments} == {"1:1"}


def test_the_record_has_the_size_that_is_shown(tmp_path: Path) -> None:
    record = process_video_pipeline(str(film(tmp_path, *TV)), row=Row(line=0, url=str(tmp_path / "v.mp4")))
    assert (record["resolution"], record["width"], record["height"]) == ("1024x576", 1024, 576)
    assert [(clip["width"], clip["height"]) for clip in record["segments"]] == [(1024, 576)]


def test_a_model_is_shown_frames_of_the_shape_that_a_viewer_sees(tmp_path: Path) -> None:
    asked = []

    def fit(height: int, width: int) -> tuple[int, int]:
        asked.append((height, width))
        return 56, 112

    raw_frames(Clip(film(tmp_path, *TV)), Budget(1.0, 4, 100_000), fit)
    assert asked == [(576, 1024)]
