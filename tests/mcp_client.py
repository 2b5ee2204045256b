"""The SDK's own client against a real `vidkit mcp`, over standard input and output or over HTTP, for tests."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.web_process import VIDKIT, said


@dataclass
class Agent:
    """A client that is connected; its calls return when they are answered."""

    portal: BlockingPortal
    client: Any

    def call(self, name: str, /, **arguments: Any) -> Any:
        """What a tool answers, as the SDK gives it."""
        return self.portal.call(self.client.call_tool, name, arguments)

    def ask(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """The values that a tool answers; the client holds them against the tool's schema."""
        answer = self.call(name, **arguments)
        assert not answer.is_error, answer.content[0].text
        found: dict[str, Any] = answer.structured_content
        return found

    def refused(self, name: str, /, **arguments: Any) -> str:
        """The words of a refusal."""
        answer = self.call(name, **arguments)
        assert answer.is_error, answer
        assert len(answer.content) == 1
        text: str = answer.content[0].text
        assert "\n" not in text
        assert "made a mistake" not in text  # what vidkit says of an exception that it did not foresee
        return text

    def tools(self) -> dict[str, Any]:
        """The tools that are offered, by name."""
        return {tool.name: tool for tool in self.portal.call(self.client.list_tools).tools}


def text_of(answer: Any) -> str:
    """The text of an answer."""
    return "\n".join(part.text for part in answer.content if part.type == "text")


def picture_of(answer: Any) -> bytes:
    """The one picture of an answer: a JPEG."""
    [picture] = [part for part in answer.content if part.type == "image"]
    assert picture.mime_type == "image/jpeg"
    return base64.b64decode(picture.data)


@contextmanager
def stdio_agent(config: Path, *options: str, mode: str = "auto") -> Iterator[Agent]:
    """A client that starts `vidkit mcp` itself. What the process says is in `mcp.txt` beside the settings."""
    command, *words = VIDKIT
    words += ["mcp", "--config", str(config), *options]
    with (config.parent / "mcp.txt").open("a") as said:
        transport = stdio_client(
            StdioServerParameters(command=command, args=words, env=dict(os.environ), cwd=config.parent), errlog=said
        )
        with _connected(Client(transport, mode=mode)) as agent:
            yield agent


@contextmanager
def http_agent(address: str, key: str | None = None, mode: str = "auto") -> Iterator[Agent]:
    """A client of a server that runs, with a key in its header."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with _connected(_over_http(address, headers, mode)) as agent:
        yield agent


@asynccontextmanager
async def _over_http(address: str, headers: dict[str, str], mode: str) -> AsyncIterator[Client]:
    timeout = httpx2.Timeout(60, read=300)
    async with (
        httpx2.AsyncClient(headers=headers, timeout=timeout, trust_env=False) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


@contextmanager
def _connected(client: Any) -> Iterator[Agent]:
    with start_blocking_portal() as portal:
        connection = portal.wrap_async_context_manager(client)
        agent = Agent(portal, connection.__enter__())
        try:
            yield agent
        finally:  # a test that fails is shown as it fails, not in groups of errors
            connection.__exit__(None, None, None)


@dataclass
class McpServer:
    """A running `vidkit mcp --http`."""

    process: subprocess.Popen[bytes]
    address: str
    output: Path


@contextmanager
def mcp_server(config: Path, *options: str) -> Iterator[McpServer]:
    """`vidkit mcp --http` on a free port of loopback, in a process of its own."""
    output = config.parent / f"mcp-{time.monotonic_ns()}.txt"
    words = [*VIDKIT, "mcp", "--config", str(config), "--http", "127.0.0.1:0", *options]
    with output.open("wb") as file:
        process = subprocess.Popen(words, cwd=config.parent, stdout=file, stderr=file, stdin=subprocess.DEVNULL)
    try:
        yield McpServer(process, said(process, output, r"are at (http://\S+)")[1], output)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def in_background(agent: Agent, name: str, /, **arguments: Any) -> Any:
    """A call that goes on: a future, which `cancel()` ends."""
    return agent.portal.start_task_soon(partial(agent.client.call_tool, name, arguments))
