"""The views: a new one is a module with a `router`, a row here, and a row of `SCOPES` for each call."""

from __future__ import annotations

from fastapi import APIRouter

from vidkit.web.views import (
    audit,
    duplicates,
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

# A request is matched against them in order, so the most frequent ones come first.
ROUTES: tuple[APIRouter, ...] = (
    search.router,
    media.router,
    videos.router,
    triage.router,
    labels.router,
    facets.router,
    jobs.router,
    pages.router,
    session.router,
    settings.router,
    stats.router,
    duplicates.router,
    exports.router,
    searches.router,
    health.router,
    audit.router,
    keys.router,
)
