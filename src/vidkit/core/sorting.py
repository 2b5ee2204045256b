"""Sort more items than fit in memory: a merge sort over temporary files."""

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

_IN_MEMORY = 16 * 2**20  # bytes of items in memory
_EACH = 160  # bytes of memory for an item, besides its content
_AT_ONCE = 32  # files that are merged into one
_HEAD = struct.Struct("<qI")
_key = itemgetter(0)

_Item = tuple[int, bytes]


class Sorter:
    """Sorts items by a number; items with the same number keep their order.

    Memory use does not grow with the items. Many items are kept in files, which the system removes when the process
    ends, even if it is killed. Use it in a `with` block, or `close` it.
    """

    def __init__(self, folder: Path, in_memory: int = _IN_MEMORY) -> None:
        """Create an empty sorter.

        Args:
            folder: for temporary files.
            in_memory: bytes of items that are kept without a file.
        """
        self._folder = folder
        self._in_memory = in_memory
        self._items: list[_Item] = []
        self._size = 0
        # Sorted files: the first list has the newest and smallest. A full list is merged into one file of the next
        # list.
        self._files: list[list[IO[bytes]]] = []

    def __enter__(self) -> Sorter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, number: int, content: bytes) -> None:
        """Add an item.

        Raises:
            OutputError: the disk is full.
        """
        self._items.append((number, content))
        self._size += len(content) + _EACH
        if self._size > self._in_memory:
            self._items.sort(key=_key)
            self._write_file(0, self._items)
            self._items, self._size = [], 0

    def __iter__(self) -> Iterator[bytes]:
        """The sorted items. Iterate only once, and add no items afterwards.

        Raises:
            OutputError: a file cannot be read.
        """
        self._items.sort(key=_key)
        older = [_read(file) for files in reversed(self._files) for file in files]
        try:
            for _, content in heapq.merge(*older, self._items, key=_key) if older else self._items:
                yield content
        except OSError as error:
            raise self._failure("read", error) from None

    def close(self) -> None:
        """Remove the files."""
        for files in self._files:
            for file in files:
                file.close()
        self._files, self._items = [], []

    def _write_file(self, level: int, items: Iterable[_Item]) -> None:
        """Write sorted items into a file. If a level has many files, merge them into one of the next level."""
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
            self._write_file(level + 1, heapq.merge(*map(_read, files), key=_key))
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
