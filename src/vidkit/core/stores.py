"""Stores: where records, clips and thumbnails are kept. The scheme of an address says which store it is.

The methods are those of an object store: nothing is renamed, and a file is there completely or not at all. A new
store is a class with the methods of `Store` and a row of STORES.
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

# A folder of this machine is a Path. Any other store is text, since a Path would make `s3:/x` of `s3://x`.
Address = Path | str


class Store(Protocol):
    """Files under names such as `clips/a.mp4/0f3c2b1a/a_clip_001.mp4`: relative, with `/`.

    Several threads and processes use one at once. Unless a method says otherwise it raises OutputError where the
    store fails, with words for the user.
    """

    @property
    def address(self) -> Address:
        """Where it is; `open_store` opens it again from this, in another process too. It holds no secret."""

    @property
    def folder(self) -> Path | None:
        """Where it is on this machine; None for a store elsewhere."""

    def exists(self, name: str) -> bool:
        """Whether a file is there, and not empty."""

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            OSError: it is not there, or this machine cannot read it.
            OutputError: the store fails.
        """

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all; an older one is replaced."""

    def read_version(self, name: str) -> tuple[bytes, str]:
        """The content of a file, and its version for `write_over`; raises as `read` does."""

    def write_over(self, name: str, content: bytes, version: str | None) -> bool:
        """Write a file whole in place of this version alone; None: where nothing is. Whether it was done."""

    def publishing(self, name: str, scratch: Path | None = None) -> AbstractContextManager[Path]:
        """A new folder on this machine. When the block ends well, its files are in the store under `name`, in place
        of what was there. Where the store fails, some of them may be: no record names them yet.

        Args:
            name: what the folder is called in the store.
            scratch: where the new folder lies, if the store is elsewhere; by default where the system has such.
        """

    def names(self, folder: str = "") -> Iterator[str]:
        """The names of the files and folders that lie directly in a folder of the store, in any order."""

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; it may be gone already."""

    def url(self, name: str) -> str:
        """A URL where others can read a file, perhaps for a limited time only. It may hold a secret."""

    def fetch(self, name: str, folder: Path) -> Path:
        """A file of the store as a local file: the file itself, or a copy in `folder` under the same name.

        Raises:
            FileNotFoundError: it is not there.
            OSError: the copy cannot be written.
            OutputError: the store fails.
        """


class LocalStore:
    """A folder of this machine. It is made when the first file is written."""

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
        # Two that write one record at the same moment are kept apart by the locks of the journal beside it.
        try:
            there = self.read_version(name)[1]
        except FileNotFoundError:
            there = None
        except OSError as error:
            raise OutputError(
                "{path} cannot be read: {reason}", path=printable(self.folder / name), reason=error.strerror
            ) from None
        if there == version:
            self.write(name, content)
        return there == version

    @contextmanager
    def publishing(self, name: str, scratch: Path | None = None) -> Iterator[Path]:
        target = self.folder / name
        # In the folder where leftovers are removed, next to the folders of the videos.
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
                target.parent.unlink()  # not followed: what it leads to is the user's own
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
    """A folder on this machine that has these files of a store, until the block ends; those that are gone are not.

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
    """Make the files in a folder outlast a power loss: a record must not name a clip that is empty then."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


# The scheme of an address, in small letters -> what opens it, cheaply and without a change to what is there. The
# path of a folder has no scheme.
STORES: dict[str, Callable[[Address], Store]] = {
    "": LocalStore,
    "s3": ObjectStore,
    "gs": ObjectStore,
    "az": ObjectStore,
}


def open_store(address: str | os.PathLike[str]) -> Store:
    """Open a store by its address: the path of a folder, which need not be there, or a URI with a known scheme.

    Raises:
        OutputError: it is a URI of something else, or cannot be opened.
    """
    try:
        known = read_address(os.fspath(address))
    except ValueError as error:
        raise OutputError(str(error)) from None
    return STORES[scheme_of(known)](known)


def read_address(text: str) -> Address:
    """The address that a text gives: a Path for a folder of this machine, else a text with a known scheme.

    Raises:
        ValueError: there is no store with this scheme; the message names the scheme alone.
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
    """An address as a library keeps it: text with a scheme stays text. No store need be known for it."""
    return text if "://" in text and scheme_of(text) else Path(text)


def absolute(address: Address, beside: Path | None = None) -> Address:
    """An address that means the same in every folder; a relative path starts at `beside`, by default here."""
    if isinstance(address, str):
        return address
    return Path(os.path.abspath((beside or Path.cwd()) / address))


def within(address: Address, name: str) -> Address:
    """The address of a file of a store, such as a library shows it."""
    return address / name if isinstance(address, Path) else f"{address.rstrip('/')}/{name}"
