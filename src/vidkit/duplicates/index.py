"""Which of many videos may show the same: pictures whose hashes agree in some of their bits, then all of them.

Of 256 bits, sixteen keys of 28 are sorted; equal keys are neighbours then, and their pictures are compared. Two
hashes that differ by ten bits share five such keys on average, by 20 bits two. Among millions of pictures, shorter
keys agree by chance so often that comparing them takes longer than sorting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vidkit.duplicates.compare import Match, match
from vidkit.duplicates.pdq import BYTES, SAME, bits_between
from vidkit.duplicates.signature import Bytes, Signature

_KEYS = range(BYTES // 2)  # the first of the two words of 16 bits that a key is cut from
_NEIGHBOURS = 8  # of pictures with one key, each is compared with so many
_NUMBER_BITS = 36
_AT_ONCE = 1_000_000  # pairs of pictures


def copies_among(signatures: Sequence[Signature]) -> Iterator[tuple[int, int, Match]]:
    """The pairs of videos that show the same, by their places; of a large group, as many as hold it together."""
    for one, other in possible_copies(signatures).tolist():
        found = match(signatures[one], signatures[other])
        if found.is_copy:
            yield one, other, found


def possible_copies(signatures: Sequence[Signature]) -> NDArray[np.int64]:
    """The pairs of videos that have a picture in common: n x 2 places, the lower first, in order."""
    hashes, owners = all_hashes(signatures)
    pairs = [np.zeros(0, np.int64)]
    for first in _KEYS:
        pairs += [np.unique(each) for each in _neighbours(hashes, owners, first, len(signatures))]
    found = np.unique(np.concatenate(pairs))
    return np.stack(np.divmod(found, max(1, len(signatures))), axis=1)


def all_hashes(signatures: Sequence[Signature]) -> tuple[Bytes, NDArray[np.int64]]:
    """The hashes of all pictures and of their middles, n x 32, and which video has each."""
    parts = [part for each in signatures for part in (each.hashes, each.middles)]
    hashes = np.concatenate([np.zeros((0, BYTES), np.uint8), *parts])
    return hashes, np.repeat(np.arange(len(signatures)), [len(each) + len(each.middles) for each in signatures])


def _neighbours(hashes: Bytes, owners: NDArray[np.int64], first: int, videos: int) -> Iterator[NDArray[np.int64]]:
    """Pairs of videos, as one number, of pictures that agree in a key and differ by 31 bits at the most."""
    words = hashes.view(np.uint16)
    key = words[:, first].astype(np.uint64) << np.uint64(16) | words[:, (first + 1) % words.shape[1]]
    key >>= np.uint64(32 + _NUMBER_BITS - 64)
    ordered = np.sort(key << np.uint64(_NUMBER_BITS) | np.arange(len(hashes), dtype=np.uint64))
    key = ordered >> np.uint64(_NUMBER_BITS)
    same_as_before = key[1:] == key[:-1]
    is_shared = np.zeros(len(key), np.bool_)  # few are: all that follows is about these
    is_shared[1:] = same_as_before
    is_shared[:-1] |= same_as_before
    ordered, key = ordered[is_shared], key[is_shared]
    picture = (ordered & np.uint64(2**_NUMBER_BITS - 1)).astype(np.int64)
    owner = owners[picture]
    is_new = np.ones(len(key), np.bool_)  # of one video, one picture with this key is enough
    is_new[1:] = (key[1:] != key[:-1]) | (owner[1:] != owner[:-1])
    key, picture, owner = key[is_new], picture[is_new], owner[is_new]
    for step in range(1, _NEIGHBOURS + 1):
        same = np.nonzero(key[step:] == key[:-step])[0]
        for at in range(0, len(same), _AT_ONCE):
            here = same[at : at + _AT_ONCE]
            bits = bits_between(hashes[picture[here]], hashes[picture[here + step]])
            here = here[bits <= SAME]
            yield owner[here] * videos + owner[here + step]
