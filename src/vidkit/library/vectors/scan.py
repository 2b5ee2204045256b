"""Search among many vectors by their signs, then by all their numbers.

A sign is one bit for each number of a vector: whether it is above the mean of all vectors. Similar vectors have
most bits in common, and counting bits is many times faster than comparing numbers. The vectors with the most common
bits are compared exactly. A filter leaves vectors out before ranking.

Binary codes with exact ranking of the best: Charikar, "Similarity estimation techniques from rounding algorithms",
2002. `benchmarks/vector_index.py` compares methods, and measures how many of the nearest vectors this one finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

EXACT = 10_000  # up to so many vectors, each is compared exactly
_LEAST, _TIMES = 2000, 10  # vectors that are compared exactly: at least, and for each result
_BLOCK = 1 << 14  # vectors whose bits are counted in one step, so that they stay in the processor's cache
_ROWS = 1 << 12  # vectors that are compared in one step
_FEW = 8  # if less than one in so many is allowed, only the bits of these are counted
_COUNTS = np.array([bin(number).count("1") for number in range(2**16)], np.uint8)

Bits = NDArray[np.uint64]
Places = NDArray[np.int64]


class Vectors(NamedTuple):
    """Vectors to search.

    Args:
        bits: their signs, one row for every 64 numbers, one column for each vector.
        vectors: the vectors, one row each.
        allowed: which of them may be found; None for all.
    """

    bits: Bits
    vectors: NDArray[np.float16]
    allowed: NDArray[np.bool_] | None


class Found(NamedTuple):
    """The most similar vectors, the most similar first: part, row in the part, and cosine."""

    parts: Places
    rows: Places
    similarities: NDArray[np.float32]


def signs(vectors: NDArray[Any], mean: NDArray[np.float32]) -> Bits:
    """The signs of vectors (n x d): bits for numbers above the mean, d/64 (rounded up) x n."""
    words = -(-vectors.shape[1] // 64)
    packed = np.zeros((len(vectors), 8 * words), np.uint8)
    above = np.packbits(vectors > mean.astype(vectors.dtype), axis=1)
    packed[:, : above.shape[1]] = above
    return np.ascontiguousarray(packed.view(np.uint64).T)


def differing(bits: Bits, asked: Bits, rows: Places | None = None) -> NDArray[np.uint16]:
    """The number of bits of each vector (or of these rows) that differ from the bits of another one (d/64)."""
    count = bits.shape[1] if rows is None else len(rows)
    found = np.zeros(count, np.uint16)
    for at in range(0, count, _BLOCK):
        here = found[at : at + _BLOCK]
        which = slice(at, at + len(here)) if rows is None else rows[at : at + _BLOCK]
        for word, value in zip(bits, asked, strict=True):
            here += _count(word[which] ^ value)
    return found


def _count(words: Bits) -> NDArray[Any]:
    if hasattr(np, "bitwise_count"):
        counts: NDArray[Any] = np.bitwise_count(words)
        return counts
    counts = _COUNTS[words.view(np.uint16)].reshape(len(words), -1).sum(axis=1, dtype=np.uint16)
    return counts


def similarities(vectors: NDArray[np.float16], rows: Places, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine between a vector of length 1 and each of these rows. Rows in ascending order are faster."""
    parts = [vectors[rows[at : at + _ROWS]].astype(np.float32) @ asked for at in range(0, len(rows), _ROWS)]
    return np.concatenate([np.zeros(0, np.float32), *parts])


def nearest(among: Sequence[Vectors], asked: NDArray[np.float32], mean: NDArray[np.float32], limit: int) -> Found:
    """The vectors most similar to a vector of length 1: all that were compared exactly, at least `limit`.

    Args:
        among: the vectors, in parts.
        asked: the vector.
        mean: the mean for the signs.
        limit: the wanted number of vectors.
    """
    chosen = _candidates(among, signs(asked[None], mean)[:, 0], max(_LEAST, _TIMES * limit))
    scores = [similarities(part.vectors, rows, asked) for part, rows in zip(among, chosen, strict=True)]
    every = np.concatenate([np.zeros(0, np.float32), *scores])
    parts = np.repeat(np.arange(len(chosen)), [len(rows) for rows in chosen])
    order = np.argsort(-every, kind="stable")
    rows = np.concatenate([np.zeros(0, np.int64), *chosen])
    return Found(parts[order], rows[order], every[order])


def _candidates(among: Sequence[Vectors], asked: Bits, count: int) -> list[Places]:
    """The rows of each part for the exact comparison."""
    sizes = [part.bits.shape[1] if part.allowed is None else int(np.count_nonzero(part.allowed)) for part in among]
    if sum(sizes) <= max(EXACT, count):
        return [
            np.arange(size) if part.allowed is None else np.flatnonzero(part.allowed)
            for part, size in zip(among, sizes, strict=True)
        ]
    most = 64 * len(asked) + 1  # more bits than can differ
    distances: list[tuple[NDArray[np.uint16], Places | None]] = []
    for part, size in zip(among, sizes, strict=True):
        few = part.allowed is not None and size * _FEW < len(part.allowed)
        rows = np.flatnonzero(part.allowed) if few and part.allowed is not None else None
        distance = differing(part.bits, asked, rows)
        if part.allowed is not None and rows is None:
            distance[~part.allowed] = most
        distances.append((distance, rows))
    tally = sum(np.bincount(distance, minlength=most + 1)[:most] for distance, _ in distances)
    bound = np.searchsorted(np.cumsum(tally), count)
    found = [(np.flatnonzero(distance <= bound), rows) for distance, rows in distances]
    return [near if rows is None else rows[near] for near, rows in found]
