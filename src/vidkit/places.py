"""Where the files of each video are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vidkit.core import TEMPORARY, clear_leftovers, ensure_directory
from vidkit.errors import OutputError
from vidkit.export import read_record, record_path
from vidkit.record import Record


class Places:
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
        self._clips = ensure_directory(self.processed / "clips")
        self._thumbnails = ensure_directory(self.processed / "thumbnails")
        for folder in (self.processed, self._clips, self._thumbnails, self.downloads):
            clear_leftovers(folder)

    def record(self, url: str, filename: str) -> Record | None:
        """The record of this URL, if there is one under this name."""
        record = read_record(record_path(self.processed, filename))
        return record if record and record["source"]["url"] == url else None

    def clips(self, filename: str) -> Path:
        """The folder of a video's clips."""
        return self._clips / filename

    def thumbnails(self, filename: str) -> Path:
        """The folder of a video's thumbnails."""
        return self._thumbnails / filename

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


def files_of(record: Record, folder: Path) -> list[Path]:
    """What was made of a video and is there: its record, clips, thumbnails and download; no file of the user's own.

    A local source is the user's own; so is all that lies outside these folders, whatever a record says.
    """
    filename = record["filename"]
    found = [record_path(folder, filename), folder / "clips" / filename, folder / "thumbnails" / filename]
    if record["path"] is not None and "://" in record["source"]["url"]:
        found.append(folder / record["path"])
    return [Path(os.path.normpath(path)) for path in found if path.exists()]


def remove_files(record: Record, folder: Path) -> None:
    """Remove what `files_of` names.

    Raises:
        OutputError: one of them cannot be removed.
    """
    for path in files_of(record, folder):
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            raise OutputError(f"{path} cannot be removed: {error.strerror}") from None
