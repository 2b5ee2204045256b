"""`vidkit serve` in a process of its own, for tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE, until

VIDKIT = (sys.executable, "-m", "vidkit")


@dataclass
class ServeProcess:
    """A running `vidkit serve`: its process, its address, and the token of its sign-in link ("" without)."""

    process: subprocess.Popen[bytes]
    address: str
    token: str
    output: Path

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """End it by a signal: its exit code, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), time.monotonic() - began


@contextmanager
def serve_process(folder: Path, *options: str) -> Iterator[ServeProcess]:
    """A server over the library of a folder, on a free port if the options name none."""
    folder.mkdir(exist_ok=True)
    output = folder / f"serve-{time.monotonic_ns()}.txt"
    words: Sequence[str] = options if "--port" in options else (*options, "--port", "0")
    with output.open("wb") as file:
        process = subprocess.Popen([*VIDKIT, "serve", *words], cwd=folder, stdout=file, stderr=file)
    try:
        address, token = _told(process, output, "--no-auth" not in options)
        yield ServeProcess(process, address, token, output)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _told(process: subprocess.Popen[bytes], output: Path, with_link: bool) -> tuple[str, str]:
    wanted = r"Sign in: (http://[^/]+)/sign-in#(\S+)" if with_link else r"is at (http://[^/]+)/()"
    found = said(process, output, wanted)
    return found[1], found[2]


def said(process: subprocess.Popen[bytes], output: Path, wanted: str) -> re.Match[str]:
    """What a pattern finds in the output of a process, once it is there."""

    def look() -> re.Match[str] | None:
        ended = process.poll() is not None
        text = output.read_text(encoding="utf-8")
        found = re.search(wanted, text)
        assert found or not ended, text
        return found

    found = until(look, told=lambda: output.read_text(encoding="utf-8"))
    assert found is not None
    return found


def vidkit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of vidkit in a folder."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [*VIDKIT, *words], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, env=dict(os.environ)
    )
