"""`vidkit mcp` over standard input and output: one client, which started this process."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import anyio
from anyio import to_thread
from mcp.server import Server
from mcp.server.stdio import stdio_server

from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.mcp.server import Tools, log_the_sdk, make_server
from vidkit.mcp.tools import largest_scope, runs_jobs
from vidkit.web.access.actors import AGENT, Actor
from vidkit.web.app import create_api
from vidkit.web.services import Services, open_services

log = logging.getLogger(__name__)

_LONGEST = 4 * 2**20  # characters of one message


def run_stdio(config: Config, allow: Collection[str]) -> None:
    """Serve one client until it closes this process's input or output, or the process is told to stop.

    A thread may still wait for the input then, and Python would wait for the thread: end it with `os._exit`.

    Args:
        config: the settings.
        allow: words of `tools.ALLOWED`.

    Raises:
        ConfigError: there is no standard input or output.
        LibraryError: the library cannot be opened.
        OutputError: a folder cannot be made.
    """
    log_the_sdk()
    if sys.stdin is None or sys.stdout is None:
        raise ConfigError("`vidkit mcp` speaks to its client over standard input and output, and one is closed")
    if sys.stdin.isatty():
        log.warning("this waits for an MCP client, which should start it; see docs/mcp.md. Ctrl-C ends it")
    with open_services(config, run_jobs=runs_jobs(allow)) as services, _own_input() as lines:
        actor = Actor(AGENT, largest_scope(allow), "stdio")
        server = make_server(Tools(services, create_api(services), allow, lambda _: actor))
        try:
            anyio.run(_serve, server, lines, services)
        except BaseException as error:
            if not _is_broken_pipe(error):
                raise
            log.info("the client has closed its end")


async def _serve(server: Server[Any], lines: TextIO, services: Services) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_when_told, group.cancel_scope, services)
        async with stdio_server(cast("anyio.AsyncFile[str]", _Lines(lines))) as (read, write):
            await server.run(read, write, server.create_initialization_options())
        group.cancel_scope.cancel()


async def _stop_when_told(scope: anyio.CancelScope, services: Services) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            await to_thread.run_sync(services.events.close)
            scope.cancel()


class _Lines:
    """The lines of a file, read in a thread that is abandoned when nobody waits for it any more."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        line = await to_thread.run_sync(self._file.readline, _LONGEST, abandon_on_cancel=True)
        if len(line) == _LONGEST and not line.endswith("\n"):
            log.error("the client has sent a message of more than %d MiB: the connection ends", _LONGEST // 2**20)
            raise StopAsyncIteration
        if not line:
            raise StopAsyncIteration
        return line


@contextmanager
def _own_input() -> Iterator[TextIO]:
    """The standard input for this process only: its children read nothing from it."""
    own = os.dup(0)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    yield os.fdopen(own, encoding="utf-8", errors="replace", closefd=False)


def _is_broken_pipe(error: BaseException) -> bool:
    """Whether an error, or every error of a group, says that nobody reads the output."""
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return all(map(_is_broken_pipe, inner)) if inner else isinstance(error, BrokenPipeError)
