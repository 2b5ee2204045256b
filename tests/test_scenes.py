from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

import pytest

from vidkit.analysis import Scene, detect_scenes, extract_metadata, make_thumbnails
from vidkit.analysis.scenes import Cut, scenes_between
from vidkit.errors import MediaError
from vidkit.ffmpeg import find_tool

from .conftest import MakeVideo


def times(scenes: list[Scene]) -> list[tuple[float, float]]:
    return [(round(s.start_time, 2), round(s.end_time, 2)) for s in scenes]


def test_scenes_cover_the_whole_video_without_a_gap(make_video: MakeVideo) -> None:
    video = make_video(shots=3, shot_length=2, audio=False)
    scenes = detect_scenes(video)
    assert times(scenes) == [(0, 2), (2, 4), (4, 6)]
    assert [scene.index for scene in scenes] == [1, 2, 3]
    assert scenes[0].score is None
    assert all(scene.score and 0.3 < scene.score <= 1 for scene in scenes[1:])


def test_a_video_without_cuts_is_one_scene(make_video: MakeVideo) -> None:
    video = make_video(shots=1, shot_length=2)
    assert times(detect_scenes(video)) == [(0, round(extract_metadata(video).duration, 2))]


def test_a_lower_threshold_finds_more(make_video: MakeVideo) -> None:
    video = make_video(shots=3, shot_length=2, audio=False)
    assert len(detect_scenes(video, threshold=1.0)) == 1
    assert len(detect_scenes(video, threshold=0.0)) >= 3


def test_of_two_cuts_too_close_the_one_with_the_higher_score_counts() -> None:
    cuts = [Cut(1.0, 0.5), Cut(1.2, 0.9), Cut(5.0, 0.6), Cut(5.3, 0.4), Cut(9.9, 1.0), Cut(0.1, 1.0)]
    scenes = scenes_between(cuts, 10.0, min_length=0.5)
    assert times(scenes) == [(0, 1.2), (1.2, 5), (5, 10)]
    assert [scene.score for scene in scenes] == [None, 0.9, 0.6]


def test_cuts_outside_the_video_do_not_count() -> None:
    assert times(scenes_between([Cut(0.0, 1), Cut(10.0, 1), Cut(12.0, 1)], 10.0)) == [(0, 10)]


def test_each_scene_has_a_picture_of_itself(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=3, shot_length=2, audio=False)
    metadata = extract_metadata(video)
    pictures = make_thumbnails(video, detect_scenes(video), tmp_path, metadata)
    assert [picture and picture.name for picture in pictures] == ["scene_001.jpg", "scene_002.jpg", "scene_003.jpg"]
    for picture, colour in zip(pictures, ((255, 0, 0), (0, 0, 255), (255, 255, 0)), strict=True):
        assert picture is not None
        shown = extract_metadata_of_picture(picture)
        assert shown[:2] == (320, 180)
        assert all(abs(a - b) < 30 for a, b in zip(shown[2], colour, strict=True))


def extract_metadata_of_picture(path: Path) -> tuple[int, int, tuple[int, ...]]:
    """Width, height and the colour of the lower right corner."""
    entries = ["-show_entries", "stream=width,height", "-of", "csv=p=0"]
    said = subprocess.run([find_tool("ffprobe"), "-v", "error", *entries, path], capture_output=True, text=True)
    width, height = (int(text) for text in said.stdout.strip().split(","))
    crop = ["-vf", "format=rgb24,crop=1:1:iw-1:ih-1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    pixel = subprocess.run([find_tool("ffmpeg"), "-v", "error", "-i", path, *crop], capture_output=True).stdout
    return width, height, tuple(pixel)


def test_the_picture_of_a_still_is_of_that_still(tmp_path: Path) -> None:
    video = tmp_path / "slides.mkv"
    graph = "color=red:s=64x64:r=1:d=8[a];color=blue:s=64x64:r=1:d=8[b];[a][b]concat,select='eq(mod(n,8),0)'"
    command = [find_tool("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", graph, "-fps_mode", "passthrough", video]
    subprocess.run(command, check=True)
    scenes = [Scene(1, 0.0, 8.0, None), Scene(2, 8.0, 9.0, 1.0)]
    pictures = make_thumbnails(video, scenes, tmp_path, extract_metadata(video))
    colours = [extract_metadata_of_picture(picture)[2] for picture in pictures if picture]
    assert len(colours) == 2
    assert colours[0][0] > 200
    assert colours[1][2] > 200


def test_more_scenes_than_files_are_opened_at_once_all_get_a_picture(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=3, shot_length=2, audio=False)
    scenes = [Scene(i + 1, i * 0.12, (i + 1) * 0.12, None) for i in range(40)]
    assert all(make_thumbnails(video, scenes, tmp_path, extract_metadata(video)))


def test_a_file_that_cannot_be_decoded_says_so(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(MediaError, match=r"text\.mp4 is not a playable video"):
        detect_scenes(tmp_path / "text.mp4")


def test_ffmpegs_own_score_is_there_for_the_asking(make_video: MakeVideo) -> None:
    video = make_video(shots=3, shot_length=2, audio=False)
    assert times(detect_scenes(video, detector="threshold")) == [(0, 2), (2, 4), (4, 6)]


def test_times_are_the_videos_own_where_the_frame_rate_varies(make_video: MakeVideo, tmp_path: Path) -> None:
    video = tmp_path / "varying.mkv"
    graph = "select='not(mod(n,3))+gt(t,3)'"
    options = ["-vf", graph, "-fps_mode", "passthrough", "-an", "-output_ts_offset", "5"]
    source = make_video(shots=3, shot_length=2, audio=False)
    subprocess.run([find_tool("ffmpeg"), "-v", "error", "-i", source, *options, video], check=True)
    found = [start for start, _ in times(detect_scenes(video))]
    assert found == pytest.approx([0, 2, 4], abs=0.13)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tune_a", "tune_b"])
def test_the_known_boundaries_of_real_footage_are_found(name: str, media: Path) -> None:
    truth = json.loads((media / "cuts" / f"{name}.json").read_text())
    wanted = [(cut - 2, cut + 2) for cut in truth["cuts"]]
    wanted += [(first - 5, last + 5) for first, last in truth["gradual"]]
    frames = [round(s.start_time * truth["fps"]) for s in detect_scenes(media / "cuts" / f"{name}.mp4")[1:]]
    hits = 0
    for frame in frames:
        match = next((span for span in wanted if span[0] <= frame <= span[1]), None)
        if match:
            wanted.remove(match)
            hits += 1
    assert 2 * hits / (len(frames) + hits + len(wanted)) >= 0.93


@pytest.mark.slow
def test_real_cuts_are_found(media: Path) -> None:
    scenes = detect_scenes(media / "city_720p_cuts_fades.mp4")
    assert len(scenes) >= 3
    assert scenes[0].start_time == 0
    assert scenes[-1].end_time == pytest.approx(24.023, abs=0.001)
    assert all(a.end_time == b.start_time for a, b in itertools.pairwise(scenes))
