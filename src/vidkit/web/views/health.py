"""What is outside the API: whether the server can answer, and the description of the API."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from vidkit.web.services import Shared

router = APIRouter()


@router.get("/healthz")
def health(services: Shared) -> dict[str, str]:
    """Whether the library can be read."""
    services.library.find("00000000")
    return {"status": "ok"}


@router.get("/api/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    """The description of the API, by OpenAPI."""
    described: dict[str, Any] = request.app.openapi()
    return described
