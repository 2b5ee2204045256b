"""Locks between processes and hosts: each lock is one byte of a lock file.

The operating system releases the locks of a process when it ends, even if it is killed. So a killed run holds no
lock, and no clock, process id or host name has to be compared. Locks on bytes work on local disks, NFS version 4
and SMB.
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from vidkit.core import printable
from vidkit.errors import OutputError
from vidkit.messages import message

_SLOTS = 1024  # the first bytes: one for each process that has the file open
_OPENING = _SLOTS  # locked by the process that is opening what the file protects
_FIRST = 4096  # from here on: one byte for each name, by the hash of the name
_PRIORITIES = 2**57  # from here on: one byte for each priority and process, after those of all names
MOST_PRIORITY = 100_000
_TRIES, _PAUSE = 50, 0.002  # to lock a byte that others are checking; seconds between tries


@dataclass
class _Handle:
    """What all users of one lock file in this process share."""

    number: int
    users: int = 0
    held: set[int] = field(default_factory=set)


# Closing any handle of a file releases all POSIX locks of the process on it, so each file has only one handle.
_handles: dict[tuple[int, int], _Handle] = {}
_mutex = threading.Lock()


@contextmanager
def file_error(path: Path, what: str) -> Iterator[None]:
    """Turn an OSError about a file into an OutputError with a message."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "{path} {what}: {reason}", path=printable(path), what=what, reason=error.strerror or error
        ) from None


class Locks:
    """The locks of one file; several threads may use it."""

    def __init__(self, path: Path) -> None:
        """Open the lock file. It is created if it is missing, and never removed.

        Raises:
            OutputError: it cannot be created, or the file system has no locks.
        """
        self._path = path
        self._held: set[int] = set()
        self._slot: int | None = None
        self._announced: int | None = None
        with _mutex, file_error(path, message("cannot be opened")):
            path.touch()
            found = path.stat()
            self._key = (found.st_dev, found.st_ino)
            if self._key not in _handles:
                _handles[self._key] = _Handle(os.open(path, os.O_RDWR))
            self._handle = _handles[self._key]
            self._handle.users += 1

    def take(self, name: str) -> bool:
        """Lock a name; False if another process, or another `Locks` of this process, holds it."""
        return self._take(_byte(name))

    def release(self, name: str) -> None:
        """Unlock a name; does nothing if it is not locked."""
        self._release(_byte(name))

    def holds(self, name: str) -> bool:
        """Whether this `Locks` holds the lock of a name."""
        return _byte(name) in self._held

    def begin_opening(self) -> bool:
        """Lock the opening of what the file protects; False if another process is opening it."""
        return self._take(_OPENING)

    def end_opening(self) -> None:
        """Mark this `Locks` as in use for others, and unlock the opening."""
        self._slot = next((slot for slot in range(_SLOTS) if self._take(slot)), None)
        self._release(_OPENING)

    def alone(self) -> bool:
        """Whether no other process uses the file. Call it between `begin_opening` and `end_opening`."""
        with _mutex:
            if any(byte < _SLOTS for byte in self._handle.held) or not self._lock(0, _SLOTS):
                return False
            _unlock(self._handle.number, 0, _SLOTS)
            return True

    def announce(self, priority: int | None) -> None:
        """Tell others that rows with this priority wait here; None: no rows wait any more.

        Priorities above `MOST_PRIORITY` count as `MOST_PRIORITY`.
        """
        byte = None if priority is None or self._slot is None else _priority_byte(priority) + self._slot
        if byte == self._announced:
            return
        if self._announced is not None:
            self._release(self._announced)
        self._announced = byte
        for _ in range(_TRIES):
            if byte is None or self._take(byte):
                return
            time.sleep(_PAUSE)  # another process is checking it

    def is_outranked(self, priority: int) -> bool:
        """Whether rows with a higher priority wait in another process, or another `Locks` of this process."""
        first, end = _priority_byte(priority) + _SLOTS, _priority_byte(MOST_PRIORITY) + _SLOTS
        if first >= end:
            return False
        with _mutex:
            if any(first <= byte < end for byte in self._handle.held):
                return True
            if not self._lock(first, end - first, shared=True):
                return True
            _unlock(self._handle.number, first, end - first)
            return False

    def close(self) -> None:
        """Release all locks."""
        for byte in list(self._held):
            self._release(byte)
        with _mutex:
            self._handle.users -= 1
            if not self._handle.users:
                os.close(self._handle.number)
                del _handles[self._key]

    def _take(self, byte: int) -> bool:
        with _mutex:
            if byte in self._handle.held or not self._lock(byte, 1):
                return False
            self._handle.held.add(byte)
            self._held.add(byte)
            return True

    def _lock(self, byte: int, length: int, shared: bool = False) -> bool:
        with file_error(self._path, message("cannot be locked, which several runs over one folder need")):
            return _lock(self._handle.number, byte, length, shared)

    def _release(self, byte: int) -> None:
        with _mutex:
            if byte in self._held:
                _unlock(self._handle.number, byte, 1)
                self._held.remove(byte)
                self._handle.held.remove(byte)


def _byte(name: str) -> int:
    """The byte of a name, one of 2**56. If two names have the same byte, one only waits for the other."""
    return _FIRST + int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:7], "big")


def _priority_byte(priority: int) -> int:
    """The first byte of a priority, which has one byte for each slot."""
    return _PRIORITIES + (max(-MOST_PRIORITY, min(priority, MOST_PRIORITY)) + MOST_PRIORITY) * _SLOTS


if sys.platform == "win32":
    import msvcrt

    def _lock(number: int, start: int, length: int, shared: bool = False) -> bool:
        os.lseek(number, start, os.SEEK_SET)
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, length)
        except PermissionError:
            return False
        return True

    def _unlock(number: int, start: int, length: int) -> None:
        os.lseek(number, start, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_UNLCK, length)

else:
    import fcntl

    def _lock(number: int, start: int, length: int, shared: bool = False) -> bool:
        try:
            fcntl.lockf(number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _unlock(number: int, start: int, length: int) -> None:
        fcntl.lockf(number, fcntl.LOCK_UN, length, start)


@dataclass(frozen=True)
class FileLock:
    """A lock file beside the file that it protects. It is removed when the lock is released."""

    path: Path
    number: int

    def release(self) -> None:
        """Release the lock and remove its file."""
        if os.name != "nt":
            self.path.unlink(missing_ok=True)
        os.close(self.number)
        if os.name == "nt":  # an open file cannot be removed on Windows
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


def take_file_lock(path: Path) -> FileLock | None:
    """Create and lock a lock file; None if another process or thread holds it.

    Raises:
        OutputError: the file cannot be created, or the file system has no locks.
    """
    while True:
        with file_error(path, message("cannot be locked")):
            number = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                taken = _lock_whole(number)
                if taken and _same_file(path, number):
                    return FileLock(path, number)
            except BaseException:
                os.close(number)
                raise
            os.close(number)
            if not taken:
                return None
        # Its holder removed it between the two steps, so the locked file no longer has this name.


def _lock_whole(number: int) -> bool:
    if sys.platform == "win32":
        return _lock(number, 0, 1)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held by the handle, so it works between threads too
    except BlockingIOError:
        return False
    return True


def _same_file(path: Path, number: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(number))
    except FileNotFoundError:
        return False
