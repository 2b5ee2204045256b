"""The file of a vector index: vectors of one model in parts, with their signs and their moments.

    64 KiB: a mark, a checksum, and JSON: model, dimensions, parts, kinds of moments, the last change in the file
    the mean of the vectors, 32-bit floats
    each part: vectors (16-bit floats), signs, runs (one for each video), kinds and numbers of the moments

It is written under another name and renamed, so it is complete or missing. It is memory-mapped. To add a part, the
file is copied first. Only `erase` writes into a file that others may read: zeros over the vectors of removed
videos.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.library.moments import Kind
from vidkit.library.vectors.protocol import StoredVectors, wrong_size
from vidkit.library.vectors.scan import Bits, signs
from vidkit.messages import message

_MARK = b"vidkit vectors 1"
_HEADER = 1 << 16  # bytes
_BLOCK = 1 << 14  # vectors whose signs are computed in one step
_SAMPLE = 100_000  # vectors for the mean
_ALIGNED = 64
GONE = 0  # the stamp of a run whose vectors are no longer valid


class Part(NamedTuple):
    """Vectors of some videos. A run is the rows of one video.

    Args:
        vectors: one row for each moment.
        bits: their signs (`scan.signs`).
        videos: the video of each run.
        stamps: the `stamp_of` of each run; GONE if it is no longer valid.
        first: the first row of each run, and the end of the last.
        kinds: the kind of each moment, as an index into `Header.kinds`.
        numbers: the number of each moment.
    """

    vectors: NDArray[np.float16]
    bits: Bits
    videos: NDArray[np.int64]
    stamps: NDArray[np.uint64]
    first: NDArray[np.int64]
    kinds: NDArray[np.uint16]
    numbers: NDArray[np.int32]


class Header(NamedTuple):
    """The header of a file. `parts` has the offset, the number of runs and the number of rows of each part. `last`
    and `stamp` are those of the last change in the file."""

    model: str
    dimensions: int
    last: int
    stamp: int
    kinds: list[Kind]
    parts: list[list[int]]
    end: int


class IndexFile(NamedTuple):
    """An open file."""

    header: Header
    mean: NDArray[np.float32]
    parts: list[Part]
    content: NDArray[np.uint8]


def stamp_of(change: int, made_of: str) -> int:
    """The stamp of a video's vectors, other than of its earlier and later ones: 64 bits, never GONE."""
    return int.from_bytes(blake2b(f"{change} {made_of}".encode(), digest_size=8).digest(), "big") or 1


def opened(file: Path | IO[bytes]) -> IndexFile | None:
    """Map a file into memory; None if it is damaged, incomplete, or not a vector index.

    Raises:
        OSError: it cannot be read.
    """
    if (file.stat() if isinstance(file, Path) else os.fstat(file.fileno())).st_size < _HEADER:
        return None
    content = np.memmap(file, np.uint8, "r")
    try:
        header = _header_in(content[:_HEADER].tobytes())
        if header is None:
            return None
        mean = content[_HEADER : _HEADER + 4 * header.dimensions].view(np.float32)
        parts = [_part_at(content, header.dimensions, *place) for place in header.parts]
    except (ValueError, TypeError, KeyError):  # JSON of another version
        return None
    return IndexFile(header, mean, parts, content)


def _header_in(data: bytes) -> Header | None:
    start = len(_MARK) + 8
    length, check = np.frombuffer(data[len(_MARK) : start], "<u4").tolist()
    text = data[start : start + length]
    if not data.startswith(_MARK) or zlib.crc32(text) != check:
        return None
    return Header(**json.loads(text))


def _header_as_bytes(header: Header) -> bytes:
    text = json.dumps(header._asdict()).encode()
    found = _MARK + np.array([len(text), zlib.crc32(text)], "<u4").tobytes() + text
    if len(found) > _HEADER:
        raise ValueError(message("an index has too many parts"))
    return found.ljust(_HEADER, b"\0")


