"""The names of each video's files in the results store, and its download."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from vidkit.core import clear_leftovers, ensure_directory, printable
from vidkit.core.config import Paths
from vidkit.core.stores import Address, Store, open_store, within
from vidkit.errors import OutputError
from vidkit.export import read_record, read_record_version
from vidkit.messages import message
from vidkit.record import FOLDERS, Record, record_name

log = logging.getLogger(__name__)

_MARK = "user.vidkit.url"
_SHORT = 8  # hex digits of a fingerprint in a folder's name


class StoredRecord(NamedTuple):
    """The record of a URL, if it has one, and the version of the object under its name.

    `is_other_video`: that object is the record of another URL, which another machine has published.
    """

    record: Record | None
    version: str | None
    is_other_video: bool


class OutputLayout:
    """What a run writes, and where; several threads may use it.

    In the store: <filename>.json, clips/<filename>/<fingerprint>/, thumbnails/<filename>/<fingerprint>/. Records of
    older versions have no <fingerprint> in their paths.
    """

    def __init__(self, address: Address, downloads: Path) -> None:
        """Open the store and create the folders on this machine.

        Raises:
            OutputError: one cannot be created.
        """
        self.store = open_store(address)
        self.downloads = ensure_directory(downloads).absolute()
        self.work = ensure_directory(work_folder(self.store, self.downloads))
        """The folder on this machine for the journal, `failures.csv` and `summary.json`."""
        folders = [self.work, self.downloads]
        if self.store.folder is not None:
            folders += [ensure_directory(self.store.folder / kind) for kind in FOLDERS]
        for folder in folders:
            clear_leftovers(folder)

    def record(self, url: str, filename: str) -> Record | None:
        """The record of this URL, if there is one under this name."""
        return self.stored_record(url, filename).record

    def stored_record(self, url: str, filename: str) -> StoredRecord:
        """What is stored under the name of this URL's record."""
        record, version = read_record_version(self.store, filename)
        if record is None or record["source"]["url"] == url:
            return StoredRecord(record, version, False)
        # In a folder, the journal gives each name to one URL only. Mixed-up records are made again.
        return StoredRecord(None, version, self.store.folder is None)

    def has_all(self, names: Sequence[str]) -> bool:
        """Whether these files are in the store. In a bucket, each folder is listed only once."""
        if self.store.folder is not None:
            return all(map(self.store.exists, names))
        folders = {name.rpartition("/")[0] for name in names}
        there = {f"{folder}/{name}" for folder in folders for name in self.store.names(folder)}
        return there.issuperset(names)

    def folder_of(self, kind: str, filename: str, fingerprint: str) -> str:
        """Where a stage publishes its files, such as `clips/a.mp4/0f3c2b1a`.

        Results with another fingerprint get another folder, so the files of the older record stay until the new one
        is written.
        """
        return f"{kind}/{filename}/{fingerprint[:_SHORT]}"

    def remove_older(self, published: Iterable[str], named: Iterable[str], record: Record) -> None:
        """Remove what is beside published folders: files of an older record, and leftovers of a killed run.

        Call it after the new record is written. What cannot be removed is logged, and stays. In a bucket, nothing
        is removed if another machine has written the record meanwhile: its record may name these files.

        Args:
            published: folders of the store, which are kept.
            named: files that the new record names, which are kept too.
            record: the new record.
        """
        kept = [f"{name}/" for name in (*published, *named)]
        for beside in {name.rpartition("/")[0] for name in published}:
            try:
                names = [f"{beside}/{name}" for name in self.store.names(beside)]
                older = [name for name in names if not any(each.startswith(f"{name}/") for each in kept)]
                if older and self.store.folder is None and read_record(self.store, record["filename"]) != record:
                    return
                for name in older:
                    self.store.delete(name)
            except OutputError as error:
                log.warning("%s; nothing uses it any longer", error)

    def is_taken(self, filename: str, url: str) -> bool:
        """Whether a download would replace a file that is not known to be this URL's, such as the user's own."""
        return "://" in url and is_foreign_file(self.downloads / filename, url)

    def name_of_download(self, path: Path) -> str:
        """The `path` of a download in a record: relative to the record's folder, absolute if that is a bucket."""
        try:
            return Path(os.path.relpath(path, self.store.folder)).as_posix() if self.store.folder else str(path)
        except ValueError:  # another drive
            return path.as_posix()

    def download(self, name: str) -> Path | None:
        """The download that a record names, if it exists."""
        path = (self.store.folder or self.downloads) / name
        return path if path.is_file() and path.stat().st_size > 0 else None


def work_folder(store: Store, downloads: Path) -> Path:
    """The folder on this machine that belongs to a store: the store itself, or one in the DownloadDirectory."""
    digest = hashlib.sha256(str(store.address).encode()).hexdigest()[:16]
    return store.folder or downloads / f"results-{digest}"


