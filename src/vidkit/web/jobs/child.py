"""The process of a job as the server sees it: started, stopped, and why it ended."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from vidkit.core.config import Config

_SECONDS_TO_STOP = 10.0  # until a process is killed
_TAIL = 4096  # bytes of the standard error that are kept
_GOES_ON = "What was done is kept, and a retry goes on from there."


class JobChild:
    """The process of one job, in its own session and process group."""

    def __init__(self, directory: Path, number: int, priority: int, config: Config) -> None:
        # The settings hold secrets: they go through a pipe and not into arguments, which others can read.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vidkit.web.jobs.process", str(directory), str(number), str(priority)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
        self._stderr = b""
        self._stop_requested: float | None = None
        self._reader = threading.Thread(target=self._read, name=f"stderr of job {number}", daemon=True)
        self._reader.start()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it ended already; `poll` says how
            self._process.stdin.write(pickle.dumps(config))
            self._process.stdin.flush()

    def poll(self) -> int | None:
        """The exit status; None while it runs. A process that was asked to stop and does not is killed."""
        code = self._process.poll()
        if code is None and self._stop_requested and time.monotonic() > self._stop_requested + _SECONDS_TO_STOP:
            self._kill()
        if code is not None:
            self._close()
        return code

    def stop(self) -> None:
        """Ask the process to stop cleanly."""
        if self._stop_requested is None:
            self._stop_requested = time.monotonic()
            self._process.terminate()

    def wait(self) -> None:
        """Wait for the end of a process that was asked to stop."""
        try:
            self._process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._close()

    def reason(self) -> str:
        """Why the process ended without an outcome, in words."""
        code = self._process.returncode
        if code == -getattr(signal, "SIGKILL", 9):
            return f"the job's process was killed; most likely the machine ran out of memory. {_GOES_ON}"
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            return f"the job's process crashed ({name}). {_GOES_ON}"
        lines = self._stderr.decode("utf-8", "replace").strip().splitlines()
        why = lines[-1].removeprefix("ERROR: ") if lines else f"exit status {code}"
        return f"the job's process ended early: {why}"

    def _kill(self) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def _close(self) -> None:
        self._reader.join(1)
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as pipe:
            while block := os.read(pipe.fileno(), 65536):
                self._stderr = (self._stderr + block)[-_TAIL:]
