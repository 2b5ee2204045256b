"""The pages: one HTML file without data for every page. `app.js` shows the page of the address."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from vidkit.web.access import OPEN, SCOPES

STATIC = Path(__file__).parent.parent / "static"
PAGES = ("/", "/videos/{key}", "/triage", "/jobs", "/datasets", "/stats", "/audit", "/keys", "/sign-in")

router = APIRouter(include_in_schema=False)


def _page() -> FileResponse:
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


for path in PAGES:
    router.add_api_route(path, _page, methods=["GET"])
    SCOPES["GET", path] = OPEN
