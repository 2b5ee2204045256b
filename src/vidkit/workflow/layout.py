"""The paths of the files of each video."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from vidkit.core import TEMPORARY, clear_leftovers, ensure_directory, printable
from vidkit.errors import OutputError
from vidkit.export import read_record, record_path
from vidkit.record import Record

# Under each of these in the results' folder, every video has a folder of its name.
FOLDERS = CLIPS, THUMBNAILS = "clips", "thumbnails"
_MARK = "user.vidkit.url"


class OutputLayout:
    """The folders of one run; several threads may use it.

    <ProcessedDirectory>/<filename>.json, clips/<filename>/, thumbnails/<filename>/
    """

    def __init__(self, processed: Path, downloads: Path) -> None:
        """Make the folders.

        Raises:
            OutputError: one cannot be made.
        """
        self.processed = ensure_directory(processed).absolute()
        self.downloads = ensure_directory(downloads).absolute()
        made = [ensure_directory(self.processed / kind) for kind in FOLDERS]
        for folder in (self.processed, *made, self.downloads):
            clear_leftovers(folder)

    def record(self, url: str, filename: str) -> Record | None:
        """The record of this URL, if there is one under this name."""
        record = read_record(record_path(self.processed, filename))
        return record if record and record["source"]["url"] == url else None

    def clips(self, filename: str) -> Path:
        """The folder of a video's clips."""
        return self.processed / CLIPS / filename

    def thumbnails(self, filename: str) -> Path:
        """The folder of a video's thumbnails."""
        return self.processed / THUMBNAILS / filename

    def is_taken(self, filename: str, url: str) -> bool:
        """Whether a download would replace a file that is not known to be this URL's, such as the user's own."""
        return "://" in url and is_strangers(self.downloads / filename, url)

    def relative(self, path: Path) -> str:
        """A path as a record has it: from the record's folder, with `/`."""
        try:
            return Path(os.path.relpath(path, self.processed)).as_posix()
        except ValueError:  # another drive
            return path.as_posix()

    def there(self, relative: str | None) -> bool:
        """Whether a file that a record names is there, and not empty."""
        if relative is None:
            return False
        path = self.processed / relative
        return path.is_file() and path.stat().st_size > 0

    @contextmanager
    def replacing(self, folder: Path) -> Iterator[Path]:
        """A new folder that takes the place of `folder` when the block ends well, and is gone when it does not.

        Raises:
            OutputError: it cannot be made or moved.
        """
        try:
            new = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=folder.parent))
            new.chmod(0o755)
        except OSError as error:
            raise OutputError(f"no folder can be made in {folder.parent}: {error.strerror}") from None
        try:
            yield new
            _sync(new)
            if folder.exists():
                old = new.with_name(new.name + "-old")
                os.replace(folder, old)
                os.replace(new, folder)
                shutil.rmtree(old, ignore_errors=True)
            else:
                os.replace(new, folder)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Make the files in a folder outlast a power loss: a record must not name a clip that is empty then."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


class Made(NamedTuple):
    """What was made of a video and can be removed; what its record names too and is left, with the reasons."""

    files: list[Path]
    left: list[str]


def files_of(record: Record, folder: Path, downloads: Path) -> Made:
    """A video's record, clips, thumbnails and download, as far as they are there and vidkit's own.

    A record may come from anywhere (`library add`), so only what really lies in vidkit's folders counts, wherever
    links and `..` lead. A local source is the user's own.

    Args:
        record: as it is in the library.
        folder: the results folder that it belongs to.
        downloads: the DownloadDirectory.
    """
    filename, url = record["filename"], record["source"]["url"]
    if filename in ("", ".", "..") or any(c in filename for c in "/\\\0"):
        return Made([], [f"the record's filename, {printable(filename)!r}, is not the name of a file"])
    there: list[tuple[Path, str | None]] = []
    path = record_path(folder, filename)
    known = read_record(path)
    why = None if known and known["source"]["url"] == url else "it is not the record of this video"
    there.append((path, why or _why_left(path, [folder])))
    folders = [folder / kind / filename for kind in FOLDERS]
    there += [(path, _why_left(path, [folder], is_folder=True)) for path in folders]
    if record["path"] is not None and "://" in url:
        path = Path(os.path.normpath(folder / record["path"]))
        why = None if path.name == filename else f"the download is called {printable(filename)}"
        there.append((path, why or _why_left(path, [folder, downloads])))
    there = [(path, why) for path, why in there if os.path.lexists(path)]
    left = [f"{printable(path)}: {why}" for path, why in there if why is not None]
    return Made([path for path, why in there if why is None], left)


def _why_left(path: Path, roots: list[Path], is_folder: bool = False) -> str | None:
    """Why a path is not to be removed, or None where it may be."""
    if path.is_symlink():
        return "it is a link"
    if not any(path.resolve().is_relative_to(root.resolve()) for root in roots):
        return "it is outside " + " and ".join(f"{printable(root)}" for root in roots)
    if path.is_dir() != is_folder:
        return "it is no folder" if is_folder else "it is a folder"
    return None


def remove_files(files: list[Path]) -> None:
    """Remove files and folders, those of `Made`.

    Raises:
        OutputError: one of them cannot be removed.
    """
    for path in files:
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            raise OutputError(f"{path} cannot be removed: {error.strerror}") from None


def mark_download(path: Path, url: str) -> None:
    """Note on a file that it is the download of a URL, where the system and its disk keep such attributes."""
    with suppress(OSError, AttributeError):  # Python has them on Linux alone
        os.setxattr(path, _MARK, _digest(url))


def is_strangers(path: Path, url: str) -> bool:
    """Whether a file is there that is not known to be the download of this URL."""
    if not os.path.lexists(path):
        return False
    with suppress(OSError, AttributeError):
        return os.getxattr(path, _MARK) != _digest(url)
    return True


def _digest(url: str) -> bytes:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest().encode()
