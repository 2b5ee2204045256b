"""The documentation: its links, its navigation, the pages of the site, and that nothing is fetched to read them."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import unquote, urlsplit

import pytest

import vidkit
from vidkit.record import AI, Audio, Record, SceneEntry, SegmentEntry, Source, SpritesEntry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")])


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^( *)(```|~~~).*?^\1\2 *$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@functools.cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    found: Counter[str] = Counter()
    for heading in re.findall(r"^#{1,6} (.+?) *$", prose(page), re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found[re.sub(r"[^\w\- ]", "", words).strip().lower().replace(" ", "-")] += 1
    return {name if n == 0 else f"{name}-{n}" for name, times in found.items() for n in range(times)}


def links(page: Path) -> Iterator[str]:
    """Where a page's links and pictures lead, but for other sites."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
        if not urlsplit(target).scheme:
            yield target


def broken(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    to = (page.parent / unquote(path)).resolve() if path else page
    return not to.exists() or (bool(anchor) and anchor not in anchors(to))


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    found = [(page, target) for page in PAGES for target in links(page)]
    assert len(found) > 150
    wrong = [(str(page.relative_to(ROOT)), target) for page, target in found if broken(page, target)]
    assert wrong == []


def test_the_pages_of_the_site_link_only_to_what_the_site_has() -> None:
    found = [(page, target) for page in PAGES for target in links(page) if page.is_relative_to(DOCS)]
    out = [
        (page.name, target) for page, target in found if not (page.parent / target).resolve().is_relative_to(DOCS)
    ]
    assert out == []


def test_every_page_is_in_the_navigation_once_and_every_picture_on_a_page() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")
    project = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]

    def names(part: Any) -> list[str]:
        if isinstance(part, str):
            return [part]
        return [name for each in (part.values() if isinstance(part, dict) else part) for name in names(each)]

    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert Counter(names(project["nav"])) == Counter(pages), "each page has one row of `nav` in zensical.toml"
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert [name.name for name in (DOCS / "images").iterdir() if name not in shown] == []


def test_the_page_of_the_functions_has_each_that_vidkit_gives() -> None:
    named = re.findall(r"^::: vidkit\.(\w+)$", (DOCS / "python.md").read_text(encoding="utf-8"), re.M)
    assert Counter(named) == Counter(vidkit.__all__)


def test_the_record_that_is_explained_has_each_key_of_a_record_and_each_is_explained() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    from one_video import EXAMPLE, STAGES

    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    explained = [key for _, _, keys in STAGES for key in keys]
    assert sorted(explained) == sorted(example) == sorted(get_type_hints(Record)), "run `make pictures`"
    for key, kind in (("source", Source), ("audio", Audio), ("sprites", SpritesEntry), ("ai", AI)):
        assert set(example[key]) == set(kind.__annotations__), f"{key}: run `make pictures`"
    for key, kind in (("scenes", SceneEntry), ("segments", SegmentEntry)):
        assert all(set(entry) == set(kind.__annotations__) for entry in example[key]), f"{key}: run `make pictures`"


def test_a_page_has_the_same_lists_tables_and_code_on_the_site_as_on_github() -> None:
    github = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
    site = pytest.importorskip("markdown").Markdown(
        extensions=["attr_list", "md_in_html", "sane_lists", "tables", "pymdownx.superfences"]
    )

    def parts(text: str) -> Counter[str]:
        return Counter(re.findall(r"<(a|h\d|img|li|ol|p|pre|table|tr|ul)\b", text))

    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        assert parts(site.reset().convert(text)) == parts(github.render(text)), page.name


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built as `make site` does, without a warning."""
    pytest.importorskip("zensical")
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(DOCS, folder / "docs")
    (folder / "src").symlink_to(ROOT / "src")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert "No issues found" in said
    return folder / "site"


@pytest.fixture
def site(built: Path) -> Iterator[str]:
    """The address of the site."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=built))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_refers_to_nothing_elsewhere(built: Path) -> None:
    for file in sorted(built.rglob("*.html")):
        elsewhere = re.findall(
            r"<(?!a )[^>]*\b(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)", file.read_text(encoding="utf-8")
        )
        assert elsewhere == [], file.name


@pytest.mark.slow
def test_a_reader_of_the_site_fetches_nothing_from_elsewhere(page: Any, site: str) -> None:
    asked: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: failed.append(request.url))
    for name in ("index", "python", "serve"):
        page.goto(f"{site}{name}.html")
        page.wait_for_load_state("networkidle")
    page.locator(".md-search__button").first.click()
    page.locator("input[aria-label=Search]").fill("dissolve")
    page.get_by_text("What a scene is").first.wait_for()
    assert [url for url in asked if not url.startswith((site, "blob:", "data:"))] == []
    assert failed == []
