"""`make demo`: a sample video, made and served on this machine, goes the whole way; or the URL that is given."""

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
PORT = 8764  # the same each time, where it is free: a second demo is the same video again


def make_sample(path: Path) -> None:
    """Three shots that differ, with a tone, eight seconds in all."""
    shots = ("testsrc2=s=1280x720:r=25:d=3", "mandelbrot=s=1280x720:r=25", "smptehdbars=s=1280x720:r=25:d=2")
    inputs = [word for shot in shots for word in ("-f", "lavfi", "-t", "3", "-i", shot)]
    command = [str(find_tool("ffmpeg")), "-v", "error", "-y", *inputs, "-f", "lavfi", "-i", "sine=440:d=8"]
    command += ["-filter_complex", "[0:v][1:v][2:v]concat=n=3:v=1,format=yuv420p[v]", "-map", "[v]", "-map", "3:a"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run(command, check=True)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def serve(folder: Path) -> str:
    """Serve a folder on loopback as long as this process lives; its URL."""
    handler = functools.partial(Handler, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), handler)
    except OSError:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def demo(urls: list[str]) -> int:
    """Process into the library of this folder, then show where the results are and what is in a record."""
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
        print(f"\n$ cat {records[-1]}")
        print(records[-1].read_text(encoding="utf-8"))
        print(f"The record is {records[-1]}; its clips and thumbnails are beside it.")
        print("\n".join(["", *next_steps(records[-1].stem)]))
    return code


def next_steps(video: str) -> list[str]:
    """What to try now, in lines that can be copied; what comes after a # is for the reader."""
    commands = [
        (f"vidkit search {shlex.quote(Path(video).stem)}", "find the video in the library"),
        (f"vidkit show {shlex.quote(video)}", "show its record"),
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
