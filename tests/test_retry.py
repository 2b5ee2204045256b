"""Trying again, as downloads and questions to a model share it."""

from __future__ import annotations

import pytest

from vidkit.core.retry import LONGEST_RETRY_AFTER, RetryPolicy, TransientError, parse_retry_after, retry


def test_what_fails_for_a_moment_is_tried_as_often_as_the_policy_allows() -> None:
    waits: list[float] = []

    def fails() -> None:
        raise TransientError("the server is busy")

    with pytest.raises(TransientError) as caught:
        retry(fails, RetryPolicy(retries=2, backoff=1.0), lambda seconds, _: waits.append(seconds))
    assert caught.value.with_tries() == "the server is busy (tried 3 times)"
    assert 0.5 <= waits[0] <= 1.5
    assert 1.0 <= waits[1] <= 3.0


def test_progress_starts_the_count_of_failures_again() -> None:
    reached = iter(range(2**20, 10 * 2**20, 2**20))

    def fetch() -> str:
        for done in reached:
            raise TransientError("the connection broke off", reached=done)
        return "whole"

    assert retry(fetch, RetryPolicy(retries=1), lambda *_: None) == "whole"


def test_a_wait_is_as_long_as_the_server_asks_and_two_minutes_at_most() -> None:
    policy = RetryPolicy(backoff=0.001)
    assert policy.delay(1, 7.0) == 7.0
    assert policy.delay(1, 1e9) == LONGEST_RETRY_AFTER
    assert policy.delay(10**9) < 90


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        ("soon", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_all_else_is_no_wait(text: str, seconds: float | None) -> None:
    assert parse_retry_after({"Retry-After": text} if text else {}) == seconds
