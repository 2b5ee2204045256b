"""The groups of copies in the library, computed on request and kept until the library has new videos."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from vidkit.library import Library
from vidkit.library.protocol import PicturesOf
from vidkit.web.problems import Problem

if TYPE_CHECKING:
    from vidkit.duplicates.groups import Group

_WAIT = 15.0  # seconds that a call waits for a comparison
_AGE = 600.0  # seconds after which videos are compared again: some may have been processed again


@dataclass(frozen=True)
class Compared:
    """All groups, in the order in which the videos to keep came into the library.

    `positions` are the positions of these videos in the library, `newest` is the position of its newest video.
    `videos` is the number of videos that were compared, `unknown` the number of those without hashes.
    """

    groups: tuple[Group, ...]
    positions: tuple[int, ...]
    videos: int
    unknown: int
    newest: int
    at: float


class Duplicates:
    """The groups for all requests, from one comparison of all videos. Several threads may use it."""

    def __init__(self, library: Library, wait: float = _WAIT, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            library: its videos are compared.
            wait: how many seconds a call waits for a comparison that runs.
            clock: gives seconds.
        """
        self._library, self._wait, self._clock = library, wait, clock
        self._lock = threading.Lock()
        self._running: Future[Compared] | None = None
        self._last: Compared | None = None

    def __call__(self) -> Compared:
        """The groups. If a comparison takes long, the groups of the one before.

        Raises:
            Problem: 503, the first comparison is not done yet.
            LibraryError: the library cannot be read.
        """
        last = self._last
        if last is not None and not self._is_old(last):
            return last
        with self._lock:
            if self._running is None:
                self._running = Future()
                threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
            running = self._running
        try:
            return running.result(self._wait)
        except StillRunning:
            if last is not None:
                return last
            detail = "the videos are being compared for the first time, which takes long: try again"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"}) from None

    def _is_old(self, last: Compared) -> bool:
        is_new = next(iter(self._library.pictures(last.newest)), None) is not None
        return is_new or self._clock() - last.at > _AGE

    def _run(self, running: Future[Compared]) -> None:
        try:
            found = self._compared()
        except BaseException as error:
            with self._lock:
                self._running = None
            running.set_exception(error)
            return
        with self._lock:
            self._last, self._running = found, None
        running.set_result(found)

    def _compared(self) -> Compared:
        from vidkit.duplicates.groups import CopyFinder  # numpy, which other calls do without

        positions: dict[str, int] = {}
        began = self._clock()

        def videos_with_positions() -> Iterator[PicturesOf]:
            for position, video in self._library.pictures():
                positions[video.url] = position
                yield video

        footage = CopyFinder(videos_with_positions())
        groups = sorted(footage.groups(), key=lambda group: positions[group.kept.url])
        places = tuple(positions[group.kept.url] for group in groups)
        newest = max(positions.values(), default=0)
        return Compared(tuple(groups), places, len(footage.videos), footage.unknown, newest, began)
