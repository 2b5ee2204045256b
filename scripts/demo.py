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
from vidkit.ffmpeg import find_tool

FOLDER = Path("demo")


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
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def demo(urls: list[str]) -> int:
    """Process, then show where the results are and what is in a record."""
    settings = [f"[Paths]\nDownloadDirectory = {FOLDER}/downloaded_videos"]
    settings += [f"ProcessedDirectory = {FOLDER}/processed_videos", f"[Library]\nPath = {FOLDER}/library.db"]
    settings += [f"[Serve]\nDirectory = {FOLDER}/serve", f"ExportDirectory = {FOLDER}/exports"]
    settings += [f"[Logging]\nLogFile = {FOLDER}/video_processing.log", ""]
    (FOLDER / "site").mkdir(parents=True, exist_ok=True)
    config = FOLDER / "config.ini"
    config.write_text("\n".join(settings), encoding="utf-8")
    if not urls:
        sample = FOLDER / "site" / "sample.mp4"
        if not sample.exists():
            make_sample(sample)
        urls = [serve(FOLDER / "site") + "/sample.mp4"]
    print(f"$ vidkit process --urls {' '.join(urls)}", flush=True)
    code = main(["process", "--config", str(config), "--force", "--urls", *urls])
    records = sorted((FOLDER / "processed_videos").glob("*.json"), key=lambda path: path.stat().st_mtime)
    records = [path for path in records if path.name != "summary.json"]
    if code == 0 and records:
        print(f"\n$ cat {records[-1]}")
        print(records[-1].read_text(encoding="utf-8"))
        print(f"The record is {records[-1]}; its clips and thumbnails are beside it.")
        print("\n".join(["", *next_steps(config, records[-1].stem)]))
    return code


def next_steps(config: Path, video: str) -> list[str]:
    """What to try now, in lines that can be copied; what comes after a # is for the reader."""
    commands = [
        (f"vidkit search --config {config} {shlex.quote(Path(video).stem)}", "find the video in the library"),
        (f"vidkit show --config {config} {shlex.quote(video)}", "show its record"),
        (f"vidkit serve --config {config}", "show the library in the browser"),
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
