"""Connections only to addresses that a `Reach` allows: each address is checked before a byte is sent."""

from __future__ import annotations

import os
import socket
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from vidkit.download.reach import Reach
from vidkit.messages import message


def guard(session: requests.Session, reach: Reach) -> None:
    """Let a session connect only to addresses that `reach` allows, and never through a proxy."""
    session.trust_env = False  # neither proxies nor .netrc
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    for scheme in ("http://", "https://"):
        session.mount(scheme, _GuardedAdapter(reach))


class _GuardedAdapter(HTTPAdapter):
    """An adapter of requests whose connections are checked."""

    def __init__(self, reach: Reach) -> None:
        super().__init__()

        class Plain(_Guarded):
            limits = reach

        class Secure(_Guarded, HTTPSConnection):
            limits = reach

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def proxy_manager_for(self, proxy: str, **_: Any) -> Any:
        raise ValueError(message("a proxy would connect to any address"))


class _Guarded(HTTPConnection):
    """A connection to an allowed address of its host."""

    limits: ClassVar[Reach]

    def _new_conn(self) -> socket.socket:
        """Connect: urllib3 sends nothing, and begins no TLS, before it has this socket.

        Raises:
            ReachError: no address of the host is allowed.
        """
        host = self._dns_host
        try:
            addresses = self.limits.addresses(host.strip("[]"), self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        for number, address in enumerate(addresses, 1):
            self._dns_host = address  # a numeric address: no second look-up
            try:
                opened = super()._new_conn()
                break
            except (NewConnectionError, ConnectTimeoutError):
                if number == len(addresses):
                    raise
            finally:
                self._dns_host = host
        try:
            self.limits.check_peer(host.strip("[]"), *opened.getpeername()[:2])
        except BaseException:
            opened.close()
            raise
        return opened
