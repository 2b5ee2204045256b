"""The pages: HTML without data. It only differs in the modules that it names; `app.js` shows the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from starlette.types import ASGIApp

from vidkit.web.access.scopes import OPEN, SCOPES
from vidkit.web.page_files import PageFiles

STATIC = Path(__file__).parent.parent / "static"
# The path of a page -> the module that makes it, as in `app.js`.
PAGES = {
    "/": "pages/library.js",
    "/videos/{key}": "pages/video.js",
    "/triage": "pages/triage.js",
    "/jobs": "pages/jobs.js",
    "/datasets": "pages/datasets.js",
    "/stats": "pages/stats.js",
    "/duplicates": "pages/duplicates.js",
    "/audit": "pages/audit.js",
    "/keys": "pages/keys.js",
    "/sign-in": "pages/sign_in.js",
}

router = APIRouter(include_in_schema=False)
_files = PageFiles(STATIC)


def static_files() -> ASGIApp:
    """The files of the pages: scripts, style sheets, vendored libraries."""
    return _files


def _add_page(path: str, module: str) -> None:
    def page() -> Response:
        return Response(_files.html(module), headers={"Cache-Control": "no-cache"}, media_type="text/html")

    router.add_api_route(path, page, methods=["GET"])
    SCOPES["GET", path] = OPEN


for _path, _module in PAGES.items():
    _add_page(_path, _module)