def reports_folder(paths: Paths) -> Path:
    """The folder on this machine with `failures.csv` and `summary.json` of the last run.

    Raises:
        OutputError: the store cannot be opened.
    """
    address = paths.processed_directory
    return address if isinstance(address, Path) else work_folder(open_store(address), paths.download_directory)


class RemovableFiles(NamedTuple):
    """The files of a video that can be removed: names in its store, and the download.

    `left` are the files that its record names but that must not be removed, with the reasons.
    """

    store: Store
    names: list[str]
    download: Path | None
    left: list[str]

    def shown(self) -> list[str]:
        """The files to remove, as shown to the user."""
        places = [within(self.store.address, name) for name in self.names]
        return [printable(place) for place in [*places, *filter(None, [self.download])]]


def files_of(record: Record, address: Address, downloads: Path) -> RemovableFiles:
    """A video's record, clips, thumbnails and download, as far as they exist and vidkit made them.

    A record may come from anywhere (`library add`), so only files that really are in vidkit's folders count, after
    links and `..` are resolved. A local source is the user's own file.

    Args:
        record: as it is in the library.
        address: the results store that it belongs to.
        downloads: the DownloadDirectory.

    Raises:
        OutputError: the store fails.
    """
    store = open_store(address)
    filename, url = record["filename"], record["source"]["url"]
    if filename in ("", ".", "..") or any(c in filename for c in "/\\\0"):
        return RemovableFiles(
            store,
            [],
            None,
            [
                message(
                    "the record's filename, {filename!r}, is not the name of a file", filename=printable(filename)
                )
            ],
        )
    known = read_record(store, filename)
    own = known is not None and known["source"]["url"] == url
    reasons = {record_name(filename): None if own else message("it is not the record of this video")}
    reasons |= {f"{kind}/{filename}": None for kind in FOLDERS}
    for name in list(reasons):
        if not _is_there(store, name):
            del reasons[name]
        elif store.folder is not None:
            is_folder = name != record_name(filename)
            reasons[name] = reasons[name] or _why_left(store.folder / name, [store.folder], is_folder)
    left = [f"{printable(within(store.address, name))}: {why}" for name, why in reasons.items() if why is not None]
    download, why_left = _download_of(record, store, downloads)
    left += [f"{printable(download)}: {why_left}"] if why_left else []
    names = [name for name, why in reasons.items() if why is None]
    return RemovableFiles(store, names, None if why_left else download, left)


def _is_there(store: Store, name: str) -> bool:
    """Whether a file or folder with this name exists; on this machine also a link, even a broken one."""
    if store.folder is not None:
        return os.path.lexists(store.folder / name)
    return store.exists(name) or next(iter(store.names(name)), None) is not None


def _download_of(record: Record, store: Store, downloads: Path) -> tuple[Path | None, str | None]:
    """The download that a record names, if it exists, and why it must not be removed."""
    if record["path"] is None or "://" not in record["source"]["url"]:
        return None, None
    path = Path(os.path.normpath((store.folder or downloads) / record["path"]))
    if not os.path.lexists(path):
        return None, None
    if path.name != record["filename"]:
        return path, message("the download is called {filename}", filename=printable(record["filename"]))
    return path, _why_left(path, [*filter(None, [store.folder]), downloads])


def _why_left(path: Path, roots: list[Path], is_folder: bool = False) -> str | None:
    """Why a path must not be removed; None if it may be removed."""
    if path.is_symlink():
        return message("it is a link")
    if not any(path.resolve().is_relative_to(root.resolve()) for root in roots):
        return message("it is outside {folders}", folders=" and ".join(map(printable, roots)))
    if path.is_dir() != is_folder:
        return message("it is not a folder") if is_folder else message("it is a folder")
    return None


def remove_files(made: RemovableFiles) -> None:
    """Remove the files of a video.

    Raises:
        OutputError: a file cannot be removed.
    """
    for name in made.names:
        made.store.delete(name)
    if made.download is not None:
        try:
            made.download.unlink()
        except OSError as error:
            raise OutputError(
                "{download} cannot be removed: {reason}", download=printable(made.download), reason=error.strerror
            ) from None


def mark_download(path: Path, url: str) -> None:
    """Mark a file as the download of a URL, if the file system has extended attributes."""
    with suppress(OSError, AttributeError):  # Python has them on Linux only
        os.setxattr(path, _MARK, _digest(url))


def is_foreign_file(path: Path, url: str) -> bool:
    """Whether a file exists that is not known to be the download of this URL."""
    if not os.path.lexists(path):
        return False
    with suppress(OSError, AttributeError):
        return os.getxattr(path, _MARK) != _digest(url)
    return True


def _digest(url: str) -> bytes:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest().encode()
