"""The libraries that the web page carries: unchanged, licensed, and what a browser can run."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import folder_app, serious_problems, served, wait_until
from tests.conftest import MakeVideo
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "src" / "vidkit" / "web" / "static"
VENDOR = STATIC / "vendor"
LIBRARIES = json.loads((VENDOR / "vendor.json").read_text(encoding="utf-8"))["libraries"]
MODULES = sorted(
    f"{library['folder']}/{name}" for library in LIBRARIES for name in library["files"] if name.endswith(".js")
)


def test_every_file_is_the_one_that_the_list_names() -> None:
    listed = {f"{lib['folder']}/{name}": digest for lib in LIBRARIES for name, digest in lib["files"].items()}
    present = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "vendor.json"
    }
    assert present == listed


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_every_library_has_a_version_and_a_licence(library: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
    assert library["licence"] in ("MIT", "Apache-2.0")
    licence = (VENDOR / library["folder"] / "LICENSE").read_text(encoding="utf-8")
    assert "MIT" in licence or "Apache License" in licence or "Permission is hereby granted" in licence


def test_the_versions_are_those_that_npm_is_asked_for() -> None:
    pinned = json.loads((ROOT / "scripts" / "web" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {library["name"]: library["version"] for library in LIBRARIES} == pinned


@pytest.mark.slow
def test_npm_gives_the_same_files() -> None:
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    if subprocess.run(["npm", "ping", "--silent"], capture_output=True, timeout=PATIENCE, check=False).returncode:
        pytest.skip("npm's registry cannot be reached")
    check = [sys.executable, str(ROOT / "scripts" / "update_vendor.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "vendor is what npm gives\n"), done.stderr


LOADS = re.compile(
    r"""(?:\bfrom|\bimport)\s*\(?\s*["'](?P<module>[^"']+)["']|"""
    r"""(?:\bsrc|\bhref)\s*=\s*["'](?P<attribute>[^"']+)["']|"""
    r"""(?:@import\s+(?:url\()?|url\()\s*["']?(?P<style>[^"')]+)"""
)


def loads(text: str) -> list[str]:
    """What a file imports, links to or takes a picture from."""
    return [match[match.lastgroup] for match in LOADS.finditer(text) if match.lastgroup]


@pytest.mark.parametrize(
    "text",
    [
        'import x from "https://unpkg.com/x"',
        'const y = await import("//cdn.example/y.js")',
        "<script src='http://a/b.js'>",
        '<link href="https://fonts.googleapis.com/css">',
        "@import url(https://a/b.css)",
        "a { background: url('//a/b.png') }",
    ],
)
def test_a_foreign_host_would_be_seen(text: str) -> None:
    assert any(re.match(r"(https?:)?//", address) for address in loads(text))


def test_no_file_loads_anything_from_another_host() -> None:
    # A link that a person follows is no load; swagger-ui's bundle carries those of React's error messages as text.
    foreign = [
        (str(file.relative_to(STATIC)), address)
        for file in sorted(STATIC.rglob("*"))
        if file.suffix in (".js", ".css", ".html")
        for address in loads(file.read_text(encoding="utf-8"))
        if re.match(r"(https?:)?//", address)
    ]
    assert foreign == []


def test_every_import_is_a_file_of_the_package() -> None:
    missing = [
        (str(file.relative_to(STATIC)), match["name"])
        for file in sorted(STATIC.rglob("*.js"))
        if file.name != "swagger-ui-bundle.js"  # no module: a script that defines one name
        for match in re.finditer(
            r"""(?:^|[;}\s])(?:import|export)\b[^"'();]*?\bfrom\s*["'](?P<name>[^"']+)["']""",
            file.read_text(encoding="utf-8"),
        )
        if not match["name"].startswith(".") or not (file.parent / match["name"]).is_file()
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("names", "limit"),
    [
        (("preact/preact.js", "preact/hooks.js", "preact-signals-core/signals-core.js"), 12),
        (("preact-signals/signals.js", "htm/htm.js"), 4),
        (("media-chrome/media-chrome.js",), 45),
        (("uplot/uplot.js", "uplot/uplot.css"), 26),
    ],
)
def test_what_pages_load_stays_small(names: tuple[str, ...], limit: int) -> None:
    packed = sum(len(gzip.compress((VENDOR / name).read_bytes())) for name in names)
    assert packed <= limit * 1024


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for pages that are served beside the vendored files."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def address(pages: Path) -> Iterator[str]:
    with served(folder_app(pages, STATIC)) as address:
        yield address


def show(pages: Path, name: str, code: str, body: str = "", links: str = "") -> str:
    """Write a page with one module and give its path."""
    (pages / f"{name}.js").write_text(code, encoding="utf-8")
    head = (
        f'<!doctype html><html lang="en"><head><title>{name}</title><link rel="icon" href="data:,">{links}</head>'
    )
    script = f'<script type="module" src="{name}.js"></script>'
    (pages / f"{name}.html").write_text(f"{head}<body>{body}{script}</body></html>", encoding="utf-8")
    return f"/{name}.html"


def test_the_browser_plays_h264(page: Any, pages: Path, address: str, make_video: MakeVideo) -> None:
    shutil.copy(make_video(shots=2, size="640x360"), pages / "video.mp4")
    page.goto(address + show(pages, "plays", "", '<video src="video.mp4" muted></video>'))
    page.evaluate("document.querySelector('video').play()")
    wait_until(page, "document.querySelector('video').currentTime > 0.5")
    size = page.evaluate("(v => [v.videoWidth, v.videoHeight, v.error])(document.querySelector('video'))")
    assert size == [640, 360, None]


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("swagger-ui")])
def test_every_module_loads_in_a_browser(page: Any, pages: Path, address: str, module: str) -> None:
    page.goto(address + show(pages, "loads", f'import * as it from "./vendor/{module}"; globalThis.it = it;'))
    wait_until(page, "globalThis.it !== undefined")


def test_a_page_of_preact_signals_and_htm_answers_a_click(page: Any, pages: Path, address: str) -> None:
    code = """
        import { h, render } from "./vendor/preact/preact.js";
        import { useState } from "./vendor/preact/hooks.js";
        import { signal } from "./vendor/preact-signals/signals.js";
        import htm from "./vendor/htm/htm.js";
        const html = htm.bind(h);
        const count = signal(0);
        function Counter() {
          const [own, setOwn] = useState(10);
          const click = () => { count.value += 1; setOwn(own + 1); };
          return html`<button onClick=${click}>${count} and ${own}, ${"<img src=x>"}</button>`;
        }
        render(html`<${Counter} />`, document.body);
    """
    page.goto(address + show(pages, "counts", code))
    page.click("button")
    wait_until(page, "document.querySelector('button').textContent === '1 and 11, <img src=x>'")


def test_media_chrome_has_its_style_without_inline_style(
    page: Any, pages: Path, address: str, make_video: MakeVideo
) -> None:
    """Blocked style would be an error on the console; a rule that a script sets must have its effect too."""
    shutil.copy(make_video(shots=2, size="640x360"), pages / "video.mp4")
    body = """
        <media-controller>
          <video slot="media" src="video.mp4" muted preload="auto"></video>
          <media-control-bar>
            <media-play-button></media-play-button><media-time-range></media-time-range>
            <media-time-display showduration></media-time-display><media-mute-button></media-mute-button>
            <media-volume-range></media-volume-range><media-playback-rate-button></media-playback-rate-button>
            <media-fullscreen-button></media-fullscreen-button>
          </media-control-bar>
          <media-loading-indicator slot="centered-chrome"></media-loading-indicator>
        </media-controller>
    """
    page.goto(address + show(pages, "player", 'import "./vendor/media-chrome/media-chrome.js";', body))
    wait_until(page, "document.querySelector('video').readyState >= 3")
    display = "getComputedStyle(document.querySelector('media-controller')).display"
    assert page.evaluate(display) == "inline-block"
    page.click("media-play-button")
    wait_until(page, "document.querySelector('video').currentTime > 0.3")
    shown = "document.querySelector('media-time-display').shadowRoot.textContent"
    wait_until(page, f"{shown}.trim().endsWith('0:04')")
    # The played part of the range is as wide as a rule says that media-chrome changes while it plays.
    played = "document.querySelector('media-time-range').shadowRoot.querySelector('#progress').offsetWidth"
    wait_until(page, f"{played} > 10")
    assert serious_problems(page) == []


def test_swagger_ui_shows_an_api_without_inline_code_or_other_hosts(page: Any, pages: Path, address: str) -> None:
    described = {
        "openapi": "3.1.0",
        "info": {"title": "An API", "version": "1"},
        "paths": {"/thing": {"get": {"summary": "Give the thing", "responses": {"200": {"description": "it"}}}}},
    }
    (pages / "openapi.json").write_text(json.dumps(described), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    code = """SwaggerUIBundle({ url: "openapi.json", dom_id: "#here", validatorUrl: null });"""
    body = '<div id="here"></div><script src="vendor/swagger-ui/swagger-ui-bundle.js"></script>'
    style = '<link rel="stylesheet" href="vendor/swagger-ui/swagger-ui.css">'
    page.goto(address + show(pages, "api", code, body, style))
    page.get_by_text("Give the thing").click()
    page.get_by_text("Responses", exact=True).wait_for()
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
