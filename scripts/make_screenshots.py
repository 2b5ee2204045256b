"""Write the screenshots of the web library into docs/images/: made-up videos, a real server, a real Chromium.

    .venv/bin/python scripts/make_screenshots.py [NAME ...]

Chromium, Playwright and Pillow have to be installed.
"""

from __future__ import annotations

import contextlib
import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.browser import ARGUMENTS, find_chromium, folder_app, served, wait_until  # noqa: E402
from tests.made_up_videos import RULES, make_videos  # noqa: E402
from tests.web_pages import Site, site_of  # noqa: E402

from vidkit.cli import make_parser  # noqa: E402
from vidkit.cli.commands.report import report as write_report  # noqa: E402
from vidkit.ffmpeg import find_tool  # noqa: E402
from vidkit.rows import FAILURE_COLUMNS  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 375, "height": 667}
REPORT = {"width": 1200, "height": 1240}
COLOURS = 256  # of a screenshot: the files are small, and nobody sees a difference
Prepare = Callable[[Any, "Site"], None]


def nothing(page: Any, site: Site) -> None:
    """The page right after it opens."""


def triage(page: Any, site: Site) -> None:
    """A queue with keys and some answered moments."""
    call = """async (path, body, method = "POST") => (await fetch(`/api/v1${path}`, {
        method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } })).json()"""
    page.evaluate(f"""async () => {{
        const call = {call};
        const queue = await call("/triage", {{ query: {{ q: "light OR fractal" }} }});
        await call(`/triage/${{queue.id}}`, {{ keys: {{ 1: {{ class: "Landscape" }}, 2: {{ class: "Computed" }},
            3: {{ class: "Test chart" }}, n: {{ add_tags: ["Night"] }}, c: {{ add_tags: ["Calm"] }} }} }}, "PATCH");
    }}""")
    page.reload()
    wait_until(page, "document.querySelectorAll('.triage-key').length > 5")
    wait_until(page, "document.querySelector('.triage-video')?.readyState >= 2")
    for key in "12c":
        page.keyboard.press(key)
        page.wait_for_timeout(600)
    page.keyboard.press("Space")


def jobs(page: Any, site: Site) -> None:
    """Finished jobs, one of them with a failure, and a running one."""
    names = list(site.records)[:4]
    folder = Path(site.records[names[0]]["source"]["url"]).parent
    with served(folder_app(folder)) as videos:
        jobs = {"from the archive": [*names[:2], "missing.mp4"], "new ones": names[2:]}
        page.evaluate(
            """async (jobs) => {
                const headers = { "Content-Type": "application/json" };
                for (const [name, urls] of Object.entries(jobs))
                  await fetch("/api/v1/jobs", { method: "POST", headers, body: JSON.stringify({ urls, name }) });
            }""",
            {name: [f"{videos}/{file}" for file in files] for name, files in jobs.items()},
        )
        ended = "({ items }) => items.every((job) => job.finished_at)"
        wait_until(page, f"fetch('/api/v1/jobs').then((one) => one.json()).then({ended})", 180)
    page.reload()


def groups(page: Any, site: Site) -> None:
    """All groups with their images."""
    wait_until(page, "document.querySelectorAll('.duplicates section').length > 0")
    wait_until(page, "[...document.querySelectorAll('.duplicates img')].every((one) => one.complete)")


def hover(page: Any, site: Site) -> None:
    """A card under the pointer."""
    page.mouse.move(640, 300)


def play(page: Any, site: Site) -> None:
    """A few seconds into the video."""
    page.wait_for_timeout(1500)


def report(page: Any, site: Site) -> None:
    """The file of `vidkit report`."""
    config = site.services.config
    folder = config.serve.directory.parent
    with (folder / "processed" / "failures.csv").open("w", newline="") as file:
        rows = [[f"https://example.org/{n}.mp4", "download", "HTTP 404: Not Found"] for n in range(2)]
        csv.writer(file).writerows([["public_url", *FAILURE_COLUMNS], *rows])
    command = [
        "report",
        "--title",
        "Twelve made-up films",
        "--by",
        "topic",
        "--out",
        str(folder / "report.html"),
    ]
    options = make_parser().parse_args(command)
    write_report(options, config)
    page.set_viewport_size(REPORT)
    page.goto((folder / "report.html").as_uri())


