"""A stand-in for Azure's blob storage: Microsoft's Azurite, which npm fetches once into the user's cache."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path

import pytest

from tests.ports import free_port

# The account that every Azurite has; its key is in Microsoft's documentation.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_TOOLS = Path(__file__).parents[1] / "scripts" / "azurite"


def find_azurite() -> Path:
    """Azurite's program, in the version of the lock file. Skips the test where it cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("there is no stand-in for Azure: node and npm are not installed")
    lock = sha256((_TOOLS / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vidkit-azurite"
    program = cache / lock / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        making = tempfile.mkdtemp(prefix=lock, dir=cache)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_TOOLS / name, making)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(command, cwd=making, timeout=600).returncode:
            shutil.rmtree(making)
            pytest.skip("there is no stand-in for Azure: npm cannot fetch Azurite")
        with suppress(OSError):  # another run was faster
            os.rename(making, cache / lock)
        shutil.rmtree(making, ignore_errors=True)
    return program


@contextmanager
def azurite() -> Iterator[str]:
    """Run it on loopback, in memory; its endpoint."""
    port = free_port()
    command = [
        str(find_azurite()),
        "--silent",
        "--disableTelemetry",
        "--inMemoryPersistence",
        "--blobPort",
        str(port),
    ]
    server = subprocess.Popen([*command, "--skipApiVersionCheck"], stdout=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
        end = time.monotonic() + 60
        while not _answers(endpoint):
            if server.poll() is not None or time.monotonic() > end:
                pytest.fail(f"Azurite does not answer; it ended with {server.poll()}")
            time.sleep(0.05)
        yield endpoint
    finally:
        server.kill()
        server.wait()


def environment(endpoint: str) -> dict[str, str]:
    """What leads obstore and vidkit to it."""
    return {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_STORAGE_ENDPOINT": endpoint,
        "AZURE_ALLOW_HTTP": "true",
    }


def make_container(endpoint: str, name: str) -> None:
    """Make a container, which obstore cannot: a request signed with the account's shared key."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    lines = ["PUT", *[""] * 11, *(f"{key}:{value}" for key, value in sorted(headers.items()))]
    text = "\n".join([*lines, f"/{ACCOUNT}/{ACCOUNT}/{name}", "restype:container"])
    mac = base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{mac}"
    url = f"{endpoint}/{name}?restype=container"
    with urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers), timeout=60):
        pass


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
