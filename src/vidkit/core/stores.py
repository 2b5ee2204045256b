"""Stores: where records, clips and thumbnails are kept. The scheme of an address selects the store.

The methods are those of an object store: nothing is renamed, and a file exists completely or not at all. A new
store is a class with the methods of `Store`, and a row of STORES.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from vidkit.core.files import ensure_directory, scheme_of, write_whole
from vidkit.core.leftovers import TEMPORARY
from vidkit.core.object_store import ObjectStore
from vidkit.core.terminal import printable
from vidkit.errors import OutputError
from vidkit.messages import message

# A local folder is a Path. Any other address is a str, because Path would turn `s3://x` into `s3:/x`.
Address = Path | str


class Store(Protocol):
    """Files under names such as `clips/a.mp4/0f3c2b1a/a_clip_001.mp4`: relative, with `/`.

    Several threads and processes may use one at once. Unless documented otherwise, a method raises OutputError if
    the store fails, with a message for the user.
    """

    @property
    def address(self) -> Address:
        """Where it is. `open_store` can open it again with this, also in another process. It has no secrets."""

    @property
    def folder(self) -> Path | None:
        """Its folder on this machine; None for a bucket."""

    def exists(self, name: str) -> bool:
        """Whether a file exists and is not empty."""

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            OSError: it does not exist, or this machine cannot read it.
            OutputError: the store fails.
        """

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically; an older one is replaced."""

    def read_version(self, name: str) -> tuple[bytes, str]:
        """The content of a file, and its version for `write_over`; raises the same errors as `read`."""

    def write_over(self, name: str, content: bytes, version: str | None) -> bool:
        """Replace this version of a file, or create it if `version` is None. Returns whether that was done."""

    def publishing(self, name: str, scratch: Path | None = None) -> AbstractContextManager[Path]:
        """A new folder on this machine. When the block ends without an error, its files replace the folder `name`
        of the store. If the store fails, some of the files may be there: no record names them yet.

        Args:
            name: the name of the folder in the store.
            scratch: where the new folder is made, for a bucket; by default the system's temporary folder.
        """

    def names(self, folder: str = "") -> Iterator[str]:
        """The names of the files and folders directly in a folder of the store, in any order."""

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with its content, if it exists."""

    def url(self, name: str) -> str:
        """A URL with which others can read a file, perhaps for a limited time. It may be secret."""

    def fetch(self, name: str, folder: Path) -> Path:
        """A file of the store as a local file: the file itself, or a copy in `folder` under the same name.

        Raises:
            FileNotFoundError: it does not exist.
            OSError: the copy cannot be written.
            OutputError: the store fails.
        """


