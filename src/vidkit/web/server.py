"""The server process: the socket, the application, and the end."""

from __future__ import annotations

import ipaddress
import socket
import sys
import webbrowser

import uvicorn

from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.web.app import create_app
from vidkit.web.services import open_services


def run_server(config: Config, host: str, port: int, no_auth: bool = False, open_browser: bool = False) -> None:
    """Serve the library until the process is told to stop.

    Args:
        config: the settings.
        host: a name or an address of this machine.
        port: from 0 (any that is free) to 65535.
        no_auth: ask nobody to sign in; on loopback only.
        open_browser: open the page in the user's browser.

    Raises:
        ConfigError: the address cannot be used.
        LibraryError: the library cannot be opened.
        OutputError: a folder cannot be made.
    """
    if no_auth and not is_loopback(host):
        raise ConfigError(f"--no-auth: {host} can be reached by others; leave out --no-auth, or serve 127.0.0.1")
    with listening(host, port) as listener, open_services(config, no_auth) as services:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}/"
        print(f"vidkit's library is at {address}", file=sys.stderr, flush=True)
        if open_browser:
            webbrowser.open(address)
        settings = uvicorn.Config(create_app(services), log_config=None, access_log=False, server_header=False)
        uvicorn.Server(settings).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address.

    Raises:
        ConfigError: the address is not this machine's, or another program has the port.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"vidkit cannot listen on {host}, port {port}: {reason}. Choose another --port") from None
    listener.listen(100)
    return listener


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
