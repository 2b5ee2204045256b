"""The destination of a download, safe if other processes download the same URL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from vidkit.core import TEMPORARY, ensure_directory
from vidkit.core.locks import FileLock, take_file_lock
from vidkit.download.transfer import disk_errors


class Destination:
    """The files of one download in a folder, each with its lock: `NAME.part.lock`, beside `NAME.part`.

    If another process or thread has the lock, the file is downloaded to a temporary folder and moved at the end.
    """

    def __init__(self, folder: Path, claim: Callable[[str], str]) -> None:
        """`claim` maps the wanted safe file name to one that is free for this URL."""
        self.folder = folder
        self._claim = claim
        self._targets: dict[str, Path] = {}
        self._locks: list[FileLock] = []
        self._own: Path | None = None

    def __enter__(self) -> Destination:
        ensure_directory(self.folder)
        return self

    def __exit__(self, *_: object) -> None:
        for lock in self._locks:
            lock.release()
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)

    def target(self, wanted: str) -> Path:
        """The path for the download of a file with this name.

        Raises:
            OutputError: the folder cannot be written.
        """
        if wanted not in self._targets:
            name = self._claim(wanted)
            lock = take_file_lock(self.folder / f"{name}.part.lock")
            if lock is not None:
                self._locks.append(lock)
            self._targets[wanted] = (self.folder if lock is not None else self._own_folder()) / name
        return self._targets[wanted]

    def move_in_place(self, path: Path) -> Path:
        """Move a finished file to the folder if necessary, and return its path."""
        settled = self.folder / path.name
        if settled != path:
            with disk_errors(settled):
                os.replace(path, settled)
        return settled

    def _own_folder(self) -> Path:
        if self._own is None:
            with disk_errors(self.folder):
                self._own = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=self.folder))
        return self._own
