"""The views: a new one is a module with a `router`, a row here, and a row of `access.SCOPES` for each call."""

from __future__ import annotations

from fastapi import APIRouter

from vidkit.web.views import health, media, pages, search, triage

ROUTES: tuple[APIRouter, ...] = (
    health.router,
    media.router,
    pages.router,
    search.router,
    triage.router,
)
