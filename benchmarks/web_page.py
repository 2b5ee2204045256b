"""The web library's page in a real Chromium, over a real `vidkit serve` in a process of its own.

Run alone: `.venv/bin/python benchmarks/web_page.py [triage] [library] [click] [video]`. Chromium and Playwright have to be installed.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from library import record
from measure import table

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.browser import ARGUMENTS, find_chromium, wait_until
from tests.records import make_record
from tests.web import config_in
from tests.web_library import add_videos
from tests.web_process import serve_process

from vidkit.core.config import Config, load_config
from vidkit.export import export_to_json
from vidkit.ffmpeg import find_tool
from vidkit.library import open_library, video_key

KEYS = 100
VIDEOS = 100_000  # of five moments each
CARDS = 10_000
SECOND_SCENE = 2.0  # seconds at which the second scene of a made video begins
FRAME_RATE = 25

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


def triage(browser: Any, folder: Path) -> list[list[str]]:
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
    return [[f"a key in triage to saved and shown, p95 of {KEYS}", detail, "100 ms"]]


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

    config = _config(folder)
    with open_library(config) as library:
        names = [f"boat-{number:03d}" for number in range(videos)]
        add_videos(library, config, make_video, names, ["a boat sails", "a harbour"])


def _config(folder: Path) -> Config:
    """Settings whose folders are in one, also for the server's process."""
    config = config_in(folder)
    (folder / "config.ini").write_text(
        f"[Paths]\nDownloadDirectory = {config.paths.download_directory}\n"
        f"ProcessedDirectory = {config.paths.processed_directory}\n[Library]\nPath = {config.library.path}\n"
    )
    return load_config(folder / "config.ini")


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


# Notes how long tasks of the page's main thread take, by the clock; and when the first card was painted.
_PAINT = """
window.tasks = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => tasks.push(entry.duration))).observe({ type: "longtask" });
new MutationObserver((changes, observer) => {
  if (!document.querySelector(".card")) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame((now) => (window.painted = now)));
}).observe(document, { childList: true, subtree: true });
"""
_SCROLL = """async (cards) => {
  const seen = new Set();
  let most = 0;
  for (const end = performance.now() + 300_000; seen.size < cards && performance.now() < end; ) {
    await new Promise(requestAnimationFrame);
    scrollBy(0, 250);
    const here = document.querySelectorAll("[data-place]");
    most = Math.max(most, here.length);
    for (const link of here) seen.add(link.dataset.place);
  }
  return { seen: seen.size, most, longest: Math.max(0, ...tasks), over: tasks.filter((task) => task > 50).length };
}"""


def library(browser: Any, folder: Path) -> list[list[str]]:
    """The library's page over many moments: until the first answer is painted, and while 10,000 cards scroll by."""
    config = _config(folder)
    pictures = config.paths.processed_directory / "thumbnails"
    pictures.mkdir(parents=True)
    for number in range(1, 6):
        source = ["-f", "lavfi", "-i", "testsrc2=s=320x180", "-frames:v", "1", pictures / f"{number}.jpg"]
        subprocess.run([find_tool("ffmpeg"), "-v", "error", *source], check=True)
    with open_library(config) as home:
        home.save_all(replace(record(number), folder=pictures.parent) for number in range(VIDEOS))
    with serve_process(folder, "--no-auth") as server:
        return [_first_answer(browser, server.address), _scrolling(browser, server.address)]


