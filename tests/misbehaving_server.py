"""A real HTTP server on loopback that does everything wrong that servers do.

with Server() as server:
    server.at("/a.mp4", Reply(body, drop_after=1000))                             # the same answer each time
    server.at("/b.mp4", Reply(status=503), Reply(status=503), Reply(body))        # one after the other, last stays
    server.at("/c.mp4", lambda asked: Reply(body) if asked.number > 2 else Reply(status=429))
    server.url("/a.mp4"), server.asked                                            # every request that came
"""

from __future__ import annotations

import gzip
import http.server
import itertools
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: `number` counts the requests for its path, from 1."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    number: int
    connection: int = 0  # the client's port
    body: bytes = b""  # what a POST brought


@dataclass(frozen=True)
class Reply:
    """An answer, and what goes wrong with it."""

    body: bytes | Path = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str | None = "video/mp4"
    etag: str | None = None
    modified: str | None = None
    drop_after: int | None = None  # bytes of the body after which the connection is cut
    stall_after: int | None = None  # bytes of the body after which nothing more comes
    length: int | str | None = None  # a Content-Length that is a lie
    ranges: bool = True
    if_range: bool = True  # False: a Range is served whatever If-Range says
    gzipped: bool = False
    chunked: bool = False
    delay: float = 0.0  # seconds before each 64 KiB
    head: bool = True  # False: HEAD is refused
    endless: bool = False  # the body again and again, until the client hangs up
    trickle: float | None = None  # seconds before each byte


Answer = Reply | Callable[[Asked], Reply]


class _QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is nothing to print."""


class Server:
    """Serves what `at` says, in threads, until the `with` block ends."""

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[str, tuple[Answer, ...]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _QuietServer((host, port), self._handler())
        self._scheme = "http"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def at(self, path: str, *answers: Answer) -> str:
        """Answer this path, each request with the next of `answers` and then with the last; gives its URL."""
        self._answers[path] = answers
        return self.url(path)

    def fetched(self) -> Counter[str]:
        """How often each path was asked for by GET."""
        return Counter(asked.path for asked in self.asked if asked.method == "GET")

    def serve(self, folder: Path, type: str | None = None) -> None:
        """Answer `/<name>` for every file of a folder."""
        for path in folder.iterdir():
            if path.is_file():
                self.at(f"/{path.name}", Reply(path, type=type))

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    def url(self, path: str, userinfo: str = "") -> str:
        at = f"{userinfo}@" if userinfo else ""
        return f"{self._scheme}://{at}{self._http.server_address[0]}:{self.port}{path}"

    def asked_for(self, path: str) -> list[Asked]:
        """The requests for a path that came so far."""
        with self._lock:
            return [asked for asked in self.asked if asked.path == path]

    def _answer(self, handler: http.server.BaseHTTPRequestHandler) -> tuple[Reply, Asked]:
        parts, client = urlsplit(handler.path), handler.client_address[1]
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            number = 1 + sum(asked.path == parts.path for asked in self.asked)
            asked = Asked(handler.command, parts.path, parts.query, dict(handler.headers), number, client, body)
            self.asked.append(asked)
        answers = self._answers.get(parts.path, (Reply(b"none here", 404, type="text/plain"),))
        answer = answers[min(number, len(answers)) - 1]
        return (answer(asked) if callable(answer) else answer), asked

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                reply, asked = server._answer(self)
                try:
                    server._send(self, reply, asked)
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    self.close_connection = True

            do_HEAD = do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _send(self, handler: http.server.BaseHTTPRequestHandler, reply: Reply, asked: Asked) -> None:
        if asked.method == "HEAD" and not reply.head:
            reply = Reply(b"", 405, type=None)
        body = reply.body.read_bytes() if isinstance(reply.body, Path) else reply.body
        status, headers = (
            reply.status,
            {"Content-Type": reply.type, "ETag": reply.etag, "Last-Modified": reply.modified},
        )
        if reply.gzipped:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        elif status == 200:
            status, body, headers["Content-Range"] = _ranged(reply, asked.headers, body)
        headers["Transfer-Encoding" if reply.chunked else "Content-Length"] = (
            "chunked" if reply.chunked else str(len(body) if reply.length is None else reply.length)
        )
        handler.send_response(status)
        for name, value in {**headers, **reply.headers}.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
        if asked.method != "HEAD":
            self._send_body(handler, reply, body)

    def _send_body(self, handler: http.server.BaseHTTPRequestHandler, reply: Reply, body: bytes) -> None:
        ends = [end for end in (reply.drop_after, reply.stall_after) if end is not None]
        sent = body[: min(ends, default=len(body))]
        size = 65536 if reply.trickle is None else 1
        starts = range(0, len(sent), size)
        for start in itertools.cycle(starts) if reply.endless else starts:
            if reply.delay or reply.trickle:
                self._closing.wait(reply.trickle or reply.delay)
            if self._closing.is_set():
                return
            block = sent[start : start + size]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if reply.chunked else block)
        handler.wfile.flush()
        if reply.stall_after is not None:
            self._closing.wait(30)
        if ends or reply.length is not None:
            handler.close_connection = True
        elif reply.chunked:
            handler.wfile.write(b"0\r\n\r\n")


def _ranged(reply: Reply, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes, str | None]:
    """Status, body and Content-Range for a request that may have `Range: bytes=N-`."""
    wanted = headers.get("Range", "")
    current = headers.get("If-Range") in (None, reply.etag, reply.modified) or not reply.if_range
    if not reply.ranges or not wanted.startswith("bytes=") or not current:
        return 200, body, None
    start = int(wanted[len("bytes=") :].partition("-")[0])
    if start >= len(body):
        return 416, b"", f"bytes */{len(body)}"
    return 206, body[start:], f"bytes {start}-{len(body) - 1}/{len(body)}"
