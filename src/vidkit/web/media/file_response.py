"""A file as an answer: the requested part, piece by piece. Memory does not grow with its size; no thread waits."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import quote

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from vidkit.web.media.ranges import Unsatisfiable, Version, is_not_modified, wanted_range
from vidkit.web.problems import Problem

# Bytes that are read and handed on at once: what a client that reads slowly holds in memory.
PIECE = 256 * 1024
# What the system has in memory is read at once. A thread reads the rest, so that no other request waits for a disk.
_IN_MEMORY = getattr(os, "RWF_NOWAIT", None)


class FileResponse(Response):
    """A file that is open, or the part of it that a request asks for; it is closed at the end.

    It replaces Starlette's class, which opens the path again and reads every 64 KB in a thread.
    """

    def __init__(
        self, request: Request, file: BinaryIO, media_type: str, download: str | None = None, max_age: int = 0
    ) -> None:
        """Answer a request with a file.

        Args:
            request: its conditions and its `Range` are followed.
            file: a regular file.
            media_type: its type. The browser must not guess another.
            download: the name to save it under, if it is to be saved and not shown.
            max_age: seconds for which the browser does not ask again.

        Raises:
            Problem: 416, the range is outside the file.
        """
        self._file = file
        found = os.fstat(file.fileno())
        version = Version(f'"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"', int(found.st_mtime))
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": f"private, max-age={max_age}" if max_age else "private, no-cache",
            "ETag": version.etag,
            "Last-Modified": formatdate(version.modified, usegmt=True),
            "X-Content-Type-Options": "nosniff",
        }
        if download is not None:
            headers["Content-Disposition"] = attachment(download)
        status, self._first, self._end = HTTPStatus.OK, 0, found.st_size
        if is_not_modified(request.headers, version):
            status, self._end = HTTPStatus.NOT_MODIFIED, 0
        else:
            try:
                conditions = {} if request.method == "HEAD" else request.headers  # `Range` is for GET only
                part = wanted_range(conditions, version, found.st_size)
            except Unsatisfiable:
                file.close()
                beyond = {"Content-Range": f"bytes */{found.st_size}", "Accept-Ranges": "bytes"}
                detail = f"the file has {found.st_size} bytes, and none of them is in this range"
                raise Problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, detail, beyond) from None
            if part is not None:
                status, (self._first, self._end) = HTTPStatus.PARTIAL_CONTENT, part
                headers["Content-Range"] = f"bytes {self._first}-{self._end - 1}/{found.st_size}"
            headers["Content-Length"] = str(self._end - self._first)
        self.status_code = status
        self.background = None
        self.media_type = media_type if status != HTTPStatus.NOT_MODIFIED else None
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD" or self._first >= self._end:
                await send({"type": "http.response.body", "body": b""})
                return
            if self._end - self._first <= PIECE:
                await self._send_pieces(send)
                return
            # Not every server fails when it sends to a client that has gone, so a task waits for that.
            gone = asyncio.ensure_future(_disconnected(receive))
            try:
                await self._send_pieces(send, gone)
            finally:
                gone.cancel()
                with suppress(asyncio.CancelledError):
                    await gone

    async def _send_pieces(self, send: Send, gone: asyncio.Future[None] | None = None) -> None:
        file, at = self._file.fileno(), self._first
        space = memoryview(bytearray(min(PIECE, self._end - at)))
        while at < self._end and not (gone and gone.done()):
            piece = await _piece(file, at, space[: self._end - at])
            if not piece:  # the file has become shorter: the server then ends the connection
                return
            at += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": at < self._end})


async def _piece(file: int, at: int, space: memoryview) -> bytes:
    """Bytes of a file from an offset on, at most as many as fit into `space`."""
    if _IN_MEMORY is not None:
        try:
            return bytes(space[: os.preadv(file, [space], at, _IN_MEMORY)])
        except OSError:  # it is not in memory, or this file system cannot tell
            pass
    return await asyncio.get_running_loop().run_in_executor(None, os.pread, file, len(space), at)


async def _disconnected(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def attachment(name: str) -> str:
    """A Content-Disposition that saves a file under a name, in any script (RFC 6266)."""
    name = "".join("_" if unicodedata.category(c)[0] == "C" or c in '/\\"' else c for c in name)[:200] or "download"
    plain = "".join(c if c.isascii() else "_" for c in name)
    if plain == name and "%" not in name:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain.replace('%', '_')}\"; filename*=UTF-8''{quote(name, safe='')}"
