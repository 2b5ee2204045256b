"""How long `vidkit serve` takes to answer after it is started, and how much memory it uses while nobody asks.

    python benchmarks/web_start.py [--runs 5]

Each run starts a server over an empty library in a folder of its own, asks for `/healthz` until it is answered, opens
the page with its modules once, waits five seconds, and reads the resident memory of the process from /proc. A first
run, which does not count, leaves the compiled modules, as an installation has them.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import table

STATIC = Path(__file__).parents[1] / "src" / "vidkit" / "web" / "static"
QUIET = 5.0  # seconds


def ask(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def environment(compiled: Path) -> dict[str, str]:
    """The environment, with a folder for compiled modules, even where Python is told to write none."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(compiled)}


def measure(folder: Path, variables: dict[str, str]) -> tuple[float, float, float]:
    """Seconds until the first answer, the processor time of that in seconds, and the memory when idle in MB."""
    began = time.monotonic()
    command = [sys.executable, "-m", "vidkit", "serve", "--port", "0", "--no-auth"]
    with subprocess.Popen(command, cwd=folder, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        found = re.search(r":(\d+)/", process.stderr.readline())
        assert found
        assert ask(int(found[1]), "/healthz") == 200
        seconds = time.monotonic() - began
        busy = sum(map(int, Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13])) / 100
        for path in ("/", *(f"/static/{file.name}" for file in STATIC.glob("*.js"))):
            assert ask(int(found[1]), path) == 200
        time.sleep(QUIET)
        memory = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024
        process.terminate()
    return seconds, busy, memory / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    measured = []
    with tempfile.TemporaryDirectory() as compiled:
        for _ in range(runs + 1):
            with tempfile.TemporaryDirectory() as folder:
                measured.append(measure(Path(folder), environment(Path(compiled))))
    del measured[0]
    names = ("start to the first response", "of that, processor time", "memory when idle")
    rows = [
        (name, f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})", goal)
        for name, values, unit, goal in zip(
            names, zip(*measured, strict=True), ("s", "s", "MB"), ("1 s", "", "90 MB"), strict=True
        )
    ]
    print(table(["`vidkit serve`", "measured", "goal"], rows))


if __name__ == "__main__":
    main()
