"""Find duplicates among millions of texts, with a few bytes of memory per text."""

from __future__ import annotations

from array import array

_FIRST = 2**10  # places in an empty table


class Seen:
    """A set of texts that knows only their hashes: 16 to 32 bytes for each text.

    Two texts of 64 bits of hash are taken for one: among ten million, once in 300,000 runs.
    """

    def __init__(self) -> None:
        self._table = array("q", bytes(8 * _FIRST))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        key = hash(text) or 1
        return self._table[self._place(key)] == key

    def add(self, text: str) -> bool:
        """Note a text; whether it is new."""
        key = hash(text) or 1
        place = self._place(key)
        if self._table[place] == key:
            return False
        self._table[place] = key
        self._count += 1
        if 3 * self._count > 2 * len(self._table):
            older = self._table
            self._table = array("q", bytes(2 * 8 * len(older)))
            for key in older:
                if key:
                    self._table[self._place(key)] = key
        return True

    def _place(self, key: int) -> int:
        """Where a key is, or where it would be: the next place that is free after the one that it points to."""
        table, mask = self._table, len(self._table) - 1
        place = key & mask
        while table[place] not in (0, key):
            place = (place + 1) & mask
        return place
