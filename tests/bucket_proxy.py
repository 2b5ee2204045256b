"""A proxy in front of a real S3 server, which does wrong what stores and networks do wrong.

    with BucketProxy(s3.endpoint) as proxy:
        proxy.fault = lambda asked: Fault(503) if asked.number < 3 else None
        proxy.endpoint, proxy.asked                                       # where it is, what was asked for

Requests pass unchanged, so the signatures stay right.
"""

from __future__ import annotations

import http.client
import http.server
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

_CODES = {403: "ExpiredToken", 429: "TooManyRequests", 501: "NotImplemented", 503: "SlowDown"}


@dataclass(frozen=True)
class Asked:
    """A request. `number` counts those with the same method, path and query, from 1."""

    method: str
    path: str
    query: str
    number: int
    headers: Mapping[str, str]  # their names in small letters


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request."""

    status: int | None = None  # answered instead of the store's own
    seconds: float = 0.0  # nothing comes for so long
    cut: bool = False  # the connection ends, before the store has the request
    cut_answer: bool = False  # the store does it, and the answer is lost
    strip: str | None = None  # a header that the store does not know, and so does not obey


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is nothing to print."""


class BucketProxy:
    """Passes requests on, in threads, until the `with` block ends."""

    def __init__(self, endpoint: str) -> None:
        self.asked: list[Asked] = []
        self.fault: Callable[[Asked], Fault | None] = lambda asked: None
        self._to = urlsplit(endpoint).netloc
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> BucketProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def asked_for(self, method: str, end: str = "") -> list[Asked]:
        """The requests so far with this method and end of the path."""
        with self._lock:
            return [each for each in self.asked if each.method == method and each.path.endswith(end)]

    def _note(self, handler: http.server.BaseHTTPRequestHandler) -> Asked:
        parts = urlsplit(handler.path)
        with self._lock:
            key = (handler.command, parts.path, parts.query)
            number = 1 + sum((each.method, each.path, each.query) == key for each in self.asked)
            headers = {name.lower(): value for name, value in handler.headers.items()}
            asked = Asked(*key, number, headers)
            self.asked.append(asked)
        return asked

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout: ClassVar[float] = 60

            def do_GET(self) -> None:
                try:
                    proxy._pass(self, proxy._note(self))
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def _pass(self, handler: http.server.BaseHTTPRequestHandler, asked: Asked) -> None:
        fault = self.fault(asked) or Fault()
        self._closing.wait(fault.seconds)
        if fault.cut:
            handler.rfile.read(min(int(handler.headers.get("Content-Length") or 0), 1000))
            handler.close_connection = True
            return
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if fault.status is not None:
            said = f"<Error><Code>{_CODES[fault.status]}</Code><Message>not now</Message></Error>".encode()
            self._answer(handler, fault.status, [], b"" if asked.method == "HEAD" else said)
            return
        store = http.client.HTTPConnection(self._to, timeout=60)
        try:
            store.putrequest(asked.method, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() != (fault.strip or "").lower():
                    store.putheader(name, value)
            store.endheaders(body)
            answer = store.getresponse()
            content = answer.read()
        finally:
            store.close()
        if fault.cut_answer:
            handler.close_connection = True
            return
        headers = [
            each for each in answer.getheaders() if each[0].lower() not in ("connection", "transfer-encoding")
        ]
        self._answer(handler, answer.status, headers, content)

    def _answer(
        self, handler: http.server.BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        handler.send_response_only(status)
        for name, value in headers:
            handler.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
