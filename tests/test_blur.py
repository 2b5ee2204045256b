"""`vidkit blur`: the faces of real footage are covered in every picture, and nothing else of the video changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.blur import blur_video, find_faces
from vidkit.cli import main
from vidkit.errors import ConfigError, MediaError
from vidkit.ffmpeg import find_tool
from vidkit.readers.face_detector import FaceDetector

from .conftest import MakeVideo, turn
from .models import face_model, footage
from .waiting import PATIENCE, until

__all__ = ["face_model"]

SIDE = 320


@pytest.fixture(scope="session")
def detector(face_model: Path) -> FaceDetector:
    return FaceDetector({"ModelDir": str(face_model), "Hub": "huggingface", "Threads": 2})


@pytest.fixture
def face(media: Path) -> Path:
    """Ten pictures with a face that hardly moves, and sound."""
    words = ["-f", "lavfi", "-i", "sine=440:d=0.4", "-vf", "scale=320:-2", "-frames:v", "10", "-shortest"]
    command = [find_tool("ffmpeg"), "-v", "error", "-y", "-i", media / "gestures" / "book.mkv", *words]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "face.mp4"], check=True)
    return Path("face.mp4")


def probed(path: Path, *entries: str) -> Any:
    command = [find_tool("ffprobe"), "-v", "error", "-of", "json", *entries, path]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def times(path: Path) -> list[str]:
    """The time of each picture."""
    found = probed(path, "-select_streams", "v:0", "-show_entries", "frame=pts_time")["frames"]
    return [each["pts_time"] for each in found]


def sound(path: Path) -> bytes:
    """The packets of the sound, as they are stored."""
    command = [find_tool("ffmpeg"), "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "framemd5", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def pictures(path: Path) -> Any:
    """All pictures as a viewer sees them, grey: n x height x width."""
    width, height = (320, 240)
    words = [
        "-vf",
        f"scale={width}:{height}",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    ]
    made = subprocess.run([find_tool("ffmpeg"), "-v", "error", "-i", path, *words], check=True, capture_output=True)
    return np.frombuffer(made.stdout, np.uint8).reshape(-1, height, width).astype(int)


def kept(path: Path, keys: Sequence[str]) -> list[Any]:
    stream = probed(path, "-select_streams", "v:0", "-show_streams")["streams"][0]
    turned = [data["rotation"] for data in stream.get("side_data_list", []) if "rotation" in data]
    return [*(stream.get(key) for key in keys), turned]


COLOURS = ("width", "height", "pix_fmt", "color_range", "color_space", "color_primaries", "color_transfer")
# Of the face in gestures/book.mkv at 320 x 240: rows and columns inside it, and of what is far from it.
FACE = (slice(56, 80), slice(142, 160))
FAR = (slice(150, 240), slice(0, 320))


def is_hidden(before: Any, after: Any) -> bool:
    """Whether the details of the face are gone in every picture: a cell of a mosaic has none."""
    one, other = before[:, FACE[0], FACE[1]], after[:, FACE[0], FACE[1]]
    edges = [np.abs(np.diff(each, axis=2)).mean(axis=(1, 2)) for each in (one, other)]
    return bool((edges[1] < 0.6 * edges[0]).all() and (np.abs(one - other).mean(axis=(1, 2)) > 4).all())


@pytest.mark.parametrize("style", ["pixelate", "box"])
def test_the_face_is_covered_in_every_frame_and_the_rest_stays(
    detector: FaceDetector, face: Path, style: str
) -> None:
    done = blur_video(face, "out/hidden.mp4", detector, style=style, side=SIDE)
    assert (done.pictures, done.covered, done.faces) == (10, 10, 1)
    before, after = pictures(face), pictures(done.out)
    assert is_hidden(before, after)
    assert np.abs(before[:, FAR[0], FAR[1]] - after[:, FAR[0], FAR[1]]).mean() < 2
    assert times(done.out) == times(face)
    assert sound(done.out) == sound(face)
    assert kept(done.out, COLOURS) == kept(face, COLOURS)
    lengths = [float(probed(path, "-show_format")["format"]["duration"]) for path in (face, done.out)]
    assert lengths[0] == pytest.approx(lengths[1], abs=0.04)
    assert [path.name for path in Path("out").iterdir()] == ["hidden.mp4"]


def test_colours_and_uneven_times_and_a_start_after_zero_stay(
    detector: FaceDetector, media: Path, make_video: MakeVideo
) -> None:
    uneven = "scale=320:-2,setpts='(N*N+7)*1000/TB/20000'"
    marked = ["-color_range", "tv", "-colorspace", "smpte170m", "-color_primaries", "bt709", "-color_trc", "bt709"]
    options = ["-frames:v", "6", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p10le", *marked]
    video = footage(media / "gestures" / "book.mkv", Path("uneven.mkv"), uneven, options)
    done = blur_video(video, "hidden.mkv", detector, side=SIDE)
    assert is_hidden(pictures(video), pictures(done.out))
    assert times(done.out) == times(video)
    assert len(set(np.diff(list(map(float, times(video)))).round(3))) > 3
    assert kept(done.out, COLOURS) == kept(video, COLOURS)
    assert kept(video, COLOURS)[2:6] == ["yuv420p10le", "tv", "smpte170m", "bt709"]


@pytest.mark.parametrize(("degrees", "back"), [(90, "cclock"), (180, "clock,transpose=clock"), (270, "clock")])
def test_a_turned_video_stays_turned_and_its_face_is_covered(
    detector: FaceDetector, media: Path, degrees: int, back: str
) -> None:
    graph = f"scale=320:240,transpose={back}"
    lying = footage(media / "gestures" / "book.mkv", Path("lying.mp4"), graph, ["-frames:v", "3"])
    video = turn(lying, degrees, Path("turned.mp4"))
    done = blur_video(video, "hidden.mp4", detector, side=SIDE)
    assert done.covered == 3
    assert kept(done.out, COLOURS) == kept(video, COLOURS)
    assert kept(video, COLOURS)[-1] != []
    assert is_hidden(pictures(video), pictures(done.out))
    upright = blur_video(video, "hidden.mkv", detector, side=SIDE)  # Matroska cannot say how it is turned
    assert kept(upright.out, ("width", "height")) == [320, 240, []]
    assert is_hidden(pictures(video), pictures(upright.out))


def test_a_face_that_is_missed_for_half_a_second_is_covered_and_the_report_shows_it(
    detector: FaceDetector, media: Path
) -> None:
    # Three pictures in which something hides the face: the model finds none there.
    hidden = "fps=10,scale=320:240,drawbox=x=128:y=38:w=44:h=60:c=gray:t=fill:enable='between(n,3,5)'"
    video = footage(media / "gestures" / "book.mkv", Path("missed.mp4"), hidden, ["-frames:v", "9"])
    looked = find_faces(video, _metadata(video), detector, 0.5, SIDE)
    (track,) = looked.tracks
    assert list(track.gaps()) == [(2, 6)]
    done = blur_video(video, "hidden.mp4", detector, side=SIDE, report="faces.html")
    assert (done.pictures, done.covered, done.faces, done.filled) == (9, 9, 1, 3)
    hair = (slice(50, 90), slice(172, 178))  # beside what hides the face
    before, after = pictures(video)[3:6, hair[0], hair[1]], pictures(done.out)[3:6, hair[0], hair[1]]
    assert (np.abs(before - after).mean(axis=(1, 2)) > 3).all()
    page = Path("faces.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "none found for 3 frames" in page
    assert "Do not publish" in page


def test_nothing_is_covered_across_a_cut(detector: FaceDetector, media: Path, make_video: MakeVideo) -> None:
    face = footage(media / "gestures" / "book.mkv", Path("face.mp4"), "scale=320:240,fps=10", ["-frames:v", "4"])
    graph = "[1:v]scale=320:240,fps=10,setsar=1,trim=end_frame=4[b];[0:v]setsar=1[a];[a][b]concat=n=2:v=1[v]"
    command = [find_tool("ffmpeg"), "-v", "error", "-i", face, "-i", make_video(audio=False)]
    subprocess.run([*command, "-filter_complex", graph, "-map", "[v]", "cut.mp4"], check=True)
    done = blur_video("cut.mp4", "hidden.mp4", detector, side=SIDE)
    assert (done.pictures, done.covered) == (8, 4)


def test_a_face_at_the_edge_is_covered_up_to_the_edge(detector: FaceDetector, media: Path) -> None:
    part = "crop=330:480:282:0,scale=220:320"  # its left quarter is cut off
    video = footage(media / "gestures" / "book.mkv", Path("edge.mp4"), part, ["-frames:v", "3"])
    done = blur_video(video, "hidden.mp4", detector, side=SIDE, style="box")
    assert done.covered == 3
    assert (pictures(done.out)[:, 55:80, 0:20] < 24).all()


def test_a_black_video_and_one_pixel_stay_as_they_are(
    detector: FaceDetector, make_video: MakeVideo, media: Path
) -> None:
    black = footage(make_video(), Path("black.mp4"), "lutyuv=y=16:u=128:v=128", ["-t", "0.2"])
    for video in (black, media / "one_pixel.mp4"):
        done = blur_video(video, "hidden.mp4", detector, side=64)
        assert (done.covered, done.faces) == (0, 0)
        assert times(done.out) == times(video)
        assert kept(done.out, ("width", "height")) == kept(video, ("width", "height"))


def test_a_video_that_ffmpeg_cannot_write_whole_leaves_no_file(detector: FaceDetector, face: Path) -> None:
    Path("old.webm").write_bytes(b"old")
    with pytest.raises(
        MediaError, match=r"face.mp4 cannot be written as .webm: .*an .mkv file can hold audio of every kind"
    ):
        blur_video(face, "old.webm", detector, side=64)  # AAC does not go into WebM
    assert Path("old.webm").read_bytes() == b"old"
    assert sorted(path.name for path in Path().iterdir()) == ["face.mp4", "old.webm"]


def test_the_command_refuses_what_would_harm_and_says_what_it_did(
    face_model: Path, face: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("config.ini").write_text(f"[Readers.faces]\nModelDir = {face_model}\nSide = {SIDE}\n")
    before = face.read_bytes()
    assert main(["blur", str(face), "--out", "./face.mp4"]) == 2
    assert "--out face.mp4 is the video itself" in capsys.readouterr().err
    assert face.read_bytes() == before
    assert main(["blur", str(face), "--out", "hidden.avi"]) == 2
    assert "has to end with .mp4" in capsys.readouterr().err
    assert main(["blur", str(face), "--out", "hidden.mp4", "--padding", "-1"]) == 2
    assert "'-1' is not a share" in capsys.readouterr().err
    assert main(["blur", str(face), "--out", "hidden.mp4"]) == 0
    assert capsys.readouterr().out == "hidden.mp4  1 face in 10 of 10 frames\n"
    Path("config.ini").write_text("[Readers.faces]\nModelDir = /no/model\n")
    assert main(["blur", str(face), "--out", "other.mp4"]) == 2
    assert "[Readers.faces]: ModelDir /no/model is not there" in capsys.readouterr().err
    assert not Path("other.mp4").exists()


def test_an_unknown_style_is_an_error_from_python_too(detector: FaceDetector, face: Path) -> None:
    with pytest.raises(ConfigError, match="--style smear: there is pixelate, box"):
        blur_video(face, "hidden.mp4", detector, style="smear")


def _metadata(path: Path) -> Any:
    from vidkit.analysis import extract_metadata

    return extract_metadata(path)


def test_a_dataset_is_exported_without_faces(
    face_model: Path, face: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("config.ini").write_text(f"[Readers.faces]\nModelDir = {face_model}\nSide = {SIDE}\n")
    assert main(["process", "--describe", "none", "--urls", str(face)]) == 0
    export = ["export", "set", "--format", "jsonl", "--label", "class", "--blur"]
    assert main([*export, "--link"]) == 2
    assert "--link: --blur makes new files" in capsys.readouterr().err
    assert main(export) == 0
    (row,) = [json.loads(line) for line in Path("set/train.jsonl").read_text().splitlines()]
    hidden = Path("set", row["path"])
    assert is_hidden(pictures(face), pictures(hidden))
    assert times(hidden) == times(face)
    assert "--blur pixelate" in Path("set/README.md").read_text()
    shards = [
        "export",
        "shards",
        "--format",
        "webdataset",
        "--level",
        "scenes",
        "--label",
        "class",
        "--blur",
        "box",
    ]
    assert main(shards) == 0
    with tarfile.open("shards/train-000000.tar") as shard:
        shard.extractall("members", filter="data")
    (scene,) = Path("members").glob("*.mp4")
    assert is_hidden(pictures(face), pictures(scene))


def test_an_interrupted_blur_leaves_no_half_file(face_model: Path, make_video: MakeVideo) -> None:
    Path("config.ini").write_text(f"[Readers.faces]\nModelDir = {face_model}\nSide = 64\n")
    video = make_video(shots=2, shot_length=5, size="1920x1080")
    command = [sys.executable, "-m", "vidkit", "blur", str(video), "--out", "out/hidden.mp4"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:

        def encodes() -> bool:
            assert process.poll() is None
            return any(Path().glob("out/*/blurred.mp4"))

        until(encodes)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b"Traceback" not in said
    assert list(Path("out").iterdir()) == []
