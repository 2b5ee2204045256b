from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vidkit.analysis import Scene, Segment, extract_metadata, segment_video
from vidkit.errors import MediaError
from vidkit.ffmpeg import find_tool

from .conftest import turn
from .test_clips import NUMBERED, ffmpeg, ffprobe, numbers


def make(path: Path, *options: object, keyframes: int = 25) -> Path:
    """Ten seconds, 25 frames a second, that show their number, with B-frames; a beep in each second."""
    picture = f"color=black:s=128x72:r=25:d=10,format=yuv420p,{NUMBERED}"
    sound = "aevalsrc='sin(880*PI*t)*lt(mod(t,1),0.1)':d=10:s=48000"
    coding = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-sc_threshold",
        0,
        "-bf",
        2,
        "-g",
        keyframes,
        "-c:a",
        "aac",
    ]
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *(options or coding), path)
    return path


@pytest.fixture(scope="module")
def often(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with a keyframe in each second."""
    return make(tmp_path_factory.mktemp("often") / "often.mp4")


@pytest.fixture(scope="module")
def seldom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with keyframes at 0 s, 4 s and 8 s."""
    return make(tmp_path_factory.mktemp("seldom") / "seldom.mp4", keyframes=100)


def times(segments: list[Segment]) -> list[tuple[float, float]]:
    return [(round(s.start_time, 3), round(s.end_time, 3)) for s in segments]


def packets(path: Path) -> list[str]:
    """What the video packets of a file are, byte for byte: those of a copy are in its source."""
    what = ("-show_packets", "-show_entries", "packet=data_hash", "-show_data_hash", "md5")
    return ffprobe("-select_streams", "v", *what, path)


def is_copy(segments: list[Segment], video: Path) -> bool:
    """Whether the packets of all clips are the video's; a container may frame the first one in its own way."""
    made = {digest for segment in segments for digest in packets(segment.path)}
    return len(made & set(packets(video))) > 0.9 * len(made)


def test_a_video_that_is_as_its_clips_should_be_is_not_encoded(often: Path, tmp_path: Path) -> None:
    segments = segment_video(often, tmp_path, 3, clip_mode="auto")
    assert is_copy(segments, often)
    assert times(segments) == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert [numbers(s.path) for s in segments] == [
        [n % 256 for n in range(first, last)] for first, last in ((0, 75), (75, 150), (150, 225), (225, 250))
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [s.path.name for s in segments]


def test_a_copied_clip_plays_alone_from_zero_with_its_sound(often: Path, tmp_path: Path) -> None:
    for segment in segment_video(often, tmp_path, 3, clip_mode="auto"):
        said = subprocess.run(
            [find_tool("ffmpeg"), "-v", "warning", "-i", segment.path, "-f", "null", "-"],
            capture_output=True,
            text=True,
        )
        assert (said.returncode, said.stderr) == (0, "")
        starts = [float(text) for text in ffprobe("-show_entries", "stream=start_time", segment.path)]
        assert starts[0] == 0
        assert abs(starts[1]) < 1024 / 48000
        raw = ffmpeg("-i", segment.path, "-t", 0.3, "-ac", 1, "-ar", 8000, "-f", "u8", "-")
        loud = [abs(sample - 128) > 40 for sample in raw]
        assert sum(loud[:800]) > 300
        assert sum(loud[1200:]) == 0


def test_keyframes_that_are_too_far_off_make_auto_encode(seldom: Path, tmp_path: Path) -> None:
    segments = segment_video(seldom, tmp_path, 3, clip_mode="auto")
    assert not is_copy(segments, seldom)
    assert times(segments) == [(0, 3), (3, 6), (6, 9), (9, 10)]


def test_copies_that_are_asked_for_begin_at_the_nearest_keyframes_and_say_so(seldom: Path, tmp_path: Path) -> None:
    segments = segment_video(seldom, tmp_path, 3, clip_mode="copy")
    assert is_copy(segments, seldom)
    assert times(segments) == [(0, 4), (4, 8), (8, 10)]
    assert [len(numbers(s.path)) for s in segments] == [100, 100, 50]


def test_the_true_times_of_copies_near_enough_are_recorded(tmp_path: Path) -> None:
    video = make(tmp_path / "v.mp4", keyframes=73)
    segments = segment_video(video, tmp_path / "out", 3, clip_mode="auto")
    assert is_copy(segments, video)
    assert times(segments) == [(0, 2.92), (2.92, 5.84), (5.84, 8.76), (8.76, 10)]


def test_a_video_whose_picture_begins_after_its_sound_is_copied_at_its_own_times(tmp_path: Path) -> None:
    video = make(tmp_path / "late.mkv")
    first = float(ffprobe("-select_streams", "v", "-show_entries", "stream=start_time", video)[0])
    first -= float(ffprobe("-show_entries", "format=start_time", video)[0])
    segments = segment_video(video, tmp_path / "out", 5, clip_mode="auto")
    assert first > 0
    assert is_copy(segments, video)
    assert [s.start_time for s in segments] == [0, pytest.approx(5 + first, abs=0.002)]
    assert [numbers(s.path)[0] for s in segments] == [0, 125]


@pytest.mark.parametrize(
    "options",
    [
        ("-c:v", "mpeg4", "-c:a", "aac", "-g", 25),
        ("-c:v", "libx264", "-c:a", "libmp3lame", "-g", 25),
        ("-c:v", "libx264", "-c:a", "aac", "-g", 25, "-pix_fmt", "yuv444p"),
        ("-c:v", "libx264", "-c:a", "aac", "-g", 24, "-bf", 2, "-x264-params", "open-gop=1:b-adapt=0:scenecut=0"),
    ],
    ids=["codec", "sound", "pixels", "open-gop"],
)
def test_what_is_not_as_clips_should_be_is_encoded(options: tuple[object, ...], tmp_path: Path) -> None:
    video = make(tmp_path / "v.mp4", *options)
    segments = segment_video(video, tmp_path / "out", 5, clip_mode="auto")
    assert not is_copy(segments, video)
    assert times(segments) == [(0, 5), (5, 10)]
    found = extract_metadata(segments[0].path)
    assert (found.codec, found.audio and found.audio.codec) == ("h264", "aac")


@pytest.mark.parametrize("limit", [{"max_resolution": "64x64"}, {"max_fps": 12.5}, {"segment_overlap": 1}])
def test_what_is_over_the_limits_is_encoded(limit: dict[str, object], often: Path, tmp_path: Path) -> None:
    segments = segment_video(often, tmp_path, 5, clip_mode="auto", **limit)  # type: ignore[arg-type]
    assert not is_copy(segments, often)


def test_a_video_that_is_stored_turned_is_encoded(often: Path, tmp_path: Path) -> None:
    turned = turn(often, 270, tmp_path / "turned.mp4")
    assert extract_metadata(segment_video(turned, tmp_path / "out", clip_mode="auto")[0].path).rotation == 0


def test_what_cannot_be_copied_says_why(tmp_path: Path) -> None:
    video = make(tmp_path / "v.avi", "-c:v", "mjpeg", "-c:a", "pcm_s16le")
    with pytest.raises(MediaError, match=r"v\.avi cannot be cut without encoding: mjpeg video .* as it is"):
        segment_video(video, tmp_path / "out", 5, clip_mode="copy")


def test_clips_along_scenes_are_copied_only_where_scenes_begin_with_keyframes(often: Path, tmp_path: Path) -> None:
    def cut(middle: float) -> list[Segment]:
        scenes = [Scene(1, 0.0, middle, None), Scene(2, middle, 10.0, 0.9)]
        return segment_video(often, tmp_path / str(middle), segment_by="scenes", scenes=scenes, clip_mode="auto")

    assert is_copy(cut(4.0), often)
    assert not is_copy(cut(4.2), often)


def test_copies_cannot_overlap(often: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="overlap"):
        segment_video(often, tmp_path, 5, segment_overlap=1, clip_mode="copy")
