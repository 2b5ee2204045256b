"""`make demo`: what it shows, and that what it tells a newcomer to try next works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "demo.py"


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
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    steps = done.stdout.rpartition("Next steps:\n")[2].splitlines()
    assert re.match(r"  source \S+/bin/activate +#", steps[0])
    for step in steps[1:4]:
        tried = subprocess.run(step, shell=True, capture_output=True, text=True, env=environment)
        assert tried.returncode == 0, step
        assert "sample.mp4" in tried.stdout or "config.ini written" in tried.stdout
