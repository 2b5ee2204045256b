"""The pictures of the videos that a run knows, so that a new one can be compared with all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np

from vidkit.duplicates.compare import match
from vidkit.duplicates.index import all_hashes
from vidkit.duplicates.pdq import SAME, bits_between
from vidkit.duplicates.signature import Bytes, Signature, from_record
from vidkit.library.protocol import PicturesOf

_ASKED = 12  # pictures of a new video that are looked for among all others
_AT_ONCE = 500_000  # pictures: a block of them and what is worked out of it stays small


class KnownPictures:
    """The videos of a library, and those that this run has begun. Several threads may use it.

    Args:
        videos: the library's, each with its position; given one, only those that came in after it.
    """

    def __init__(self, videos: Callable[[int], Iterable[tuple[int, PicturesOf]]]) -> None:
        self._videos = videos
        self._position = 0
        self._lock = threading.Lock()
        self._urls: list[str] = []
        self._places: dict[str, int] = {}  # by URL
        self._contents: dict[str, int] = {}  # by SHA-256
        self._signatures: list[Signature | None] = []
        self._blocks: list[tuple[Bytes, np.ndarray]] = []  # hashes, and the place of the video of each
        self._new: list[int] = []

    def copy_of(self, video: PicturesOf) -> str | None:
        """The URL of a known video that shows the same as a new one; None where none does: it is known from now on.

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
        self._gather()
        asked, _ = all_hashes([signature])
        asked = asked[np.unique(np.linspace(0, len(asked) - 1, _ASKED).astype(int))] if len(asked) else asked
        places: set[int] = set()
        for hashes, owners in self._blocks:
            for picture in asked:
                places.update(owners[bits_between(hashes, picture[None]) <= SAME].tolist())
        for place in sorted(places - {self._places.get(url, -1)}):
            other = self._signatures[place]
            if other is not None and match(signature, other).is_copy:
                return place
        return None

    def _gather(self) -> None:
        """Put the pictures of the videos that are new into blocks, the last of which grows until it is full."""
        if not self._new:
            return
        added = [(place, self._signatures[place]) for place in self._new]
        known = [(place, signature) for place, signature in added if signature is not None]
        hashes, owners = all_hashes([signature for _, signature in known])
        owners = np.array([place for place, _ in known], np.int64)[owners] if known else owners
        self._new.clear()
        if self._blocks and len(self._blocks[-1][0]) + len(hashes) <= _AT_ONCE:
            last = self._blocks.pop()
            hashes, owners = np.concatenate([last[0], hashes]), np.concatenate([last[1], owners])
        for at in range(0, len(hashes), _AT_ONCE):
            self._blocks.append((hashes[at : at + _AT_ONCE], owners[at : at + _AT_ONCE]))
