"""A real server of the web library, for tests: uvicorn in a thread, over a library with videos that were made."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import uvicorn

from vidkit.core.config import Config
from vidkit.web.app import create_app
from vidkit.web.server import listening
from vidkit.web.services import Services, open_services


@contextmanager
def serving(config: Config, **options: object) -> Iterator[tuple[str, Services]]:
    """The address of a server over the library of some settings, and its services."""
    with listening("127.0.0.1", 0) as listener, open_services(config, **options) as services:
        settings = uvicorn.Config(create_app(services), log_config=None, access_log=False)
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            until = time.monotonic() + 20
            while not server.started and time.monotonic() < until:
                time.sleep(0.01)
            yield address, services
        finally:
            server.should_exit = True
            thread.join(20)


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
        serve=replace(config.serve, directory=folder / "serve", export_directory=folder / "exports"),
        **sections,
    )


def get(address: str, path: str, **options: object) -> requests.Response:
    """A GET without proxies."""
    return requests.get(address + path, timeout=20, **options)
