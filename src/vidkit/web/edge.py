"""The edge of the application: headers of every answer, how long it took, and unexpected exceptions."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidkit.core import printable
from vidkit.web.metrics import Requests

log = logging.getLogger(__name__)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def content_security_policy(media: Iterable[str] = ()) -> str:
    """What the pages may load; images and videos also from the origins `media`."""
    sources = " ".join(["'self'", *media])
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {sources} data: blob:",
            f"media-src {sources} blob:",
            "connect-src 'self'",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


class Edge:
    """Adds HEADERS and the policy of the pages to every answer, and notes how long it took to begin. Bodies pass as
    they are, without a copy."""

    def __init__(self, app: ASGIApp, requests: Requests, media: Iterable[str] = ()) -> None:
        """`media` are the origins besides this server that images and videos come from."""
        self._app = app
        self._requests = requests
        headers = {"Content-Security-Policy": content_security_policy(media), **HEADERS}
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message["headers"])
                there = {name.lower() for name, _ in headers}
                headers += [header for header in self._headers if header[0] not in there]
                if b"cache-control" not in there:
                    headers.append((b"cache-control", _caching(scope["path"])))
                self._requests.note(scope["method"], _route(scope), status, time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        except (ClientDisconnect, ConnectionError):
            pass
        except Exception as error:
            log.error("%s %s failed", scope["method"], printable(_route(scope)), exc_info=error)
            if status < 500:  # the answer began well: the client must see that it did not end well
                raise


def _caching(path: str) -> bytes:
    """Browsers do not keep data. They keep the files of the pages, and ask whether these have changed."""
    return b"no-store" if path.startswith(("/api/", "/mcp", "/metrics", "/healthz")) else b"no-cache"


def _route(scope: Scope) -> str:
    """The template of the route, such as `/api/v1/videos/{key}`: a path may hold what must not be in a log."""
    route = scope.get("route")
    if route is not None:
        return str(getattr(route, "path", "other"))
    return "/static" if scope["path"].startswith("/static/") else "other"
