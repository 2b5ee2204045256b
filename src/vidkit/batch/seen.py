"""Find duplicates among any number of texts. Memory use does not grow with their number."""

from __future__ import annotations

import io
import struct
import sys
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from vidkit.core import TEMPORARY, printable
from vidkit.errors import OutputError

_SLOTS = struct.Struct("8q")  # keys that are read at once; 0 is an empty slot
_IN_MEMORY = 2**17  # keys of a table in memory: 1 MiB
_PIECE = 2**16  # bytes


class Seen:
    """A set of texts that stores only their hashes; a large set is a table in a file.

    Two texts with the same 64-bit hash count as one: among ten million texts, once in 300,000 runs. The system
    removes the file when the process ends, even if it is killed.
    """

    def __init__(self, folder: Path, in_memory: int = _IN_MEMORY) -> None:
        """Create an empty set.

        Args:
            folder: for the file.
            in_memory: the slots of the table before it needs a file; a power of two, 8 or more.
        """
        self._folder = folder
        self._size = in_memory
        self._count = 0
        self._table: IO[bytes] = io.BytesIO(bytes(8 * in_memory))

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        return self._find(hash(text) or 1) is None

    def add(self, text: str) -> bool:
        """Add a text. Returns whether it is new.

        Raises:
            OutputError: the disk is full.
        """
        key = hash(text) or 1
        place = self._find(key)
        if place is None:
            return False
        try:
            self._put(place, key)
            self._count += 1
            if 2 * self._count > self._size:
                self._grow()
        except OSError as error:
            raise OutputError(
                "a temporary file in {folder} cannot be written: {reason}",
                folder=printable(self._folder),
                reason=error.strerror,
            ) from None
        return True

    def close(self) -> None:
        """Remove the file."""
        self._table.close()

    def _find(self, key: int) -> int | None:
        """The free slot for a key; None if the key is in the table."""
        place = key & (self._size - 1) & -8
        while True:
            self._table.seek(8 * place)
            slots = _SLOTS.unpack(self._table.read(_SLOTS.size))
            if key in slots:
                return None
            if 0 in slots:
                return place + slots.index(0)
            place = (place + 8) & (self._size - 1)

    def _put(self, place: int, key: int) -> None:
        self._table.seek(8 * place)
        self._table.write(key.to_bytes(8, sys.byteorder, signed=True))

    def _grow(self) -> None:
        """Copy the keys to a table that is four times as large, in a file without a name."""
        older = self._table
        self._size *= 4
        self._table = tempfile.TemporaryFile(prefix=TEMPORARY, dir=self._folder, buffering=0)  # noqa: SIM115
        self._table.truncate(8 * self._size)
        with older:
            for key in _keys(older):
                place = self._find(key)
                if place is not None:
                    self._put(place, key)


def _keys(table: IO[bytes]) -> Iterator[int]:
    table.seek(0)
    while piece := table.read(_PIECE):
        yield from filter(None, array("q", piece))