def _sections(dimensions: int, at: int, runs: int, rows: int) -> Iterator[tuple[str, int, Any, tuple[int, ...]]]:
    """(name, offset, type, shape) of the arrays of a part, and then of its end."""
    words = -(-dimensions // 64)
    shapes: list[tuple[str, str, tuple[int, ...]]] = [
        ("vectors", "<f2", (rows, dimensions)),
        ("bits", "<u8", (words, rows)),
        ("videos", "<i8", (runs,)),
        ("stamps", "<u8", (runs,)),
        ("first", "<i8", (runs + 1,)),
        ("kinds", "<u2", (rows,)),
        ("numbers", "<i4", (rows,)),
    ]
    for name, kind, shape in shapes:
        yield name, at, np.dtype(kind), shape
        at = _aligned(at + np.dtype(kind).itemsize * int(np.prod(shape)))
    yield "end", at, np.dtype(np.uint8), (0,)


def _aligned(at: int) -> int:
    return -(-at // _ALIGNED) * _ALIGNED


def _part_at(content: NDArray[np.uint8], dimensions: int, at: int, runs: int, rows: int) -> Part:
    *sections, _ = _sections(dimensions, at, runs, rows)
    arrays = {  # `reshape` fails if the file is incomplete
        name: content[start : start + kind.itemsize * int(np.prod(shape))].view(kind).reshape(shape)
        for name, start, kind, shape in sections
    }
    return Part(**arrays)


class Runs:
    """The runs of a part while it is written: the moments of its rows."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds = dict(zip(kinds, range(1 << 16), strict=False))
        self.rows = 0
        self.last = (0, 0)
        self._runs: dict[int, tuple[int, int]] = {}  # first row -> video, stamp
        self._at: dict[int, int] = {}  # video -> first row
        self._columns: list[tuple[NDArray[np.uint16], NDArray[np.int32]]] = []

    def add(self, each: StoredVectors) -> NDArray[np.float16] | None:
        """Add a change. Returns its vectors, if it has some."""
        stamp = stamp_of(each.change, each.found.made_of if each.found else "")
        self.last = each.change, stamp
        if each.video in self._at:  # it has changed again
            first = self._at.pop(each.video)
            self._runs[first] = each.video, GONE
        if each.found is None or not each.found.keys:
            return None
        self._at[each.video] = self.rows
        self._runs[self.rows] = each.video, stamp
        codes = [self.kinds.setdefault(kind, len(self.kinds)) for kind, _ in each.found.keys]
        numbers = [number for _, number in each.found.keys]
        self._columns.append((np.array(codes, np.uint16), np.array(numbers, np.int32)))
        self.rows += len(numbers)
        return each.found.vectors

    def columns(self) -> dict[str, NDArray[Any]]:
        """The arrays of a `Part`, without the vectors and their signs."""
        videos, stamps = zip(*self._runs.values(), strict=True) if self._runs else ((), ())
        kinds, numbers = zip(*self._columns, strict=True) if self._columns else ((), ())
        return {
            "videos": np.array(videos, np.int64),
            "stamps": np.array(stamps, np.uint64),
            "first": np.array([*self._runs, self.rows], np.int64),
            "kinds": np.concatenate([np.zeros(0, np.uint16), *kinds]),
            "numbers": np.concatenate([np.zeros(0, np.int32), *numbers]),
        }


def write_file(
    file: IO[bytes],
    model: str,
    dimensions: int,
    changes: Iterable[StoredVectors],
    older: IndexFile | None = None,
    alive: Sequence[NDArray[np.bool_]] = (),
) -> None:
    """Write an index: all parts of an older one, and a new part with the changes.

    Args:
        file: an empty file, for writing and reading.
        model: the model of the vectors.
        dimensions: the size of a vector.
        changes: the changes that are not in the older parts.
        older: the index to copy.
        alive: which runs of its parts are still valid.

    Raises:
        OSError: it cannot be written.
        LibraryError: a vector has another size.
    """
    if older is None:
        start, kinds, last = _aligned(_HEADER + 4 * dimensions), [], (0, 0)
    else:
        start, kinds, last = older.header.end, older.header.kinds, (older.header.last, older.header.stamp)
        _write_older(file, older, alive)
    file.seek(start)
    runs = Runs(kinds)
    videos = set()
    for each in changes:
        videos.add(each.video)
        if (vectors := runs.add(each)) is not None:
            if vectors.shape[1] != dimensions:
                raise wrong_size(model, dimensions, vectors.shape[1])
            file.write(np.ascontiguousarray(vectors, "<f2").data)
    file.flush()
    written = _read_back(file, start, runs.rows, dimensions)
    mean = _mean_of(written) if older is None else older.mean
    columns = {"bits": _signs_of(written, mean), **runs.columns()}
    place = [start, len(columns["videos"]), runs.rows]
    *sections, (_, end, _, _) = _sections(dimensions, *place)
    for name, at, kind, _ in sections[1:]:
        file.seek(at)
        file.write(np.ascontiguousarray(columns[name], kind).data)
    file.truncate(end)
    if older is not None:
        _mark_gone(file, older, videos)
    parts = [*(older.header.parts if older else []), place]
    header = Header(model, dimensions, *(runs.last if videos else last), list(runs.kinds), parts, end)
    file.seek(_HEADER)
    file.write(mean.tobytes())
    file.seek(0)
    file.write(_header_as_bytes(header))
    file.flush()


def _write_older(file: IO[bytes], older: IndexFile, alive: Sequence[NDArray[np.bool_]]) -> None:
    for at in range(0, older.header.end, 1 << 24):
        file.write(older.content[at : min(at + (1 << 24), older.header.end)].data)
    for place, part, living in zip(older.header.parts, older.parts, alive, strict=True):
        _overwrite(file, older.header, place, "stamps", np.where(living, part.stamps, GONE).astype(np.uint64))


def _mark_gone(file: IO[bytes], older: IndexFile, videos: set[int]) -> None:
    changed = np.array(sorted(videos), np.int64)
    for place, part in zip(older.header.parts, older.parts, strict=True):
        for run in np.flatnonzero(np.isin(part.videos, changed)).tolist():
            _overwrite(file, older.header, place, "stamps", np.zeros(1, np.uint64), run)


def _overwrite(
    file: IO[bytes], header: Header, place: list[int], name: str, values: NDArray[Any], skipped: int = 0
) -> None:
    """Overwrite values of an array of a part, after the first `skipped` values."""
    at = {section: start for section, start, _, _ in _sections(header.dimensions, *place)}[name]
    file.seek(at + skipped * values.itemsize)
    file.write(np.ascontiguousarray(values).data)


def _read_back(file: IO[bytes], start: int, rows: int, dimensions: int) -> NDArray[np.float16]:
    if not rows:
        return np.zeros((0, dimensions), np.float16)
    return np.memmap(file, "<f2", "r", start, (rows, dimensions))


def _mean_of(vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    if not len(vectors):
        return np.zeros(vectors.shape[1], np.float32)
    sample = vectors[:: -(-len(vectors) // _SAMPLE)]
    total = np.zeros(vectors.shape[1], np.float64)
    for at in range(0, len(sample), _BLOCK):
        total += sample[at : at + _BLOCK].astype(np.float32).sum(axis=0)
    return (total / len(sample)).astype(np.float32)


def _signs_of(vectors: NDArray[np.float16], mean: NDArray[np.float32]) -> Bits:
    found = np.empty((-(-vectors.shape[1] // 64), len(vectors)), np.uint64)
    for at in range(0, len(vectors), _BLOCK):
        found[:, at : at + _BLOCK] = signs(vectors[at : at + _BLOCK], mean)
    return found


def erase(path: Path, alive: Sequence[NDArray[np.bool_]]) -> int:
    """Overwrite the vectors of runs that are no longer valid, in the existing file. Returns the number of runs.

    Raises:
        OSError: it cannot be written.
    """
    found = opened(path)
    if found is None or len(found.parts) != len(alive):
        raise OSError("it is another file by now")
    count = 0
    with path.open("r+b") as file:
        for place, part, living in zip(found.header.parts, found.parts, alive, strict=True):
            if len(living) != len(part.videos):
                raise OSError("it is another file by now")
            for run in np.flatnonzero(~living).tolist():
                count += _erase_run(file, found.header, place, part, run)
        file.flush()
        os.fsync(file.fileno())
    return count


def _erase_run(file: IO[bytes], header: Header, place: list[int], part: Part, run: int) -> int:
    first, end = part.first[run : run + 2].tolist()
    if not part.vectors[first:end].any():
        return 0
    wide = header.dimensions
    _overwrite(file, header, place, "vectors", np.zeros((end - first, wide), np.float16), first * wide)
    for word in range(len(part.bits)):
        skipped = word * part.bits.shape[1] + first
        _overwrite(file, header, place, "bits", np.zeros(end - first, np.uint64), skipped)
    _overwrite(file, header, place, "stamps", np.zeros(1, np.uint64), run)
    return 1
