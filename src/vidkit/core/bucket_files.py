"""Input that may be in a bucket: read at once, read like a file, or listed page by page."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.core.buckets import ChangedError, Place, is_bucket, open_bucket, reported
from vidkit.core.terminal import printable
from vidkit.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from obstore import ObjectMeta

_CHUNK = 2**20  # bytes of one request
_PAGE = 1000  # objects; the most that stores list for one request


def is_prefix(address: object) -> bool:
    """Whether an address is a bucket or a folder in it, not an object: it ends with a slash, or has no key."""
    return is_bucket(address) and (str(address).endswith("/") or str(address).count("/") == 2)


def read_input(file: str | os.PathLike[str]) -> bytes:
    """The content of a local file, or of an object.

    Raises:
        OSError: the local file cannot be read.
        ConfigError: the object cannot be read.
    """
    if not is_bucket(file):
        return Path(file).read_bytes()
    with io.BufferedReader(ObjectReader(str(file))) as reader:
        return reader.read()


class ObjectReader(io.RawIOBase):
    """Reads an object from its beginning, one chunk for each request. Hours may pass between two chunks.

    Raises ConfigError if it does not exist or is replaced meanwhile, and OutputError if the store fails later.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._chunk = memoryview(b"")
        self._at = 0
        try:
            self._place = open_bucket(address)
            if not self._place.key:
                raise ConfigError("{address} names no object", address=printable(address))
            with reported(self._place.address):
                found = self._place.client.head(self._place.key)
        except FileNotFoundError:
            raise ConfigError(
                "{address}: there is no such object. A folder of a bucket ends in a slash",
                address=printable(address),
            ) from None
        except OutputError as error:
            raise ConfigError(str(error)) from None
        self.size: int = found["size"]
        self._etag = found["e_tag"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        target = memoryview(buffer).cast("B")
        if not self._chunk:
            self._chunk = memoryview(self._next())
        count = min(len(target), len(self._chunk))
        target[:count] = self._chunk[:count]
        self._chunk = self._chunk[count:]
        return count

    def _next(self) -> bytes:
        end = min(self._at + _CHUNK, self.size)
        if self._at == end:
            return b""
        options: Any = {"range": (self._at, end), **({"if_match": self._etag} if self._etag else {})}
        try:
            with reported(self._place.address):
                chunk = bytes(self._place.client.get(self._place.key, options=options).bytes())
        except (ChangedError, FileNotFoundError):
            raise ConfigError(
                "{address} was replaced while it was read: start again", address=printable(self._address)
            ) from None
        self._at = end
        return chunk


def objects_in(place: Place) -> Iterator[list[ObjectMeta]]:
    """The objects below a prefix, page by page as they are needed, in the order of their keys.

    Raises:
        OutputError: the store fails.
    """
    with reported(place.address):
        for page in place.client.list(place.key or None, chunk_size=_PAGE):
            yield list(page)
