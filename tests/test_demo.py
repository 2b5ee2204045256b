"""`make demo`: what it shows, and that what it tells a newcomer to try next works."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.web import get

SCRIPT = Path(__file__).parents[1] / "scripts" / "demo.py"


def _moments_of_the_server(step: str, environment: dict[str, str], folder: Path) -> int:
    """How many moments of the sample the server finds that a step starts."""
    command = [*shlex.split(step, comments=True), "--no-auth", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder) as server:
        assert server.stderr
        try:
            address = re.search(r"http://[\d.:]+", server.stderr.readline())
            assert address
            return len(get(address[0], "/api/v1/search?q=sample").json()["items"])
        finally:
            server.terminate()


@pytest.mark.slow
def test_the_commands_that_the_demo_names_at_its_end_work(tmp_path: Path) -> None:
    # A folder with the command in it, as an activated environment has; sys.executable may have none.
    command = tmp_path / "bin" / "vidkit"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m vidkit "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("VIRTUAL_ENV", None)
    environment["HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"hashes"' not in done.stdout, "kilobytes that nobody reads"
    steps = done.stdout.rpartition("Next steps:\n")[2].splitlines()
    assert re.match(r"  source \S+/bin/activate +#", steps[0])
    assert _moments_of_the_server(steps[3], environment, tmp_path) >= 1
    for step in (*steps[1:3], steps[4]):
        tried = subprocess.run(step, shell=True, capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert tried.returncode == 0, step
        assert "sample.mp4" in tried.stdout or "config.ini written" in tried.stdout
