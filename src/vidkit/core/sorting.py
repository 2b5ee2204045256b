"""Sort more than memory holds: a merge sort over temporary files."""

from __future__ import annotations

import heapq
import struct
import tempfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import IO

from vidkit.core.leftovers import TEMPORARY
from vidkit.core.terminal import printable
from vidkit.errors import OutputError

_IN_MEMORY = 16 * 2**20  # bytes of items, as they are held
_EACH = 160  # bytes that Python needs for an item beside its content
_AT_ONCE = 32  # files that are merged into one
_HEAD = struct.Struct("<qI")
_key = itemgetter(0)

_Item = tuple[int, bytes]


class Sorter:
    """Sorts items by a number; items with the same number stay in the order in which they came.

    Memory use does not grow with the items. They are on disk where they are many, in files that the system removes
    when the process ends, however that is. Use it in a `with` block, or `close` it.
    """

    def __init__(self, folder: Path, in_memory: int = _IN_MEMORY) -> None:
        """Begin with nothing.

        Args:
            folder: where temporary files are made.
            in_memory: bytes of items that need no file.
        """
        self._folder = folder
        self._most = in_memory
        self._held: list[_Item] = []
        self._size = 0
        # Sorted files: the latest and smallest are in the first list; a full list becomes a file of the next.
        self._files: list[list[IO[bytes]]] = []

    def __enter__(self) -> Sorter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, number: int, content: bytes) -> None:
        """Take in an item.

        Raises:
            OutputError: the disk is full.
        """
        self._held.append((number, content))
        self._size += len(content) + _EACH
        if self._size > self._most:
            self._held.sort(key=_key)
            self._keep(0, self._held)
            self._held, self._size = [], 0

    def __iter__(self) -> Iterator[bytes]:
        """The items in their order; once, and no item can be added then.

        Raises:
            OutputError: a file cannot be read.
        """
        self._held.sort(key=_key)
        older = [_read(file) for files in reversed(self._files) for file in files]
        try:
            for _, content in heapq.merge(*older, self._held, key=_key) if older else self._held:
                yield content
        except OSError as error:
            raise self._failure("read", error) from None

    def close(self) -> None:
        """Remove the files."""
        for files in self._files:
            for file in files:
                file.close()
        self._files, self._held = [], []

    def _keep(self, level: int, items: Iterable[_Item]) -> None:
        """Write sorted items into a file; where it is one of many, they all become one of the next level."""
        if level == len(self._files):
            self._files.append([])
        files = self._files[level]
        try:
            file: IO[bytes] = tempfile.TemporaryFile(prefix=TEMPORARY, dir=self._folder)  # noqa: SIM115
            files.append(file)
            file.writelines(_HEAD.pack(number, len(content)) + content for number, content in items)
            file.flush()
        except OSError as error:
            raise self._failure("written", error) from None
        if len(files) == _AT_ONCE:
            self._keep(level + 1, heapq.merge(*map(_read, files), key=_key))
            for file in files:
                file.close()
            files.clear()

    def _failure(self, what: str, error: OSError) -> OutputError:
        return OutputError(
            "a temporary file in {folder} cannot be {what}: {reason}",
            folder=printable(self._folder),
            what=what,
            reason=error.strerror,
        )


def _read(file: IO[bytes]) -> Iterator[_Item]:
    file.seek(0)
    while head := file.read(_HEAD.size):
        number, length = _HEAD.unpack(head)
        yield number, file.read(length)
