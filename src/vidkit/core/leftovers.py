"""Temporary files and folders: names with their process, and the removal of leftovers."""

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

_DAY = 24 * 3600.0  # seconds without a change, after which leftovers of other hosts are removed


def _place() -> str:
    """Where this process id is valid: a hash of the host, its last boot and the process namespace."""
    parts = [socket.gethostname()]
    with suppress(OSError):  # not on Linux: only the host name
        parts = [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks after boot; None if unknown.

    It distinguishes a process from an older one with the same id.
    """
    try:
        # In the /proc of another namespace, the ids are of other processes.
        if os.readlink("/proc/self") != str(os.getpid()):
            return None
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


# Temporary files of this process begin with .vidkit-<place>-<process id>-<start>-<random token>-
_PLACE = _place()
_TOKEN = secrets.token_hex(4)
JOURNAL = ".vidkit.db"  # the database of a results folder; a folder with it was made by vidkit
TEMPORARY = f".vidkit-{_PLACE}-{os.getpid()}-{_started(os.getpid()) or 0}-{_TOKEN}-"
_NAME = re.compile(r"\.vidkit-([0-9a-f]{10})-(\d+)-(\d+)-([0-9a-f]{8})-")


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders that killed processes left in a folder.

    Leftovers of this host and namespace are removed at once. For another host, another container or an older
    vidkit, it is unknown whether the process still runs: its files are removed after a day without a change.
    """
    with os.scandir(folder) as entries:  # read one by one: there may be millions
        found = [Path(entry.path) for entry in entries if entry.name.startswith(".vidkit-")]
    for path in filter(_is_leftover, found):
        log.info("removing %s, which an interrupted run left", path)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_leftover(path: Path) -> bool:
    match = _NAME.match(path.name)
    if match and match[1] == _PLACE:
        return not _is_running(int(match[2]), match[3], match[4])
    return bool(match or re.match(r"\.vidkit-\d+-", path.name)) and time.time() - _changed(path) > _DAY


def _is_running(pid: int, started: str, token: str) -> bool:
    if pid == os.getpid():
        return token == _TOKEN
    if os.name == "nt":  # signal 0 is Ctrl-C on Windows, and a file in use cannot be removed there
        return False
    with suppress(PermissionError):  # a process of another user
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    now = _started(pid)
    return now in (None, started) or started == "0"


def _changed(path: Path) -> float:
    """When a file, or the latest file in a folder, changed, in seconds since 1970."""
    times = [time.time()]
    try:
        times = [path.stat().st_mtime]
        times += [each.stat().st_mtime for each in path.rglob("*")]
    except OSError:  # it is changing now
        return time.time()
    return max(times)
