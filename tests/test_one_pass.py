from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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
from vidkit.errors import MediaError
from vidkit.ffmpeg import find_tool

from .conftest import MakeVideo
from .test_clips import numbered, numbers, shape  # noqa: F401
from .test_scenes import extract_metadata_of_picture, times

Analyse = Callable[..., Analysis]


@pytest.fixture
def analyse(tmp_path: Path) -> Analyse:
    """Everything of a video, in folders of their own."""

    def whole(path: Path, sprites: float = 5.0, **settings: object) -> Analysis:
        pictures, clips = tmp_path / "pictures", tmp_path / "clips"
        pictures.mkdir()
        clips.mkdir()
        metadata = extract_metadata(path)
        wish = ClipOptions(clips, "v", ClipSettings(**settings))  # type: ignore[arg-type]
        return analyse_video(path, metadata, SceneOptions(pictures, 0.3, 0.5, sprite_interval=sprites), wish)

    return whole


def decodes(caplog: pytest.LogCaptureFixture) -> int:
    """How many ffmpeg processes were started."""
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("running")]
    return sum(re.search(r"/ffmpeg(\.exe)?'", words) is not None for words in said)


def test_scenes_pictures_and_clips_come_from_one_decode(
    make_video: MakeVideo, analyse: Analyse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    video = make_video(shots=3, shot_length=2)
    with caplog.at_level(logging.DEBUG, logger="vidkit"):
        found = analyse(video, segment_length=4)
        assert decodes(caplog) == 1
    assert times(found.scenes) == [(0, 2), (2, 4), (4, 6)]
    assert found.segments is not None
    assert shape(found.segments) == [(1, 0, 4), (2, 4, 6)]
    assert found.unread == 0
    for picture, colour in zip(found.thumbnails, ((255, 0, 0), (0, 0, 255), (255, 255, 0)), strict=True):
        assert picture is not None
        shown = extract_metadata_of_picture(picture)
        assert shown[:2] == (320, 180)
        assert all(abs(a - b) < 30 for a, b in zip(shown[2], colour, strict=True))
    assert found.sprites is not None
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    pictures = [f"pictures/scene_00{n}.jpg" for n in (1, 2, 3)] + [
        "pictures/sprites.vtt",
        "pictures/sprites_001.jpg",
    ]
    assert left == ["clips/v_clip_001.mp4", "clips/v_clip_002.mp4", *pictures]


def test_one_decode_makes_what_each_alone_would(numbered: Path, analyse: Analyse, tmp_path: Path) -> None:  # noqa: F811
    found = analyse(numbered, segment_length=3)
    alone = segment_video(numbered, tmp_path / "alone", 3)
    assert found.segments is not None
    assert shape(found.segments) == shape(alone)
    assert [numbers(s.path) for s in found.segments] == [numbers(s.path) for s in alone]
    assert found.scenes == detect_scenes(numbered, min_length=0.5)


def test_ffmpegs_own_score_is_heard_beside_the_clips(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=3, shot_length=2)
    wish = SceneOptions(tmp_path, detector="threshold")
    found = analyse_video(video, extract_metadata(video), wish, ClipOptions(tmp_path, "v"))
    assert times(found.scenes) == [(0, 2), (2, 4), (4, 6)]
    assert (found.unread, len(found.segments or [])) == (0, 1)


def test_clips_along_scenes_take_one_decode_more(
    make_video: MakeVideo, analyse: Analyse, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="vidkit"):
        found = analyse(make_video(shots=3, shot_length=2), segment_by="scenes")
        assert decodes(caplog) == 2
    assert found.segments is not None
    assert [(s.start_time, s.end_time) for s in found.segments] == [
        (s.start_time, s.end_time) for s in found.scenes
    ]


def test_clips_that_are_copied_leave_the_decode_to_the_scenes(make_video: MakeVideo, analyse: Analyse) -> None:
    found = analyse(make_video(shots=3, shot_length=2), clip_mode="auto")
    assert found.segments is not None
    assert [(s.start_time, s.end_time) for s in found.segments] == [(0, 6)]
    assert len(found.scenes) == len(found.thumbnails) == 3


def test_a_still_picture_is_cut_and_drawn(analyse: Analyse, tmp_path: Path) -> None:
    video = tmp_path / "slides.mkv"
    graph = "color=red:s=64x64:r=1:d=20[a];color=blue:s=64x64:r=1:d=8[b];[a][b]concat,select='eq(n,0)+gte(n,20)'"
    command = [find_tool("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", graph, "-fps_mode", "passthrough", video]
    subprocess.run(command, check=True)
    found = analyse(video, sprites=4, segment_length=5)
    assert found.segments is not None
    assert [s.start_time for s in found.segments] == [0, 5, 10, 15, 20, 25]
    assert found.thumbnails[0] is not None
    assert extract_metadata_of_picture(found.thumbnails[0])[2][0] > 200
    assert found.sprites is not None


def test_the_candidate_in_the_middle_is_taken_and_a_scene_without_one_is_drawn(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    from vidkit.analysis.thumbnails import choose_thumbnails

    video = make_video(shots=3, shot_length=2)
    (tmp_path / "candidates").mkdir()
    for time in (200_000, 1_000_000, 1_800_000):
        (tmp_path / "candidates" / f"{time}.jpg").write_bytes(b"%d" % time)
    scenes = [Scene(1, 0.0, 2.0, None), Scene(2, 2.0, 4.0, 0.9), Scene(3, 4.0, 6.0, 0.9)]
    made = choose_thumbnails(video, scenes, tmp_path / "candidates", tmp_path, extract_metadata(video))
    assert [picture and picture.name for picture in made] == ["scene_001.jpg", "scene_002.jpg", "scene_003.jpg"]
    assert (tmp_path / "scene_001.jpg").read_bytes() == b"1000000"
    assert extract_metadata_of_picture(tmp_path / "scene_002.jpg")[2][2] > 200


def test_a_failure_is_said_once_and_leaves_no_candidates(make_video: MakeVideo, tmp_path: Path) -> None:
    metadata = extract_metadata(make_video())
    with pytest.raises(MediaError, match=r"^gone\.mp4 cannot be decoded: .*No such file"):
        analyse_video(tmp_path / "gone.mp4", metadata, SceneOptions(tmp_path))
    assert list(tmp_path.iterdir()) == []
