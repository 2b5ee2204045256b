"""Who may call what: one table of all calls with the scope that each needs. What is not in it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from vidkit.web.problems import Problem

# Each scope includes those before it.
SCOPE_NAMES = ("read", "label", "process", "admin")
OPEN = ""  # for everyone, signed in or not
API = "/api/v1"

# (method, path of the route) -> scope. A route without a row answers 403 to everyone.
SCOPES: dict[tuple[str, str], str] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/api/openapi.json"): "read",
    ("GET", "/api/docs"): OPEN,
    ("GET", f"{API}/search"): "read",
    ("GET", f"{API}/triage"): "label",
    ("POST", f"{API}/triage"): "label",
    ("GET", f"{API}/triage/{{queue}}"): "label",
    ("PATCH", f"{API}/triage/{{queue}}"): "label",
    ("DELETE", f"{API}/triage/{{queue}}"): "label",
    ("POST", f"{API}/triage/{{queue}}/next"): "label",
    ("POST", f"{API}/triage/{{queue}}/answers"): "label",
    ("DELETE", f"{API}/triage/{{queue}}/answers/{{answer}}"): "label",
    ("GET", f"{API}/videos/{{key}}/video"): "read",
    ("GET", f"{API}/videos/{{key}}/clips/{{n}}"): "read",
    ("GET", f"{API}/videos/{{key}}/scenes/{{n}}/thumbnail"): "read",
    ("GET", f"{API}/videos/{{key}}/sprites.vtt"): "read",
    ("GET", f"{API}/videos/{{key}}/sprites/{{n}}"): "read",
}


@dataclass(frozen=True)
class Actor:
    """Who makes a request.

    `name` is the key's, or who signed in; `scope` is one of SCOPE_NAMES; `address` is the client's, for the audit
    log and the rate limits.
    """

    name: str
    scope: str
    address: str = ""


def may(actor: Actor, scope: str) -> bool:
    """Whether an actor has a scope."""
    return scope == OPEN or SCOPE_NAMES.index(actor.scope) >= SCOPE_NAMES.index(scope)


def authorize(request: Request) -> None:
    """Let a request pass if SCOPES has its route and its actor has the scope. The actor is kept in the request.

    Raises:
        Problem: 401 for nobody, 403 for too small a scope or an unknown route.
    """
    services = request.app.state.services
    path = request.scope["route"].path
    scope = SCOPES.get((request.method, path))
    actor: Actor | None = services.actor_of(request)
    request.state.actor = actor
    if scope == OPEN:
        return
    if actor is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "sign in first, or send a key", {"WWW-Authenticate": "Bearer"})
    if scope is None or not may(actor, scope):
        raise Problem(HTTPStatus.FORBIDDEN, f"this needs the scope {scope}" if scope else "nobody may do this")


def actor_of(request: Request) -> Actor:
    """Who makes a request that was authorized."""
    actor: Actor = request.state.actor
    return actor


# Who makes the request, as an argument of a view.
Caller = Annotated[Actor, Depends(actor_of)]
