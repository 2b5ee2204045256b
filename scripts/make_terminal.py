"""Write the screenshots of the terminal into docs/images/, and the record that docs/one_video.md explains.

    .venv/bin/python scripts/make_terminal.py

Real commands over made-up videos, in a terminal of 100 columns. A model is not at hand everywhere: a small server
answers in its place with what the videos were made to show.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "scripts")]

from demo import make_sample, serve  # noqa: E402
from tests import model_server  # noqa: E402
from tests.made_up_videos import RULES, VIDEOS, make_shots  # noqa: E402

IMAGES = ROOT / "docs" / "images"
COLUMNS = 100
LINES = 100
EXAMPLE = "three-shots.mp4"
DESCRIPTIONS = {
    EXAMPLE: (
        "A test chart with a clock, then a dive into a fractal, then colour bars, with a steady tone.",
        ["Test chart", "Fractal"],
    ),
    "evening-at-the-bay.mp4": (
        "Orange and violet light drifts over the frame like a sunset, then deep blue waves.",
        ["Sunset", "Water", "Night"],
    ),
    "into-the-fractal.mp4": (
        "The camera dives into the edge of a fractal. Spirals grow out of one another.",
        ["Fractal", "Night"],
    ),
}
# Name of the screenshot -> the command in it.
COMMANDS = {
    "help": "vidkit --help",
    "process": "vidkit process --csv videos.csv --readers quality --describe video",
    "search": "vidkit search fractal",
    "stats": "vidkit stats --by topic",
}


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    """The text on the screen of a terminal after a command."""
    import pyte

    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    arguments = [sys.executable, "-m", *command.split()]
    with subprocess.Popen(arguments, cwd=folder, env=environment, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        with contextlib.suppress(OSError):  # the last writer has closed the terminal
            while part := os.read(controller, 65536):
                stream.feed(part)
    os.close(controller)
    shown = "\n".join(line.rstrip() for line in screen.display).strip("\n")
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command}: exit code {process.returncode}\n{shown}")
    return shown


def picture(command: str, said: str) -> str:
    """A screenshot of a command and its output, as SVG that loads no font."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "green"), (command, "bold")))
    console.print(Text(said + "\n"))
    svg = console.export_svg(title="vidkit", unique_id="terminal")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.S)


def prepare(folder: Path, endpoint: str) -> dict[str, str]:
    """Make the videos, a CSV and the settings; return the environment for the commands."""
    films = folder / "films"
    films.mkdir()
    make_sample(films / EXAMPLE)
    for name in list(DESCRIPTIONS)[1:]:
        make_shots(films / name, VIDEOS[name.removesuffix(".mp4")][0])
    address = serve(films)
    topics = {EXAMPLE: "technical", "evening-at-the-bay.mp4": "landscape"}
    rows = [f"{address}/{name},{topics.get(name, 'mathematics')}" for name in [*DESCRIPTIONS, "missing.mp4"]]
    (folder / "videos.csv").write_text("\n".join(["url,topic", *rows]) + "\n")
    (folder / "custom_tags.json").write_text(json.dumps(RULES))
    (folder / "config.ini").write_text(f"[QwenVL]\nPublicEndpoint = {endpoint}\n[Processing]\nSegmentLength = 4\n")
    kept = {name: os.environ[name] for name in ("PATH", "VIRTUAL_ENV") if name in os.environ}
    return {
        **kept,
        "COLUMNS": str(COLUMNS),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT / "src"),
        "QWEN_VL_ACCESS_KEY": "key",
        "TERM": "xterm-256color",
        "VIDKIT_CONCURRENCY_MAXWORKERS": "1",
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="films-") as name, model_server.serving() as model:
        folder = Path(name)
        environment = prepare(folder, model.url)
        answers = iter(DESCRIPTIONS.values())  # one worker: they come in the order of the rows

        def answer(question: model_server.Question) -> str:
            text, model.tags = next(answers)
            return text

        model.answer = answer
        for name, command in COMMANDS.items():
            (IMAGES / f"terminal-{name}.svg").write_text(picture(command, run(command, folder, environment)))
            print(f"docs/images/terminal-{name}.svg")
        record = (folder / "processed_videos" / f"{EXAMPLE}.json").read_text(encoding="utf-8")
    (ROOT / "docs" / "one_video.json").write_text(record, encoding="utf-8")
    print("docs/one_video.json")


if __name__ == "__main__":
    main()
