"""Locks between processes and hosts: one byte of a lock file for each thing that only one may do at a time.

The operating system releases the locks of a process however it ends. So a killed run holds no lock, and no clock,
process id or host name has to be compared. Locks on bytes work on local disks, NFS version 4 and SMB.
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
_OPENING = _SLOTS  # held by the process that is opening what the file guards
_FIRST = 4096  # from here on: one byte for each name, by its hash
_PRIORITIES = 2**57  # from here on: a byte for each process and priority, beyond those of all names
MOST_PRIORITY = 100_000
_TRIES, _PAUSE = 50, 0.002  # to take a byte that others only look at; seconds between


@dataclass
class _Handle:
    """What all users of one lock file in this process share."""

    number: int
    users: int = 0
    held: set[int] = field(default_factory=set)


# POSIX locks belong to the process, and closing any handle of the file loses them all: one handle for each file.
_handles: dict[tuple[int, int], _Handle] = {}
_mutex = threading.Lock()


@contextmanager
def file_error(path: Path, what: str) -> Iterator[None]:
    """Word what the file system says of a file."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            "{path} {what}: {reason}", path=printable(path), what=what, reason=error.strerror or error
        ) from None


class Locks:
    """The locks of one file; several threads may use it."""

    def __init__(self, path: Path) -> None:
        """Open the lock file, which is made where it is missing, and stays.

        Raises:
            OutputError: it cannot be made, or the file system has no locks.
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
        """Take the lock of a name; False while somebody has it: another process, or another `Locks` of this one."""
        return self._take(_byte(name))

    def release(self, name: str) -> None:
        """Give the lock of a name back; nothing happens where it is not held."""
        self._release(_byte(name))

    def holds(self, name: str) -> bool:
        """Whether this `Locks` has the lock of a name."""
        return _byte(name) in self._held

    def begin_opening(self) -> bool:
        """Be the only one who opens what the file guards; False while another one does."""
        return self._take(_OPENING)

    def end_opening(self) -> None:
        """Let others see from now on that this `Locks` is in use, and open it too."""
        self._slot = next((slot for slot in range(_SLOTS) if self._take(slot)), None)
        self._release(_OPENING)

    def alone(self) -> bool:
        """Whether no other process uses the file; asked between `begin_opening` and `end_opening`."""
        with _mutex:
            if any(byte < _SLOTS for byte in self._handle.held) or not self._lock(0, _SLOTS):
                return False
            _unlock(self._handle.number, 0, _SLOTS)
            return True

    def announce(self, priority: int | None) -> None:
        """Tell others that something with this priority waits here; None: nothing does any more.

        Priorities beyond `MOST_PRIORITY` count as that.
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
            time.sleep(_PAUSE)  # another one is just looking

    def is_outranked(self, priority: int) -> bool:
        """Whether something with a higher priority waits elsewhere: in another process, or `Locks` of this one."""
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
        """Give all locks back."""
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
    """The byte of a name: two names that meet in one, of 2**56, only wait for one another."""
    return _FIRST + int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:7], "big")


def _priority_byte(priority: int) -> int:
    """The first byte of a priority; there is one for each slot."""
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
    """A lock of its own, beside the file that it guards, gone when it is released."""

    path: Path
    number: int

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if os.name != "nt":
            self.path.unlink(missing_ok=True)
        os.close(self.number)
        if os.name == "nt":  # an open file cannot be removed there
            with suppress(OSError):
                self.path.unlink(missing_ok=True)


def take_file_lock(path: Path) -> FileLock | None:
    """Lock a file, which is made where it is missing; None while another process or thread has it.

    Raises:
        OutputError: the file cannot be made, or the file system has no locks.
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
        # Its holder removed it between the two steps: what was locked is no longer the file of this name.


def _lock_whole(number: int) -> bool:
    if sys.platform == "win32":
        return _lock(number, 0, 1)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held by the handle: threads exclude one another too
    except BlockingIOError:
        return False
    return True


def _same_file(path: Path, number: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(number))
    except FileNotFoundError:
        return False
