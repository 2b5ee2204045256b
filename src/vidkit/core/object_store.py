"""A results store in a bucket: `s3://bucket/folder`, `gs://...`, `az://...`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.core.buckets import PART, open_bucket, reported
from vidkit.core.leftovers import TEMPORARY
from vidkit.core.terminal import printable
from vidkit.errors import OutputError

if TYPE_CHECKING:
    from vidkit.core.stores import Address

URL_VALID = timedelta(hours=1)
_UPLOADS = 8  # files of one folder at once
_PARTS = 4  # of one file at once
_MOST_PARTS = 9000  # a store takes 10,000
_PAGE = 1000  # objects; stores list so many for one request
_AFTER = "\U0010ffff"  # sorts after every character that a name has


class ObjectStore:
    """A folder of a bucket. Folders of a bucket are only the beginnings of names, so none is ever made."""

    folder = None

    def __init__(self, address: Address) -> None:
        self._place = open_bucket(str(address))
        self.address: Address = self._place.address

    def exists(self, name: str) -> bool:
        try:
            with self._reported(name):
                return bool(self._place.client.head(self._key(name))["size"])
        except FileNotFoundError:
            return False

    def read(self, name: str) -> bytes:
        with self._reported(name):
            return bytes(self._place.client.get(self._key(name)).bytes())

    def write(self, name: str, content: bytes) -> None:
        with self._written(name):
            self._place.client.put(self._key(name), content, chunk_size=PART, max_concurrency=_PARTS)

    @contextmanager
    def publishing(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY) as new:
            folder = Path(new)
            yield folder
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            uploaded = {f"{name}/{path.relative_to(folder).as_posix()}": path for path in files}
            with ThreadPoolExecutor(_UPLOADS) as pool:
                for _ in pool.map(self._upload, uploaded, uploaded.values()):
                    pass
            kept = {self._key(each) for each in uploaded}
            self._delete([key for key in self._keys(name) if key not in kept], name)

    def names(self, folder: str = "") -> Iterator[str]:
        begin = self._key(folder)
        with self._reported(folder):
            found = self._place.client.list_with_delimiter(begin or None)
        start = len(begin) + 1 if begin else 0
        for key in [*found["common_prefixes"], *(each["path"] for each in found["objects"])]:
            yield key[start:]

    def delete(self, name: str) -> None:
        self._delete([self._key(name), *self._keys(name)], name)

    def url(self, name: str) -> str:
        from obstore import sign

        with self._reported(name):
            return sign(self._place.client, "GET", self._key(name), URL_VALID)

    def fetch(self, name: str, folder: Path) -> Path:
        path = folder / name
        with self._reported(name):
            content = self._place.client.get(self._key(name)).stream(PART)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                for part in content:
                    file.write(part)
        return path

    def _key(self, name: str) -> str:
        return "/".join(filter(None, [self._place.key, name]))

    def _keys(self, folder: str) -> list[str]:
        """The keys of all objects in a folder and below it."""
        with self._reported(folder):
            pages = self._place.client.list(self._key(folder), chunk_size=_PAGE)
            return [each["path"] for page in pages for each in page]

    def _upload(self, name: str, path: Path) -> None:
        part = max(PART, path.stat().st_size // _MOST_PARTS)
        with self._written(name):
            self._place.client.put(self._key(name), path, chunk_size=part, max_concurrency=_PARTS)

    def _delete(self, keys: list[str], name: str) -> None:
        for key in keys:
            with suppress(FileNotFoundError), self._reported(name):
                self._place.client.delete(key)

    def _reported(self, name: str) -> Any:
        return reported(f"{self.address}/{name}" if name else str(self.address))

    @contextmanager
    def _written(self, name: str) -> Iterator[None]:
        """As `_reported`; to write, nothing need be there before, so what is missing is the bucket."""
        try:
            with self._reported(name):
                yield
        except FileNotFoundError:
            raise OutputError(f"{printable(self._place.bucket)}: there is no such bucket. Make it first.") from None
