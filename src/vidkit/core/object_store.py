"""A results store in a bucket: `s3://bucket/folder`, `gs://...`, `az://...`."""

from __future__ import annotations

import json
import mimetypes
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.core.buckets import (
    PART,
    ChangedError,
    PassingError,
    UnsupportedError,
    open_bucket,
    reported,
    signed_url,
)
from vidkit.core.leftovers import TEMPORARY
from vidkit.core.retry import RetryPolicy, TransientError, retry
from vidkit.core.terminal import printable
from vidkit.errors import OutputError

if TYPE_CHECKING:
    from obstore import ObjectMeta

    from vidkit.core.stores import Address

UPLOADS = 8  # files of one folder at once
_uploading = threading.BoundedSemaphore(16)  # files of this process at once: each needs memory
_PARTS = 4  # of one file at once
_MOST_PARTS = 9000  # a store takes 10,000
_PAGE = 1000  # objects; the most that stores list for one request
_LAST = "\U0010ffff"  # sorts after every character in a name
_RETRIES = RetryPolicy(retries=3, backoff=1.0)  # of a conditional write, which obstore does not always repeat


class ObjectStore:
    """A folder in a bucket. Such folders are only prefixes of names, so they are never created."""

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
        with self._writing(name):
            self._place.client.put(self._key(name), content, chunk_size=PART, max_concurrency=_PARTS)

    def read_version(self, name: str) -> tuple[bytes, str]:
        with self._reported(name):
            found = self._place.client.get(self._key(name))
            return bytes(found.bytes()), _version(found.meta)

    def write_over(self, name: str, content: bytes, version: str | None) -> bool:
        def write() -> bool:
            try:
                # The stored object may be from a first try whose answer was lost.
                return self._put(name, content, version) or self._read_if_exists(name)[0] == content
            except PassingError as error:
                if self._read_if_exists(name)[0] == content:
                    return True
                raise TransientError(str(error)) from None
            except UnsupportedError:
                return self._compare_then_write(name, content, version)

        try:
            return retry(write, _RETRIES, lambda seconds, _: time.sleep(seconds))
        except TransientError as error:
            raise OutputError(str(error)) from None

    def _put(self, name: str, content: bytes, version: str | None) -> bool:
        """Write if the version is still the same. Returns whether it was written.

        Raises:
            UnsupportedError: the store does not support conditional writes.
            OutputError: the store fails.
        """
        mode: Any = "create" if version is None else json.loads(version)
        if not mode:
            raise UnsupportedError("{address}: the store gives no versions", address=printable(self.address))
        try:
            with self._reported(name):
                self._place.client.put(self._key(name), content, mode=mode, use_multipart=False)
            return True
        except FileNotFoundError:
            if version is None:
                raise self._no_bucket() from None
            return False  # it was removed
        except ChangedError:
            return False

    def obeys_conditions(self) -> bool:
        """Write, read, list and delete a small object. Returns whether conditional writes work.

        Raises:
            OutputError: one of these operations fails.
        """
        name = f".vidkit-probe-{secrets.token_hex(8)}"
        self.write(name, b"1")
        try:
            _, version = self.read_version(name)
            self._keys(name)
            done = [self._put(name, b"2", version), self._put(name, b"3", version), self._put(name, b"4", None)]
            return done == [True, False, False]
        except UnsupportedError:
            return False
        finally:
            self.delete(name)

    def _read_if_exists(self, name: str) -> tuple[bytes | None, str | None]:
        try:
            return self.read_version(name)
        except FileNotFoundError:
            return None, None

    def _compare_then_write(self, name: str, content: bytes, version: str | None) -> bool:
        """For a store without conditional writes: compare, then write. `vidkit doctor` warns about such stores."""
        if self._read_if_exists(name)[1] != version:
            return False
        self.write(name, content)
        return True

    @contextmanager
    def publishing(self, name: str, scratch: Path | None = None) -> Iterator[Path]:
        with _new_folder(scratch) as folder:
            yield folder
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            uploaded = {f"{name}/{path.relative_to(folder).as_posix()}": path for path in files}
            with ThreadPoolExecutor(UPLOADS) as pool:
                for _ in pool.map(self.upload, uploaded, uploaded.values()):
                    pass
            kept = {self._key(each) for each in uploaded}
            self._delete([key for key in self._keys(name) if key not in kept], name)

    def names(self, folder: str = "") -> Iterator[str]:
        begin = self._key(folder)
        start = len(begin) + 1 if begin else 0
        if not folder and self._is_listed_in_order():
            yield from self._names_in_order(begin, start)
            return
        with self._reported(folder):
            found = self._place.client.list_with_delimiter(begin or None)
        for key in [*found["common_prefixes"], *(each["path"] for each in found["objects"])]:
            yield key[start:]

    def _is_listed_in_order(self) -> bool:
        """Whether the store lists in name order, from any name on. Azure and directory buckets of S3 do not."""
        return not self._place.bucket.startswith("az://") and not self._place.bucket.endswith("--x-s3")

    def _names_in_order(self, begin: str, start: int) -> Iterator[str]:
        """The names directly in the results folder, page by page: there may be millions of records.

        Files in subfolders (the clips) are left out: after the first one, the listing continues behind the
        subfolder.
        """
        after: str | None = None
        while True:
            with self._reported(""):
                pages = self._place.client.list(begin or None, offset=after, chunk_size=_PAGE)
                keys = (each["path"] for page in pages for each in page)
                for key in keys:
                    name, in_subfolder, _ = key[start:].partition("/")
                    yield name
                    if in_subfolder:
                        after = f"{key[:start]}{name}/{_LAST}"
                        break
                else:
                    return

    def delete(self, name: str) -> None:
        self._delete(self._keys(name), name)
        with suppress(FileNotFoundError), self._reported(name):
            self._place.client.delete(self._key(name))

    def url(self, name: str) -> str:
        return signed_url(self._place._replace(key=self._key(name)))

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

    def files(self, folder: str = "") -> Iterator[str]:
        """The names of all files in a folder and below it, page by page."""
        start = len(self._key("")) + 1 if self._place.key else 0
        with self._reported(folder):
            for page in self._place.client.list(self._key(folder) or None, chunk_size=_PAGE):
                yield from (each["path"][start:] for each in page)

    def delete_file(self, name: str) -> None:
        """Remove one file, if it exists."""
        self._delete([self._key(name)], name)

    def upload(self, name: str, path: Path) -> None:
        """Upload a local file atomically; a large one in parts."""
        part = max(PART, path.stat().st_size // _MOST_PARTS)
        with _uploading, self._writing(name):
            kind = mimetypes.guess_type(name)[0]  # browsers need it when they get a signed URL
            attributes: Any = {"Content-Type": kind} if kind else None
            self._place.client.put(
                self._key(name), path, attributes=attributes, chunk_size=part, max_concurrency=_PARTS
            )

    def _delete(self, keys: list[str], name: str) -> None:
        try:
            with self._reported(name):
                if keys:
                    self._place.client.delete(keys)  # many for each request
        except FileNotFoundError:  # another process deletes here too
            for key in keys:
                with suppress(FileNotFoundError), self._reported(name):
                    self._place.client.delete(key)

    def _reported(self, name: str) -> Any:
        return reported(f"{self.address}/{name}" if name else str(self.address))

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        """As `_reported`, for writes. If something is missing then, it is the bucket."""
        try:
            with self._reported(name):
                yield
        except FileNotFoundError:
            raise self._no_bucket() from None

    def _no_bucket(self) -> OutputError:
        return OutputError(
            "{bucket}: there is no such bucket. Make it first.", bucket=printable(self._place.bucket)
        )


@contextmanager
def _new_folder(beside: Path | None) -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=beside))
    except OSError as error:
        raise OutputError(
            "no folder can be made in {beside}: {reason}", beside=printable(beside), reason=error.strerror
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _version(meta: ObjectMeta) -> str:
    """The version for `write_over`: the e_tag and the version, if the store has them."""
    return json.dumps({key: meta[key] for key in ("e_tag", "version") if meta[key] is not None})
