"""`GET /healthz`: whether the server can answer."""

from __future__ import annotations

from fastapi import APIRouter

from vidkit.web.services import Shared

router = APIRouter()


@router.get("/healthz")
def health(services: Shared) -> dict[str, str]:
    """Whether the library can be read."""
    services.library.find("00000000")
    return {"status": "ok"}
