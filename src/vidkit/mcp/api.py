"""Calls of the REST API in this process: the tools read and change data only through it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

from vidkit.core import printable
from vidkit.errors import VidkitError
from vidkit.web.access.actors import CALLER, Actor
from vidkit.web.access.scopes import API


class Refused(VidkitError):
    """The API has answered with an error; its message is for people."""


@dataclass(frozen=True)
class Api:
    """The REST API, called by one actor: its scopes, its audit log and its error messages apply."""

    app: ASGIApp
    actor: Actor

    async def get(self, path: str, parameters: Iterable[tuple[str, Any]] = ()) -> Any:
        """The answer to a GET.

        Raises:
            Refused: an error.
        """
        return await self._call("GET", path, params=[(name, _text(value)) for name, value in parameters])

    async def send(self, method: str, path: str, body: Any, parameters: Iterable[tuple[str, Any]] = ()) -> Any:
        """The answer to another method with a JSON body. Raises as `get`."""
        given = [(name, _text(value)) for name, value in parameters]
        headers = {"Content-Type": "application/json"}
        return await self._call(method, path, content=json.dumps(body), headers=headers, params=given)

    async def _call(self, method: str, path: str, **request: Any) -> Any:
        transport = httpx2.ASGITransport(self._as_actor)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", trust_env=False) as client:
            answer = await client.request(method, f"{API}{path}", **request)
        content = json.loads(answer.content)
        if answer.is_error:
            raise Refused(printable(str(content.get("detail") or "the server refused the call")))
        return content

    async def _as_actor(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The request was counted for the rate limit where it came in.
        await self.app({**scope, CALLER: replace(self.actor, auth="none")}, receive, send)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
