"""Who may call what: one table of all calls with the scope that each needs. What is not in it is refused."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from vidkit.web.access.actors import OPEN, Actor, may
from vidkit.web.problems import Problem

__all__ = ["API", "OPEN", "SCOPES", "Actor", "Caller", "authorize", "may"]

API = "/api/v1"

# (method, path of the route) -> scope; HEAD has the scope of GET. A route without a row answers 403 to everyone.
SCOPES: dict[tuple[str, str], str] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/metrics"): "read",
    ("GET", "/api/openapi.json"): "read",
    ("GET", "/api/docs"): OPEN,
    ("GET", f"{API}/search"): "read",
    ("GET", f"{API}/sources"): "read",
    ("GET", f"{API}/facets"): "read",
    ("GET", f"{API}/stats"): "read",
    ("GET", f"{API}/duplicates"): "read",
    ("GET", f"{API}/searches"): "read",
    ("POST", f"{API}/searches"): "label",
    ("DELETE", f"{API}/searches/{{id}}"): "label",
    ("GET", f"{API}/triage"): "label",
    ("POST", f"{API}/triage"): "label",
    ("GET", f"{API}/triage/{{queue}}"): "label",
    ("PATCH", f"{API}/triage/{{queue}}"): "label",
    ("DELETE", f"{API}/triage/{{queue}}"): "label",
    ("POST", f"{API}/triage/{{queue}}/next"): "label",
    ("POST", f"{API}/triage/{{queue}}/answers"): "label",
    ("DELETE", f"{API}/triage/{{queue}}/answers/{{answer}}"): "label",
    ("POST", f"{API}/triage/{{queue}}/rest"): "label",
    ("GET", f"{API}/videos/{{key}}"): "read",
    ("DELETE", f"{API}/videos/{{key}}"): "admin",
    ("PATCH", f"{API}/videos/{{key}}/labels"): "label",
    ("PUT", f"{API}/videos/{{key}}/labels"): "label",
    ("GET", f"{API}/videos/{{key}}/moments"): "read",
    ("GET", f"{API}/videos/{{key}}/origins"): "read",
    ("GET", f"{API}/videos/{{key}}/video"): "read",
    ("GET", f"{API}/videos/{{key}}/clips/{{n}}"): "read",
    ("GET", f"{API}/videos/{{key}}/scenes/{{n}}/thumbnail"): "read",
    ("GET", f"{API}/videos/{{key}}/sprites.vtt"): "read",
    ("GET", f"{API}/videos/{{key}}/sprites/{{n}}"): "read",
    ("GET", f"{API}/audit"): "admin",
    ("GET", f"{API}/keys"): "admin",
    ("POST", f"{API}/keys"): "admin",
    ("DELETE", f"{API}/keys/{{id}}"): "admin",
    ("GET", f"{API}/session"): "read",
    ("POST", f"{API}/session"): OPEN,
    ("DELETE", f"{API}/session"): OPEN,
    ("POST", f"{API}/jobs"): "process",
    ("POST", f"{API}/jobs/preview"): "process",
    ("GET", f"{API}/jobs"): "read",
    ("GET", f"{API}/jobs/events"): "read",
    ("GET", f"{API}/jobs/{{id}}"): "read",
    ("GET", f"{API}/jobs/{{id}}/events"): "read",
    ("GET", f"{API}/jobs/{{id}}/failures"): "read",
    ("PATCH", f"{API}/jobs/{{id}}"): "process",
    ("POST", f"{API}/jobs/{{id}}/retry"): "process",
    ("POST", f"{API}/exports"): "process",
    ("POST", f"{API}/retag"): "process",
    ("POST", f"{API}/labels"): "label",
    ("GET", f"{API}/settings"): "read",
}


async def authorize(request: Request) -> None:
    """Let a request pass if SCOPES has its route and its actor has the scope. The actor of a call that is not
    open to everyone is kept in the request.

    Raises:
        Problem: 401 for nobody, 403 for too small a scope or an unknown route, 429 for too many requests.
    """
    services = request.app.state.services
    path = request.scope["route"].path
    scope = SCOPES.get(("GET" if request.method == "HEAD" else request.method, path))
    address = request.client.host if request.client else ""
    actor: Actor | None = None
    if services.no_auth:  # no need to ask the database in a thread
        actor = services.actor_of(request)
    elif scope != OPEN:
        actor = await run_in_threadpool(services.actor_of, request)
    services.limits.count(actor, address)
    if scope == OPEN:
        return
    request.state.actor = actor
    if actor is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "sign in first, or send a key", {"WWW-Authenticate": "Bearer"})
    if scope is None or not may(actor, scope):
        raise Problem(HTTPStatus.FORBIDDEN, f"this needs the scope {scope}" if scope else "nobody may do this")


async def actor_of(request: Request) -> Actor:
    """Who makes a request that was authorized."""
    actor: Actor = request.state.actor
    return actor


# Who makes the request, as an argument of a view.
Caller = Annotated[Actor, Depends(actor_of)]
