from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from vidkit.analysis import (
    ClipSettings,
    Scene,
    Segment,
    choose_encoder,
    extract_metadata,
    extract_scene_segment,
    segment_video,
)
from vidkit.analysis.clips import clip_size
from vidkit.analysis.encoders import ENCODERS, _failure, encoding
from vidkit.core.settings import Processing
from vidkit.errors import ConfigError, MediaError
from vidkit.ffmpeg import find_tool

from .conftest import MakeVideo, turn

# A picture of eight bars that are black or white: the number of the frame, in binary.
NUMBERED = "geq=lum='if(bitand(floor(N/pow(2,floor(X/16))),1),235,16)':cb=128:cr=128"


def ffmpeg(*arguments: object) -> bytes:
    command = [str(find_tool("ffmpeg")), "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def ffprobe(*arguments: object) -> list[str]:
    """What ffprobe shows, a value an entry."""
    command = [str(find_tool("ffprobe")), "-v", "error", "-of", "csv=p=0", *map(str, arguments)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [text for text in said.replace(",", " ").split() if text]


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds, 25 frames a second, whose frames show their number; a beep in each second."""
    path = tmp_path_factory.mktemp("numbered") / "numbered.mp4"
    picture = f"color=black:s=128x72:r=25:d=10,format=yuv420p,{NUMBERED}"
    sound = "aevalsrc='sin(880*PI*t)*lt(mod(t,1),0.1)':d=10:s=48000"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-c:v", "libx264", "-c:a", "aac", path)
    return path


def numbers(path: Path, bars: int = 8) -> list[int]:
    """The numbers that the frames of a clip show."""
    width = extract_metadata(path).width
    raw = ffmpeg("-i", path, "-vf", "crop=iw:2:0:ih/2", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f",
                 "rawvideo", "-")  # fmt: skip
    frames = [raw[at : at + 2 * width] for at in range(0, len(raw), 2 * width)]
    bar = width // bars
    return [sum(2**i for i in range(bars) if frame[i * bar + bar // 2] > 128) for frame in frames]


def shape(segments: list[Segment]) -> list[tuple[int, float, float]]:
    return [(s.index, s.start_time, s.end_time) for s in segments]


def test_clips_are_exact_to_a_frame(numbered: Path, tmp_path: Path) -> None:
    segments = segment_video(numbered, tmp_path, segment_length=3, clip_mode="encode")
    assert shape(segments) == [(1, 0, 3), (2, 3, 6), (3, 6, 9), (4, 9, pytest.approx(10, abs=0.03))]
    assert [numbers(s.path) for s in segments] == [
        [n % 256 for n in range(first, last)] for first, last in ((0, 75), (75, 150), (150, 225), (225, 250))
    ]


def test_clips_that_overlap_repeat_the_end_of_the_one_before(numbered: Path, tmp_path: Path) -> None:
    segments = segment_video(numbered, tmp_path, segment_length=4, segment_overlap=1.5)
    assert shape(segments)[:3] == [(1, 0, 4), (2, 2.5, 6.5), (3, 5, 9)]
    assert [numbers(s.path) for s in segments] == [
        list(range(0, 100)), list(range(63, 163)), list(range(125, 225)), list(range(188, 250)),
    ]  # fmt: skip


def along(*boundaries: float) -> list[Scene]:
    """Scenes between these times."""
    return [Scene(index, *ends, None) for index, ends in enumerate(pairwise(boundaries), 1)]


def test_clips_along_scenes_are_exact_to_a_frame(numbered: Path, tmp_path: Path) -> None:
    segments = segment_video(numbered, tmp_path, segment_by="scenes", scenes=along(0, 1.24, 6, 6.52, 10))
    assert shape(segments) == [(1, 0, 1.24), (2, 1.24, 6), (3, 6, 6.52), (4, 6.52, 10)]
    assert [numbers(s.path) for s in segments] == [
        [n % 256 for n in range(first, last)] for first, last in ((0, 31), (31, 150), (150, 163), (163, 250))
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"numbered_clip_00{n}.mp4" for n in (1, 2, 3, 4)]


def test_a_scene_longer_than_a_clip_is_divided_evenly(numbered: Path, tmp_path: Path) -> None:
    segments = segment_video(numbered, tmp_path, 3, segment_by="scenes", scenes=along(0, 2, 10))
    assert [s.start_time for s in segments] == [0, 2, pytest.approx(4.666667), pytest.approx(7.333333)]
    assert [numbers(s.path)[0] for s in segments] == [0, 50, 117, 184]


def test_scenes_that_are_not_known_are_found(make_video: MakeVideo, tmp_path: Path) -> None:
    segments = segment_video(make_video(shots=3, shot_length=2), tmp_path, segment_by="scenes")
    assert shape(segments) == [(1, 0, 2), (2, 2, 4), (3, 4, 6)]


def test_more_clips_than_one_command_line_holds_are_exact_too(
    numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidkit.analysis.cut._AT_ONCE", 2)
    scenes = along(0, 1.24, 3.48, 6, 7.2, 10)
    segments = segment_video(numbered, tmp_path, segment_by="scenes", scenes=scenes)
    assert [(s.start_time, s.end_time) for s in segments] == [(s.start_time, s.end_time) for s in scenes]
    starts = [0, 31, 87, 150, 180, 250]
    assert [numbers(s.path) for s in segments] == [list(range(first, last)) for first, last in pairwise(starts)]


@pytest.mark.parametrize("overlap", [0, 0.65])
def test_clips_of_a_picture_that_begins_after_the_sound_are_exact(overlap: float, tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"  # where the sound is primed before 0
    picture = f"color=black:s=128x72:r=30000/1001:d=8,format=yuv420p,{NUMBERED}"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        picture,
        "-f",
        "lavfi",
        "-i",
        "sine=d=8:r=48000",
        "-c:v",
        "libx264",
        "-c:a",
        "aac",
        late,
    )
    shown = [float(time) for time in ffprobe("-select_streams", "v", "-show_entries", "packet=pts_time", late)]
    shown = sorted(time - float(ffprobe("-show_entries", "format=start_time", late)[0]) for time in shown)
    assert shown[0] > 0.02
    segments = segment_video(late, tmp_path / "out", 1.35, segment_overlap=overlap)
    assert len(segments) == (11 if overlap else 6)
    for segment in segments:
        inside = [n for n, time in enumerate(shown) if segment.start_time <= time + 1e-6 < segment.end_time]
        assert numbers(segment.path) == inside


def test_an_encoder_that_does_not_work_is_said_before_any_work(numbered: Path, tmp_path: Path) -> None:
    broken = next(name for name in ENCODERS if _failure(name) is not None)
    with pytest.raises(
        ConfigError, match=rf"the encoder {broken} .* does not work here: .*libx264 works everywhere"
    ):
        segment_video(numbered, tmp_path / "out", encoder=broken)
    assert not (tmp_path / "out").exists()


def test_auto_takes_an_encoder_that_works() -> None:
    assert _failure(choose_encoder("auto")) is None
    assert choose_encoder("libx264") == "libx264"


def test_a_clip_too_small_for_hardware_is_encoded_without() -> None:
    assert "libx264" in encoding("h264_nvenc", 128, 72)
    assert "h264_nvenc" in encoding("h264_nvenc", 1280, 720)


def test_a_clip_that_would_only_repeat_the_one_before_is_not_made(numbered: Path, tmp_path: Path) -> None:
    segments = segment_video(numbered, tmp_path, segment_length=6, segment_overlap=3)
    assert [s.start_time for s in segments] == [0, 3, 6]


def test_a_clip_starts_at_zero_and_its_sound_with_it(numbered: Path, tmp_path: Path) -> None:
    segments = segment_video(numbered, tmp_path, segment_length=3, clip_mode="encode")
    for segment in segments:
        starts = [float(text) for text in ffprobe("-show_entries", "stream=start_time", segment.path)]
        assert starts[0] == 0
        assert abs(starts[1]) < 1024 / 48000  # less than one AAC frame
        # The beep that each second begins with is where the clip begins.
        raw = ffmpeg("-i", segment.path, "-t", 0.3, "-ac", 1, "-ar", 8000, "-f", "u8", "-")
        loud = [abs(sample - 128) > 40 for sample in raw]
        assert sum(loud[:800]) > 300
        assert sum(loud[1200:]) == 0


def test_names_are_numbered_from_001_and_only_clips_are_left(numbered: Path, tmp_path: Path) -> None:
    out = tmp_path / "a %d 'b'"
    segments = segment_video(numbered, out, segment_length=4, segment_overlap=1)
    names = ["numbered_clip_001.mp4", "numbered_clip_002.mp4", "numbered_clip_003.mp4"]
    assert sorted(path.name for path in out.iterdir()) == names == [s.path.name for s in segments]


@pytest.mark.parametrize(
    ("size", "limit", "clip"),
    [
        ((1920, 1080), "720p", (1280, 720)),
        ((1080, 1920), "720p", (720, 1280)),
        ((1080, 1920), "1280x720", (720, 1280)),
        ((3840, 1600), "720p", (1280, 534)),
        ((640, 360), "720p", (640, 360)),
        ((321, 241), "720p", (320, 240)),
        ((1440, 1440), "720p", (720, 720)),
        ((1, 1), "720p", (2, 2)),
        ((20000, 2), "720p", (1280, 2)),
    ],
)
def test_a_clip_fits_the_limit_held_as_it_is(
    size: tuple[int, int], limit: str, clip: tuple[int, int], numbered: Path
) -> None:
    from dataclasses import replace

    metadata = replace(extract_metadata(numbered), width=size[0], height=size[1])
    assert clip_size(metadata, limit) == clip


def test_size_and_rate_are_lowered_to_the_limits_and_never_raised(make_video: MakeVideo, tmp_path: Path) -> None:
    fast = make_video(size="640x480", fps=60)
    clip = segment_video(fast, tmp_path / "fast", max_resolution="480x270", max_fps=30)[0]
    found = extract_metadata(clip.path)
    assert (found.resolution, found.fps) == ("360x270", 30) == (f"{clip.width}x{clip.height}", clip.fps)
    slow = make_video(size="320x180", fps=12)
    clip = segment_video(slow, tmp_path / "slow")[0]
    found = extract_metadata(clip.path)
    assert (found.resolution, found.fps) == ("320x180", 12) == (f"{clip.width}x{clip.height}", clip.fps)
    assert (found.codec, found.audio and found.audio.codec) == ("h264", "aac")


def test_a_rotated_video_makes_upright_clips(make_video: MakeVideo, tmp_path: Path) -> None:
    turned = turn(make_video(), 270, tmp_path / "turned.mp4")
    clip = segment_video(turned, tmp_path / "out")[0]
    found = extract_metadata(clip.path)
    assert (found.resolution, found.rotation) == ("180x320", 0)


def test_a_picture_that_stands_still_for_longer_than_a_clip_fills_its_clips(tmp_path: Path) -> None:
    still = tmp_path / "still.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=10", "-vf", "select='lt(t,1)+gte(t,9)'",
           "-fps_mode", "passthrough", still)  # fmt: skip
    segments = segment_video(still, tmp_path / "out", segment_length=2)
    assert [s.start_time for s in segments] == [0, 2, 4, 6, 8]
    for segment in segments:
        assert extract_metadata(segment.path).duration == pytest.approx(2, abs=0.25)


def test_an_overlap_as_long_as_the_clip_is_refused(numbered: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="overlap"):
        segment_video(numbered, tmp_path, segment_length=3, segment_overlap=3)


def test_a_scene_is_cut_out_exactly(numbered: Path, tmp_path: Path) -> None:
    path = extract_scene_segment(numbered, 2.0, 4.4, tmp_path)
    assert path.name == "numbered_2.00-4.40.mp4"
    assert numbers(path) == list(range(50, 110))


def test_a_video_that_cannot_be_decoded_says_so(make_video: MakeVideo, tmp_path: Path) -> None:
    metadata = extract_metadata(make_video())
    gone = tmp_path / "gone.mp4"
    with pytest.raises(MediaError, match=r"gone\.mp4 cannot be cut into clips: .*No such file"):
        segment_video(gone, tmp_path / "out", metadata=metadata)


@pytest.mark.slow
def test_real_variable_frame_rate_keeps_its_own_times(media: Path, tmp_path: Path) -> None:
    def times(path: Path) -> list[float]:
        return [float(text) for text in ffprobe("-select_streams", "v", "-show_entries", "frame=pts_time", path)]

    segments = segment_video(media / "vfr_fire.mp4", tmp_path, segment_length=1)
    made = [s.start_time + time - times(s.path)[0] for s in segments for time in times(s.path)]
    true = times(media / "vfr_fire.mp4")
    assert len(made) == len(true)
    # Each clip's first frame is its zero, up to one frame after the second at which the clip begins.
    assert max(abs(a - b) for a, b in zip(made, true, strict=True)) < 0.1


@pytest.mark.slow
def test_real_talk_is_cut_by_the_quarter_minute(media: Path, tmp_path: Path) -> None:
    segments = segment_video(media / "talk_720p.mp4", tmp_path)
    assert shape(segments) == [(1, 0, 15), (2, 15, 30), (3, 30, 42.4)]
    for segment in segments:
        found = extract_metadata(segment.path)
        assert found.duration == pytest.approx(segment.end_time - segment.start_time, abs=0.03)
        assert found.resolution == "1280x720"


def test_clips_by_themselves_and_clips_of_a_run_have_the_same_defaults() -> None:
    assert ClipSettings.from_processing(Processing()) == ClipSettings()
    assert ClipSettings.from_processing(Processing(segment_overlap=2.0)).segment_overlap == 2.0
