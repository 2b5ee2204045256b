"""One file and one setting have one answer, whatever else is made in the same decode."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from vidkit.analysis import (
    ClipOptions,
    ClipSettings,
    Scene,
    SceneOptions,
    analyse_video,
    detect_scenes,
    extract_metadata,
)
from vidkit.cli import main
from vidkit.core.settings import SceneDetection

from .conftest import turn
from .test_clips import ffmpeg

# Shots that move, with cuts between alike ones: their scores say at once if the pictures are others.
SHOTS = (
    "testsrc2=s={size}:r=20:d=1",
    "gradients=s={size}:r=20:d=1:seed=3:speed=0.05",
    "cellauto=s={size}:r=20:rule=110:random_seed=5,trim=duration=1",
    "life=s={size}:r=20:random_seed=7:life_color=#c0a080:death_color=#305070,trim=duration=1",
)
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", 38)

# name -> size, filters, coding, name of the file
KINDS: dict[str, tuple[str, str, tuple[object, ...], str]] = {
    "h264, whose coder smooths blocks": ("192x108", "format=yuv420p", H264, "v.mp4"),
    "vp8, whose coder smooths blocks": (
        "192x108",
        "format=yuv420p",
        ("-c:v", "libvpx", "-b:v", "60k", "-deadline", "realtime"),
        "v.webm",
    ),
    "10 bits": ("192x108", "format=yuv420p10le", H264, "v.mp4"),
    "whole colours": ("192x108", "format=yuv444p", H264, "v.mp4"),
    "whole colours in 10 bits": ("192x108", "format=yuv444p10le", H264, "v.mkv"),
    "RGB": ("192x108", "format=gbrp", ("-c:v", "ffv1"), "v.mkv"),
    "with transparency": ("160x90", "format=rgba", ("-c:v", "png"), "v.mov"),
    "grey": ("192x108", "format=gray", ("-c:v", "ffv1"), "v.mkv"),
    "full range": ("192x108", "scale=out_range=full,format=yuvj420p", H264, "v.mp4"),
    "interlaced": ("192x108", "format=yuv420p,interlace", (*H264, "-flags", "+ildct+ilme"), "v.mp4"),
    "odd sizes": ("193x109", "format=yuv444p", H264, "v.mkv"),
    "varying times": ("192x108", "format=yuv420p,select='mod(n,7)'", (*H264, "-fps_mode", "vfr"), "v.mkv"),
    "pixels that are not square": ("192x108", "format=yuv420p,setsar=16/11", H264, "v.mp4"),
    "one colour system": ("192x108", "format=yuv420p", (*H264, "-colorspace", "bt709"), "v.mp4"),
}


def film(folder: Path, kind: str) -> Path:
    """A video of four scenes."""
    size, filters, coding, name = KINDS[kind]
    inputs = [part for shot in SHOTS for part in ("-f", "lavfi", "-i", shot.format(size=size) + ",format=yuv444p")]
    joined = "".join(f"[{n}:v]" for n in range(len(SHOTS))) + f"concat=n={len(SHOTS)},{filters}"
    ffmpeg(*inputs, "-filter_complex", joined, *coding, folder / name)
    return folder / name


def answers(path: Path, folder: Path, detector: str = "adaptive") -> list[list[Scene]]:
    """The scenes of a video alone, with pictures, and with a contact sheet and clips of several kinds."""
    metadata = extract_metadata(path)
    found = [detect_scenes(path, metadata=metadata, detector=detector)]
    clips = (
        None,
        ClipSettings(clip_mode="encode"),
        ClipSettings(3, "90p", 10, clip_mode="encode"),
        ClipSettings(2, segment_overlap=1, clip_mode="encode"),
    )
    for number, settings in enumerate(clips):
        here = folder / str(number)
        here.mkdir()
        wish = SceneOptions(here, detector=detector, sprite_interval=1.0 if settings else 0.0)
        wanted = ClipOptions(here, "v", settings) if settings else None
        found.append(analyse_video(path, metadata, wish, wanted).scenes)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_else_is_made_the_scenes_are_the_same(kind: str, tmp_path: Path) -> None:
    path = film(tmp_path, kind)
    alone, *others = answers(path, tmp_path)
    assert len(alone) > 2
    assert all(other == alone for other in others)


@pytest.mark.parametrize("kind", ["10 bits", "whole colours", "RGB", "odd sizes", "full range"])
def test_ffmpegs_own_score_is_the_same_whatever_else_is_made(kind: str, tmp_path: Path) -> None:
    alone, *others = answers(film(tmp_path, kind), tmp_path, "threshold")
    assert len(alone) > 2
    assert all(other == alone for other in others)


def test_a_rotated_video_has_the_same_scenes_whatever_else_is_made(tmp_path: Path) -> None:
    upright = film(tmp_path, "h264, whose coder smooths blocks")
    for degrees in (90, 180):
        turned = turn(upright, degrees, tmp_path / f"{degrees}.mp4")
        (tmp_path / f"{degrees}").mkdir()
        alone, *others = answers(turned, tmp_path / f"{degrees}")
        assert all(other == alone for other in others)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["bunny_vp8.webm", "static/bottles.mp4", "hevc.mp4", "rotated.mp4", "vfr_fire.mp4", "fades.mp4"]
)
def test_real_footage_has_the_same_scenes_whatever_else_is_made(name: str, media: Path, tmp_path: Path) -> None:
    alone, *others = answers(media / name, tmp_path)
    assert all(other == alone for other in others)


def test_scenes_thumbnails_clips_and_process_find_the_same_scenes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(film(tmp_path, "h264, whose coder smooths blocks"))

    def said(*words: str) -> dict[str, object]:
        assert main([*words, "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    def starts(found: dict[str, object], key: str = "scenes") -> list[float]:
        parts = found[key]
        assert isinstance(parts, list)
        return [part["start_time"] for part in parts]

    alone = starts(said("scenes", path))
    assert len(alone) > 2
    assert starts(said("scenes", path, "--thumbnails", "pictures")) == alone
    by_scenes = said("clips", path, "--segment_by", "scenes", "--clip_mode", "encode", "--segment_length", "60")
    assert starts(by_scenes, "segments") == alone
    assert starts(said("process", "--urls", path, "--describe", "none")) == alone


def test_what_the_functions_take_by_default_is_what_the_settings_say() -> None:
    settings = SceneDetection()
    said = (settings.default_threshold, settings.min_scene_length, settings.detector)
    defaults = inspect.signature(detect_scenes).parameters
    assert tuple(defaults[name].default for name in ("threshold", "min_length", "detector")) == said
    wish = SceneOptions(Path())
    assert (wish.threshold, wish.min_length, wish.detector) == said
