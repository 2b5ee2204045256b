"""Rate limits: how many requests a key, a session or an address may make."""

from __future__ import annotations

import math
import time
from http import HTTPStatus

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from vidkit.web.access.actors import Actor
from vidkit.web.problems import Problem

WRONG_SIGN_INS = 10  # a minute from one address


class RateLimits:
    """Counts requests in memory, in a window of a minute that moves on; each server counts for itself."""

    def __init__(self, requests_per_minute: int) -> None:
        """`requests_per_minute` is for each key and each address; 0: no limit but that of wrong sign-ins."""
        self._requests = RateLimitItemPerMinute(requests_per_minute) if requests_per_minute else None
        self._sign_ins = RateLimitItemPerMinute(WRONG_SIGN_INS)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, actor: Actor | None, address: str) -> None:
        """Count a request: of a key or session, or of an address where nobody is signed in.

        Where nobody has to sign in, nothing is counted: all requests are the owner's own.

        Raises:
            Problem: 429, there were too many.
        """
        if self._requests is None or (actor is not None and actor.auth == "none"):
            return
        who = ("address", address) if actor is None else ("key", actor.name)
        if not self._limiter.hit(self._requests, *who):
            raise self._too_many(self._requests, who, "there are too many requests")

    def before_sign_in(self, address: str) -> None:
        """Ask whether an address may try to sign in.

        Raises:
            Problem: 429, there were too many wrong attempts.
        """
        who = ("sign in", address)
        if not self._limiter.test(self._sign_ins, *who):
            raise self._too_many(self._sign_ins, who, "there were too many attempts to sign in")

    def wrong_sign_in(self, address: str) -> None:
        """Count a wrong attempt to sign in."""
        self._limiter.hit(self._sign_ins, "sign in", address)

    def _too_many(self, item: RateLimitItem, who: tuple[str, str], what: str) -> Problem:
        seconds = max(1, math.ceil(self._limiter.get_window_stats(item, *who).reset_time - time.time()))
        detail = f"{what}: try again in {seconds} s"
        return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": str(seconds)})
