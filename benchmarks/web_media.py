"""Media of the web library beside nginx: one file by `Range`, from loopback, by the same client.

Run alone: `.venv/bin/python benchmarks/web_media.py`. nginx has to be installed (Debian: `apt install nginx-light`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from measure import table

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.records import make_record
from tests.web import config_in
from tests.web_process import serve_process

from vidkit.core.config import load_config
from vidkit.export import export_to_json
from vidkit.library import open_library, video_key

SIZE = 1 << 28
ROUNDS = 7
# What players ask for: all from a place on, and parts.
KINDS = {
    "256 MB by one range": [(0, SIZE)],
    "32 ranges of 8 MB": [(at, at + (8 << 20)) for at in range(0, SIZE, 8 << 20)],
    "64 ranges of 1 MB": [(at, at + (1 << 20)) for at in range(0, SIZE, 4 << 20)],
}
_NGINX = """
worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  types {{ video/mp4 mp4; }}
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; }} }}
}}
"""


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """nginx over a folder; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "user root;"])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


class Client:
    """One connection that asks for ranges and looks at no byte: the same for both servers."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nRange: bytes="
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80))
        self.space = bytearray(1 << 20)

    def fetch(self, ranges: list[tuple[int, int]]) -> float:
        """Megabytes a second."""
        began = time.perf_counter()
        for first, end in ranges:
            self.socket.sendall(f"{self.head}{first}-{end - 1}\r\n\r\n".encode())
            head, _, body = self._head()
            assert b" 206 " in head.split(b"\r\n")[0], head
            left = end - first - len(body)
            while left:
                left -= self.socket.recv_into(self.space, min(left, len(self.space)))
        return sum(end - first for first, end in ranges) / (time.perf_counter() - began) / 1e6

    def _head(self) -> tuple[bytes, bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.socket.recv(4096)
        return received.partition(b"\r\n\r\n")


def main() -> None:
    """Measure both in turn, and print a table."""
    if shutil.which("nginx") is None and not Path("/usr/sbin/nginx").exists():
        sys.exit("nginx is not installed: apt install nginx-light")
    folder = Path(tempfile.mkdtemp(prefix="vidkit-media-"))
    folder.chmod(0o755)
    try:
        print(table(["what", "vidkit", "nginx", "ratio", "goal"], measure(folder)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path) -> list[list[str]]:
    """A row for each of KINDS; the ratio is the median over the rounds, each held against its own round."""
    config = config_in(folder)
    (folder / "config.ini").write_text(
        f"[Paths]\nDownloadDirectory = {config.paths.download_directory}\n"
        f"ProcessedDirectory = {config.paths.processed_directory}\n[Library]\nPath = {config.library.path}\n"
    )
    config = load_config(folder / "config.ini")
    config.paths.download_directory.mkdir()
    video = config.paths.download_directory / "big.mp4"
    with video.open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
    record = make_record("big.mp4", path="../downloads/big.mp4", size=SIZE)
    export_to_json(record, config.paths.processed_directory)
    with open_library(config) as library:
        library.save(record, config.paths.processed_directory)
    rows = []
    path = f"/api/v1/videos/{video_key(record['source']['url'])}/video"
    with serve_process(folder, "--no-auth") as server, nginx(config.paths.download_directory) as peer:
        clients = Client(server.address + path), Client(f"{peer}/big.mp4")
        for name, ranges in KINDS.items():
            for client in clients:
                client.fetch(ranges)
            speeds = [[client.fetch(ranges) for client in clients] for _ in range(ROUNDS)]
            ours, theirs = (statistics.median(each) for each in zip(*speeds, strict=True))
            ratio = statistics.median(one / other for one, other in speeds)
            rows.append([name, f"{ours:.0f} MB/s", f"{theirs:.0f} MB/s", f"{ratio:.2f}", "0.5 at least"])
    return rows


if __name__ == "__main__":
    main()
