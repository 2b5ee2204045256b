"""Videos at the edges of what there is, and broken ones: each goes the whole way through the analysis."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vidkit.analysis import (
    Analysis,
    ClipOptions,
    ClipSettings,
    SceneOptions,
    analyse_video,
    detect_scenes,
    extract_metadata,
    segment_video,
)
from vidkit.analysis.decode import DecodeLog

from .test_clips import ffmpeg, ffprobe

FAST = ("-c:v", "libx264", "-preset", "ultrafast")


@pytest.fixture
def lavfi(tmp_path: Path) -> Callable[..., Path]:
    """A video of one of ffmpeg's sources."""

    def make(source: str, *options: object, name: str = "v.mp4") -> Path:
        ffmpeg("-f", "lavfi", "-i", source, *(options or FAST), tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def analyse(tmp_path: Path) -> Callable[..., Analysis]:
    def whole(path: Path, mode: str = "encode", length: float = 15) -> Analysis:
        for name in ("pictures", "clips"):
            (tmp_path / name).mkdir()
        clips = ClipOptions(tmp_path / "clips", "v", ClipSettings(length, clip_mode=mode))
        scenes = SceneOptions(tmp_path / "pictures", min_length=0.5, sprite_interval=5)
        return analyse_video(path, extract_metadata(path), scenes, clips)

    return whole


def frames(path: Path) -> int:
    return int(ffprobe("-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", path)[0])


def plain(found: Analysis, size: tuple[int, int]) -> None:
    """One scene with its picture, one sheet, and clips of a size that all play."""
    assert len(found.scenes) == 1
    assert all(found.thumbnails)
    assert found.sprites is not None
    assert len(found.sprites.images) == 1
    assert found.unread == 0
    assert found.segments
    assert all((s.width, s.height) == size and frames(s.path) for s in found.segments)


@pytest.mark.parametrize("mode", ["encode", "copy"])
@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_one_frame(name: str, mode: str, lavfi: Callable[..., Path], analyse: Callable[..., Analysis]) -> None:
    found = analyse(lavfi("testsrc2=s=320x180:r=25", *FAST, "-frames:v", 1, name=name), mode)
    plain(found, (320, 180))
    assert found.segments is not None
    assert [(s.start_time, s.end_time) for s in found.segments] == [(0, 0.04)]


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ("color=black:s=320x180:r=25:d=4", (320, 180)),
        ("nullsrc=s=320x180:r=25:d=3,geq=random(1)*255:128:128", (320, 180)),
        ("testsrc2=s=7680x4320:r=1:d=1", (1280, 720)),
        ("color=red:s=16x16:r=5:d=3,format=yuv444p,crop=1:1", (2, 2)),
        ("color=red:s=2x2000:r=5:d=3", (2, 1280)),
        ("color=red:s=4000x2:r=5:d=3", (1280, 2)),
    ],
    ids=["black", "noise", "8K", "1x1", "thin", "flat"],
)
def test_odd_pictures(
    source: str, size: tuple[int, int], lavfi: Callable[..., Path], analyse: Callable[..., Analysis]
) -> None:
    plain(analyse(lavfi(source)), size)


