"""The indexes of all models of a library, and their files beside it."""

from __future__ import annotations

import glob
import hashlib
import threading
from pathlib import Path

from vidkit.core import clear_leftovers, printable
from vidkit.library.vectors.file import opened
from vidkit.library.vectors.index import VectorIndex, VectorSource
from vidkit.messages import message


class VectorIndexes:
    """The indexes of all models of a library."""

    def __init__(self, source: VectorSource, beside: Path | None) -> None:
        """Args:
        source: the library.
        beside: the beginning of the paths of the files; None for no files.
        """
        self._source, self._beside = source, beside
        self._lock = threading.Lock()
        self._of: dict[str, VectorIndex] = {}

    def of(self, model: str) -> VectorIndex:
        """The index of a model."""
        with self._lock:
            if model not in self._of:
                name = hashlib.sha256(model.encode()).hexdigest()[:8]
                place = self._beside and self._beside.with_name(f"{self._beside.name}.{name}.vectors")
                self._of[model] = VectorIndex(self._source, model, place)
            return self._of[model]

    def erase(self) -> list[str]:
        """Erase the vectors from all files that the library does not have any more.

        Returns:
            Messages about data that could not be erased.
        """
        if self._beside is None or not self._beside.parent.is_dir():
            return []
        failed = []
        clear_leftovers(self._beside.parent)
        for place in sorted(self._beside.parent.glob(f"{glob.escape(self._beside.name)}.*.vectors")):
            try:
                found = opened(place)
                if found is not None and self.of(found.header.model).place == place:
                    failed += self.of(found.header.model).erase()
                else:
                    place.unlink()
            except OSError as error:
                failed.append(
                    message(
                        "{place} cannot be erased: {reason}. Delete it",
                        place=printable(place),
                        reason=error.strerror,
                    )
                )
        return failed
