"""Which servers run over a database: `vidkit keys link` needs their addresses."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vidkit.errors import LibraryError
from vidkit.web.access.sessions import Sessions
from vidkit.web.state import StateDatabase


@contextmanager
def noted_server(state: StateDatabase, address: str) -> Iterator[None]:
    """Note in the database that this process serves an address, while the block runs."""
    with state.writing() as connection:
        connection.execute("INSERT OR REPLACE INTO servers (address, pid) VALUES (?, ?)", (address, os.getpid()))
    try:
        yield
    finally:
        with suppress(LibraryError), state.writing() as connection:
            connection.execute("DELETE FROM servers WHERE address = ? AND pid = ?", (address, os.getpid()))


def running_servers(state: StateDatabase) -> list[str]:
    """The addresses of the servers that run, such as `http://127.0.0.1:8765`; not of those that were killed."""
    with state.reading() as connection:
        rows = connection.execute("SELECT address, pid FROM servers ORDER BY address").fetchall()
    return [row["address"] for row in rows if _runs(row["pid"])]


def shown_address(host: str, port: int) -> str:
    """The address of a server for people: the name of this machine stands for all of its addresses."""
    if host in ("0.0.0.0", "::", ""):
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def sign_in_link(address: str, sessions: Sessions) -> str:
    """A link that signs the owner in once. Browsers do not send the fragment, so no server logs its token."""
    return f"{address}/sign-in#{sessions.new_link_token()}"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