def report_scenes(page: Any, site: Site) -> None:
    """The same, scrolled down."""
    report(page, site)
    page.evaluate("document.querySelector('#scenes').scrollIntoView()")


@dataclass(frozen=True)
class Shot:
    """One screenshot: its address, the steps before it, its look."""

    path: str
    prepare: Prepare = nothing
    scheme: str = "light"
    phone: bool = False
    locale: str = "en-US"
    copies: bool = False  # whether the library has copies of videos


SHOTS = {
    "library": Shot("/", hover),
    "library-dark": Shot("/?q=fractal", hover, scheme="dark"),
    "library-phone": Shot("/?q=light", phone=True),
    "library-zh": Shot("/?q=light", hover, locale="zh-CN"),
    "library-phone-zh": Shot("/?q=light", phone=True, locale="zh-CN"),
    "video": Shot("/videos/{key}", play),
    "video-zh": Shot("/videos/{key}", play, locale="zh-CN"),
    "triage": Shot("/triage?q=light+OR+fractal", triage),
    "triage-phone": Shot("/triage?q=light+OR+fractal", triage, phone=True),
    "datasets": Shot("/datasets"),
    "stats": Shot("/stats?by=topic"),
    "duplicates": Shot("/duplicates", groups, copies=True),
    "jobs": Shot("/jobs", jobs),
    "keys": Shot("/keys"),
    "audit": Shot("/audit"),
    "sign-in": Shot("/sign-in"),
    "report": Shot("/", report),
    "report-dark": Shot("/", report_scenes, scheme="dark"),
}


def main(names: list[str]) -> None:
    """Make the screenshots with these names; all by default."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vidkit-pictures-") as name:
        made = {False: make_videos(Path(name) / "videos")}
        made[True] = with_copies(made[False][3:7], Path(name) / "copies")
        for copies, videos in made.items():
            wanted = [each for each in names or SHOTS if SHOTS[each].copies == copies]
            if wanted:
                photograph(wanted, Path(name) / f"site-{copies}", videos)


def photograph(names: Sequence[str], folder: Path, videos: Sequence[tuple[Path, dict[str, Any]]]) -> None:
    """Serve a library of these videos, and take these screenshots."""
    from playwright.sync_api import sync_playwright

    folder.mkdir()
    with site_of(folder, videos, allowed="127.0.0.1", rules=RULES) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(ARGUMENTS))
        for each in names:
            (IMAGES / f"{each}.png").write_bytes(small(take(browser, site, SHOTS[each])))
            print(f"docs/images/{each}.png")


def with_copies(made: list[tuple[Path, dict[str, Any]]], folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """These videos, a small and a short copy of the first, and a copy of the second with stronger compression."""
    folder.mkdir()
    copies = []
    changes = (
        (0, "small", ("-vf", "scale=320:180")),
        (0, "short", ("-ss", "1")),
        (1, "compressed", ("-crf", "38")),
    )
    for at, name, change in changes:
        path, said = made[at]
        copy = folder / f"{path.stem}-{name}.mp4"
        command = [find_tool("ffmpeg"), "-v", "error", "-i", path, *change, "-c:v", "libx264", copy]
        subprocess.run([*map(str, command)], check=True, capture_output=True)
        copies.append((copy, said))
    return [*made, *copies]


def take(browser: Any, site: Site, shot: Shot) -> bytes:
    """A screenshot of a page, as PNG."""
    context = browser.new_context(
        viewport=PHONE if shot.phone else SIZE,
        color_scheme=shot.scheme,
        locale=shot.locale,
        device_scale_factor=2 if shot.phone else 1,
        is_mobile=shot.phone,
        has_touch=shot.phone,
    )
    page = context.new_page()
    key = site.key("evening-at-the-bay.mp4") if "{key}" in shot.path else ""
    page.goto(site.address + shot.path.format(key=key))
    settle(page)
    shot.prepare(page, site)
    settle(page)
    page.wait_for_timeout(800)
    taken: bytes = page.screenshot()
    context.close()
    return taken


def settle(page: Any) -> None:
    """Wait until nothing is loading, at most ten seconds: a playing video may load for long."""
    from playwright.sync_api import TimeoutError

    with contextlib.suppress(TimeoutError):
        page.wait_for_load_state("networkidle", timeout=10_000)


def small(picture: bytes) -> bytes:
    """The same screenshot with few colours."""
    from PIL import Image

    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
