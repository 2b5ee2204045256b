"""What the views share: opened once when the server starts, closed when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from vidkit.core.config import Config
from vidkit.library import Library, Stats, open_library
from vidkit.meaning.search import Search
from vidkit.meaning.search_models import SearchModels
from vidkit.web.access.actors import CALLER, LOCAL, Actor
from vidkit.web.access.audit import AuditLog
from vidkit.web.access.guard import Gate, make_gate
from vidkit.web.access.keys import Keys
from vidkit.web.access.rate_limits import RateLimits
from vidkit.web.access.sessions import Sessions
from vidkit.web.duplicates import Duplicates
from vidkit.web.jobs.events import JobEvents
from vidkit.web.jobs.queue import JobQueue
from vidkit.web.metrics import Cached, Requests
from vidkit.web.state import StateDatabase

_COUNTED_EVERY = 300.0  # seconds
_STATS_EVERY = 60.0


@dataclass(frozen=True)
class Services:
    """The settings, the library, the server's own database and what is built on it."""

    config: Config
    library: Library
    models: SearchModels
    search: Search
    state: StateDatabase
    audit: AuditLog
    keys: Keys
    sessions: Sessions
    jobs: JobQueue
    events: JobEvents
    gate: Gate
    limits: RateLimits
    requests: Requests
    videos: Cached[int]
    stats: Cached[Stats]
    duplicates: Duplicates
    no_auth: bool = False

    def actor_of(self, request: Request) -> Actor | None:
        """Who makes a request, by its key or its session; None if it has neither.

        A caller in this process, such as `vidkit mcp`, puts the actor into the ASGI scope: no request can set it.
        """
        caller: Actor | None = request.scope.get(CALLER)
        if caller is not None:
            return caller
        address = request.client.host if request.client else ""
        if self.no_auth:
            return Actor(LOCAL, "admin", address)
        header = request.headers.get("authorization")
        if header is not None:
            kind, _, secret = header.partition(" ")
            key = self.keys.find(secret.strip()) if kind.lower() == "bearer" else None
            return Actor(key.name, key.scope, address, "key") if key else None
        cookie = request.cookies.get(self.sessions.cookie)
        session = self.sessions.find(cookie) if cookie else None
        return Actor(session.name, session.scope, address, "session") if session else None


@contextmanager
def open_services(
    config: Config, no_auth: bool = False, host: str = "127.0.0.1", run_jobs: bool = True
) -> Iterator[Services]:
    """Open what the server needs.

    Args:
        config: the settings.
        no_auth: every request counts as the owner's.
        host: the name or the address that the server listens on.
        run_jobs: run the jobs that wait; otherwise another server over the same folder has to.

    Raises:
        LibraryError: the library or the server's own database cannot be opened.
        OutputError: a folder cannot be made.
    """
    state = StateDatabase(config.serve.directory)
    try:
        keys = Keys(state)
        with (
            open_library(config) as library,
            closing(JobQueue(state, config, run_jobs)) as jobs,
            closing(JobEvents(jobs.table, jobs.with_progress)) as events,
        ):
            models = SearchModels(config)
            models.open_soon()
            yield Services(
                config=config,
                library=library,
                models=models,
                search=Search(library, models),
                state=state,
                audit=AuditLog(state),
                keys=keys,
                sessions=Sessions(state, keys),
                jobs=jobs,
                events=events,
                gate=make_gate(host, config.serve.server_names, config.serve.trusted_proxies),
                limits=RateLimits(config.serve.requests_per_minute),
                requests=Requests(),
                stats=Cached(library.stats, _STATS_EVERY),
                videos=Cached(lambda: library.stats().videos, _COUNTED_EVERY),
                duplicates=Duplicates(library),
                no_auth=no_auth,
            )
    finally:
        state.close()


async def services_of(request: Request) -> Services:
    """The services, for a view."""
    services: Services = request.app.state.services
    return services


# The services as an argument of a view.
Shared = Annotated[Services, Depends(services_of)]
