"""Bodies of requests that are too large for memory: written to a file as they come, up to a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from vidkit.core.locks import file_error
from vidkit.web.access.guard import CSV_BYTES as MOST
from vidkit.web.problems import Problem
from vidkit.web.services import Shared

_PIECE = 2**20


async def received_file(request: Request, services: Shared) -> AsyncIterator[Path]:
    """The body of a request as a file, which is removed before the answer is sent.

    Raises:
        Problem: it is too large.
        OutputError: it cannot be written.
    """
    if int(request.headers.get("content-length") or 0) > MOST:
        raise _too_large()
    path = services.jobs.incoming(".csv")
    try:
        await _receive(request, path)
        yield path
    finally:
        await run_in_threadpool(path.unlink, missing_ok=True)


async def _receive(request: Request, path: Path) -> None:
    length, waiting = 0, bytearray()
    await run_in_threadpool(_append, path, b"")
    async for piece in request.stream():
        length += len(piece)
        if length > MOST:
            raise _too_large()
        waiting += piece
        if len(waiting) >= _PIECE:
            await run_in_threadpool(_append, path, bytes(waiting))
            waiting.clear()
    await run_in_threadpool(_append, path, bytes(waiting))


def _append(path: Path, content: bytes) -> None:
    with file_error(path, "cannot be written"), path.open("ab") as file:
        file.write(content)


def _too_large() -> Problem:
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has {MOST // 2**20} MiB at most: divide the file")


# The body of a request as a file, as an argument of a view.
ReceivedFile = Annotated[Path, Depends(received_file, scope="function")]
