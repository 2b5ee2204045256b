from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import extract_metadata, extract_scene_segment, segment_video
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import MediaError, OutputError
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .test_clips import ffmpeg, numbered, numbers  # noqa: F401
from .waiting import PATIENCE, until

Capture = pytest.CaptureFixture[str]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mode", ["encode", "copy"])
def test_videos_cut_into_one_folder_at_once_keep_their_own_clips(
    mode: str,
    numbered: Path,  # noqa: F811
    make_video: MakeVideo,
    tmp_path: Path,
) -> None:
    plain, out = make_video(shot_length=4, size="160x90"), tmp_path / "out"
    with ThreadPoolExecutor(4) as threads:
        jobs = [
            threads.submit(segment_video, video, out, 2, stem=f"{video.stem}{n}", clip_mode=mode)
            for n in range(2)
            for video in (numbered, plain)
        ]
        found = [job.result() for job in jobs]
    assert names(out) == sorted(segment.path.name for segments in found for segment in segments)
    for video, segments in zip((numbered, plain) * 2, found, strict=True):
        like = extract_metadata(video)
        for segment in segments:
            assert extract_metadata(segment.path).resolution == like.resolution
    assert sum(len(numbers(segment.path)) for segment in found[0]) == 250


def test_clips_interrupted_leave_nothing(tmp_path: Path) -> None:
    video, out = tmp_path / "long.mp4", tmp_path / "out"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:d=60", "-c:v", "libx264", "-preset", "ultrafast", video)
    command = [sys.executable, "-m", "vidkit", "clips", "--out", str(out), "--clip_mode", "encode", str(video)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    until(lambda: process.poll() is not None or any(out.rglob("*.mp4")))
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE) != 0
    assert names(out) == []


def test_clips_that_fail_leave_nothing_and_the_older_ones_as_they_are(
    numbered: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    before = segment_video(numbered, tmp_path, 5)
    with pytest.raises(MediaError):
        segment_video(tmp_path / "numbered.mp4", tmp_path, 2, metadata=extract_metadata(numbered))
    assert names(tmp_path) == [segment.path.name for segment in before]


def test_clips_of_older_settings_go_and_nothing_else(numbered: Path, tmp_path: Path) -> None:  # noqa: F811
    segment_video(numbered, tmp_path, 1)
    own = ["numbered_clip_12.mp4", "numbered_clip_0012.mp4", "numbered_clip_012.mkv", "numbered_clip_012-a.mp4",
           "numbered_clip_.mp4", "other_numbered_clip_012.mp4", "NOTES"]  # fmt: skip
    for name in own:
        (tmp_path / name).touch()
    (tmp_path / "numbered_clip_011.mp4").mkdir()
    segments = segment_video(numbered, tmp_path, 5)
    assert names(tmp_path) == sorted(["numbered_clip_011.mp4", *own, *(s.path.name for s in segments)])


def test_a_clip_that_cannot_take_its_place_is_said(numbered: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "numbered_clip_001.mp4").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        segment_video(numbered, tmp_path)
    assert names(tmp_path) == ["numbered_clip_001.mp4"]


def test_a_piece_that_cannot_be_cut_out_leaves_the_older_one(
    numbered: Path,  # noqa: F811
    make_video: MakeVideo,
    tmp_path: Path,
) -> None:
    piece = extract_scene_segment(numbered, 9.0, 10.0, tmp_path)
    before = piece.read_bytes()
    with pytest.raises(MediaError, match=r"numbered\.mp4 has no frame from 9 to 10 s, of 2"):
        extract_scene_segment(make_video("numbered.mp4"), 9.0, 10.0, tmp_path)
    assert piece.read_bytes() == before
    assert names(tmp_path) == [piece.name]


@pytest.mark.parametrize(("by", "again"), [("scenes", False), ("time", True)])
def test_another_overlap_makes_only_clips_again_that_overlap(by: str, again: bool, make_video: MakeVideo) -> None:
    def clips(overlap: str) -> object:
        values = {"SegmentBy": by, "SegmentOverlap": overlap}
        config = load_config(
            overrides={("Processing", key): value for key, value in values.items()}, environment={}
        )
        with open_run(config) as run:
            record = process_video_pipeline(str(make_video()), run=run)
        return record["processing"]["stages"]["clips"]

    assert (clips("0") != clips("1")) == again


def printed_clips(out: str) -> dict[str, list[Path]]:
    """The clips of each file, as `--json` says."""
    found = [json.loads(line) for line in out.splitlines()]
    return {each["file"]: [Path(clip["path"]) for clip in each["segments"]] for each in found}


def test_inputs_of_one_name_keep_their_own_clips(make_video: MakeVideo, capsys: Capture, tmp_path: Path) -> None:
    sizes = {"a/x.mp4": "160x90", "b/x.mp4": "128x72", "a/X.mkv": "64x36"}
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(make_video(Path(name).name, shot_length=1, size=size))
    for _ in range(2):
        assert main(["clips", "--json", "--out", "out", *sizes, "a/x.mp4"]) == 0
        found = printed_clips(capsys.readouterr().out)
        assert found["a/x.mp4"] == [Path("out/x_clip_001.mp4")]
        for name, size in sizes.items():
            assert [extract_metadata(clip).resolution for clip in found[name]] == [size]
        assert len(names(Path("out"))) == 3


def test_a_file_that_is_named_like_a_clip_of_another_is_not_written_over(
    make_video: MakeVideo, capsys: Capture, tmp_path: Path
) -> None:
    for name in ("x.mp4", "x_clip_001.mp4", "x_clip_007.mp4"):
        (tmp_path / name).write_bytes(make_video(shot_length=1).read_bytes())
    before = (tmp_path / "x_clip_001.mp4").read_bytes()
    assert main(["clips", "--json", "--out", ".", "x.mp4", "x_clip_001.mp4", "x_clip_007.mp4"]) == 0
    found = printed_clips(capsys.readouterr().out)
    assert all(clip.is_file() for clips in found.values() for clip in clips)
    assert (tmp_path / "x_clip_001.mp4").read_bytes() == before == (tmp_path / "x_clip_007.mp4").read_bytes()


def test_inputs_of_one_name_keep_their_own_thumbnails(
    make_video: MakeVideo, capsys: Capture, tmp_path: Path
) -> None:
    for folder, shots in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.mp4").symlink_to(make_video(shots=shots))
    assert main(["scenes", "--json", "--thumbnails", "out", "a/x.mp4", "b/x.mp4"]) == 0
    first, second = (json.loads(line)["scenes"] for line in capsys.readouterr().out.splitlines())
    assert (len(first), len(second)) == (1, 2)
    pictures = [Path(scene["thumbnail"]) for scene in first + second]
    assert len(set(pictures)) == 3
    assert pictures[0] == Path("out/x.mp4/scene_001.jpg")
    assert all(picture.is_file() for picture in pictures)
