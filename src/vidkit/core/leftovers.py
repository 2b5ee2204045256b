"""Temporary files and folders: names that identify their process, and the deletion of leftovers."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

_DAY = 24 * 3600.0  # seconds without a change after which what another host left is removed


def _place() -> str:
    """Where this process's id means something: this host, since its last start, this namespace of processes."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # elsewhere than on Linux the name must do
        parts = [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]


def _started(pid: int) -> str | None:
    """When a process started, in ticks since the host did; None where that cannot be seen.

    It tells a process from an older one of the same id.
    """
    try:
        # In another namespace's /proc the numbers would be those of other processes.
        if os.readlink("/proc/self") != str(os.getpid()):
            return None
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


# How the names of this process's temporary files begin: .vidkit-<place>-<process id>-<its start>-<this run of it>-
_PLACE = _place()
_TOKEN = secrets.token_hex(4)
JOURNAL = ".vidkit.db"  # the database of a results folder: where it is, vidkit made what is beside it
TEMPORARY = f".vidkit-{_PLACE}-{os.getpid()}-{_started(os.getpid()) or 0}-{_TOKEN}-"
_NAME = re.compile(r"\.vidkit-([0-9a-f]{10})-(\d+)-(\d+)-([0-9a-f]{8})-")


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that a killed process left in a folder.

    What processes of this host and namespace left goes at once. Whether one of another host, of another container
    or of an older vidkit still runs cannot be seen: what those left goes when it has not changed for a day.
    """
    with os.scandir(folder) as entries:  # there may be millions: one after the other
        found = [Path(entry.path) for entry in entries if entry.name.startswith(".vidkit-")]
    for path in filter(_is_left_over, found):
        log.info("removing %s, which an interrupted run left", path)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_left_over(path: Path) -> bool:
    match = _NAME.match(path.name)
    if match and match[1] == _PLACE:
        return not _is_running(int(match[2]), match[3], match[4])
    return bool(match or re.match(r"\.vidkit-\d+-", path.name)) and time.time() - _changed(path) > _DAY


def _is_running(pid: int, started: str, token: str) -> bool:
    if pid == os.getpid():
        return token == _TOKEN
    if os.name == "nt":  # there, signal 0 is Ctrl-C; a file in use cannot be removed anyway
        return False
    with suppress(PermissionError):  # another user's
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    now = _started(pid)
    return now in (None, started) or started == "0"


def _changed(path: Path) -> float:
    """When a file, or the latest of all that is in a folder, changed: seconds since 1970."""
    times = [time.time()]
    try:
        times = [path.stat().st_mtime]
        times += [each.stat().st_mtime for each in path.rglob("*")]
    except OSError:  # it changes now
        return time.time()
    return max(times)
