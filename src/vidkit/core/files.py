"""Folders and files: create folders, write files atomically, hash files."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from vidkit.core.leftovers import TEMPORARY
from vidkit.core.terminal import printable
from vidkit.errors import OutputError

# Read once: reading the umask means changing it, and other threads might create files meanwhile.
_UMASK = os.umask(0)
os.umask(_UMASK)
_SCHEME = re.compile(r"([A-Za-z][\w+.-]+):(?=[/\\])")  # one letter is a drive on Windows


def scheme_of(address: str | os.PathLike[str]) -> str:
    """The scheme of an address in lower case; empty for a local path."""
    found = _SCHEME.match(os.fspath(address))
    return found[1].lower() if found else ""


def check_local(path: str | os.PathLike[str]) -> None:
    """Refuse a URI where a path is needed: otherwise a folder `s3:` would be created.

    Raises:
        OutputError: it is a URI; the message has only its scheme.
    """
    if scheme := scheme_of(path):
        raise OutputError("{scheme}:// is not on this machine: give a path", scheme=scheme)


def ensure_directory(directory: str | os.PathLike[str]) -> Path:
    """Create a folder and its parents if they are missing.

    Raises:
        OutputError: it cannot be created, a file has its name, or it is a URI.
    """
    check_local(directory)
    path = Path(directory)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError("{path} is a file, and a folder is needed there", path=printable(path)) from None
    except OSError as error:
        raise OutputError(
            "the folder {path} cannot be made: {reason}", path=printable(path), reason=error.strerror
        ) from None
    return path


def write_whole(path: str | os.PathLike[str], content: str | bytes, mode: int | None = None) -> None:
    """Write a file atomically: a temporary file beside it, fsync, rename.

    Args:
        path: the file.
        content: its new content.
        mode: its permissions, such as 0o600; by default those of the umask.

    Raises:
        OutputError: it cannot be written; an older file is unchanged.
    """
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    with writing_whole(path, mode) as file:
        file.flush()
        file.buffer.write(data)


@contextmanager
def writing_whole(path: str | os.PathLike[str], mode: int | None = None) -> Iterator[io.TextIOWrapper]:
    """A temporary file for text in UTF-8. When the block ends without an error, it replaces the file.

    Raises:
        OutputError: it cannot be written; an older file is unchanged.
    """
    path = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w",
            dir=path.parent,
            prefix=TEMPORARY,
            delete=False,
            encoding="utf-8",
            errors="surrogatepass",
            newline="",
        ) as file:
            temporary = file.name
            yield cast(io.TextIOWrapper, file.file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_UMASK if mode is None else mode)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise OutputError(
            "{path} cannot be written: {reason}", path=printable(path), reason=error.strerror
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def open_within(folder: Path, name: str, roots: Iterable[Path], size: int | None = None) -> BinaryIO:
    """Open a file that a record names, for reading.

    A record may come from anywhere, so the file must really be in one of the given folders, after links and `..`
    are resolved.

    Args:
        folder: the folder of the record; its paths are relative to it.
        name: the path in the record.
        roots: the folders that may have the file.
        size: the required size in bytes, if it is known.

    Raises:
        FileNotFoundError: it does not exist, is elsewhere, is not a regular file, or has another size.
    """
    relative = Path(name)
    try:
        if relative.is_absolute():
            raise FileNotFoundError(name)
        real = Path(os.path.realpath(folder / relative))
        if not any(real.is_relative_to(os.path.realpath(root)) for root in roots):
            raise FileNotFoundError(name)
        if not stat.S_ISREG(real.lstat().st_mode):  # a pipe or a device is not even opened
            raise FileNotFoundError(name)
        file = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        raise FileNotFoundError(name) from None
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or size not in (None, found.st_size):
        os.close(file)
        raise FileNotFoundError(name)
    return os.fdopen(file, "rb")


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hex.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    buffer = bytearray(2**20)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(memoryview(buffer)[:count])
    return digest.hexdigest()
