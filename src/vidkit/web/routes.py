"""The views: a new one is a module with a `router`, a row here, and a row of `access.SCOPES` for each call."""

from __future__ import annotations

from fastapi import APIRouter

from vidkit.web.views import audit, health, jobs, keys, labels, media, pages, search, session, triage, videos

ROUTES: tuple[APIRouter, ...] = (
    audit.router,
    health.router,
    jobs.router,
    keys.router,
    labels.router,
    media.router,
    pages.router,
    search.router,
    session.router,
    triage.router,
    videos.router,
)