class LocalStore:
    """A local folder. It is created when the first file is written."""

    def __init__(self, address: Address) -> None:
        self.folder: Path = Path(address).absolute()
        self.address: Address = self.folder

    def exists(self, name: str) -> bool:
        try:
            found = os.stat(f"{self.folder}/{name}")
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size > 0

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        ensure_directory(path.parent)
        write_whole(path, content)

    def read_version(self, name: str) -> tuple[bytes, str]:
        content = self.read(name)
        return content, hashlib.sha256(content).hexdigest()

    def write_over(self, name: str, content: bytes, version: str | None) -> bool:
        # No two processes write the same record at the same time: the journal's locks prevent that.
        try:
            current = self.read_version(name)[1]
        except FileNotFoundError:
            current = None
        except OSError as error:
            raise OutputError(
                "{path} cannot be read: {reason}", path=printable(self.folder / name), reason=error.strerror
            ) from None
        if current == version:
            self.write(name, content)
        return current == version

    @contextmanager
    def publishing(self, name: str, scratch: Path | None = None) -> Iterator[Path]:
        target = self.folder / name
        # In the folder of all videos, where leftovers of killed runs are removed.
        beside = ensure_directory(self.folder / Path(name).parts[0])
        try:
            new = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=beside))
            new.chmod(0o755)
        except OSError as error:
            raise OutputError(
                "no folder can be made in {beside}: {reason}", beside=printable(beside), reason=error.strerror
            ) from None
        try:
            yield new
            _sync(new)
            if target.parent.is_symlink() and target.parent != beside:
                target.parent.unlink()  # not followed: its target is the user's own
            ensure_directory(target.parent)
            if target.exists():
                old = new.with_name(new.name + "-old")
                os.replace(target, old)
                os.replace(new, target)
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.replace(new, target)
        except OSError as error:
            raise OutputError(
                "{target} cannot be written: {reason}", target=printable(target), reason=error.strerror
            ) from None
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def names(self, folder: str = "") -> Iterator[str]:
        try:
            with os.scandir(self.folder / folder) as entries:
                yield from (entry.name for entry in entries)
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutputError(
                "{path} cannot be read: {reason}", path=printable(self.folder / folder), reason=error.strerror
            ) from None

    def delete(self, name: str) -> None:
        path = self.folder / name
        try:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                "{path} cannot be removed: {reason}", path=printable(path), reason=error.strerror
            ) from None

    def url(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def fetch(self, name: str, folder: Path) -> Path:
        return self.folder / name


@contextmanager
def local_files(store: Store, names: Iterable[str]) -> Iterator[Path]:
    """A folder on this machine with these files of a store, until the block ends. Missing files are left out.

    Raises:
        OSError: a copy cannot be written.
        OutputError: the store fails.
    """
    if store.folder is not None:
        yield store.folder
        return
    with tempfile.TemporaryDirectory(prefix="vidkit-") as folder:
        for name in names:
            with suppress(FileNotFoundError):
                store.fetch(name, Path(folder))
        yield Path(folder)


def _sync(folder: Path) -> None:
    """Sync the files in a folder to disk: after a power loss, a record must not name an empty clip."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


# The scheme of an address, in lower case -> what opens it, without changing anything in it. A local path has no
# scheme.
STORES: dict[str, Callable[[Address], Store]] = {
    "": LocalStore,
    "s3": ObjectStore,
    "gs": ObjectStore,
    "az": ObjectStore,
}


def open_store(address: str | os.PathLike[str]) -> Store:
    """Open a store by its address: the path of a folder, which need not exist, or a URI with a known scheme.

    Raises:
        OutputError: it is another URI, or cannot be opened.
    """
    try:
        known = read_address(os.fspath(address))
    except ValueError as error:
        raise OutputError(str(error)) from None
    return STORES[scheme_of(known)](known)


def read_address(text: str) -> Address:
    """The address in a text: a Path for a local path, or a str with a known scheme.

    Raises:
        ValueError: there is no store with this scheme; the message has only the scheme.
    """
    scheme = scheme_of(text)
    if not scheme:
        return Path(text).expanduser()
    if scheme not in STORES:
        known = [f"{each}://" for each in STORES if each]
        raise ValueError(
            message(
                "{scheme}:// is not a store that vidkit knows: give {known}",
                scheme=scheme,
                known=" or ".join(["a folder", *known]),
            )
        )
    if not text[len(scheme) :].startswith("://"):
        raise ValueError(message("{scheme}: is followed by two slashes, as in {scheme}://", scheme=scheme))
    return scheme + text[len(scheme) :]


def kept_address(text: str) -> Address:
    """An address from a library: a str if it has a scheme, known or not, or a Path."""
    return text if "://" in text and scheme_of(text) else Path(text)


def absolute(address: Address, beside: Path | None = None) -> Address:
    """An address with an absolute path; a relative path starts at `beside`, by default the current folder."""
    if isinstance(address, str):
        return address
    return Path(os.path.abspath((beside or Path.cwd()) / address))


def within(address: Address, name: str) -> Address:
    """The address of a file in a store."""
    return address / name if isinstance(address, Path) else f"{address.rstrip('/')}/{name}"
