"""The application: the views, what stands before them, and the headers of every answer."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from vidkit._version import __version__
from vidkit.web.access.guard import Guard
from vidkit.web.access.scopes import authorize
from vidkit.web.edge import Edge
from vidkit.web.media.bucket_files import origins
from vidkit.web.problems import add_error_handlers
from vidkit.web.routes import ROUTES
from vidkit.web.services import Services
from vidkit.web.views.pages import static_files


class _App(FastAPI):
    """An application with the guard and the edge around all of it, also around the answers to exceptions."""

    def build_middleware_stack(self) -> ASGIApp:
        services: Services = self.state.services
        guarded = Guard(super().build_middleware_stack(), services.gate)
        return Edge(guarded, services.requests, origins(services.config))


def create_app(services: Services) -> FastAPI:
    """The web library over opened services, as an ASGI application."""
    return _with_routes(_App, services)


def create_api(services: Services) -> FastAPI:
    """The same for callers in this process: without the guard, which checks requests from a network."""
    return _with_routes(FastAPI, services)


def _with_routes(kind: type[FastAPI], services: Services) -> FastAPI:
    app = kind(
        title="vidkit",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(authorize)],
    )
    app.state.services = services
    add_error_handlers(app)
    for router in ROUTES:
        app.include_router(router)
    app.mount("/static", static_files(), name="static")
    return app
