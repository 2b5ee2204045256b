"""The files of the page: kept by the browser under an address with their version, packed, asked for at once."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.browser import held_back
from tests.web import config_in, get, serving
from vidkit.web.page_files import PageFiles
from vidkit.web.views.pages import PAGES, STATIC

APP = '// Shows pages.\nimport { html,\n  render } from "./ui.js";\nimport"./parts/card.js";\n' + "// more\n" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of a small page."""
    contents = {
        "index.html": '<link href="/static/style.css">\n    <!-- modules and styles of this page -->\n',
        "early.js": 'export { a } from "./ui.js";',
        "app.js": APP,
        "ui.js": '/** @typedef {import("./types.js").T} T */ import * as a from "./parts/base.js"; export {a};',
        "parts/card.js": 'import { a } from "../ui.js"; const later = () => import("../pages/late.js");',
        "parts/base.js": "",
        "pages/library.js": 'export const STYLES = [new URL("library.css", import.meta.url).pathname];',
        "pages/library.css": "b { color: red }",
    }
    for name, text in contents.items():
        (tmp_path / "static" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "static" / name).write_text(text)
    (tmp_path / "secret.txt").write_text("not for the page")
    return tmp_path / "static"


@pytest.fixture
def client(folder: Path) -> TestClient:
    app = Starlette()
    app.mount("/static", PageFiles(folder))
    return TestClient(app)


def test_the_html_names_all_that_a_page_imports_under_the_version(folder: Path) -> None:
    files = PageFiles(folder)
    html = files.html("pages/library.js").decode()
    prefix = f"/static/{files.version()}/"
    named = [name.removeprefix(prefix) for name in re.findall(r'href="([^"]+)"', html)]
    assert named == [
        "style.css", "pages/library.css", "early.js", "app.js", "pages/library.js", "ui.js", "parts/card.js",
        "parts/base.js",
    ]  # fmt: skip


def test_a_file_of_this_version_is_kept_for_ever_and_any_other_version_is_not_there(
    folder: Path, client: TestClient
) -> None:
    version = PageFiles(folder).version()
    answer = client.get(f"/static/{version}/app.js")
    assert answer.text == APP
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert client.get("/static/0123456789abcdef/app.js").status_code == 404
    assert client.get("/static/app.js").headers["cache-control"] == "no-cache"


def test_a_file_that_changes_under_the_server_is_not_sent_as_the_version_of_before(
    folder: Path, client: TestClient
) -> None:
    version = PageFiles(folder).version()
    assert client.get(f"/static/{version}/ui.js").status_code == 200
    (folder / "ui.js").write_text("export const changed = true;")
    os.utime(folder / "ui.js", (1, 1))
    assert client.get(f"/static/{version}/ui.js").status_code == 404
    fresh = PageFiles(folder).version()
    assert fresh != version
    assert client.get(f"/static/{fresh}/ui.js").text == "export const changed = true;"


def test_a_file_is_not_sent_again_to_a_browser_that_has_it(client: TestClient) -> None:
    etag = client.get("/static/app.js").headers["etag"]
    again = client.get("/static/app.js", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_nobody_gets_packed_bytes_who_does_not_ask_for_them(client: TestClient) -> None:
    plain = client.get("/static/app.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == APP
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"


OUTSIDE = ["../secret.txt", "%2e%2e/secret.txt", "parts/..%2f..%2fsecret.txt", "..%5csecret.txt", "/etc/passwd"]


@pytest.mark.parametrize("name", [*OUTSIDE, "parts", "parts/", "", "app.js%00"])
def test_nothing_but_files_of_the_folder_is_sent(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_the_files_can_only_be_read(client: TestClient) -> None:
    assert client.post("/static/app.js").status_code == 405


def test_each_page_has_the_module_that_app_js_loads_for_it() -> None:
    rows = re.findall(r'path: "([^"]+)".*import\("\./(pages/\w+\.js)"\)', (STATIC / "app.js").read_text())
    ours = {path.replace("{key}", "{video}"): module for path, module in PAGES.items() if path != "/sign-in"}
    assert dict(rows) == ours


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(config_in(tmp_path_factory.mktemp("files")), no_auth=True) as (address, _):
        yield address


@pytest.fixture
def expected_errors() -> list[str]:
    """The library is empty, so no video is found."""
    return ["Failed to load resource"]


@pytest.mark.parametrize(
    "path", ["/", "/videos/none", "/triage", "/jobs", "/datasets", "/stats", "/duplicates", "/keys"]
)
def test_a_page_asks_for_no_module_that_its_html_does_not_name(page: Any, address: str, path: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(address + path)
    page.get_by_role("navigation", name="Pages").wait_for()
    page.locator("main h1").first.wait_for(state="attached")
    named = set(re.findall(r'(?:href|src)="([^"]+)"', get(address, path).text))
    scripts = [each for each in asked if each.endswith((".js", ".css"))]
    assert len(scripts) > 15
    assert set(scripts) <= named
    assert len(scripts) == len(set(scripts))


def test_the_search_is_asked_before_the_page_is_there(page: Any, address: str) -> None:
    again: list[Any] = []
    with held_back(page, "**/pages/library.js"):
        with page.expect_request("**/api/v1/search?*"):
            page.goto(f"{address}/?q=red&open=none&sort=name", wait_until="commit")
        page.on("request", lambda request: again.append(request) if "/api/v1/search?" in request.url else None)
    page.get_by_text("No moment matches").wait_for()
    assert again == []


def test_a_file_is_packed_once(folder: Path) -> None:
    file = PageFiles(folder).find("app.js")
    assert file is not None
    assert file.compressed is file.compressed
    assert gzip.decompress(file.compressed or b"").decode() == APP
