"""Pipes to and from a process, each served by a function in a thread of its own."""

from __future__ import annotations

import contextlib
import contextvars
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO

Read = Callable[[IO[bytes]], None]
_ENDING = 0.2  # maximum seconds until a process that failed has ended


class OutputPipe:
    """A pipe beside the standard output (POSIX only). `target` is its name for ffmpeg; `read` reads its contents.

    Use it as a context, which closes both ends.
    """

    def __init__(self, read: Read) -> None:
        self.read = read
        reading, self.writing = os.pipe()  # a child inherits only an end that is passed to it
        self.reading: IO[bytes] = os.fdopen(reading, "rb")
        self._is_open = True

    @property
    def target(self) -> str:
        return f"pipe:{self.writing}"

    def started(self) -> None:
        """Close this process's copy of the child's end, so that the pipe ends when the child does."""
        if self._is_open:
            self._is_open = False
            os.close(self.writing)

    def __enter__(self) -> OutputPipe:
        return self

    def __exit__(self, *_: object) -> None:
        self.started()
        self.reading.close()


class InputPipe(OutputPipe):
    """A pipe that a process reads (POSIX only): `write` fills it, in a thread of its own. It is then closed.

    If the process ends early, the writing ends too; the error is the process's.
    """

    def __init__(self, write: Callable[[IO[bytes]], None]) -> None:
        self.read = self._write
        self._fill = write
        self.writing, ours = os.pipe()  # `writing` is the child's end: it reads there
        self.reading = os.fdopen(ours, "wb")
        self._is_open = True

    def _write(self, pipe: IO[bytes]) -> None:
        try:
            with contextlib.suppress(BrokenPipeError), pipe:
                self._fill(pipe)
        finally:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def __exit__(self, *_: object) -> None:
        self.started()
        with contextlib.suppress(BrokenPipeError):
            self.reading.close()


class HeldUp:
    """Counts the seconds for which threads wait."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._since: dict[int, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of the block."""
        thread = threading.get_ident()
        with self._lock:
            self._since[thread] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._waited += time.monotonic() - self._since.pop(thread)

    def seconds(self) -> float:
        """The seconds so far."""
        with self._lock:
            return self._waited + sum(time.monotonic() - since for since in self._since.values())


class Readers:
    """The readers of one process. The first that fails ends the process; `failure` is its exception.

    A reader that returns early does not stop the others: the rest of its pipe is read and dropped. Use it as a
    context around the process: at its end all threads have ended.
    """

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self, pipe: OutputPipe, process: subprocess.Popen[bytes], kill: Callable[[], None]) -> None:
        """Read a pipe in a thread of its own."""
        pipe.started()
        # A copy of the context makes the reader part of the same run.
        context = contextvars.copy_context()
        arguments = (self.run, pipe.reading, pipe.read, process, kill)
        thread = threading.Thread(target=context.run, args=arguments, name="read-output", daemon=True)
        self._threads.append(thread)
        thread.start()

    def run(self, pipe: IO[bytes], read: Read, process: subprocess.Popen[bytes], kill: Callable[[], None]) -> None:
        """Read a pipe in this thread, to its end."""
        try:
            read(pipe)
            while not pipe.closed and pipe.read(65536):
                pass
        except BaseException as error:
            # If the process failed, its own message is the reason, not the output that ends early.
            if isinstance(error, Exception) and _has_failed(process):
                return
            with self._lock:
                self.failure = self.failure or error
            kill()

    def join(self) -> None:
        """Wait until every reader has seen the end of its pipe."""
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.join()


def _has_failed(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_ENDING) != 0
    return False
