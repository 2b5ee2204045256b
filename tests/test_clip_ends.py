from __future__ import annotations

from pathlib import Path

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import (
    ClipOptions,
    ClipSettings,
    Scene,
    SceneOptions,
    Segment,
    analyse_video,
    extract_metadata,
    segment_video,
)
from vidkit.core.config import load_config
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .test_clips import ffmpeg, ffprobe, numbers
from .test_copying import is_copy, often, packets, times  # noqa: F401

CODING = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", 0, "-g", 25, "-c:a", "aac")


@pytest.fixture(scope="module")
def long_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of pictures under twenty of sound."""
    path = tmp_path_factory.mktemp("long_sound") / "v.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=12", "-f", "lavfi", "-i", "sine=d=20", *CODING, path)
    return path


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that says it lasts twelve seconds and has about seven."""
    path = tmp_path_factory.mktemp("cut_short") / "v.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=12", "-f", "lavfi", "-i", "sine=d=12")
    ffmpeg(*source, *CODING, "-movflags", "+faststart", path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    return path


def lasts(segment: Segment) -> list[float]:
    """How long a clip's streams last, in seconds."""
    return [float(text) for text in ffprobe("-show_entries", "stream=duration", segment.path)]


def assert_last_as_said(segments: list[Segment]) -> None:
    for segment in segments:
        for seconds in lasts(segment):
            assert seconds == pytest.approx(segment.end_time - segment.start_time, abs=0.06)
        starts = [float(text) for text in ffprobe("-show_entries", "stream=start_time", segment.path)]
        assert starts[0] == 0
        assert abs(starts[1]) < 1024 / 44100


@pytest.mark.parametrize("mode", ["encode", "auto", "copy"])
def test_clips_end_where_the_pictures_do_and_their_sound_with_them(
    mode: str, long_sound: Path, tmp_path: Path
) -> None:
    segments = segment_video(long_sound, tmp_path, 5, clip_mode=mode)
    assert times(segments) == [(0, 5), (5, 10), (10, 12)]
    assert_last_as_said(segments)
    assert is_copy(segments, long_sound) == (mode != "encode")
    assert len(numbers(segments[-1].path)) == 50


def test_a_video_shorter_than_the_overlap_leaves_is_one_clip_that_ends_with_it(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    segments = segment_video(make_video(shot_length=2.0), tmp_path, 5, segment_overlap=2, clip_mode="encode")
    assert times(segments) == [(0, 2)]


def test_clips_that_overlap_end_where_the_pictures_do(long_sound: Path, tmp_path: Path) -> None:
    segments = segment_video(long_sound, tmp_path, 5, segment_overlap=2)
    assert times(segments) == [(0, 5), (3, 8), (6, 11), (9, 12)]
    assert_last_as_said(segments)


def test_clips_along_scenes_end_where_the_pictures_do(long_sound: Path, tmp_path: Path) -> None:
    scenes = [Scene(1, 0.0, 4.0, None), Scene(2, 4.0, 20.0, 0.9)]
    segments = segment_video(long_sound, tmp_path, 8, segment_by="scenes", scenes=scenes)
    assert times(segments) == [(0, 4), (4, 12)]
    assert_last_as_said(segments)


def test_many_clips_along_scenes_end_where_the_pictures_do(
    long_sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidkit.analysis.cut._AT_ONCE", 2)
    scenes = [Scene(n + 1, 4.0 * n, 4.0 * n + 4, None) for n in range(5)]
    segments = segment_video(long_sound, tmp_path, 8, segment_by="scenes", scenes=scenes)
    assert times(segments) == [(0, 4), (4, 8), (8, 12)]
    assert_last_as_said(segments)


@pytest.mark.parametrize("mode", ["encode", "auto"])
def test_clips_of_a_video_that_was_cut_short_end_with_it(mode: str, cut_short: Path, tmp_path: Path) -> None:
    assert extract_metadata(cut_short).duration == 12
    segments = segment_video(cut_short, tmp_path, 5, clip_mode=mode)
    assert len(segments) == 2
    assert_last_as_said(segments)
    assert segments[1].end_time - 5 == pytest.approx(len(numbers(segments[1].path)) / 25, abs=0.05)


def test_the_scenes_of_a_video_that_was_cut_short_cover_what_it_says(cut_short: Path, tmp_path: Path) -> None:
    wish = ClipOptions(tmp_path, "v", ClipSettings(5))
    found = analyse_video(cut_short, extract_metadata(cut_short), SceneOptions(tmp_path), wish)
    assert found.segments is not None
    assert (found.scenes[-1].end_time, round(found.segments[-1].end_time)) == (12, 7)
    assert_last_as_said(found.segments)
    assert found.unread > 4


@pytest.mark.parametrize(("mode", "copies"), [("auto", False), ("copy", True)])
def test_a_file_that_two_were_joined_into_is_cut_to_its_end(
    mode: str,
    copies: bool,
    often: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    part, joined = tmp_path / "part.ts", tmp_path / "joined.ts"
    ffmpeg("-i", often, "-c", "copy", part)
    joined.write_bytes(part.read_bytes() * 2)
    segments = segment_video(joined, tmp_path / "out", 30, clip_mode=mode)
    b_frames = ffprobe("-select_streams", "v", "-show_entries", "stream=has_b_frames", segments[0].path)
    assert (b_frames != ["0"]) == copies  # what is encoded here has none
    assert [len(numbers(segment.path)) for segment in segments] == [500]
    assert segments[0].end_time == pytest.approx(20, abs=0.2)


@pytest.fixture(scope="module")
def damaged(often: Path) -> Path:  # noqa: F811
    """A video whose clips would be copied, with noise in the middle of its pictures."""
    path = often.with_name("damaged.mp4")
    data = bytearray(often.read_bytes())
    places = ffprobe("-select_streams", "v", "-show_entries", "packet=pos,size", often)
    size, place = (int(text) for text in places[240:242])
    data[place + size // 3 : place + size] = bytes(size - size // 3)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("by", ["time", "scenes"])
def test_what_is_found_damaged_is_encoded_and_not_copied(by: str, damaged: Path, tmp_path: Path) -> None:
    def made(mode: str) -> list[Segment]:
        (tmp_path / mode).mkdir()
        wish = ClipOptions(tmp_path / mode, "v", ClipSettings(5, segment_by=by, clip_mode=mode))
        found = analyse_video(damaged, extract_metadata(damaged), SceneOptions(tmp_path), wish)
        assert found.segments is not None
        assert sorted(path.name for path in (tmp_path / mode).iterdir()) == [s.path.name for s in found.segments]
        return found.segments

    assert is_copy(made("copy"), damaged)
    encoded = made("auto")
    assert not is_copy(encoded, damaged)
    for segment in encoded:
        assert ffmpeg("-xerror", "-err_detect", "explode", "-i", segment.path, "-f", "null", "-") == b""


def test_what_was_found_damaged_is_encoded_when_only_its_clips_are_made_again(damaged: Path) -> None:
    for length, clips in (("5", 2), ("3", 4)):
        values = {"SegmentLength": length, "ClipMode": "auto"}
        config = load_config(
            overrides={("Processing", key): value for key, value in values.items()}, environment={}
        )
        with open_run(config) as run:
            record = process_video_pipeline(str(damaged), run=run)
        files = [Path("processed_videos", segment["path"]) for segment in record["segments"]]
        assert len(files) == clips
        made = {digest for file in files for digest in packets(file)}
        assert not made & set(packets(damaged))
