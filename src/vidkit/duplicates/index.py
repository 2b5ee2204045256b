"""Which of many videos may show the same: frames whose hashes agree first in some bits, then in most.

Sixteen keys of 28 bits are taken from the 256 bits and sorted. Equal keys are then neighbours, and their frames are
compared. Two hashes that differ by ten bits share five such keys on average; by 20 bits, two. With shorter keys,
millions of frames agree so often by chance that comparing them takes longer than sorting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vidkit.duplicates.compare import Match, match
from vidkit.duplicates.pdq import BYTES, SAME, bits_between
from vidkit.duplicates.signature import Bytes, Signature

_KEYS = range(BYTES // 2)  # the first of the two words of 16 bits that contain the key
_NEIGHBOURS = 8  # each frame is compared with so many others that have the same key
_NUMBER_BITS = 36
_AT_ONCE = 1_000_000  # pairs of frames


def copies_among(signatures: Sequence[Signature]) -> Iterator[tuple[int, int, Match]]:
    """The pairs of videos that show the same, by their places; of a large group, enough pairs to connect it."""
    for one, other in possible_copies(signatures).tolist():
        found = match(signatures[one], signatures[other])
        if found.is_copy:
            yield one, other, found


def possible_copies(signatures: Sequence[Signature]) -> NDArray[np.int64]:
    """The pairs of videos that have a frame in common: n x 2 places, the lower one first, in order."""
    hashes, owners = all_hashes(signatures)
    pairs = [np.zeros(0, np.int64)]
    for first in _KEYS:
        pairs += [np.unique(each) for each in _neighbours(hashes, owners, first, len(signatures))]
    found = np.unique(np.concatenate(pairs))
    return np.stack(np.divmod(found, max(1, len(signatures))), axis=1)


def all_hashes(signatures: Sequence[Signature]) -> tuple[Bytes, NDArray[np.int64]]:
    """The hashes of all frames and of their middles, n x 32, and the place of the video of each."""
    parts = [part for each in signatures for part in (each.hashes, each.middles)]
    hashes = np.concatenate([np.zeros((0, BYTES), np.uint8), *parts])
    return hashes, np.repeat(np.arange(len(signatures)), [len(each) + len(each.middles) for each in signatures])


def _neighbours(hashes: Bytes, owners: NDArray[np.int64], first: int, videos: int) -> Iterator[NDArray[np.int64]]:
    """Pairs of videos, each as one number, with frames that agree in a key and differ by at most 31 bits."""
    words = hashes.view(np.uint16)
    key = words[:, first].astype(np.uint64) << np.uint64(16) | words[:, (first + 1) % words.shape[1]]
    key >>= np.uint64(32 + _NUMBER_BITS - 64)
    ordered = np.sort(key << np.uint64(_NUMBER_BITS) | np.arange(len(hashes), dtype=np.uint64))
    key = ordered >> np.uint64(_NUMBER_BITS)
    same_as_before = key[1:] == key[:-1]
    is_shared = np.zeros(len(key), np.bool_)  # few keys are; the rest is dropped
    is_shared[1:] = same_as_before
    is_shared[:-1] |= same_as_before
    ordered, key = ordered[is_shared], key[is_shared]
    frame = (ordered & np.uint64(2**_NUMBER_BITS - 1)).astype(np.int64)
    owner = owners[frame]
    is_new = np.ones(len(key), np.bool_)  # one frame of a video with this key is enough
    is_new[1:] = (key[1:] != key[:-1]) | (owner[1:] != owner[:-1])
    key, frame, owner = key[is_new], frame[is_new], owner[is_new]
    for step in range(1, _NEIGHBOURS + 1):
        same = np.nonzero(key[step:] == key[:-step])[0]
        for at in range(0, len(same), _AT_ONCE):
            here = same[at : at + _AT_ONCE]
            bits = bits_between(hashes[frame[here]], hashes[frame[here + step]])
            here = here[bits <= SAME]
            yield owner[here] * videos + owner[here + step]
