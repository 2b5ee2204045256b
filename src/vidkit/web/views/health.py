"""Views outside the API: the health check, the metrics, and the description of the API."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from vidkit.errors import LibraryError
from vidkit.web import metrics
from vidkit.web.openapi import described
from vidkit.web.problems import Problem
from vidkit.web.services import Services, Shared
from vidkit.web.views.pages import STATIC

log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/healthz", tags=["server"])
def health(services: Shared) -> dict[str, str]:
    """Whether the library and the server's own database can be read; 503 if not."""
    try:
        with services.state.reading() as connection:
            connection.execute("SELECT count(*) FROM sign_in_tokens").fetchone()
    except LibraryError as error:
        log.info("not healthy: %s", error)
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the server's own database cannot be read") from None
    try:
        services.library.find("00000000")
    except LibraryError as error:
        log.info("not healthy: %s", error)
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the library cannot be read") from None
    return {"status": "ok"}


@router.get("/metrics", tags=["server"], response_class=Response)
def numbers(services: Shared) -> Response:
    """Metrics of the server for Prometheus."""
    return Response(metrics.text(_numbers(services)), media_type=metrics.CONTENT_TYPE)


def _numbers(services: Services) -> Iterator[str]:
    yield from services.requests.lines()
    yield from metrics.gauge("vidkit_library_videos", "Videos in the library.", {"": services.videos()})
    yield from metrics.gauge("vidkit_jobs", "Jobs by state.", services.jobs.table.counts(), "state")
    yield from metrics.process_lines()


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    """The description of the API, by OpenAPI."""
    return described(request.app)


@router.get("/api/docs", include_in_schema=False)
def docs() -> FileResponse:
    """The page of the API."""
    return FileResponse(STATIC / "api_docs.html")
