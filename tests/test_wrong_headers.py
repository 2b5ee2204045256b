"""A record does not contradict itself, whatever a file's header says and however the file is damaged."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import (
    Analysis,
    ClipOptions,
    ClipSettings,
    Scene,
    SceneOptions,
    analyse_video,
    detect_scenes,
    extract_metadata,
    segment_video,
)
from vidkit.analysis.thumbnails import choose_thumbnails
from vidkit.core.config import load_config
from vidkit.errors import VidkitError
from vidkit.workflow.run import open_run

from .test_clips import ffmpeg

SECONDS = 8


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Eight seconds with sound in several containers."""
    folder = tmp_path_factory.mktemp("films")
    picture = f"testsrc2=s=160x90:r=25:d={SECONDS}"
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-g", 25, "-c:a", "aac", "-b:a", "32k")
    first = folder / "v.mp4"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=d={SECONDS}", *coding, first)
    for name in ("v.mkv", "v.ts", "v.flv"):
        ffmpeg("-i", first, "-c", "copy", folder / name)
    ffmpeg("-i", first, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", folder / "fragments.mp4")
    ffmpeg("-i", first, "-c:v", "libvpx", "-deadline", "realtime", "-g", 25, "-c:a", "libvorbis", folder / "v.webm")
    return {path.name: path for path in folder.iterdir()}


def mp4_says(data: bytes, factor: float) -> bytes:
    """An MP4 whose header says another duration, in all places."""
    changed = bytearray(data)
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        place = -1
        while (place := changed.find(box, place + 1)) >= 0:
            (duration,) = struct.unpack_from(">I", changed, place + at)
            struct.pack_into(">I", changed, place + at, int(duration * factor))
    return bytes(changed)


def matroska_says(data: bytes, factor: float) -> bytes:
    changed = bytearray(data)
    place = changed.find(b"\x44\x89\x88") + 3  # Duration, of eight bytes
    (duration,) = struct.unpack_from(">d", changed, place)
    struct.pack_into(">d", changed, place, duration * factor)
    return bytes(changed)


def twice(data: bytes, _: float) -> bytes:
    return data * 2


WRONG: dict[str, tuple[str, Callable[[bytes, float], bytes], float, float]] = {
    # what: file, change, factor, how long it is in truth
    "an MP4 that says less": ("v.mp4", mp4_says, 0.3, SECONDS),
    "a Matroska file that says less": ("v.mkv", matroska_says, 0.3, SECONDS),
    "a Matroska file that says more": ("v.mkv", matroska_says, 5, SECONDS),
    "a WebM that says less": ("v.webm", matroska_says, 0.3, SECONDS),
    "a WebM that says more": ("v.webm", matroska_says, 5, SECONDS),
    "two transport streams in one": ("v.ts", twice, 1, 2 * SECONDS),
}


@pytest.fixture
def whole(tmp_path: Path) -> Callable[..., Analysis]:
    def analyse(path: Path, mode: str = "auto") -> Analysis:
        folder = tmp_path / "made"
        folder.mkdir()
        clips = ClipOptions(folder, "v", ClipSettings(3, clip_mode=mode))
        return analyse_video(path, extract_metadata(path), SceneOptions(folder, sprite_interval=1), clips)

    return analyse


def assert_agrees(found: Analysis) -> None:
    """Scenes from 0 to the end without a gap, clips inside."""
    assert (found.scenes[0].start_time, found.scenes[-1].end_time) == (0, found.duration)
    assert all(a.end_time == b.start_time for a, b in zip(found.scenes, found.scenes[1:], strict=False))
    assert all(scene.start_time < scene.end_time for scene in found.scenes)
    assert found.segments
    assert all(0 <= clip.start_time < clip.end_time <= found.duration + 0.15 for clip in found.segments)
    assert found.segments[-1].end_time >= found.duration - (found.unread or 0) - 0.6


@pytest.mark.parametrize("mode", ["auto", "encode"])
@pytest.mark.parametrize("what", WRONG)
def test_a_header_that_is_wrong_does_not_count(
    what: str, mode: str, films: dict[str, Path], whole: Callable[..., Analysis], tmp_path: Path
) -> None:
    name, change, factor, truth = WRONG[what]
    path = tmp_path / name
    path.write_bytes(change(films[name].read_bytes(), factor))
    assert abs(extract_metadata(path).duration - truth) > 1
    found = whole(path, mode)
    assert found.duration == pytest.approx(truth, abs=0.1)
    assert_agrees(found)
    assert found.unread == 0
    assert found.segments is not None
    assert len(found.segments) == -(-truth // 3)
    assert found.sprites is not None
    assert found.sprites.vtt.read_text().count("-->") == pytest.approx(truth, abs=1)
    assert found.sprites.interval == 1
    assert detect_scenes(path)[-1].end_time == found.duration
    alone = segment_video(path, tmp_path / "alone", 3, clip_mode=mode)
    assert [clip.end_time for clip in alone] == [clip.end_time for clip in found.segments]


def test_the_record_has_the_duration_that_was_decoded_in_every_run(films: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "v.mkv"
    path.write_bytes(matroska_says(films["v.mkv"].read_bytes(), 0.3))

    def process(**settings: str) -> dict[str, object]:
        overrides = {("Processing", key): value for key, value in settings.items()}
        with open_run(load_config(overrides=overrides), level="none") as run:
            return dict(process_video_pipeline(str(path), run=run))

    for settings in ({}, {"SegmentLength": "3"}, {"SegmentLength": "3", "SpriteInterval": "2"}):
        record = process(**settings)
        duration = record["duration"]
        assert isinstance(duration, float)
        assert duration == pytest.approx(SECONDS, abs=0.1)
        assert record["bit_rate"] == int(path.stat().st_size * 8 / duration)
        scenes, segments = record["scenes"], record["segments"]
        assert isinstance(scenes, list)
        assert isinstance(segments, list)
        assert scenes[-1]["end_time"] == duration
        assert segments[-1]["end_time"] == pytest.approx(duration, abs=0.1)


def test_a_picture_that_stands_for_long_is_no_wrong_header(tmp_path: Path, whole: Callable[..., Analysis]) -> None:
    still = tmp_path / "still.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=5:d=9", "-f", "lavfi", "-i", "sine=d=9")
    ffmpeg(*source, "-vf", "select='lt(n,5)'", "-fps_mode", "vfr", "-c:v", "libx264", "-c:a", "aac", still)
    found = whole(still)
    assert found.duration == extract_metadata(still).duration == pytest.approx(9, abs=0.1)
    assert found.scenes[-1].end_time == found.duration
    assert found.unread == 0


@pytest.mark.parametrize("name", ["v.mkv", "v.webm", "v.flv", "v.ts", "v.mp4"])
def test_what_is_overwritten_with_zeros_is_unread(
    name: str, films: dict[str, Path], whole: Callable[..., Analysis], tmp_path: Path
) -> None:
    data = bytearray(films[name].read_bytes())
    start, length = len(data) * 3 // 10, len(data) // 2
    data[start : start + length] = bytes(length)
    path = tmp_path / name
    path.write_bytes(data)
    found = whole(path)
    assert_agrees(found)
    assert found.unread == pytest.approx(SECONDS / 2, abs=1.3)


def test_a_scene_that_cannot_be_drawn_costs_its_own_picture_alone(films: dict[str, Path], tmp_path: Path) -> None:
    data = bytearray(films["v.mp4"].read_bytes())
    start, length = len(data) * 4 // 10, len(data) * 4 // 10
    data[start : start + length] = bytes(length)
    path = tmp_path / "v.mp4"
    path.write_bytes(data)
    (tmp_path / "candidates").mkdir()
    scenes = [Scene(1, 0.0, 1.0, None), Scene(2, 5.0, 5.2, 0.9), Scene(3, 5.2, SECONDS, 0.9)]
    made = choose_thumbnails(path, scenes, tmp_path / "candidates", tmp_path, extract_metadata(path))
    assert [picture is not None for picture in made] == [True, False, True]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_however_a_file_is_damaged_its_record_agrees(
    seed: int, films: dict[str, Path], whole: Callable[..., Analysis], tmp_path: Path
) -> None:
    random = Random(seed)
    name = random.choice(sorted(films))
    data = bytearray(films[name].read_bytes())
    length = random.randint(200, len(data) // 4)
    start = random.randint(len(data) // 50, len(data) - length)
    how = random.choice(["zeros", "noise", "gone", "cut short"])
    data[start : start + length] = {"zeros": bytes(length), "noise": random.randbytes(length)}.get(how, b"")
    path = tmp_path / name
    path.write_bytes(data[:start] if how == "cut short" else data)
    try:
        found = whole(path, random.choice(["auto", "encode"]))
    except VidkitError:
        return  # what cannot be read at all fails in words
    assert_agrees(found)
