"""HTTP requests with a time limit for the whole request.

The timeout of a socket starts again with each byte, so a server that sends one byte per second would never reach
it.
"""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_AGAIN = 0.1  # seconds: time to connect may go by after the first look
_this_thread = threading.local()  # .deadline: of the request that it sends


class Deadline:
    """While it is entered, the request of this thread has this many seconds; then its connection is cut.

    Only for connections of a `Session` of this module. `passed` says whether the time was up.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._seconds = seconds
        self._done = threading.Event()
        self._connections: list[_Watched] = []

    def __enter__(self) -> Deadline:
        _this_thread.deadline = self
        threading.Thread(target=self._watch, daemon=True, name="deadline").start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._done.set()
        _this_thread.deadline = None

    def watch(self, connection: _Watched) -> None:
        """Cut this connection too when the time is up."""
        connection.deadline = self
        self._connections.append(connection)

    def _watch(self) -> None:
        wait = self._seconds
        while not self._done.wait(wait):
            self.passed = True
            for connection in list(self._connections):
                if connection.deadline is self:  # and has not gone on to another request
                    connection.cut()
            wait = _AGAIN


class _Watched(HTTPConnection):
    """A connection that another thread can cut."""

    deadline: Deadline | None = None
    _opened: Any = None  # the socket, also when the response has taken it over

    def request(self, *args: Any, **kwargs: Any) -> None:
        deadline = getattr(_this_thread, "deadline", None)
        if deadline is not None:
            deadline.watch(self)
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        self._opened = self.sock
        if self.sock is not None:
            self.sock.settimeout(None)  # a large clip may take longer than a connection: the deadline ends it
        super().send(data)

    def cut(self) -> None:
        """End the connection: a reader that waits for it continues with an error or with what it has."""
        for opened in (self.sock, self._opened):
            try:
                # Not SSLSocket's own shutdown, which takes the state away from under the thread that reads.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)
            except (OSError, TypeError):  # it is closed, or not open yet
                continue


class _WatchedTLS(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager


class Session(requests.Session):
    """Keeps connections, as many as questions are under way at once, and follows no redirection."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self.auth = _as_it_is
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_maxsize=connections))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: else the whole body would be read to see where it goes, however long it is."""


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Instead of what a .netrc says, which would replace the access key."""
    return request
