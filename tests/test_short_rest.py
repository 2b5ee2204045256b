"""The rest at a video's end: a clip of its own only if it is long enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidkit.analysis import ClipOptions, ClipSettings, SceneOptions, analyse_video, extract_metadata, segment_video
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.workflow.run import open_run
from vidkit.workflow.stages import STAGES

from .conftest import MakeVideo
from .test_clip_ends import assert_last_as_said, long_sound  # noqa: F401
from .test_clips import ffmpeg, numbered, numbers  # noqa: F401
from .test_copying import is_copy, often, times  # noqa: F401


@pytest.fixture(scope="module")
def rest(numbered: Path) -> Path:  # noqa: F811
    """8.16 seconds, whose frames show their number, with sound."""
    path = numbered.with_name("rest.mp4")
    ffmpeg(
        "-i", numbered, "-t", 8.16, "-c:v", "libx264", "-bf", 0, "-g", 25, "-sc_threshold", 0, "-c:a", "aac", path
    )
    return path


def test_a_short_rest_is_joined_to_the_clip_before_it(rest: Path, tmp_path: Path) -> None:
    segments = segment_video(rest, tmp_path, 4)
    assert times(segments) == [(0, 4), (4, 8.16)]
    assert [numbers(s.path) for s in segments] == [list(range(100)), list(range(100, 204))]
    assert_last_as_said(segments)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_rest_that_is_long_enough_is_a_clip(rest: Path, tmp_path: Path) -> None:
    assert times(segment_video(rest, tmp_path / "a", 4, min_segment_length=0)) == [(0, 4), (4, 8), (8, 8.16)]
    assert times(segment_video(rest, tmp_path / "b", 4, min_segment_length=0.16))[-1] == (8, 8.16)
    assert times(segment_video(rest, tmp_path / "c", 7)) == [(0, 7), (7, 8.16)]


def test_a_video_shorter_than_any_clip_is_one_clip(make_video: MakeVideo, tmp_path: Path) -> None:
    assert times(segment_video(make_video(shot_length=0.4), tmp_path)) == [(0, 0.4)]


def test_a_short_rest_of_clips_that_overlap_is_joined(rest: Path, tmp_path: Path) -> None:
    segments = segment_video(rest, tmp_path, 4, segment_overlap=0.2)
    assert times(segments) == [(0, 4), (3.8, 8.16)]
    assert numbers(segments[1].path) == list(range(95, 204))
    assert_last_as_said(segments)


def test_a_short_rest_that_is_copied_is_joined(rest: Path, tmp_path: Path) -> None:
    segments = segment_video(rest, tmp_path, 4, clip_mode="auto")
    assert times(segments) == [(0, 4), (4, 8.16)]
    assert is_copy(segments, rest)


def test_a_rest_that_is_short_because_only_the_sound_goes_on_is_joined(
    long_sound: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    segments = segment_video(long_sound, tmp_path, 5.75, clip_mode="encode")
    assert times(segments) == [(0, 5.75), (5.75, 12)]
    assert_last_as_said(segments)


def test_clips_along_scenes_are_not_joined(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=3, shot_length=0.6)
    assert len(segment_video(video, tmp_path, segment_by="scenes")) == 3


def test_the_whole_analysis_joins_a_short_rest_too(rest: Path, tmp_path: Path) -> None:
    wish = ClipOptions(tmp_path, "v", ClipSettings(4, clip_mode="encode"))
    found = analyse_video(rest, extract_metadata(rest), SceneOptions(tmp_path), wish)
    assert found.segments is not None
    assert times(found.segments) == [(0, 4), (4, 8.16)]


@pytest.mark.parametrize(("words", "count"), [((), 2), (("--min_segment_length", "0"), 3)])
def test_the_option_and_the_setting_say_how_short(
    words: tuple[str, ...], count: int, rest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clips", str(rest), "--segment_length", "4", "--json", *words]) == 0
    assert len(json.loads(capsys.readouterr().out)["segments"]) == count
    least = "\n".join(words).replace("--min_segment_length\n", "MinSegmentLength = ")
    Path("config.ini").write_text(f"[Processing]\nSegmentLength = 4\n{least}\n")
    assert main(["process", "--urls", str(rest), "--describe", "none", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["segments"]) == count


def test_clips_that_an_older_version_cut_are_not_cut_again_for_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def settings(**others: str) -> list[object]:
        overrides = {("Processing", key): value for key, value in others.items()}
        with open_run(load_config(overrides=overrides), level="none") as run:
            return next(stage for stage in STAGES if stage.name == "clips").settings(run)

    older = [15.0, 0.0, "720p", 30.0, "time", "auto", "libx264"]
    assert settings() == older
    assert settings(MinSegmentLength="2") != older
    along = settings(MinSegmentLength="2", SegmentBy="scenes")
    assert along == settings(SegmentBy="scenes")
