"""Calls of the REST API in this process: the tools have no second way to the data."""

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
    """The API has answered with an error, whose message is for people."""


@dataclass(frozen=True)
class Api:
    """The REST API, asked by one actor: its scopes, its audit log and its words of errors hold."""

    app: ASGIApp
    actor: Actor

    async def get(self, path: str, parameters: Iterable[tuple[str, Any]] = ()) -> Any:
        """What a GET answers.

        Raises:
            Refused: an error.
        """
        return await self._call("GET", path, params=[(name, _text(value)) for name, value in parameters])

    async def send(self, method: str, path: str, body: Any, parameters: Iterable[tuple[str, Any]] = ()) -> Any:
        """What another method answers to a JSON body. Raises as `get`."""
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
        # The limit of requests was counted where this call came in.
        await self.app({**scope, CALLER: replace(self.actor, auth="none")}, receive, send)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
