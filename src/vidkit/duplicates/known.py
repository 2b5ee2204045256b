"""The frames of the videos that a run knows, so that a new video can be compared with all of them.

They are kept in blocks. In a full block, eight of the sixteen words (16 bits) of each hash are sorted. Of two
hashes that differ by 24 of 256 bits, at least one of these words is the same in 85 of 100 cases, and several frames
are searched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.duplicates.compare import match
from vidkit.duplicates.index import all_hashes
from vidkit.duplicates.pdq import SAME, bits_between
from vidkit.duplicates.signature import Bytes, Signature, from_record
from vidkit.library.protocol import PicturesOf

_SEARCHED = 12  # frames of a new video that are searched among all others
_BLOCK = 100_000  # frames
_WORDS = slice(None, None, 2)  # the words of a hash that are sorted: every second one of sixteen


class _Block(NamedTuple):
    """Hashes of n frames, the place of the video of each, and eight words of each, sorted: 8 x n."""

    hashes: Bytes
    owners: NDArray[np.int64]
    words: NDArray[np.uint16]
    order: NDArray[np.uint32]


class KnownPictures:
    """The videos of a library and of this run. Several threads may use it.

    Args:
        videos: a function that returns the library's videos after a position, each with its own position.
    """

    def __init__(self, videos: Callable[[int], Iterable[tuple[int, PicturesOf]]]) -> None:
        self._videos = videos
        self._position = 0
        self._lock = threading.Lock()
        self._urls: list[str] = []
        self._places: dict[str, int] = {}  # by URL
        self._contents: dict[str, int] = {}  # by SHA-256
        self._signatures: list[Signature | None] = []
        self._blocks: list[_Block] = []
        # Hashes and owners as in a block: those that do not fill one yet.
        self._unblocked: tuple[Bytes, NDArray[np.int64]] = all_hashes([])
        self._new: list[int] = []

    def copy_of(self, video: PicturesOf) -> str | None:
        """The URL of a known video that shows the same as a new one. If there is none, the new one is added: None.

        Raises:
            LibraryError: the library cannot be read.
        """
        with self._lock:
            for position, known in self._videos(self._position):
                self._position = max(self._position, position)
                self._add(known)
            signature = from_record(video.pictures, video.duration)
            found = self._contents.get(video.sha256)
            if found is None and signature is not None:
                found = self._find(signature, video.url)
            if found is not None and self._urls[found] != video.url:
                return self._urls[found]
            self._add(video)
            return None

    def _add(self, video: PicturesOf) -> None:
        if video.url in self._places:
            return
        place = len(self._urls)
        self._urls.append(video.url)
        self._places[video.url] = place
        self._contents.setdefault(video.sha256, place)
        self._signatures.append(from_record(video.pictures, video.duration))
        self._new.append(place)

    def _find(self, signature: Signature, url: str) -> int | None:
        self._add_new_frames()
        searched, _ = all_hashes([signature])
        if len(searched):
            searched = searched[np.unique(np.linspace(0, len(searched) - 1, _SEARCHED).astype(int))]
        places: set[int] = set()
        for block in self._blocks:
            places.update(_owners_in(block, searched))
        hashes, owners = self._unblocked
        for frame_hash in searched:
            places.update(owners[bits_between(hashes, frame_hash[None]) <= SAME].tolist())
        for place in sorted(places - {self._places.get(url, -1)}):
            other = self._signatures[place]
            if other is not None and match(signature, other).is_copy:
                return place
        return None

    def _add_new_frames(self) -> None:
        """Add the frames of the new videos to the others."""
        if not self._new:
            return
        added = [(place, self._signatures[place]) for place in self._new]
        known = [(place, signature) for place, signature in added if signature is not None]
        self._new.clear()
        hashes, owners = all_hashes([signature for _, signature in known])
        owners = np.array([place for place, _ in known], np.int64)[owners] if known else owners
        hashes, owners = np.concatenate([self._unblocked[0], hashes]), np.concatenate([self._unblocked[1], owners])
        full = len(hashes) - len(hashes) % _BLOCK
        for at in range(0, full, _BLOCK):
            self._blocks.append(_block(hashes[at : at + _BLOCK], owners[at : at + _BLOCK]))
        self._unblocked = hashes[full:].copy(), owners[full:].copy()


def _block(hashes: Bytes, owners: NDArray[np.int64]) -> _Block:
    words = np.ascontiguousarray(hashes.view(np.uint16)[:, _WORDS].T)
    order = np.argsort(words, axis=1, kind="stable").astype(np.uint32)
    return _Block(hashes.copy(), owners.copy(), np.take_along_axis(words, order, axis=1), order)


def _owners_in(block: _Block, searched: Bytes) -> set[int]:
    """The videos of a block that have one of these frames."""
    found: set[int] = set()
    for words, order, wanted in zip(block.words, block.order, searched.view(np.uint16)[:, _WORDS].T, strict=True):
        first, end = np.searchsorted(words, wanted, "left"), np.searchsorted(words, wanted, "right")
        counts = end - first
        which = np.repeat(np.arange(len(searched)), counts)
        place = order[np.arange(len(which)) + np.repeat(first - np.cumsum(counts) + counts, counts)]
        same = bits_between(block.hashes[place], searched[which]) <= SAME
        found.update(block.owners[place[same]].tolist())
    return found
