"""What the benchmarks share: pairs of runs, medians, a server on loopback, tables."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

# Sends files with sendfile(2), so that the server is not what is measured.
_SERVER = textwrap.dedent(
    """
    import os, socketserver, sys
    from urllib.parse import unquote

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            while line := self.rfile.readline():
                method, path, _ = line.decode().split()
                while self.rfile.readline().strip():
                    pass
                name = os.path.join(sys.argv[1], os.path.basename(unquote(path)))
                size, tag = os.path.getsize(name), os.stat(name).st_mtime_ns
                head = ["HTTP/1.1 200 OK", f"Content-Length: {size}", "Content-Type: video/mp4", f'ETag: "{tag}"']
                self.connection.sendall("\\r\\n".join([*head, "", ""]).encode())
                if method == "GET":
                    with open(name, "rb") as file:
                        self.connection.sendfile(file)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
    """
)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder from a process of its own; gives the URL."""
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def seconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def pairs(one: Callable[[], object], other: Callable[[], object], runs: int = 5) -> tuple[float, float, float]:
    """Run two things in turn; the medians of their seconds and of the ratio one/other, pair by pair."""
    one(), other()
    times = [(seconds(one), seconds(other)) for _ in range(runs)]
    firsts, seconds_ = zip(*times, strict=True)
    return statistics.median(firsts), statistics.median(seconds_), statistics.median(a / b for a, b in times)


@dataclass(frozen=True)
class Cost:
    """What one run took, in seconds: on the clock, of all processors, and on the clock with the program's start."""

    wall: float
    cpu: float
    whole: float


def command(*words: object, **options: object) -> tuple[Cost, str]:
    """Run a command: what it took, and what it printed."""
    before, began = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    done = run(*words, **options)
    wall, after = time.perf_counter() - began, getrusage(RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall), done.stdout


_TIMED = """
import json, sys, time
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
{setup}
def clock():
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in used)
began = clock()
found = {call}
ended = clock()
print("\\n" + json.dumps([ended[0] - began[0], ended[1] - began[1], found]))
"""


def python(program: object, setup: str, call: str, *arguments: object, **options: object) -> tuple[Cost, Any]:
    """Run Python: what one call in it took, after the lines that set it up, and what it returned.

    So that a library is measured as one that is loaded once for many videos. The arguments are in `sys.argv[1:]`.
    """
    code = _TIMED.format(setup=setup, call=call)
    cost, said = command(program, "-c", code, *arguments, **options)
    wall, cpu, found = json.loads(said.splitlines()[-1])
    return Cost(wall, cpu, cost.whole), found


@dataclass(frozen=True)
class Contender:
    """One of those that are compared: its name, what it does, how many of the rounds it takes part in."""

    name: str
    work: Callable[[], Cost]
    rounds: int = 3


def in_turn(contenders: Sequence[Contender]) -> dict[str, list[Cost] | str]:
    """Run all of them in turn, again and again: what each run took, or why a contender failed."""
    found: dict[str, list[Cost] | str] = {contender.name: [] for contender in contenders}
    for turn in range(max(contender.rounds for contender in contenders)):
        for contender in contenders:
            costs = found[contender.name]
            if turn < contender.rounds and not isinstance(costs, str):
                print(f"   {turn + 1}: {contender.name}", file=sys.stderr, flush=True)
                try:
                    costs.append(contender.work())
                except Exception as error:  # a row that says why, not the end of the others
                    found[contender.name] = why(error)
    return found


def why(error: Exception) -> str:
    """The reason of a failure in one line, fit for a cell of a table."""
    said = str(error)
    if isinstance(error, subprocess.CalledProcessError) and error.stderr:
        said = error.stderr.strip().splitlines()[-1] if error.stderr.strip() else said
    return "failed: " + " ".join(said.split()).replace("|", "/")[:150]


def ratio(costs: Sequence[Cost], base: Sequence[Cost], of: str = "wall") -> float:
    """How many times what the other takes: the median over the rounds, each held against its own round."""
    times: list[float] = [getattr(a, of) / getattr(b, of) for a, b in zip(costs, base, strict=False)]
    return statistics.median(times)


def peers(name: str, *packages: str) -> Path:
    """The programs of a virtual environment that holds these packages from PyPI; made where it is not there.

    Raises:
        subprocess.CalledProcessError: pip cannot install them; its own words are in `stderr`.
    """
    folder = Path(__file__).parent / f".venv-peers-{name}"
    ready = folder / "packages"
    if not ready.exists() or ready.read_text() != " ".join(packages):
        print(f"   installing {' '.join(packages)}", file=sys.stderr, flush=True)
        run(sys.executable, "-m", "venv", folder)
        run(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
        ready.write_text(" ".join(packages))
    return folder / "bin"


def tools_first() -> dict[str, str]:
    """An environment in which other programs find the same ffmpeg as vidkit."""
    from vidkit.ffmpeg import find_tool

    ffmpeg = find_tool("ffmpeg")
    path = f"{ffmpeg.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "IMAGEIO_FFMPEG_EXE": str(ffmpeg)}


def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it must succeed."""
    return subprocess.run([str(word) for word in words], check=True, text=True, capture_output=True, **options)  # type: ignore[call-overload,no-any-return]


def vidkit(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run vidkit in a folder."""
    return run(sys.executable, "-m", "vidkit", *words, cwd=cwd)


def peak_memory(words: Sequence[object], cwd: Path) -> tuple[float, float]:
    """A command's seconds and its own peak memory in MB; it may fail, and what it prints is not kept."""
    # Not `ru_maxrss`: that begins with the peak of the process that started this one.
    code = "import re, sys; from vidkit.cli import main; main(sys.argv[1:]); "
    code += "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=open('peak', 'w'))"
    began = time.perf_counter()
    with open(os.devnull, "w") as nowhere:  # a failed row is a line
        subprocess.run([sys.executable, "-c", code, *map(str, words)], cwd=cwd, check=True, stderr=nowhere)
    return time.perf_counter() - began, int((cwd / "peak").read_text()) / 1024


def make_videos(folder: Path, number: int, seconds_each: float = 1.0, size: str = "160x120") -> list[str]:
    """Make small videos that differ; their names."""
    from vidkit.ffmpeg import find_tool

    folder.mkdir(parents=True, exist_ok=True)
    source = f"testsrc2=s={size}:r=10:d={seconds_each}"
    run(find_tool("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", source, folder / "v0.mp4")
    content = (folder / "v0.mp4").read_bytes()
    for index in range(number):  # a free box at the end makes each file another one
        box = b"\x00\x00\x00\x10free" + index.to_bytes(8, "big")
        (folder / f"v{index}.mp4").write_bytes(content + box)
    return [f"v{index}.mp4" for index in range(number)]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """This machine in a line."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
