"""The web library's page in a real Chromium, over a real `vidkit serve` in a process of its own.

Run alone: `.venv/bin/python benchmarks/web_page.py`. Chromium and Playwright have to be installed.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import table

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser import ARGUMENTS, find_chromium, wait_until
from tests.web import config_in
from tests.web_library import add_videos
from tests.web_process import serve_process

from vidkit.core.config import load_config
from vidkit.ffmpeg import find_tool
from vidkit.library import open_library

KEYS = 100

# For each key: when the next moment's frame and its name are painted, and when the answer is saved.
_WATCH = """
window.pressed = [];
addEventListener("keydown", (event) => {
  const at = event.timeStamp, before = document.querySelector(".triage-name a")?.textContent;
  const one = { at, shown: null, saved: null };
  pressed.push(one);
  const look = () => requestAnimationFrame(() => {
    const video = [...document.querySelectorAll(".triage-video")].find((each) => !each.hidden);
    const name = document.querySelector(".triage-name a")?.textContent;
    if (name === before || (video && video.readyState < 2)) return look();
    requestAnimationFrame((now) => (one.shown = now - at));
  });
  look();
}, true);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (entry.name.endsWith("/answers")) {
      const one = pressed.find((each) => each.saved === null);
      if (one) Object.assign(one, { saved: entry.responseEnd - one.at, server: entry.responseStart - entry.requestStart });
    }
}).observe({ type: "resource" });
"""


def triage(browser: Any, folder: Path) -> list[str]:
    """A key in triage until the answer is saved and the next moment is shown."""
    _made_library(folder, KEYS + 5)
    with serve_process(folder, "--no-auth") as server:
        page = browser.new_page()
        page.goto(f"{server.address}/triage?q=boat")
        wait_until(page, "document.querySelector('.triage-name a')")
        page.evaluate("""async () => {
          const { items } = await (await fetch("/api/v1/triage")).json();
          const body = JSON.stringify({ keys: { 1: { class: "Boats" } } });
          const headers = { "Content-Type": "application/json" };
          await fetch(`/api/v1/triage/${items[0].id}`, { method: "PATCH", headers, body });
        }""")
        page.reload()
        page.locator(".triage-key", has_text="Boats").wait_for()
        wait_until(page, "document.querySelector('.triage-video')?.readyState >= 2")
        page.evaluate(_WATCH)
        for number in range(KEYS):
            page.keyboard.press("1")
            wait_until(page, f"pressed.length > {number} && pressed[{number}].shown && pressed[{number}].saved")
            page.wait_for_timeout(250)  # as a person looks
        pressed = page.evaluate("pressed")
    shown, saved = ([each[what] for each in pressed] for what in ("shown", "saved"))
    both = [max(pair) for pair in zip(shown, saved, strict=True)]
    server = _p95([each["server"] for each in pressed])
    detail = f"{_p95(both):.0f} ms (shown {_p95(shown):.0f} ms, the server's answer {server:.0f} ms)"
    return [f"a key in triage to saved and shown, p95 of {KEYS}", detail, "100 ms"]


def _made_library(folder: Path, videos: int) -> None:
    """A library in a folder: videos of ten seconds at 640x360."""

    def make_video(**_: object) -> Path:
        video = folder / "made.mp4"
        source = "testsrc2=s=640x360:r=25:d=10"
        words = [
            find_tool("ffmpeg"),
            "-v",
            "error",
            "-y",
            "-f",
            "lavfi",
            "-i",
            source,
            "-pix_fmt",
            "yuv420p",
            video,
        ]
        subprocess.run(words, check=True)
        return video

    config = config_in(folder)
    (folder / "config.ini").write_text(
        f"[Paths]\nDownloadDirectory = {config.paths.download_directory}\n"
        f"ProcessedDirectory = {config.paths.processed_directory}\n[Library]\nPath = {config.library.path}\n"
    )
    config = load_config(folder / "config.ini")
    with open_library(config) as library:
        names = [f"boat-{number:03d}" for number in range(videos)]
        add_videos(library, config, make_video, names, ["a boat sails", "a harbour"])


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


# Each gives a row: what, measured, goal.
ROWS: tuple[Callable[[Any, Path], list[str]], ...] = (triage,)


def main() -> None:
    """Measure all, and print a table."""
    from playwright.sync_api import sync_playwright

    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        for measure in ROWS:
            folder = Path(tempfile.mkdtemp(prefix="vidkit-page-"))
            try:
                rows.append(measure(browser, folder))
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    print(table(["what", "measured", "goal"], rows))


if __name__ == "__main__":
    main()
