"""The pages: one HTML file without data for every page. `app.js` shows the page of the address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from vidkit.web.access.scopes import OPEN, SCOPES

STATIC = Path(__file__).parent.parent / "static"
PAGES = ("/", "/videos/{key}", "/triage", "/jobs", "/datasets", "/stats", "/audit", "/keys", "/sign-in")

router = APIRouter(include_in_schema=False)


class _PageFiles(StaticFiles):
    """Files that a browser keeps but asks about again: after an update it must not mix old and new modules."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


def static_files() -> ASGIApp:
    """What the pages are made of: scripts, style, vendored libraries; packed where the browser takes it."""
    return GZipMiddleware(_PageFiles(directory=STATIC), minimum_size=1000)


def _page() -> FileResponse:
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


for path in PAGES:
    router.add_api_route(path, _page, methods=["GET"])
    SCOPES["GET", path] = OPEN
