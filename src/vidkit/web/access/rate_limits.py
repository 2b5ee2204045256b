"""Rate limits: how many requests a key, a session or an address may make."""

from __future__ import annotations

import math
import time
from functools import cache, cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from vidkit.web.access.actors import Actor
from vidkit.web.problems import Problem

if TYPE_CHECKING:
    from threading import Timer

    from limits import RateLimitItem
    from limits.storage import MemoryStorage
    from limits.strategies import SlidingWindowCounterRateLimiter

WRONG_SIGN_INS = 10  # a minute from one address
_SWEPT_EVERY = 10.0  # seconds between two removals of expired windows


class RateLimits:
    """Counts requests in memory, in a sliding window of a minute; each server counts for itself."""

    def __init__(self, requests_per_minute: int) -> None:
        """`requests_per_minute` is for each key and each address; 0: only wrong sign-ins are limited."""
        self._most = requests_per_minute

    @cached_property
    def _limiter(self) -> SlidingWindowCounterRateLimiter:
        from limits.strategies import (
            SlidingWindowCounterRateLimiter,  # loads slowly, and a server has to start fast
        )

        return SlidingWindowCounterRateLimiter(_memory())

    def count(self, actor: Actor | None, address: str) -> None:
        """Count a request: of a key or session, or of an address if nobody is signed in.

        If nobody has to sign in, nothing is counted: all requests are the owner's.

        Raises:
            Problem: 429, there were too many.
        """
        if not self._most or (actor is not None and actor.auth == "none"):
            return
        who = ("address", address) if actor is None else ("key", actor.name)
        if not self._limiter.hit(_a_minute(self._most), *who):
            raise self._too_many(_a_minute(self._most), who, "there are too many requests")

    def before_sign_in(self, address: str) -> None:
        """Ask whether an address may try to sign in.

        Raises:
            Problem: 429, there were too many wrong attempts.
        """
        item, who = _a_minute(WRONG_SIGN_INS), ("sign in", address)
        if not self._limiter.test(item, *who):
            raise self._too_many(item, who, "there were too many attempts to sign in")

    def wrong_sign_in(self, address: str) -> None:
        """Count a wrong attempt to sign in."""
        self._limiter.hit(_a_minute(WRONG_SIGN_INS), "sign in", address)

    def _too_many(self, item: RateLimitItem, who: tuple[str, str], what: str) -> Problem:
        seconds = max(1, math.ceil(self._limiter.get_window_stats(item, *who).reset_time - time.time()))
        detail = f"{what}: try again in {seconds} s"
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": str(seconds)})


@cache
def _a_minute(requests: int) -> RateLimitItem:
    from limits import RateLimitItemPerMinute

    return RateLimitItemPerMinute(requests)


def _memory() -> MemoryStorage:
    """The store of the counts. `MemoryStorage` alone starts a thread for old counts after nearly every request."""
    from limits.storage import MemoryStorage

    class Memory(MemoryStorage):
        @property  # type: ignore[override]
        def timer(self) -> _Sweep:
            return self._sweep

        @timer.setter
        def timer(self, timer: Timer) -> None:
            self._sweep = _Sweep(timer)

    return Memory()


class _Sweep:
    """A timer that counts as alive until the next removal is due."""

    def __init__(self, timer: Timer) -> None:
        self._timer, self._next = timer, time.monotonic() + _SWEPT_EVERY

    def start(self) -> None:
        self._timer.daemon = True
        self._timer.start()

    def is_alive(self) -> bool:
        return time.monotonic() < self._next
