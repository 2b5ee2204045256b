"""What the tests of jobs share: a site with a server of videos beside it, and a server that can be killed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from tests.waiting import PATIENCE, until
from tests.web import config_in
from tests.web_process import serve_process
from vidkit.core.config import Config
from vidkit.core.hosts import read_hosts

JOBS = "/api/v1/jobs"
ENDED = ("done", "failed", "cancelled")


class Site:
    """Calls of a server's jobs."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, method: str, path: str = "", **options: Any) -> requests.Response:
        return requests.request(method, f"{self.address}{JOBS}{path}", timeout=PATIENCE, **options)

    def submit(self, *urls: str, settings: dict[str, Any] | None = None, **more: Any) -> int:
        body = {"urls": urls, "settings": {"describe": "none"} | (settings or {}), **more}
        answer = self.call("POST", json=body)
        assert answer.status_code == 201, answer.text
        job: dict[str, Any] = answer.json()
        assert answer.headers["Location"] == f"{JOBS}/{job['id']}"
        return int(job["id"])

    def job(self, number: int) -> dict[str, Any]:
        answer = self.call("GET", f"/{number}")
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait(self, number: int, *states: str) -> dict[str, Any]:
        """A job once it is in one of some states; by default, once it has ended."""
        wanted = states or ENDED
        until(lambda: self.job(number)["state"] in wanted, told=lambda: self.job(number))
        return self.job(number)

    def failures(self, number: int) -> list[dict[str, Any]]:
        answer = self.call("GET", f"/{number}/failures")
        assert answer.ok, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


def jobs_config(folder: Path, **serve: Any) -> Config:
    """Settings under which jobs may fetch from this machine."""
    config = config_in(folder)
    return replace(config, serve=replace(config.serve, allowed_hosts=read_hosts("127.0.0.1"), **serve))


def write_config(folder: Path, **serve: Any) -> Path:
    """The same in a file, for a server in a process of its own."""
    path = folder / "config.ini"
    more = "".join(f"{key} = {value}\n" for key, value in ({"AllowedHosts": "127.0.0.1"} | serve).items())
    path.write_text(
        f"[Paths]\nDownloadDirectory = {folder}/downloads\nProcessedDirectory = {folder}/processed\n"
        f"[Library]\nPath = {folder}/library.db\n[Logging]\nLogFile = {folder}/vidkit.log\n"
        f"[Serve]\nDirectory = {folder}/serve\nExportDirectory = {folder}/exports\nJobsNice = 1\n{more}"
    )
    return path


@contextmanager
def serving_process(config: Path) -> Iterator[tuple[Site, subprocess.Popen[bytes]]]:
    """A server in a process of its own, which a test may kill."""
    with serve_process(config.parent, "--no-auth", "--config", str(config)) as server:
        yield Site(server.address), server.process
        if server.process.poll() is None:
            server.stop()


def job_processes(folder: Path) -> list[int]:
    """The processes of the jobs of one state folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"vidkit.web.jobs.process" in words and os.fsencode(folder / "serve") in words:
                found.append(int(entry.name))
    return found
