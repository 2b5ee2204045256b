"""The reader in docs/readers.md: installed as a package of its own, and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.readers.registry import BUILT_IN, load_reader

from .conftest import MakeVideo

PAGE = Path(__file__).parents[1] / "docs" / "readers.md"


def block(language: str, containing: str) -> str:
    """A block of code of the page."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return next(text for text in found if containing in text)


@pytest.mark.slow
def test_the_reader_of_the_docs_is_installed_by_pip_and_reads(make_video: MakeVideo, tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    code = block("python", "class Colour")
    assert len(code.splitlines()) <= 32
    Path("package").mkdir()
    Path("package/vidkit_colour.py").write_text(code)
    Path("package/pyproject.toml").write_text(block("toml", "entry-points"))
    words = [
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        "site",
        "./package",
    ]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    paths = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    video = make_video(shots=3, shot_length=2)  # red, blue, yellow

    def vidkit(*options: object) -> str:
        command = [sys.executable, "-m", "vidkit", *map(str, options)]
        return subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout

    assert "there    colour 1: the main colour of each scene" in vidkit("readers")
    vidkit("process", "--readers", "colour", "--describe", "none", "--urls", video)
    reading = json.loads(Path(f"processed_videos/{video.name}.json").read_text())["readings"]["colour"]
    assert reading["error"] is None
    assert [(round(span["start_time"]), span["label"]) for span in reading["spans"]][:2] == [
        (0, "red"),
        (2, "blue"),
    ]
    found = vidkit("search", "--json", "--where", "readings.colour.scenes>=3")
    assert json.loads(found)["filename"] == video.name
    assert vidkit("search", "--json", "--where", "readings.colour.scenes>3") == ""


def test_the_page_names_every_reader_of_this_package_and_every_setting() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in BUILT_IN if f"\n## {name}\n" not in page or f"| `{name}` |" not in page] == []
    for name in BUILT_IN:
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert [
            key for key in load_reader(name).options if f"`{key}" not in section and f"{key} =" not in section
        ] == []
