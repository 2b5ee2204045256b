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

VIDKIT = (sys.executable, "-m", "vidkit")


@dataclass
class ServeProcess:
    """A running `vidkit serve`: its process, its address, and the token of its sign-in link ("" without)."""

    process: subprocess.Popen[bytes]
    address: str
    token: str
    output: Path

    def stop(self, number: int = signal.SIGTERM, within: float = 20) -> tuple[int, float]:
        """End it by a signal: its exit code, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(within), time.monotonic() - began


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
    until = time.monotonic() + 60
    wanted = r"Sign in: (http://[^/]+)/sign-in#(\S+)" if with_link else r"is at (http://[^/]+)/()"
    while time.monotonic() < until:
        text = output.read_text(encoding="utf-8")
        if found := re.search(wanted, text):
            return found[1], found[2]
        assert process.poll() is None, text
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {output.read_text(encoding='utf-8')}")


def vidkit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of vidkit in a folder."""
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        [*VIDKIT, *words], cwd=folder, capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
