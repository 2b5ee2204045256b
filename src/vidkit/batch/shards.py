"""Shards: the rows of one list, split among several independent runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vidkit.errors import ConfigError
from vidkit.rows import BadRow, CsvRow, Row
from vidkit.workflow import source_key


@dataclass(frozen=True)
class Shard:
    """One of several parts of the rows: `number` 1 to `parts`."""

    number: int
    parts: int

    def has(self, row: CsvRow) -> bool:
        """Whether a row is in this part, by a hash of its URL, which is the same in every process and version.

        A row without a URL is in one part too, so that only one run reports it.
        """
        digest = hashlib.sha256(_text(row).encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.parts == self.number - 1


def _text(row: CsvRow) -> str:
    if isinstance(row, Row):
        return source_key(row.url)
    return row.text if isinstance(row, BadRow) else row.name


def read_shard(text: str) -> Shard:
    """Read a shard such as `3/8`.

    Raises:
        ConfigError: the text is not a shard.
    """
    match = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", text)
    if not match:
        raise ConfigError(
            "--shard: {text!r} is not a part of the rows: write it like 3/8, the third of eight", text=text
        )
    shard = Shard(int(match[1]), int(match[2]))
    if not shard.parts:
        raise ConfigError("--shard: {text!r} makes no parts: write it like 3/8, the third of eight", text=text)
    if not 1 <= shard.number <= shard.parts:
        raise ConfigError(
            "--shard: {text!r} is none of the parts 1/{parts} to {parts}/{parts}", text=text, parts=shard.parts
        )
    return shard


def rows_in(shard: Shard | None, rows: Iterable[CsvRow]) -> Iterator[CsvRow]:
    """The rows of one shard, in their order; all rows if `shard` is None."""
    return iter(rows) if shard is None else filter(shard.has, rows)
