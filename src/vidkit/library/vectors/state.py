"""The state that a vector index searches: the parts of its file, and the vectors that are not in the file yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.library.moments import Kind
from vidkit.library.vectors import scan
from vidkit.library.vectors.file import IndexFile, Part, Runs
from vidkit.library.vectors.protocol import StoredVectors

Alive = tuple[NDArray[np.bool_], ...]


class State(NamedTuple):
    """The searched vectors. `alive` has the valid runs of each part; the last part is the tail."""

    file: IndexFile | None
    parts: tuple[Part, ...]
    alive: Alive
    kinds: list[Kind]
    last: tuple[int, int]  # the last change, and its stamp
    dimensions: int  # 0 while there are no vectors


class Tail:
    """Vectors that are not in the file."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self.runs = Runs(kinds)
        self.videos: set[int] = set()
        self.changes = 0
        self._vectors: list[NDArray[np.float16]] = []

    def __len__(self) -> int:
        return self.runs.rows + self.changes

    def add(self, each: StoredVectors) -> int:
        """Add a change. Returns the size of its vectors, 0 if it has none."""
        self.changes += 1
        self.videos.add(each.video)
        if (vectors := self.runs.add(each)) is None:
            return 0
        self._vectors.append(vectors)
        return int(vectors.shape[1])

    def part(self, dimensions: int, mean: NDArray[np.float32] | None) -> Part:
        vectors = np.concatenate([np.zeros((0, dimensions), np.float16), *self._vectors])
        self._vectors = [vectors]
        beside = np.zeros(dimensions, np.float32) if mean is None else mean
        return Part(vectors=vectors, bits=scan.signs(vectors, beside), **self.runs.columns())


EMPTY = State(None, (), (), [], (0, 0), 0)


class Nearest:
    """The found moments, the most similar first; if equal, the latest video first."""

    def __init__(self, state: State, found: scan.Found) -> None:
        columns: list[tuple[Any, ...]] = []
        order = []
        for at, (part, living) in enumerate(zip(state.parts, state.alive, strict=True)):
            mine = np.flatnonzero(found.parts == at)
            rows = found.rows[mine]
            runs = np.searchsorted(part.first, rows, "right") - 1
            mine, rows, runs = (each[living[runs]] for each in (mine, rows, runs))
            columns.append((rows, part.videos[runs], part.stamps[runs], part.kinds[rows], part.numbers[rows]))
            order.append(mine)
        places = np.concatenate(order)
        similarities = found.similarities[places]
        self.rows, videos, self.stamps, self.kinds, self.numbers = map(np.concatenate, zip(*columns, strict=True))
        first = np.lexsort((self.rows, -videos, -similarities))
        self.videos, self.similarities = videos[first], similarities[first]
        self.rows, self.stamps = self.rows[first], self.stamps[first]
        self.kinds, self.numbers = self.kinds[first], self.numbers[first]


def allowed_rows(
    part: Part,
    living: NDArray[np.bool_],
    kinds: Sequence[Kind],
    allowed: NDArray[np.int64] | None,
    has_kind: Callable[[Kind], bool] | None,
) -> NDArray[np.bool_] | None:
    """Which rows of a part may be found; None for all."""
    rows = None
    if allowed is not None:
        rows = np.repeat(living & np.isin(part.videos, allowed), np.diff(part.first))
    if has_kind is not None and not all(map(has_kind, kinds)):
        right = np.array([has_kind(kind) for kind in kinds])[part.kinds]
        rows = right if rows is None else rows & right
    return rows