def test_240_frames_a_second(lavfi: Callable[..., Path], analyse: Callable[..., Analysis]) -> None:
    video = lavfi("testsrc2=s=160x90:r=240:d=1[a];smptebars=s=160x90:r=240:d=1[b];[a][b]concat")
    found = analyse(video, length=1)
    assert [scene.start_time for scene in found.scenes] == [0, pytest.approx(1, abs=0.001)]
    assert found.segments is not None
    assert [(s.fps, frames(s.path)) for s in found.segments] == [(30, 30), (30, 30)]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds with a cut at 6 s, in Matroska."""
    path = tmp_path_factory.mktemp("good") / "good.mkv"
    graph = "testsrc2=s=320x180:r=25:d=6[a];smptebars=s=320x180:r=25:d=2,noise=alls=9:allf=t[b];[a][b]concat"
    ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "libx264", "-preset", "ultrafast", "-bf", 0, "-g", 25, path)
    return path


def packet_places(path: Path) -> list[tuple[float, int]]:
    """When each packet of a video is shown, and where it is in the file."""
    said = ffprobe("-select_streams", "v", "-show_entries", "packet=pts_time,pos", path)
    return [(float(time), int(place)) for time, place in zip(said[::2], said[1::2], strict=True)]


@pytest.mark.parametrize("mode", ["encode", "auto"])
def test_frames_that_fail_to_decode_in_the_middle_cost_only_themselves(
    mode: str, good: Path, analyse: Callable[..., Analysis], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    ffmpeg("-i", good, "-c", "copy", broken)
    content = bytearray(broken.read_bytes())
    places = dict(packet_places(broken))
    first, last = places[2.0], places[3.0]  # one group of pictures
    content[first:last] = bytes(last - first)
    broken.write_bytes(content)
    found = analyse(broken, mode, length=4)
    assert found.unread == pytest.approx(1, abs=0.1)
    assert found.scenes[-1].start_time == pytest.approx(6, abs=0.001)  # the times after the gap are the video's
    assert all(found.thumbnails)
    assert found.segments is not None
    assert [(round(s.start_time, 2), round(s.end_time, 2)) for s in found.segments] == [(0, 4), (4, 8)]
    assert frames(found.segments[1].path) == 100


def test_a_damaged_frame_that_is_shown_all_the_same_counts(
    good: Path, analyse: Callable[..., Analysis], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mkv"
    content = bytearray(good.read_bytes())
    place = dict(packet_places(good))[3.0] + 3000
    content[place : place + 400] = bytes(400)
    broken.write_bytes(content)
    found = analyse(broken)
    assert found.segments is not None
    assert sum(frames(s.path) for s in found.segments) == 200
    assert 0.04 <= found.unread <= 1


def test_a_video_cut_short_says_how_much_is_missing(
    good: Path, analyse: Callable[..., Analysis], tmp_path: Path
) -> None:
    short = tmp_path / "short.mkv"
    content = good.read_bytes()
    short.write_bytes(content[: dict(packet_places(good))[3.0]])
    found = analyse(short)
    assert found.unread == pytest.approx(5, abs=0.15)
    assert found.scenes[-1].end_time == 8


@pytest.mark.parametrize("by", ["time", "scenes"])
@pytest.mark.parametrize("mode", ["encode", "auto"])
def test_the_clips_of_a_video_cut_short_are_those_that_can_be(
    by: str, mode: str, good: Path, tmp_path: Path
) -> None:
    short = tmp_path / "short.mkv"
    short.write_bytes(good.read_bytes()[: dict(packet_places(good))[3.0]])
    made = segment_video(short, tmp_path / "out", 2, segment_by=by, clip_mode=mode)
    assert [(s.start_time, frames(s.path)) for s in made] == [(0, 50), (2, 25)]


def test_a_hole_in_a_video_moves_no_time_after_it(good: Path, tmp_path: Path) -> None:
    holed = tmp_path / "holed.mkv"
    places = dict(packet_places(good))
    content = good.read_bytes()
    holed.write_bytes(content[: places[2.0]] + content[places[3.0] :])
    assert [scene.start_time for scene in detect_scenes(holed, min_length=0.5)][-1] == pytest.approx(6, abs=0.001)


def test_a_whole_video_with_odd_timestamps_lacks_nothing(analyse: Callable[..., Analysis], tmp_path: Path) -> None:
    video = tmp_path / "odd.mkv"
    graph = "testsrc2=s=320x180:r=25:d=8,select='not(mod(n,7))+gt(t,5)'"
    ffmpeg("-f", "lavfi", "-i", graph, "-fps_mode", "passthrough", "-output_ts_offset", 5, *FAST, video)
    assert analyse(video).unread == 0


def test_messages_of_ffmpeg_between_the_times_of_frames_lose_no_time() -> None:
    listener = DecodeLog()
    said = b"frame:0    pts:0   pts_time:0\nt=1\n[h264 @ 0x1] frame:1    pts:40000   pts_time:0.04\n"
    said += b"[error] broken\nt=1\n"
    said += b"[warning] v.mp4: corrupt decoded frame in stream 0\nframe:3    pts:120000  pts_time:0.12\n"
    words = b"".join(listener.take(said[at : at + 7]) for at in range(0, len(said), 7))
    assert words == b"broken\n"
    assert list(listener.times) == [0, 40000, 40000, 120000]
    assert listener.damaged[0] == 1


def test_lost_audio_is_not_counted_as_lost_frames(good: Path) -> None:
    metadata = extract_metadata(good)
    for stream, lost in ((1, 0.0), (0, 4.0)):
        listener = DecodeLog()
        for frame in range(100):  # and then nothing, to the end at 8 s
            listener.take(b"frame:%d pts:%d pts_time:0\n" % (frame, frame * 40_000))
        listener.take(b"[error] Error while decoding stream #0:%d: Invalid data found\n" % stream)
        assert listener.unread(metadata) == pytest.approx(lost, abs=0.05)


MEASURE = """
import resource, sys
from pathlib import Path
from vidkit.analysis import ClipSettings, ClipOptions, SceneOptions, analyse_video, extract_metadata
video, folder = map(Path, sys.argv[1:])
for name in ("pictures", "clips"):
    (folder / name).mkdir()
wish = SceneOptions(folder / "pictures", min_length=0.5, sprite_interval=5)
found = analyse_video(video, extract_metadata(video), wish, ClipOptions(folder / "clips", "v", ClipSettings(60)))
# Not ru_maxrss of this process itself: that begins with the size of the one that started it.
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak = own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(len(found.segments), len(found.sprites.images), peak // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is in kilobytes on Linux only")
def test_ten_hours_take_no_more_than_150_megabytes(lavfi: Callable[..., Path], tmp_path: Path) -> None:
    video = lavfi("testsrc2=s=64x36:r=1/2:d=36000", *FAST, "-g", 30)
    said = subprocess.run(
        [sys.executable, "-c", MEASURE, video, tmp_path], check=True, capture_output=True, text=True
    )
    clips, sheets, megabytes = map(int, said.stdout.split())
    assert (clips, sheets) == (600, 10)
    assert megabytes < 150
