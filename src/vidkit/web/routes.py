"""The views: a new one is a module with a `router`, a row here, and a row of `SCOPES` for each call."""

from __future__ import annotations

from fastapi import APIRouter

from vidkit.web.views import (
    audit,
    exports,
    facets,
    health,
    jobs,
    keys,
    labels,
    media,
    pages,
    search,
    searches,
    session,
    settings,
    stats,
    triage,
    videos,
)

ROUTES: tuple[APIRouter, ...] = (
    audit.router,
    exports.router,
    facets.router,
    health.router,
    jobs.router,
    keys.router,
    labels.router,
    media.router,
    pages.router,
    search.router,
    searches.router,
    session.router,
    settings.router,
    stats.router,
    triage.router,
    videos.router,
)
