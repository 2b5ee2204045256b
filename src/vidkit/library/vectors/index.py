"""The index of a model's vectors, beside a library in SQLite or MongoDB. It can always be built again.

A file (`file.py`) has most of the vectors. Later changes are read from the library before each search and kept in
memory; after many changes, the file is written again. A small library has no file. A file that is damaged, of
another model or of another library is removed.

Each result is checked against the vectors in the library. So an outdated index, while another process writes, can
miss results, but has no wrong ones.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidkit.core import TEMPORARY, clear_leftovers, ensure_directory, printable
from vidkit.errors import OutputError
from vidkit.library.moments import Kind
from vidkit.library.vectors import scan
from vidkit.library.vectors.file import GONE, IndexFile, erase, opened, stamp_of, write_file
from vidkit.library.vectors.protocol import Near, StoredVectors, wrong_size
from vidkit.library.vectors.state import EMPTY, Nearest, State, Tail, allowed_rows
from vidkit.messages import message

log = logging.getLogger(__name__)

SMALL = 20_000  # up to so many vectors or changes are read from the library, not from a file
_SHARE = 64  # of a large file: up to a 64th of its vectors can be changes in memory
_MOST_PARTS = 64
_MOST_GONE = 0.25  # of the vectors in a file; with more, the file is rebuilt
_LOOKED_AT = 64  # results that are checked in one query, or `limit` if that is more
_TRIES = 3


class VectorSource(Protocol):
    """The methods of a library that an index uses."""

    def vectors(self, model: str, after: int = 0) -> Iterator[StoredVectors]:
        """See `protocol.Library`."""

    def current_vectors(self, model: str, videos: Sequence[int]) -> dict[int, tuple[str, int, str]]:
        """Video -> source URL, change, `made_of`; for those videos that have vectors of a model."""


class VectorIndex:
    """The index of one model. Threads can search at the same time; one at a time updates it."""

    def __init__(self, source: VectorSource, model: str, place: Path | None) -> None:
        """Nothing is read before the first search.

        Args:
            source: the library.
            model: the model of the vectors.
            place: the path of the file; None for no file.
        """
        self._source, self._model, self.place = source, model, place
        self._lock = threading.Lock()
        self._searched = EMPTY
        self._state = EMPTY  # during an update
        self._tail = Tail()
        self._seen: tuple[int, ...] | None = None  # the identity of the open file
        self._beside = place is not None  # whether the file is beside the library, not a temporary one
        self._writable = True

    def nearest(
        self,
        asked: NDArray[np.floating[Any]],
        limit: int,
        allowed: NDArray[np.int64] | None = None,
        has_kind: Callable[[Kind], bool] | None = None,
    ) -> list[Near]:
        """The moments whose vectors are most similar to a vector, the most similar first; if equal, the latest
        video first.

        Args:
            asked: a vector of length 1.
            limit: the maximum number of moments.
            allowed: the videos that may be found; None for all. Others are left out before ranking.
            has_kind: whether moments of a kind may be found; None for all.

        Raises:
            LibraryError: the library cannot be read, or the vector has another size.
        """
        vector = np.asarray(asked, np.float32)
        before: set[int] = set()
        found: list[Near] = []
        for attempt in range(_TRIES):
            self.update(wait=attempt > 0)
            state = self._searched
            if not any(len(part.vectors) for part in state.parts) or limit <= 0:
                return []
            if state.dimensions != vector.size:
                raise wrong_size(self._model, state.dimensions, vector.size)
            found, wrong = self._search(state, vector, limit, allowed, has_kind)
            if not wrong:
                break
            if before & wrong:  # the same stamps are still wrong: the file is of another library
                log.info("the index %s is of another library: it is built again", printable(self.place))
                with self._lock:
                    self._reset()
            before = wrong
        return found

    def _search(
        self,
        state: State,
        asked: NDArray[np.float32],
        limit: int,
        allowed: NDArray[np.int64] | None,
        has_kind: Callable[[Kind], bool] | None,
    ) -> tuple[list[Near], set[int]]:
        """The most similar moments, and the stamps of those that are not in the library (any more)."""
        among = [
            scan.Vectors(part.bits, part.vectors, allowed_rows(part, living, state.kinds, allowed, has_kind))
            for part, living in zip(state.parts, state.alive, strict=True)
        ]
        mean = state.file.mean if state.file else np.zeros(state.dimensions, np.float32)
        nearest = Nearest(state, scan.nearest(among, asked, mean, limit))
        found: list[Near] = []
        wrong: set[int] = set()
        for at in range(0, len(nearest.rows), max(limit, _LOOKED_AT)):
            rows = range(at, min(at + max(limit, _LOOKED_AT), len(nearest.rows)))
            there = self._source.current_vectors(self._model, sorted({int(nearest.videos[row]) for row in rows}))
            for row in rows:
                url, change, made = there.get(int(nearest.videos[row]), ("", 0, ""))
                if not change or stamp_of(change, made) != nearest.stamps[row]:
                    wrong.add(int(nearest.stamps[row]))
                    continue
                kind = state.kinds[nearest.kinds[row]]
                found.append(Near(url, kind, int(nearest.numbers[row]), float(nearest.similarities[row])))
                if len(found) == limit:
                    return found, wrong
        return found, wrong

    # Updating

    def update(self, wait: bool = True) -> None:
        """Read changes from the library; after many changes, write the file again.

        Args:
            wait: whether to wait for another thread that is updating. Otherwise the current state is searched.
        """
        if self._lock.acquire(blocking=wait or self._searched is EMPTY):
            try:
                self._update()
            finally:
                self._lock.release()

    def _update(self) -> None:
        if self._beside and self._seen != _identity(self.place):
            self._open(self.place)
        try:
            while not self._read_newer():
                self._write()
        except BaseException:  # read everything again
            self._state, self._tail, self._seen = EMPTY, Tail(), None
            raise
        self._searched = self._state

    def _reset(self) -> None:
        """Remove the file, and clear what was read."""
        self._state, self._tail, self._seen = EMPTY, Tail(), None
        if self._beside and self.place is not None:
            with suppress(OSError):
                self.place.unlink(missing_ok=True)
            self._seen = _identity(self.place)

    def _open(self, file: Path | IO[bytes] | None) -> None:
        """Open the file beside the library, if there is one, or a temporary file."""
        self._state, self._tail, self._seen = EMPTY, Tail(), _identity(file)
        if file is None or (isinstance(file, Path) and self._seen is None):
            return
        found = None
        with suppress(OSError):
            found = opened(file)
        if found is not None and found.header.model == self._model:
            header = found.header
            alive = tuple(part.stamps != GONE for part in found.parts)
            last = header.last, header.stamp
            self._state = State(found, tuple(found.parts), alive, header.kinds, last, header.dimensions)
            self._tail = Tail(header.kinds)
            return
        log.info("the index %s is damaged or of another model: it is built again", printable(self.place))
        self._reset()

    def _read_newer(self) -> bool:
        """Read changes into the tail. Returns False if there are so many that the file has to be written."""
        state, tail = self._state, self._tail
        last, stamp = state.last
        before, dimensions = tail.changes, state.dimensions
        rows = sum(len(part.vectors) for part in state.file.parts) if state.file else 0
        most = max(SMALL, rows // _SHARE)
        fits = not last
        for each in self._source.vectors(self._model, max(0, last - 1)):
            fits = each.change > last or stamp == stamp_of(each.change, each.found.made_of if each.found else "")
            if not fits:
                break
            if each.change == last:
                continue
            size = tail.add(each)
            dimensions = dimensions or size
            if size not in (0, dimensions):
                raise wrong_size(self._model, dimensions, size)
            if self._writable and dimensions and len(tail) > most:
                self._state = state._replace(dimensions=dimensions)
                return False
        if not fits:  # the library was restored to an earlier state, or all vectors of the model were removed
            self._reset()
            return self._read_newer()
        if tail.changes > before:
            self._take_tail(dimensions)
        return not (self._writable and self._has_many_gone())

    def _take_tail(self, dimensions: int) -> None:
        """Add the tail to the searched state."""
        state, tail = self._state, self._tail
        parts = state.file.parts if state.file else []
        changed = np.array(sorted(tail.videos), np.int64)
        alive = tuple(
            living & ~np.isin(part.videos, changed) for part, living in zip(parts, state.alive, strict=False)
        )
        if dimensions:
            last = tail.part(dimensions, state.file.mean if state.file else None)
            parts, alive = [*parts, last], (*alive, last.stamps != GONE)
        kinds = list(tail.runs.kinds)
        self._state = State(state.file, tuple(parts), alive, kinds, tail.runs.last, dimensions)

    def _has_many_gone(self) -> bool:
        if self._state.file is None:
            return False
        rows = gone = 0
        for part, living in zip(self._state.file.parts, self._state.alive, strict=False):
            rows += len(part.vectors)
            gone += int(np.diff(part.first)[~living].sum())
        return gone > max(SMALL, _MOST_GONE * rows)

    # Writing

    def _write(self) -> None:
        """Write the file: its parts and the changes, or all vectors again if many are gone."""
        older = self._state.file
        if older is not None and (self._has_many_gone() or len(older.parts) >= _MOST_PARTS):
            older = None
        try:
            if self._beside and self.place is not None:
                self._write_beside(older, self.place)
                return
        except (OSError, OutputError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            log.warning(
                "the index %s cannot be written: %s. It is kept in the folder for temporary files and built "
                "again at each start. Allow writing to its folder",
                printable(self.place),
                reason,
            )
            self._beside = False
        try:
            with tempfile.TemporaryFile() as file:
                self._write_into(file, older)
                self._open(file)
        except OSError as error:
            log.warning("no index can be written: %s. Vectors are searched in memory", error.strerror)
            self._writable = False
            self._reset()

    def _write_beside(self, older: IndexFile | None, place: Path) -> None:
        ensure_directory(place.parent)
        clear_leftovers(place.parent)
        temporary = place.with_name(f"{TEMPORARY}{place.name}")
        try:
            with temporary.open("w+b") as file:
                self._write_into(file, older)
                os.fsync(file.fileno())
            os.replace(temporary, place)
        finally:
            temporary.unlink(missing_ok=True)
        self._open(place)

    def _write_into(self, file: IO[bytes], older: IndexFile | None) -> None:
        alive = self._state.alive[: len(older.parts)] if older else ()
        changes = self._source.vectors(self._model, older.header.last if older else 0)
        write_file(file, self._model, self._state.dimensions, changes, older, alive)

    def erase(self) -> list[str]:
        """Overwrite the vectors in the file that the library does not have any more.

        Returns:
            Messages about data that could not be erased.
        """
        with self._lock:
            self._update()
            if self.place is None or _identity(self.place) is None:
                return []
            try:
                if not self._beside or self._state.file is None:
                    raise OSError("it is not in use")
                erase(self.place, self._state.alive[: len(self._state.file.parts)])
            except OSError:
                return self._remove_file(self.place)
            return []

    def _remove_file(self, place: Path) -> list[str]:
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            return [
                message(
                    "{place} has vectors and cannot be deleted: {reason}. Delete it",
                    place=printable(place),
                    reason=error.strerror,
                )
            ]
        self._searched, self._state, self._tail, self._seen = EMPTY, EMPTY, Tail(), None
        return []


def _identity(place: Path | IO[bytes] | None) -> tuple[int, ...] | None:
    """The device, inode and size of a file; None if there is none."""
    if not isinstance(place, Path):
        return None
    try:
        found = place.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size
