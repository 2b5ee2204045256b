"""`make demo`: run the full pipeline on a sample video that is made and served here, or on the given URLs."""

from __future__ import annotations

import functools
import http.server
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

from vidkit.cli import main
from vidkit.core import load_config
from vidkit.ffmpeg import find_tool

SITE = Path("demo")
PORT = 8764  # the same each time if it is free, so a second demo has the same URL


def make_sample(path: Path) -> None:
    """Three different scenes with a tone, eight seconds in all."""
    scenes = ("testsrc2=s=1280x720:r=25:d=3", "mandelbrot=s=1280x720:r=25", "smptehdbars=s=1280x720:r=25:d=2")
    inputs = [word for scene in scenes for word in ("-f", "lavfi", "-t", "3", "-i", scene)]
    command = [str(find_tool("ffmpeg")), "-v", "error", "-y", *inputs, "-f", "lavfi", "-i", "sine=440:d=8"]
    command += ["-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1,format=yuv420p[v]", "-map", "[v]", "-map", "3:a"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run(command, check=True)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def serve(folder: Path) -> str:
    """Serve a folder on loopback until this process ends, and return its URL."""
    handler = functools.partial(Handler, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), handler)
    except OSError:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def demo(urls: list[str]) -> int:
    """Process into the library of this folder, then show the record, where the results are and what to try next."""
    if not urls:
        SITE.mkdir(parents=True, exist_ok=True)
        sample = SITE / "sample.mp4"
        if not sample.exists():
            make_sample(sample)
        urls = [serve(SITE) + "/sample.mp4"]
    print(f"$ vidkit process --urls {' '.join(urls)}", flush=True)
    code = main(["process", "--force", "--urls", *urls])
    records = sorted(Path(load_config().paths.processed_directory).glob("*.json"), key=os.path.getmtime)
    records = [path for path in records if path.name != "summary.json"]
    if code == 0 and records:
        video = records[-1].stem
        print(f"\n$ vidkit show {shlex.quote(video)}", flush=True)
        code = main(["show", video])
        print(f"The record is {records[-1]}; its clips and thumbnails are beside it.")
        print("\n".join(["", *next_steps(video)]))
    return code


def next_steps(video: str) -> list[str]:
    """What to try next: lines that can be copied, each with a comment after #."""
    commands = [
        (f"vidkit search {shlex.quote(Path(video).stem)}", "find the video in the library"),
        (f"vidkit show {shlex.quote(video)} --json", "show its whole record, for programs"),
        ("vidkit serve", "show the library in the browser"),
        ("mkdir ~/videos; cd ~/videos; vidkit init", "create your own folder with settings and rule files"),
        ("vidkit doctor", "show what is installed, configured and missing"),
        ("vidkit process --urls URL ...", "process your videos: URLs, pages, files; or --csv FILE"),
        ("vidkit search WORD ...", "search them"),
    ]
    if os.environ.get("VIRTUAL_ENV") != sys.prefix:
        activate = Path(sys.prefix) / "bin" / "activate"
        if activate.is_relative_to(Path.cwd()):
            activate = activate.relative_to(Path.cwd())
        commands.insert(0, (f"source {shlex.quote(str(activate))}", "activate the environment"))
    width = max(len(command) for command, _ in commands)
    return ["Next steps:", *(f"  {command:{width}}  # {meaning}" for command, meaning in commands)]


if __name__ == "__main__":
    sys.exit(demo(sys.argv[1:]))
