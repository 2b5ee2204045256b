"""Retry what failed for a temporary reason: how often, and after which wait."""

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

LONGEST_RETRY_AFTER = 120.0  # seconds; a server that asks for a longer wait does not get it
TRANSIENT_STATUSES = frozenset({408, 425, 429})  # HTTP statuses below 500 that may pass
_LONGEST_BACKOFF = 60.0
_PROGRESS = 2**20  # bytes of new progress after which the count of failures starts again


class TransientError(Exception):
    """Something failed that may succeed when it is tried again.

    Args:
        reason: words for the user.
        retry_after: seconds that the server asks to wait.
        reached: bytes of the file that are here.
    """

    def __init__(self, reason: str, retry_after: float | None = None, reached: int = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.reached = reached
        self.tries = 1

    def with_tries(self) -> str:
        """The reason, and how often it was tried where that was more than once."""
        return (
            message("{error} (tried {tries} times)", error=self, tries=self.tries) if self.tries > 1 else str(self)
        )


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try again, and how long to wait before that."""

    retries: int = 5
    backoff: float = 0.5  # seconds before the first retry, doubled for each one after it

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures: random within a half, and as long as the server asks at least."""
        wait = min(self.backoff * 2.0 ** min(failures - 1, 60), _LONGEST_BACKOFF) * random.uniform(0.5, 1.5)
        return max(wait, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def retry(work: Callable[[], T], policy: RetryPolicy, wait: Callable[[float, TransientError], None]) -> T:
    """Do `work` until it succeeds, as often as the policy allows.

    The count of failures starts again when a try brought a good deal of a file, so that a large file gets through a
    connection that breaks often.

    Args:
        work: raises TransientError for what may pass. Every other error ends it.
        policy: how often, and how long to wait.
        wait: waits this many seconds after this error. It may raise an error, which ends it.

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
    except (ValueError, TypeError, OverflowError, IndexError):  # it is no date, or a date in no calendar
        return None
