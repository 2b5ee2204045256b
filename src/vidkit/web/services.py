"""What the views share: opened once when the server starts, closed when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from vidkit.core.config import Config
from vidkit.library import Library, open_library
from vidkit.web.access import Actor
from vidkit.web.audit import AuditLog
from vidkit.web.state import StateDatabase


@dataclass(frozen=True)
class Services:
    """The settings, the library, the server's own database and what is built on it."""

    config: Config
    library: Library
    state: StateDatabase
    audit: AuditLog
    no_auth: bool = False

    def actor_of(self, request: Request) -> Actor | None:
        """Who makes a request; None for nobody known."""
        address = request.client.host if request.client else ""
        return Actor("local", "admin", address) if self.no_auth else None


@contextmanager
def open_services(config: Config, no_auth: bool = False) -> Iterator[Services]:
    """Open what the server needs.

    Args:
        config: the settings.
        no_auth: take every request for the owner's own.

    Raises:
        LibraryError: the library or the server's own database cannot be opened.
        OutputError: a folder cannot be made.
    """
    state = StateDatabase(config.serve.directory)
    try:
        with open_library(config) as library:
            yield Services(config, library, state, AuditLog(state), no_auth)
    finally:
        state.close()


def services_of(request: Request) -> Services:
    """The services, for a view."""
    services: Services = request.app.state.services
    return services


# The services as an argument of a view.
Shared = Annotated[Services, Depends(services_of)]