def _first_answer(browser: Any, address: str) -> list[str]:
    painted, packed = [], 0.0
    for _ in range(5):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.add_init_script(_PAINT)
        page.goto(f"{address}/?q=bridge")
        painted.append(wait_until(page, "window.painted", 30))
        packed = page.evaluate(
            """performance.getEntriesByType("resource").filter((entry) => /\\.(js|css)$/.test(entry.name))
               .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
        )
        context.close()
    detail = f"{statistics.median(painted) / 1000:.2f} s (median of 5); {packed / 1024:.0f} KB of script and style"
    return [f"first results of {VIDEOS * 5:,} moments painted, cold", detail, "1.0 s; 120 KB packed"]


def _scrolling(browser: Any, address: str) -> list[str]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(_PAINT)
    page.goto(f"{address}/?q=red+OR+street+OR+car+OR+dog")
    wait_until(page, "window.painted", 30)
    page.wait_for_timeout(1000)
    page.evaluate("tasks.length = 0")
    found = page.evaluate(_SCROLL, CARDS)
    page.close()
    detail = f"{found['longest']:.0f} ms, {found['over']} over 50 ms; at most {found['most']} cards in the document"
    return [f"longest task while {found['seen']:,} cards scroll by", detail, "50 ms"]


# From the click to the first frame that is shown of the moment, and which frame that is.
_CLICK = """async (place) => {
  const start = performance.now();
  document.querySelector(`[data-place="${place}"]`).click();
  let video = null;
  while (!(video = document.querySelector("dialog video"))) await new Promise(requestAnimationFrame);
  return await new Promise((resolve) => {
    const look = (now, frame) => {
      if (getComputedStyle(video).opacity === "0") return video.requestVideoFrameCallback(look); // not shown yet
      resolve({ ms: performance.now() - start, at: frame.mediaTime });
    };
    video.requestVideoFrameCallback(look);
  });
}"""


def click(browser: Any, folder: Path) -> list[list[str]]:
    """A click on a moment in the library until its first frame is shown."""
    clicks = 40
    _made_library(folder, clicks)
    times, off = [], []
    with serve_process(folder, "--no-auth") as server:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{server.address}/?q=harbour&sort=name")
        for place in range(clicks):
            wait_until(page, f"document.querySelector('[data-place=\"{place}\"]')")
            found = page.evaluate(_CLICK, place)
            times.append(found["ms"])
            off.append(abs(found["at"] - SECOND_SCENE) * FRAME_RATE)
            page.keyboard.press("Escape")
            wait_until(page, "!document.querySelector('dialog')")
            page.evaluate(f"document.querySelector('[data-place=\"{place}\"]').focus()")
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(200)
        page.close()
    detail = f"{_p95(times):.0f} ms, median {statistics.median(times):.0f} ms; off by {max(off):.1f} frames at most"
    return [[f"a click on a moment to its frame, p95 of {clicks}", detail, "400 ms; 1 frame"]]


# From the click on a scene of the video's page to its first frame that is painted, and which frame that is. A frame
# counts once the decoder has handed it to the compositor, its video is the one that is seen, and the page is painted.
_FRAMES = """
window.frames = new WeakMap();
window.follow = () => {
  for (const video of document.querySelectorAll("vidkit-media video")) {
    const onFrame = (now, { mediaTime }) => (frames.set(video, mediaTime), video.requestVideoFrameCallback(onFrame));
    video.addEventListener("seeking", () => frames.delete(video));
    video.requestVideoFrameCallback(onFrame);
  }
};
window.scene = (place) => document.querySelectorAll(".part-go")[place];
window.clicked = (place, wanted) => {
  window.shown = null;
  scene(place).addEventListener("click", ({ timeStamp }) => {
    const look = () => requestAnimationFrame(() => {
      const video = document.querySelector("vidkit-media video:not(.waits)");
      const at = frames.get(video);
      if (video.seeking || video.readyState < 2 || at === undefined || Math.abs(at - wanted) > 0.1) return look();
      requestAnimationFrame((now) => (window.shown = { ms: now - timeStamp, at }));
    });
    look();
  }, { once: true });
};
"""
REST, PRESS = 150, 80  # milliseconds: a person's pointer rests on what it will press, and presses it


# Zooms in, scrolls through, zooms out: how long each frame of the page takes.
_ZOOM = """async () => {
  const canvas = document.querySelector(".time-line canvas");
  const { left, top, width } = canvas.getBoundingClientRect();
  const wheel = (options) => canvas.dispatchEvent(
    new WheelEvent("wheel", { clientX: left + width / 2, clientY: top + 40, bubbles: true, cancelable: true, ...options }));
  tasks.length = 0;
  for (let turn = 0; turn < 240; turn++) {
    if (turn < 80) wheel({ deltaY: -40 });
    else if (turn < 160) wheel({ deltaX: 60 });
    else wheel({ deltaY: 40 });
    await new Promise(requestAnimationFrame);
  }
  return Math.max(0, ...tasks);
}"""
SCENES = 2000


def video(browser: Any, folder: Path) -> list[list[str]]:
    """The page of a video in 720p with 2,000 scenes of two frames each: clicks on scenes, a time line that zooms."""
    config = _config(folder)
    downloads = config.paths.download_directory
    downloads.mkdir(exist_ok=True)
    source = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=160", "-preset", "ultrafast", "-g", "250"]
    subprocess.run(
        [find_tool("ffmpeg"), "-v", "error", *source, "-pix_fmt", "yuv420p", downloads / "long.mp4"], check=True
    )
    entry = make_record(
        "long.mp4", scenes=[f"scene {number}" for number in range(SCENES)], duration=160.0, fps=25.0
    )
    for number, scene in enumerate(entry["scenes"]):
        scene |= {"start_time": number * 2 / 25, "end_time": (number + 1) * 2 / 25, "thumbnail": None}
    entry |= {"size": (downloads / "long.mp4").stat().st_size, "sprites": None}
    export_to_json(entry, config.paths.processed_directory)
    with open_library(config) as home:
        home.save(entry, config.paths.processed_directory)
    chosen = [number * 397 % SCENES for number in range(1, 61)]
    with serve_process(folder, "--no-auth") as server:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.add_init_script(_PAINT + _FRAMES)
        page.goto(f"{server.address}/videos/{video_key(entry['source']['url'])}?t=1")
        page.get_by_role("tab", name="Scenes").click()
        wait_until(page, "document.querySelector('vidkit-media video:not(.waits)')?.readyState >= 2", 30)
        page.evaluate("follow()")
        pointed = [_click_scene(page, place, entry["scenes"][place]["start_time"], True) for place in chosen]
        bare = [_click_scene(page, place, entry["scenes"][place]["start_time"], False) for place in chosen]
        longest = page.evaluate(_ZOOM)
        page.close()
    what = f"a click on a scene of a video (720p, keyframes 10 s apart) to its frame, p95 of {len(chosen)}"
    goal = "400 ms; 1 frame"
    return [
        [f"{what}: by a pointer that rests there for {REST} ms", _times_and_frames(pointed), goal],
        [f"{what}: by a program, without a pointer", _times_and_frames(bare), goal],
        [f"longest task while a time line of {SCENES:,} scenes zooms and scrolls", f"{longest:.0f} ms", "50 ms"],
    ]


def _click_scene(page: Any, place: int, start: float, by_pointer: bool) -> dict[str, float]:
    """Milliseconds from a click on a scene to its frame, and how many frames that one is off."""
    page.evaluate("([place, start]) => clicked(place, start)", [place, start])
    if by_pointer:
        page.evaluate("(place) => scene(place).scrollIntoView({ block: 'center' })", place)
        box = page.evaluate("(place) => scene(place).getBoundingClientRect().toJSON()", place)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(REST)
        page.mouse.down()
        page.wait_for_timeout(PRESS)
        page.mouse.up()
    else:
        page.evaluate("(place) => scene(place).click()", place)
    shown: dict[str, float] = wait_until(page, "window.shown", 20)
    page.wait_for_timeout(150)
    return {"ms": shown["ms"], "frames": abs(shown["at"] - start) * FRAME_RATE}


def _times_and_frames(shown: list[dict[str, float]]) -> str:
    times = [each["ms"] for each in shown]
    off = max(each["frames"] for each in shown)
    return f"{_p95(times):.0f} ms, median {statistics.median(times):.0f} ms; off by {off:.1f} frames at most"


# Each gives rows: what, measured, goal.
ROWS: dict[str, Callable[[Any, Path], list[list[str]]]] = {
    "triage": triage,
    "library": library,
    "click": click,
    "video": video,
}


def main() -> None:
    """Measure all, or what is named, and print a table."""
    from playwright.sync_api import sync_playwright

    names = sys.argv[1:] or list(ROWS)
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        for name in names:
            folder = Path(tempfile.mkdtemp(prefix="vidkit-page-"))
            try:
                rows += ROWS[name](browser, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    print(table(["what", "measured", "goal"], rows))


if __name__ == "__main__":
    main()
