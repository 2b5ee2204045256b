"""`/api/v1/keys`: who may call the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from vidkit.web.access.keys import LONGEST_NAME, Key
from vidkit.web.access.scopes import API, Caller, may
from vidkit.web.models import Body, Model
from vidkit.web.problems import Problem, not_found
from vidkit.web.services import Shared

router = APIRouter(prefix=f"{API}/keys", tags=["access"])


class NewKey(Body):
    """A key to make."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    scope: Literal["read", "label", "process", "admin"]
    expires: str | None = Field(None, max_length=20, description="time until it expires: 90d; null: never")


class ShownKey(Model):
    """A key without its secret."""

    id: str
    name: str
    scope: str
    state: str = Field(description="`active`, `expired` or `revoked`")
    created_at: str
    created_by: str
    expires_at: str | None
    used_at: str | None = Field(description="to the minute")
    revoked_at: str | None


class MadeKey(ShownKey):
    """A new key: the only answer with its secret."""

    key: str


class ShownKeys(Model):
    """All keys."""

    items: list[ShownKey]


@router.get("")
def list_keys(services: Shared) -> ShownKeys:
    """All keys, the oldest first, without their secrets."""
    return ShownKeys(items=[_shown(key) for key in services.keys.all()])


@router.post("", status_code=HTTPStatus.CREATED)
def add_key(body: NewKey, actor: Caller, services: Shared) -> MadeKey:
    """Make a key. Its scope cannot be larger than the caller's."""
    if not may(actor, body.scope):
        raise Problem(HTTPStatus.FORBIDDEN, f"a key with the scope {body.scope} can do more than you may")
    key, secret = services.keys.add(body.name, body.scope, body.expires, actor.name)
    services.audit(actor, "add key", f"{key.name}, {key.scope}")
    return MadeKey(**_shown(key).model_dump(), key=secret)


@router.delete("/{id}")
def revoke_key(id: Annotated[str, Path(max_length=LONGEST_NAME)], actor: Caller, services: Shared) -> ShownKey:
    """Revoke a key, by its id or its name, and end all sessions that signed in with it."""
    key = services.keys.revoke(id)
    if key is None:
        raise not_found("no key with this id or name can be revoked")
    services.audit(actor, "revoke key", f"{key.name}, {key.scope}")
    return _shown(next(each for each in services.keys.all() if each.id == key.id))


def _shown(key: Key) -> ShownKey:
    return ShownKey.model_validate(key.as_json())
