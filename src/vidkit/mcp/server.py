"""The MCP server, for every transport: it lists and calls the tools."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from starlette.types import ASGIApp

from vidkit._version import __version__
from vidkit.core import printable, without_secrets
from vidkit.errors import VidkitError, nearest
from vidkit.mcp.answers import clean_line, cleaned
from vidkit.mcp.api import Api
from vidkit.mcp.arguments import mistakes
from vidkit.mcp.call import Call, Result
from vidkit.mcp.tools import INSTRUCTIONS, TOOLS, described, refusal
from vidkit.web.access.actors import Actor
from vidkit.web.services import Services

log = logging.getLogger(__name__)

_MOST_CALLS = 100  # at once
Context = ServerRequestContext[Any, Any]


@dataclass
class Tools:
    """The tools over opened services.

    Attributes:
        services: the library, its jobs and keys.
        api: the REST API over the same services.
        allow: what tools may change: words of `tools.ALLOWED`.
        actor_of: who makes a request.
    """

    services: Services
    api: ASGIApp
    allow: Collection[str]
    actor_of: Callable[[Context], Actor]
    _running: int = field(default=0, init=False)

    async def list(self, context: Context, _: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """The tools that somebody may use."""
        actor = self.actor_of(context)
        names = [name for name in TOOLS if refusal(name, self.allow, actor) is None]
        return types.ListToolsResult(tools=[described(name) for name in names])

    async def call(self, context: Context, request: types.CallToolRequestParams) -> types.CallToolResult:
        """Call a tool. An error is an answer in words, for the model to read.

        Raises:
            MCPError: there is no such tool.
        """
        if request.name not in TOOLS:
            near = nearest(request.name[:100], TOOLS)
            hint = f": did you mean {near}?" if near else f": there is {', '.join(TOOLS)}"
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {printable(request.name)[:100]}{hint}")
        if self._running >= _MOST_CALLS:
            return _error(f"{_MOST_CALLS} calls are running already: try again")
        self._running += 1
        try:
            return await self._run(context, request)
        except VidkitError as error:
            return _error(str(error))
        except Exception as error:
            log.error("a mistake in vidkit: the tool %s: %r", request.name, error, exc_info=True)
            return _error("vidkit made a mistake here; the log has the details")
        finally:
            self._running -= 1

    async def _run(self, context: Context, request: types.CallToolRequestParams) -> types.CallToolResult:
        actor = self.actor_of(context)
        if refused := refusal(request.name, self.allow, actor):
            return _error(refused)
        tool, given = TOOLS[request.name], request.arguments or {}
        try:
            arguments = tool.arguments.model_validate(given)
        except ValidationError as error:
            return _error(mistakes(error, tool.arguments, given))
        call = Call(self.services, Api(self.api, actor), context.session.report_progress)
        return _answer(await tool.run(call, arguments))


def make_server(tools: Tools) -> Server[Any]:
    """The MCP server for these tools."""
    return Server(
        "vidkit",
        title="vidkit",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=tools.list,
        on_call_tool=tools.call,
    )


def _answer(result: Result) -> types.CallToolResult:
    content: list[types.ContentBlock] = [
        types.TextContent(text="\n".join(clean_line(line) for line in result.lines)),
    ]
    if result.image is not None:
        data = base64.b64encode(result.image).decode()
        content.append(types.ImageContent(data=data, mime_type="image/jpeg"))
    values = cleaned(result.answer.model_dump(mode="json", by_alias=True))
    return types.CallToolResult(content=content, structured_content=values)


def _error(words: str) -> types.CallToolResult:
    shown = printable(without_secrets(words))[:1000]
    return types.CallToolResult(content=[types.TextContent(text=shown)], is_error=True)


def log_the_sdk() -> None:
    """Send the messages of the SDK to vidkit's log, and never to the screen with tracebacks."""
    for name in ("mcp", "mcp_types"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [_ToLog()], False


class _ToLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level = min(record.levelno, logging.INFO)  # warnings are for the screen
        log.log(level, "%s: %s", record.name, record.getMessage(), exc_info=record.exc_info)
