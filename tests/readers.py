"""Readers for tests, installed as packages of their own: a module and the metadata that `pip install` leaves."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from vidkit import process_video_pipeline
from vidkit.core.config import load_config
from vidkit.workflow.run import open_run

# Installs a reader of a name, whose class `It` is in this source, and gives the folder that it is in.
Install = Callable[[str, str], Path]

HEAD = """
from vidkit.readers import (
    Needs, Option, PictureBatch, Pictures, Reader, Reading, SoundBatch, Span
)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install readers for one test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def add(name: str, source: str) -> Path:
        module = f"vidkit_{name}_of_{abs(hash(str(tmp_path)))}"
        (folder / f"{module}.py").write_text(HEAD + textwrap.dedent(source))
        metadata = folder / f"{module}-1.0.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[vidkit.readers]\n{name} = {module}:It\n")
        sys.modules.pop(module, None)
        return folder

    return add


def read_by(name: str, video: Path, settings: Mapping[str, object]) -> dict[str, Any]:
    """What a reader reads of a video, as the record has it.

    Raises:
        ConfigError: the reader cannot be used.
    """
    lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
    Path("config.ini").write_text(f"[Readers]\nUse = {name}\n[Readers.{name}]\n{lines}")
    with open_run(load_config(), level="none") as run:
        record = process_video_pipeline(str(video), run=run)
    return dict(record["readings"][name])
