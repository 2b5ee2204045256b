"""One call of a tool: its context and its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel

from vidkit.mcp.api import Api
from vidkit.web.services import Services

# Called with the progress: how much is done, of how much (None: unknown), and what is done now.
Progress = Callable[[float, "float | None", str], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """The context of a call."""

    services: Services
    api: Api
    progress: Progress


@dataclass(frozen=True)
class Result:
    """The result of a call: values, the same as lines of text, and a JPEG if there is one."""

    answer: BaseModel
    lines: list[str]
    image: bytes | None = None
