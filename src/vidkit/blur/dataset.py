"""Hide the faces in every file of a dataset."""

from __future__ import annotations

from pathlib import Path

from vidkit.blur import Blurred, blur_video, face_detector
from vidkit.blur.cover import CONTAINERS
from vidkit.core.config import Config
from vidkit.export.media import Hide


def hiding(config: Config, style: str) -> Hide:
    """The function that hides the faces in the files of an export, with the settings of `[Readers.faces]`.

    Raises:
        ConfigError: its model cannot be used.
    """
    faces = face_detector(config)

    def run(source: Path, target: Path) -> Blurred:
        return blur_video(
            source, target, faces.detector, style=style, least_score=faces.least_score, side=faces.side
        )

    name = f"{style} {faces.detector.model.name} {faces.least_score} {faces.side}"
    return Hide(name, run, (*(kind for kind in CONTAINERS if kind != ".mkv"), ".mkv"))
