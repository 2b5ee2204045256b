"""What the benchmarks share: pairs of runs, medians, a server on loopback, tables."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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


def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it must succeed."""
    return subprocess.run([str(word) for word in words], check=True, text=True, capture_output=True, **options)  # type: ignore[call-overload,no-any-return]


def vidkit(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run vidkit in a folder."""
    return run(sys.executable, "-m", "vidkit", *words, cwd=cwd)


def peak_memory(words: Sequence[object], cwd: Path) -> tuple[float, float]:
    """A command's seconds and its own peak memory in MB."""
    code = "import resource,sys; from vidkit.cli import main; code=main(sys.argv[1:]); "
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
    began = time.perf_counter()
    done = run(sys.executable, "-c", code, *words, cwd=cwd)
    return time.perf_counter() - began, int(done.stderr.split()[-1]) / 1024


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
