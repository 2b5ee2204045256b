"""Batches of clips from different videos for one model, as large as the memory allows."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vidkit.errors import DescribeError, VidkitError

log = logging.getLogger(__name__)
Item = TypeVar("Item")
Result = TypeVar("Result")


class OutOfMemory(Exception):
    """A batch did not fit in memory; half of it may."""


@dataclass
class _Waiting(Generic[Item, Result]):
    item: Item
    done: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None
    error: Exception | None = None


class Batches(Generic[Item, Result]):
    """One thread that runs the model on the items of other threads.

    Args:
        run: a batch -> its results, in order. Raises OutOfMemory if it does not fit.
        fits: how many of the waiting items fit in one batch, at least one.
        max_wait: maximum seconds that the model waits for items that are being prepared.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        fits: Callable[[Sequence[Item]], int],
        max_wait: float = 1.0,
    ) -> None:
        self._run = run
        self._max_wait = max_wait
        self._fits = fits
        self._most: int | None = None  # items in a batch, after memory ran out
        self._ready: deque[_Waiting[Item, Result]] = deque()
        self._preparing = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, prepare: Callable[[], Item]) -> Result:
        """Prepare an item in the caller's thread, queue it and wait for its result.

        Raises:
            VidkitError: it cannot be prepared, or the model failed on it.
        """
        with self._changed:
            self._preparing += 1
        waiting: _Waiting[Item, Result] | None = None
        try:
            waiting = _Waiting(prepare())
        finally:
            with self._changed:
                self._preparing -= 1
                if waiting is not None:
                    self._add(waiting)
                self._changed.notify_all()
        waiting.done.wait()
        if waiting.error is not None:
            raise waiting.error
        return waiting.result  # type: ignore[return-value]

    def close(self) -> None:
        """Stop after the current batch; waiting items fail."""
        with self._changed:
            self._closed = True
            for waiting in self._ready:
                _fail(waiting, DescribeError("the run was stopped"))
            self._ready.clear()
            self._changed.notify_all()

    def _add(self, waiting: _Waiting[Item, Result]) -> None:
        if self._closed:
            _fail(waiting, DescribeError("the run was stopped"))
            return
        self._ready.append(waiting)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="model")
            self._thread.start()

    def _work(self) -> None:
        while batch := self._next():
            self._run_batch(batch)

    def _next(self) -> list[_Waiting[Item, Result]]:
        """The next batch; empty after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._closed)
            deadline = time.monotonic() + self._max_wait
            while not self._closed:
                count = self._allowed()
                left = deadline - time.monotonic()
                if len(self._ready) >= count or not self._preparing or left <= 0:
                    return [self._ready.popleft() for _ in range(min(count, len(self._ready)))]
                self._changed.wait(left)
            return []

    def _allowed(self) -> int:
        count = max(1, self._fits([waiting.item for waiting in self._ready]))
        return min(count, self._most) if self._most else count

    def _run_batch(self, batch: list[_Waiting[Item, Result]]) -> None:
        try:
            results = self._run([waiting.item for waiting in batch])
        except OutOfMemory:
            if len(batch) > 1:
                self._most = len(batch) // 2
                log.info("%d clips at once are too many for the memory: %d from now on", len(batch), self._most)
            self._retry_halves(batch, DescribeError(
                "the memory does not hold one clip: lower [Qwen] MaxFrames or MaxPixels, or take a smaller model"
            ))  # fmt: skip
        except VidkitError as error:
            for waiting in batch:
                _fail(waiting, error)
        except Exception as error:
            # A clip on which the model fails must not affect the others.
            log.debug("a batch of %d failed", len(batch), exc_info=True)
            words = " ".join(str(error).split())[:300]
            self._retry_halves(
                batch, DescribeError("the model failed: {kind}: {words}", kind=type(error).__name__, words=words)
            )
        else:
            for waiting, result in zip(batch, results, strict=True):
                waiting.result = result
                waiting.done.set()

    def _retry_halves(self, batch: list[_Waiting[Item, Result]], error: DescribeError) -> None:
        if len(batch) == 1:
            _fail(batch[0], error)
            return
        middle = (len(batch) + 1) // 2
        self._run_batch(batch[:middle])
        self._run_batch(batch[middle:])


def _fail(waiting: _Waiting[Item, Result], error: Exception) -> None:
    waiting.error = error
    waiting.done.set()
