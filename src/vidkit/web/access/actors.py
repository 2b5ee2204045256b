"""Who makes a request, and the scopes: each includes those before it."""

from __future__ import annotations

from dataclasses import dataclass

SCOPE_NAMES = ("read", "label", "process", "admin")
OPEN = ""  # for everyone, signed in or not
OWNER = "owner"  # who starts the server, uses its sign-in link or its command line
LOCAL = "local"  # everyone, where nobody has to sign in
AGENT = "mcp"  # the program at the other end of `vidkit mcp`, where it needs no key
CALLER = "vidkit.caller"  # the key of the actor in an ASGI scope, for callers in this process


@dataclass(frozen=True)
class Actor:
    """Who makes a request.

    `name` is the key's, or who signed in; `scope` is one of SCOPE_NAMES; `address` is the client's, for the audit
    log and the rate limits; `auth` says how they signed in: `key`, `session`, or `none` if nobody has to, or if
    another part of this process has checked the key.
    """

    name: str
    scope: str
    address: str = ""
    auth: str = "none"


def may(actor: Actor, scope: str) -> bool:
    """Whether an actor has a scope."""
    return scope == OPEN or SCOPE_NAMES.index(actor.scope) >= SCOPE_NAMES.index(scope)
