"""Count the cost of describing during a run: requests, tokens, seconds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Protocol

from vidkit.errors import DescribeError


@dataclass(frozen=True)
class Cost:
    """The number of requests and their cost.

    `requests` includes retries; `cached` counts answers without a request. `seconds` is the sum of the model's time
    over all answers, not the elapsed time.
    """

    requests: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


class RequestMeter(Protocol):
    """Counts the cost of a run, in this or another process."""

    @property
    def cost(self) -> Cost:
        """The cost so far."""

    def take(self) -> None:
        """Count one request that is about to be sent.

        Raises:
            DescribeError: the limit is reached.
        """

    def answered(self, tokens_in: int, tokens_out: int, seconds: float) -> None:
        """Count the tokens and the time of an answer."""

    def cached(self) -> None:
        """Count an answer without a request."""


class Meter:
    """Counts the cost of a run, from any thread, and ends it after `max_requests`."""

    def __init__(self, max_requests: int | None = None) -> None:
        self._max_requests = max_requests
        self._lock = threading.Lock()
        self._cost = Cost()

    @property
    def cost(self) -> Cost:
        """The cost so far."""
        with self._lock:
            return self._cost

    def take(self) -> None:
        """Count one request that is about to be sent.

        Raises:
            DescribeError: the limit is reached.
        """
        with self._lock:
            if self._max_requests is not None and self._cost.requests >= self._max_requests:
                raise DescribeError(
                    "--max-requests {max_requests} is reached: run the same again to describe the rest",
                    max_requests=self._max_requests,
                )
            self._cost = replace(self._cost, requests=self._cost.requests + 1)

    def answered(self, tokens_in: int, tokens_out: int, seconds: float) -> None:
        """Count the tokens and the time of an answer."""
        with self._lock:
            self._cost = replace(
                self._cost,
                tokens_in=self._cost.tokens_in + tokens_in,
                tokens_out=self._cost.tokens_out + tokens_out,
                seconds=self._cost.seconds + seconds,
            )

    def cached(self) -> None:
        """Count an answer without a request."""
        with self._lock:
            self._cost = replace(self._cost, cached=self._cost.cached + 1)

    def set(self, cost: Cost) -> None:
        """Replace the cost by one that another process counted."""
        with self._lock:
            self._cost = cost
