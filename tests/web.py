"""A real server of the web library, for tests: uvicorn in a thread, over a library with videos that were made."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.waiting import PATIENCE, until
from vidkit.core.config import Config
from vidkit.web.app import create_app
from vidkit.web.server import listening, uvicorn_server
from vidkit.web.services import Services, open_services


@contextmanager
def serving(config: Config, **options: object) -> Iterator[tuple[str, Services]]:
    """The address of a server over the library of some settings, and its services."""
    with listening("127.0.0.1", 0) as listener, open_services(config, **options) as services:
        server = uvicorn_server(services, create_app(services))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            until(lambda: server.started)
            yield address, services
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


def config_in(folder: Path, **sections: object) -> Config:
    """Settings whose folders are all in one."""
    from dataclasses import replace

    config = Config()
    return replace(
        config,
        paths=replace(
            config.paths, download_directory=folder / "downloads", processed_directory=folder / "processed"
        ),
        library=replace(config.library, path=folder / "library.db"),
        serve=replace(config.serve, directory=folder / "serve", export_directory=folder / "exports", jobs_nice=1),
        **sections,
    )


def get(address: str, path: str, **options: object) -> requests.Response:
    """A GET without proxies."""
    return requests.get(address + path, timeout=PATIENCE, **options)


def key_of(services: Services, scope: str, name: str = "", expires: str | None = None) -> str:
    """A new key; what a request sends as `authorized(key)`."""
    return services.keys.add(name or f"{scope} {secrets.token_hex(4)}", scope, expires)[1]


def authorized(key: str) -> dict[str, str]:
    """The header of a request with a key."""
    return {"Authorization": f"Bearer {key}"}
