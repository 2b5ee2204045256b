from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from vidkit.analysis import SceneOptions, Sprites, analyse_video, extract_metadata
from vidkit.analysis.sprites import sprite_interval
from vidkit.ffmpeg import find_tool

from .conftest import MakeVideo


def sheet(video: Path, folder: Path, interval: float) -> Sprites:
    found = analyse_video(video, extract_metadata(video), SceneOptions(folder, sprite_interval=interval)).sprites
    assert found is not None
    return found


def cues(sprites: Sprites) -> list[tuple[str, str, str, tuple[int, ...]]]:
    """(start, end, image, (x, y, w, h)) of each cue."""
    text = sprites.vtt.read_text()
    assert text.startswith("WEBVTT\n\n")
    found = re.findall(r"^(\S+) --> (\S+)\n(\S+)#xywh=(\S+)\n", text, re.MULTILINE)
    return [(start, end, image, tuple(map(int, place.split(",")))) for start, end, image, place in found]


def colour(image: Path, place: tuple[int, ...]) -> tuple[int, ...]:
    """The colour of the lower right corner of a part of an image."""
    x, y, width, height = place
    crop = f"format=rgb24,crop=1:1:{x + width - 3}:{y + height - 3}"
    command = [
        find_tool("ffmpeg"),
        "-v",
        "error",
        "-i",
        image,
        "-vf",
        crop,
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-",
    ]
    return tuple(subprocess.run(command, check=True, capture_output=True).stdout)


def test_each_cue_shows_its_time(make_video: MakeVideo, tmp_path: Path) -> None:
    sprites = sheet(make_video(shots=3, shot_length=2, audio=False), tmp_path, 1.5)
    assert [image.name for image in sprites.images] == ["sprites_001.jpg"]
    shown = cues(sprites)
    assert [cue[:3] for cue in shown] == [
        ("00:00:00.000", "00:00:01.500", "sprites_001.jpg"),
        ("00:00:01.500", "00:00:03.000", "sprites_001.jpg"),
        ("00:00:03.000", "00:00:04.500", "sprites_001.jpg"),
        ("00:00:04.500", "00:00:06.000", "sprites_001.jpg"),
    ]
    assert [cue[3] for cue in shown] == [(x, 0, 160, 90) for x in (0, 160, 320, 480)]
    # Each is of the middle: the second is already of the second shot.
    for cue, wanted in zip(shown, ((255, 0, 0), (0, 0, 255), (0, 0, 255), (255, 255, 0)), strict=True):
        assert all(abs(a - b) < 30 for a, b in zip(colour(sprites.images[0], cue[3]), wanted, strict=True))


def test_more_than_a_hundred_images_take_another_sheet(make_video: MakeVideo, tmp_path: Path) -> None:
    sprites = sheet(make_video(shots=3, shot_length=2, audio=False), tmp_path, 0.05)
    assert [image.name for image in sprites.images] == ["sprites_001.jpg", "sprites_002.jpg"]
    shown = cues(sprites)
    assert len(shown) == 120
    assert shown[99][2:] == ("sprites_001.jpg", (1440, 810, 160, 90))
    assert shown[100][2:] == ("sprites_002.jpg", (0, 0, 160, 90))


@pytest.mark.parametrize(("size", "tile"), [("180x320", (90, 160)), ("64x64", (160, 160)), ("2000x2", (160, 2))])
def test_an_image_has_the_shape_of_the_video(
    size: str, tile: tuple[int, int], make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video(shots=1, size=size, audio=False)
    assert cues(sheet(video, tmp_path, 5))[0][3] == (0, 0, *tile)


def test_a_video_shorter_than_half_the_interval_has_one_image(make_video: MakeVideo, tmp_path: Path) -> None:
    sprites = sheet(make_video(shots=1, shot_length=0.2, audio=False), tmp_path, 10)
    assert len(cues(sprites)) == len(sprites.images) == 1


def test_no_contact_sheet_is_made_unless_it_is_wanted(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=1)
    assert analyse_video(video, extract_metadata(video), SceneOptions(tmp_path)).sprites is None
    assert [path.name for path in tmp_path.iterdir()] == ["scene_001.jpg"]


def test_a_very_long_video_has_no_more_than_a_thousand_images() -> None:
    assert sprite_interval(60, 5) == 5
    assert 36000 / sprite_interval(36000, 5) <= 1000
