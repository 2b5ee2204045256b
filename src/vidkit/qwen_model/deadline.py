"""HTTP requests with a time limit for the whole request.

A socket's timeout starts again with each byte, so a server that sends one byte per second would never reach it.
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

_REPEAT = 0.1  # seconds until connections are cut again: one may have opened later
_this_thread = threading.local()  # .deadline: that of its current request


class Deadline:
    """Limits the request of this thread to this many seconds, inside a `with` block; then its connection is cut.

    It works only for connections of this module's `Session`. `passed` is whether the time was over.
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
        """Cut this connection too when the time is over."""
        connection.deadline = self
        self._connections.append(connection)

    def _watch(self) -> None:
        wait = self._seconds
        while not self._done.wait(wait):
            self.passed = True
            for connection in list(self._connections):
                if connection.deadline is self:  # and not in another request
                    connection.cut()
            wait = _REPEAT


class _Watched(HTTPConnection):
    """A connection that another thread can cut."""

    deadline: Deadline | None = None
    _opened: Any = None  # the socket, also after the response has taken it over

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
            self.sock.settimeout(
                None
            )  # the deadline limits it: sending a large clip may take longer than connecting
        super().send(data)

    def cut(self) -> None:
        """Cut the connection: a waiting reader continues with an error or with what it has read."""
        for opened in (self.sock, self._opened):
            try:
                # Not SSLSocket's own shutdown, which removes state that the reading thread uses.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)
            except (OSError, TypeError):  # closed, or not open yet
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
    """Keeps one connection for each simultaneous question, and follows no redirects."""

    def __init__(self, connections: int) -> None:
        super().__init__()
        self.auth = _no_netrc
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter(pool_maxsize=connections))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: otherwise requests would read the whole body to follow a redirect, however long it is."""


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No authentication from a .netrc, which would replace the access key."""
    return request
