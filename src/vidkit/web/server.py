"""The server process: the socket, the application, and the end."""

from __future__ import annotations

import errno
import ipaddress
import logging
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import uvicorn
from starlette.types import ASGIApp

from vidkit.core import write_whole
from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.web.app import create_app
from vidkit.web.running import noted_server, shown_address, sign_in_link
from vidkit.web.services import Services, open_services

log = logging.getLogger(__name__)

_GRACE = 2  # seconds that open answers get when the server ends


def run_server(config: Config, host: str, port: int, no_auth: bool = False, open_browser: bool = False) -> None:
    """Serve the library until the process is told to stop by Ctrl-C or SIGTERM.

    Args:
        config: the settings.
        host: a name or an address of this machine.
        port: from 0 (any that is free) to 65535.
        no_auth: nobody has to sign in; on loopback only.
        open_browser: open the page in the user's browser.

    Raises:
        ConfigError: the address cannot be used, or others could reach it and no key exists.
        LibraryError: the library cannot be opened.
        OutputError: a folder cannot be made.
    """
    if no_auth and not is_loopback(host):
        raise ConfigError(f"--no-auth: {host} can be reached by others; leave out --no-auth, or serve 127.0.0.1")
    with ExitStack() as stack:
        listener = stack.enter_context(listening(host, port))
        services = stack.enter_context(open_services(config, no_auth, host))
        if not is_loopback(host) and not services.keys.some_active():
            raise ConfigError(
                f"{host} can be reached by other machines, and there is no key yet. Make one first: "
                "`vidkit keys add NAME --scope read`; or serve 127.0.0.1"
            )
        address = shown_address(host, listener.getsockname()[1])
        stack.enter_context(noted_server(services.state, address))
        page = f"{address}/" if no_auth else sign_in_link(address, services.sessions)
        _print_address(address, page, no_auth)
        if open_browser:
            stack.enter_context(_opened(page, services))
        run_until_stopped(uvicorn_server(services, create_app(services)), listener)


def uvicorn_server(services: Services, app: ASGIApp) -> uvicorn.Server:
    """The HTTP server of an application over some services, not started yet."""
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return _Server(settings, services)


class _Server(uvicorn.Server):
    """uvicorn, which also ends the streams of events when it stops: they never end by themselves."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of events, then wait for the other answers."""
        self._services.events.close()
        await super().shutdown(sockets)


def run_until_stopped(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run a server until SIGINT or SIGTERM; a second signal closes open connections at once."""

    def stop(*_: object) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    uvicorn_log = logging.getLogger("uvicorn")
    uvicorn_log.handlers, uvicorn_log.propagate = [_ToLog()], False
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _no_signals() -> Iterator[None]:
    yield


class _ToLog(logging.Handler):
    """Writes the messages of uvicorn to vidkit's log. The edge logs the errors of the application."""

    def emit(self, record: logging.LogRecord) -> None:
        log.debug("uvicorn: %s", record.getMessage())


def _print_address(address: str, page: str, no_auth: bool) -> None:
    lines = [f"vidkit's library is at {address}/ (stop it with Ctrl-C)"]
    if not no_auth:
        lines += [f"Sign in: {page}"]
        lines += ["This link works once, within ten minutes; `vidkit keys link` prints another."]
    for line in lines:
        print(line, file=sys.stderr, flush=True)


@contextmanager
def _opened(page: str, services: Services) -> Iterator[None]:
    """Open a page in the user's browser.

    The browser gets a file in the server's own folder that leads there. Other users can see the command line of a
    browser, and so the token in a link, but they cannot read the file.
    """
    file = services.state.path.parent / "sign_in.html"
    if page.partition("#")[2]:
        write_whole(file, f'<!doctype html><meta http-equiv="refresh" content="0; url={page}">\n')
        page = file.as_uri()
    # In its own thread: a browser in the terminal returns only when the user leaves it.
    threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


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
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} of {host} is in use, perhaps by another `vidkit serve`: choose another --port"
            ) from None
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
