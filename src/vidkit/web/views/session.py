"""`/api/v1/session`: sign in with a key or a sign-in link, get who is signed in, sign out."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import Field, model_validator

from vidkit.web.access.scopes import API, Actor, Caller
from vidkit.web.access.sessions import LIFE
from vidkit.web.models import Body, Model
from vidkit.web.problems import Problem
from vidkit.web.services import Shared

router = APIRouter(prefix=f"{API}/session", tags=["access"])


class SignIn(Body):
    """A key, or the token of a sign-in link."""

    key: str | None = Field(None, min_length=1, max_length=200)
    token: str | None = Field(None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _one(self) -> SignIn:
        if (self.key is None) == (self.token is None):
            raise ValueError("give a key or a token")
        return self


class SignedIn(Model):
    """Who is signed in, and what they may do."""

    name: str
    scope: str
    auth: str = Field(description="`key`, `session`, or `none` if nobody has to sign in")


@router.post("")
def sign_in(body: SignIn, request: Request, response: Response, services: Shared) -> SignedIn:
    """Sign a browser in: the answer sets its cookie."""
    address = request.client.host if request.client else ""
    services.limits.before_sign_in(address)
    if body.key is not None:
        opened = services.sessions.open_with_key(body.key.strip())
        wrong, how = "this key is not known, has expired or was revoked", "with a key"
    else:
        opened = services.sessions.open_with_token((body.token or "").strip())
        wrong = "this sign-in link was used already or is too old: `vidkit keys link` prints a new one"
        how = "with a sign-in link"
    if opened is None:
        services.limits.wrong_sign_in(address)
        raise Problem(HTTPStatus.UNAUTHORIZED, wrong, {"WWW-Authenticate": "Bearer"})
    session, secret = opened
    actor = Actor(session.name, session.scope, address, "session")
    services.audit(actor, "sign in", how)
    response.set_cookie(
        services.sessions.cookie,
        secret,
        max_age=int(LIFE),
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SignedIn(name=actor.name, scope=actor.scope, auth=actor.auth)


@router.get("")
def signed_in(actor: Caller) -> SignedIn:
    """Who makes this request."""
    return SignedIn(name=actor.name, scope=actor.scope, auth=actor.auth)


@router.delete("", status_code=HTTPStatus.NO_CONTENT)
def sign_out(request: Request, response: Response, services: Shared) -> None:
    """End the session of this browser, if there is one."""
    cookie = services.sessions.cookie
    if secret := request.cookies.get(cookie):
        if actor := services.actor_of(request):
            services.audit(actor, "sign out")
        services.sessions.close(secret)
    response.delete_cookie(cookie, path="/", httponly=True, samesite="strict")
