"""Readers for tests, installed as packages of their own: a module and the metadata that `pip install` leaves."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

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
