"""`vidkit mcp --http`: the tools over streamable HTTP, guarded as the web library is, with its keys."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.mcp.server import Context, Tools, log_the_sdk, make_server
from vidkit.mcp.tools import largest_scope, runs_jobs
from vidkit.web.access.actors import AGENT, CALLER, SCOPE_NAMES, Actor
from vidkit.web.access.guard import Guard
from vidkit.web.app import create_api
from vidkit.web.edge import Edge
from vidkit.web.problems import Problem, problem_answer
from vidkit.web.running import shown_address
from vidkit.web.server import is_loopback, listening, run_until_stopped, uvicorn_server
from vidkit.web.services import Services, open_services

PATH = "/mcp"


def run_http(config: Config, host: str, port: int, allow: Collection[str], no_auth: bool = False) -> None:
    """Serve clients over streamable HTTP at `/mcp`, until the process is told to stop.

    Args:
        config: the settings.
        host: a name or an address of this machine.
        port: from 0 (any that is free) to 65535.
        allow: words of `tools.ALLOWED`.
        no_auth: nobody needs a key; on loopback only.

    Raises:
        ConfigError: the address cannot be used, or no key exists.
        LibraryError: the library cannot be opened.
        OutputError: a folder cannot be made.
    """
    log_the_sdk()
    if no_auth and not is_loopback(host):
        raise ConfigError(f"--no-auth: {host} can be reached by others; leave out --no-auth, or serve 127.0.0.1")
    with ExitStack() as stack:
        listener = stack.enter_context(listening(host, port))
        services = stack.enter_context(open_services(config, no_auth, host, runs_jobs(allow)))
        if not no_auth and not services.keys.some_active():
            raise ConfigError(
                "there is no key yet, so nobody could use this server. Make one first: `vidkit keys add NAME "
                "--scope read`; or give --no-auth, on 127.0.0.1 only"
            )
        address = shown_address(host, listener.getsockname()[1])
        print(f"vidkit's tools are at {address}{PATH} (stop it with Ctrl-C)", file=sys.stderr, flush=True)
        run_until_stopped(uvicorn_server(services, http_app(services, allow)), listener)


def http_app(services: Services, allow: Collection[str]) -> ASGIApp:
    """The tools as an ASGI application: guarded as the web library is, each request with its key."""

    def actor_of(context: Context) -> Actor:
        request: Any = context.request  # the HTTP request
        actor: Actor = request.scope[CALLER]
        return actor

    server = make_server(Tools(services, create_api(services), allow, actor_of))
    # No sessions: each request has its key, and nothing of a client is kept.
    app = server.streamable_http_app(streamable_http_path=PATH, stateless_http=True, host="")
    return Edge(Guard(_KeyCheck(app, services, largest_scope(allow)), services.gate), services.requests)


class _KeyCheck:
    """Passes on requests to PATH that have a key. Their actor gets at most the scope that the tools need."""

    def __init__(self, app: ASGIApp, services: Services, most: str) -> None:
        self._app, self._services, self._most = app, services, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._caller(scope)
        except Problem as problem:
            answer = problem_answer(problem.status_code, str(problem.detail), dict(problem.headers or {}))
            await answer(scope, receive, send)
            return
        await self._app({**scope, CALLER: caller}, receive, send)

    async def _caller(self, scope: Scope) -> Actor:
        """Who makes a request.

        Raises:
            Problem: it is refused.
        """
        if scope["path"] != PATH:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is nothing but {PATH} here")
        if scope["method"] != "POST":  # this server sends nothing unasked, so no stream is opened by GET
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "send messages by POST", {"Allow": "POST"})
        request, services = Request(scope), self._services
        address = request.client.host if request.client else ""
        if services.no_auth:
            return Actor(AGENT, self._most, address)
        found = await run_in_threadpool(services.actor_of, request) if "authorization" in request.headers else None
        services.limits.count(found, address)
        if found is None:
            raise Problem(
                HTTPStatus.UNAUTHORIZED, "send a key as `Authorization: Bearer KEY`", {"WWW-Authenticate": "Bearer"}
            )
        scope_name = min(found.scope, self._most, key=SCOPE_NAMES.index)
        return Actor(found.name, scope_name, address, found.auth)
