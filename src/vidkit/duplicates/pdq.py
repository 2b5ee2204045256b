"""PDQ: a hash of 256 bits of an image. A change of size, encoding or light changes it hardly.

Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Facebook, 2019, and the
reference implementation (https://github.com/facebook/ThreatExchange/tree/main/pdq). The limit of 31 different bits
between two hashes of one image is from there. As in its video form, vPDQ, images are hashed at 512 x 512 pixels,
whatever their shape.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

SIDE = 512
BYTES = 32
SAME = 31

_SMALL, _LOW = 64, 16  # the sides of the small image, and of its lowest frequencies
_BOX = 4  # pixels of the box filter, which is applied twice

# Before version 2, numpy could not count bits.
_COUNTS = np.array([bin(number).count("1") for number in range(2**16)], np.uint8)

GreyImage = NDArray[np.uint8]
Hash = NDArray[np.uint8]
_Matrix = NDArray[np.float32]


def pdq(image: GreyImage) -> tuple[Hash, int]:
    """The hash of an image.

    Args:
        image: 512 x 512, grey.

    Returns:
        Its 32 bytes, and the quality of the image, 0 (flat) to 100.
    """
    rows, weights = _taps()
    half = np.zeros((_SMALL, SIDE), np.float32)
    for tap in range(rows.shape[1]):
        half += image[rows[:, tap]] * weights[:, tap, None]
    small = half @ _shrink().T
    return _hash_of(small), _quality(small)


def pdq_of_middle(image: GreyImage, share: float) -> Hash:
    """The hash of the middle of an image: the hash of a copy that was cropped to this share of width and height."""
    shrink = _shrink_middle(share)
    return _hash_of(shrink @ image.astype(np.float32) @ shrink.T)


def bits_of(hashes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Hashes, n x 32 bytes -> n x 256 of -1 and 1."""
    return np.unpackbits(hashes, axis=1).astype(np.float32) * 2 - 1


def distances(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """How many bits differ: n x 256 and m x 256 (`bits_of`) -> n x m."""
    bits: NDArray[np.float32] = (256 - one @ other.T) / 2
    return bits


def bits_between(one: Hash, other: Hash) -> NDArray[np.int64]:
    """How many bits of hashes differ: ... x 32 bytes each, as numpy broadcasts them -> ..."""
    if hasattr(np, "bitwise_count"):
        counts = np.bitwise_count(one.view(np.uint64) ^ other.view(np.uint64))
    else:
        counts = _COUNTS[one.view(np.uint16) ^ other.view(np.uint16)]
    bits: NDArray[np.int64] = counts.sum(axis=-1, dtype=np.int64)
    return bits


def _hash_of(small: _Matrix) -> Hash:
    cosines = _cosines()
    low = (cosines @ small @ cosines.T).ravel()
    median = np.partition(low, low.size // 2 - 1)[low.size // 2 - 1]
    return np.packbits(low > median)


def _quality(small: _Matrix) -> int:
    steps = sum(int(np.abs(np.trunc(np.diff(small, axis=axis) * (100 / 255))).sum()) for axis in (0, 1))
    return min(100, steps // 90)


@cache
def _cosines() -> _Matrix:
    """16 x 64: the cosine transform of a row, without the constant."""
    frequency, place = np.arange(1, _LOW + 1)[:, None], np.arange(_SMALL)[None]
    waves = np.sqrt(2 / _SMALL) * np.cos(np.pi / (2 * _SMALL) * frequency * (2 * place + 1))
    cosines: _Matrix = waves.astype(np.float32)
    return cosines


@cache
def _shrink() -> _Matrix:
    """64 x 512: a box filter twice, then every eighth pixel."""
    box = np.zeros((SIDE, SIDE))
    ahead = (_BOX + 2) // 2
    for at in range(SIDE):
        part = slice(max(0, at - (_BOX - ahead)), min(SIDE, at + ahead))
        box[at, part] = 1 / (part.stop - part.start)
    step = SIDE // _SMALL
    shrink: _Matrix = (box @ box)[step // 2 :: step].astype(np.float32)
    return shrink


@cache
def _taps() -> tuple[NDArray[np.intp], _Matrix]:
    """`_shrink` without its zeros: for each of the 64 rows the pixels with a weight, and their weights."""
    shrink = _shrink()
    count = int((shrink != 0).sum(axis=1).max())
    rows = np.argsort(shrink == 0, axis=1, kind="stable")[:, :count]
    return rows, np.take_along_axis(shrink, rows, axis=1)


@cache
def _shrink_middle(share: float) -> _Matrix:
    """64 x 512: the middle of a row stretched over all of it, then `_shrink`."""
    places = ((np.arange(SIDE) + 0.5) / SIDE * share + (1 - share) / 2) * SIDE - 0.5
    left = places.astype(int)
    stretch = np.zeros((SIDE, SIDE))
    stretch[np.arange(SIDE), left] = 1 - (places - left)
    stretch[np.arange(SIDE), left + 1] = places - left
    shrink: _Matrix = (_shrink() @ stretch).astype(np.float32)
    return shrink
