"""The views: a new one is a module with a `router`, a row here, and a row of `access.SCOPES` for each call."""

from __future__ import annotations

from fastapi import APIRouter

from vidkit.web.views import audit, health, jobs, keys, media, pages, search, session, triage

ROUTES: tuple[APIRouter, ...] = (
    audit.router,
    health.router,
    media.router,
    keys.router,
    jobs.router,
    pages.router,
    search.router,
    triage.router,
    session.router,
)
