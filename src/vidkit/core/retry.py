"""Retry after temporary errors: how often, and after which wait."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TypeVar

from vidkit.messages import message

T = TypeVar("T")

LONGEST_RETRY_AFTER = 120.0  # seconds; a longer wait that a server asks for is cut to this
TRANSIENT_STATUSES = frozenset({408, 425, 429})  # HTTP statuses below 500 that are temporary
_LONGEST_BACKOFF = 60.0
_PROGRESS = 2**20  # bytes of new progress after which the count of failures starts again


class TransientError(Exception):
    """A temporary failure: another try may succeed.

    Args:
        reason: the message for the user.
        retry_after: seconds that the server asks to wait.
        reached: bytes of the file that are downloaded so far.
    """

    def __init__(self, reason: str, retry_after: float | None = None, reached: int = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.reached = reached
        self.tries = 1

    def with_tries(self) -> str:
        """The reason, with the number of tries if there was more than one."""
        return (
            message("{error} (tried {tries} times)", error=self, tries=self.tries) if self.tries > 1 else str(self)
        )


@dataclass(frozen=True)
class RetryPolicy:
    """How often to retry, and how long to wait before each retry."""

    retries: int = 5
    backoff: float = 0.5  # seconds before the first retry, doubled for each one after it

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after this many failures: 50 to 150 % at random, at least as long as the server asks."""
        wait = min(self.backoff * 2.0 ** min(failures - 1, 60), _LONGEST_BACKOFF) * random.uniform(0.5, 1.5)
        return max(wait, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def retry(work: Callable[[], T], policy: RetryPolicy, wait: Callable[[float, TransientError], None]) -> T:
    """Call `work` until it succeeds, as often as the policy allows.

    The count of failures starts again when a try has downloaded more of a file, so that a large file can be
    downloaded over a connection that breaks often.

    Args:
        work: raises TransientError for a temporary failure. Every other error ends the retries.
        policy: how often, and how long to wait.
        wait: waits this many seconds after this error. If it raises an error, the retries end.

    Raises:
        TransientError: the last failure; its `tries` says how often it was tried.
    """
    failures, furthest = 0, 0
    while True:
        try:
            return work()
        except TransientError as error:
            if error.reached >= furthest + _PROGRESS:
                failures, furthest = 0, error.reached
            failures += 1
            error.tries = failures
            if failures > policy.retries:
                raise
            failure = error
        wait(policy.delay(failures, failure.retry_after), failure)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait by `Retry-After`: a number or a date (RFC 9110, 10.2.3); None without."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):  # not a date, or an impossible one
        return None
