"""The reader `ocr` on made videos and real footage; what is wrong with a model is said before the first video."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.errors import ConfigError
from vidkit.ffmpeg import find_tool
from vidkit.readers.ocr import Ocr

from .conftest import MakeVideo, turn
from .models import footage
from .readers import read_by
from .test_readers import processed

pytest.importorskip("rapidocr", reason="rapidocr is not installed: the extra ocr")

from PIL import Image, ImageDraw, ImageFont  # rapidocr brings it

Draw = Callable[[ImageDraw.ImageDraw, float], None]
OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")


def write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int = 40) -> None:
    """Put a text into a picture, its upper left corner here."""
    draw.text(at, text, font=ImageFont.load_default(size), fill="white", stroke_width=1, stroke_fill="black")


def film(name: str, seconds: float, draw: Draw, size: tuple[int, int] = (640, 360)) -> Path:
    """A video with 4 pictures a second, which `draw` draws on grey."""
    width, height = size
    pictures = []
    for number in range(round(seconds * 4)):
        picture = Image.new("RGB", size, (70, 80, 90))
        draw(ImageDraw.Draw(picture), number / 4)
        pictures.append(picture.tobytes())
    words = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "4", "-i", "-"]
    words += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", name]
    subprocess.run([find_tool("ffmpeg"), "-v", "error", *words], input=b"".join(pictures), check=True)
    return Path(name)


def ocr(video: Path, **settings: object) -> dict[str, Any]:
    reading = read_by("ocr", video, {"Threads": 1, **settings})
    assert reading["error"] is None
    return reading


def by_text(reading: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {span["text"]: (span["start_time"], span["end_time"]) for span in reading["spans"]}


def test_a_title_a_watermark_and_a_clock_are_a_span_each_with_its_box(capfd: pytest.CaptureFixture[str]) -> None:
    def draw(picture: ImageDraw.ImageDraw, time: float) -> None:
        write(picture, (420, 320), "www.example.org", 24)
        write(picture, (40, 20), f"10:59:{50 + int(time):02}")
        if 2 <= time < 4:
            write(picture, (120, 150), "Journey to the coast")

    reading = ocr(film("titles.mp4", 6, draw))
    spans = by_text(reading)
    clock = "10:59:50 10:59:51 10:59:52 10:59:53 10:59:54 10:59:55"
    assert spans.keys() == {"www.example.org", clock, "Journey to the coast"}
    assert spans["www.example.org"] == spans[clock] == (0, 6)
    assert spans["Journey to the coast"] == (pytest.approx(2, abs=0.6), pytest.approx(4, abs=0.6))
    (title,) = (span for span in reading["spans"] if span["text"].startswith("Journey"))
    left, top, width, height = title["box"]
    assert title["score"] > 0.9
    assert (left, top) == (pytest.approx(120 / 640, abs=0.03), pytest.approx(155 / 360, abs=0.06))
    assert 0.5 < width < 0.75
    assert 0.06 < height < 0.2
    assert (reading["words"], reading["share"]) == (11, 1)
    assert re.fullmatch(r"\S*det\S* [0-9a-f]{8}, \S*rec\S* [0-9a-f]{8}", reading["model"])
    said = capfd.readouterr()
    assert "RapidOCR" not in said.out + said.err


def test_text_of_a_rotated_video_is_read_and_its_box_is_as_a_viewer_sees_it() -> None:
    def draw(picture: ImageDraw.ImageDraw, time: float) -> None:
        upright = Image.new("RGB", (360, 640), (70, 80, 90))
        write(ImageDraw.Draw(upright), (30, 520), "Platform", 48)
        picture.im.paste(upright.transpose(Image.Transpose.ROTATE_90).im, (0, 0, 640, 360))

    (span,) = ocr(turn(film("lying.mp4", 1, draw), 90, Path("turned.mp4")))["spans"]
    assert span["text"] == "Platform"
    left, top, width, height = span["box"]
    assert (left, top) == (pytest.approx(30 / 360, abs=0.05), pytest.approx(525 / 640, abs=0.05))
    assert width > 2 * height


def test_a_black_video_one_of_one_pixel_and_a_strip_have_no_text(make_video: MakeVideo, media: Path) -> None:
    black = footage(make_video(), Path("black.mp4"), "lutyuv=y=16:u=128:v=128", ["-t", "1"])
    strip = footage(make_video(), Path("strip.mp4"), "scale=1280:2", ["-frames:v", "1"])
    for video in (black, media / "one_pixel.mp4", strip):
        reading = ocr(video)
        assert (reading["spans"], reading["words"], reading["share"]) == ([], 0, 0)


def test_a_second_run_reads_nothing_and_a_new_version_only_what_this_reader_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    video = film("title.mp4", 1, lambda picture, time: write(picture, (40, 150), "The end of it"))
    record, _ = processed(video, "ocr, quality", Readers_Timeout="600")
    assert by_text(record["readings"]["ocr"]) == {"The end of it": (0, 1)}
    again, made = processed(video, "ocr, quality", Readers_Timeout="600")
    assert (made, again["readings"]) == ([], record["readings"])
    monkeypatch.setattr(Ocr, "version", 99)
    newer, made = processed(video, "ocr, quality", Readers_Timeout="600")
    assert [stage for stage in made if stage.startswith("reader:")] == ["reader:ocr"]
    assert newer["readings"]["quality"] == record["readings"]["quality"]
    assert newer["readings"]["ocr"]["version"] == "99"


@pytest.mark.slow
def test_the_numbers_that_are_burnt_into_real_pictures_are_read(media: Path) -> None:
    reading = ocr(media / "counter_1080p_10fps.mp4")
    assert by_text(reading) == {"Frame = 1 11 21": (0, 3), "PTS = 0.0s 1.0s 2.0s": (0, 3)}


@pytest.mark.slow
def test_no_text_is_found_in_footage_without_any(media: Path) -> None:
    assert ocr(media / "fades.mp4")["spans"] == []


def own_models() -> tuple[Path, Path]:
    """The models in the package: the one that finds text, and the one that reads it."""
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    return next(folder.glob("*_det_*.onnx")), next(folder.glob("*_rec_*.onnx"))


def complaint(**settings: object) -> str:
    """What is said where the reader cannot be used, before a video is looked at."""
    with pytest.raises(ConfigError) as caught:
        read_by("ocr", Path("no such video.mp4"), settings)
    return str(caught.value)


def test_a_model_of_the_package_that_is_missing_or_cut_short_is_named_before_the_first_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rapidocr

    package = Path(rapidocr.__file__).parent
    (metadata,) = package.parent.glob("rapidocr-*.dist-info")
    shutil.copytree(metadata, tmp_path / "site" / metadata.name)
    (tmp_path / "site" / "rapidocr" / "models").mkdir(parents=True)
    finds, reads = own_models()
    for model in (finds, reads):
        (tmp_path / "site" / "rapidocr" / "models" / model.name).write_bytes(model.read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    damaged = tmp_path / "site" / "rapidocr" / "models" / reads.name
    damaged.write_bytes(reads.read_bytes()[:1_000_000])
    assert f"{damaged} is cut short or changed: pip install --force-reinstall" in complaint()
    damaged.unlink()
    assert f"{damaged} is missing: pip install --force-reinstall" in complaint()


def test_a_folder_without_a_model_or_with_a_damaged_one_is_named_before_the_first_video(tmp_path: Path) -> None:
    finds, reads = own_models()
    folder = tmp_path / "models"
    assert f"ModelDir {folder} is no folder" in complaint(ModelDir=folder)
    folder.mkdir()
    assert "no model that reads" in complaint(ModelDir=folder)
    (folder / "my_rec.onnx").write_bytes(reads.read_bytes()[:1_000_000])
    assert "my_rec.onnx is cut short or of another kind" in complaint(ModelDir=folder)
    (folder / "my_rec.onnx").write_bytes(finds.read_bytes())
    assert "my_rec.onnx does not say which letters it knows" in complaint(ModelDir=folder)
    (folder / "other_rec.onnx").touch()
    assert "my_rec.onnx and other_rec.onnx: leave one" in complaint(ModelDir=folder)


def test_a_model_of_ones_own_reads_by_the_list_of_letters_beside_it(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(own_models()[1])
    (letters,) = (each.value for each in model.metadata_props if each.key == "character")
    del model.metadata_props[:]
    folder = tmp_path / "models"
    folder.mkdir()
    onnx.save(model, folder / "greek_rec.onnx")
    (folder / "letters.txt").write_text(letters.replace("a", "\N{GREEK SMALL LETTER ALPHA}"), encoding="utf-8")
    video = film("title.mp4", 1, lambda picture, time: write(picture, (40, 150), "A banana boat"))
    reading = ocr(video, ModelDir=folder)
    assert by_text(reading) == {"A bαnαnα boαt": (0, 1)}
    assert re.search(r"greek_rec [0-9a-f]{8}, letters [0-9a-f]{8}$", reading["model"])


def test_two_packages_of_opencv_that_spoil_each_other_are_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    (site / "cv2").mkdir(parents=True)  # what is left when one of them was uninstalled
    for name in OPENCV[:2]:
        (site / f"{name.replace('-', '_')}-4.9.0.dist-info").mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 4.9.0\n"
        (site / f"{name.replace('-', '_')}-4.9.0.dist-info" / "METADATA").write_text(metadata)
    (site / "cv2" / "__init__.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(str(site))
    for name in [name for name in sys.modules if name.partition(".")[0] == "cv2"]:
        monkeypatch.delitem(sys.modules, name)
    said = complaint()
    assert "OpenCV (cv2) cannot be used: libGL.so.1" in said
    assert "opencv-python and opencv-python-headless write over each other's files" in said
    remedy = "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless"
    assert said.endswith(remedy)
    assert main(["readers"]) == 0
    assert remedy in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("PerSecond", "3", "one of 0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16 is possible"),
        ("Score", "nan", "nan is not a number from 0 to 1"),
        ("Side", "5", "from 320 to 4096"),
    ],
)
def test_an_impossible_setting_is_named(key: str, value: str, reason: str) -> None:
    said = complaint(**{key: value})
    assert key in said
    assert reason in said
