"""One call of a tool: what it is given, and what comes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel

from vidkit.mcp.api import Api
from vidkit.web.services import Services

# Told how much is done, of how much (None: unknown), and what is done now.
Progress = Callable[[float, "float | None", str], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """What a tool works with."""

    services: Services
    api: Api
    progress: Progress


@dataclass(frozen=True)
class Result:
    """What a tool answers: values, the same in lines of text, and a JPEG if there is one to see."""

    answer: BaseModel
    lines: list[str]
    picture: bytes | None = None
