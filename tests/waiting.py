"""Waiting for a state, never for a time: the machine that runs the tests may be busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE = 120  # seconds: far more than anything here takes


def until(condition: Callable[[], Found], seconds: float = PATIENCE, told: Callable[[], object] = str) -> Found:
    """Call a condition until it is true, and return its value.

    Args:
        condition: something that another thread or process brings about.
        seconds: how long it may take.
        told: what a failure says.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {told()}"
        time.sleep(0.02)
    return found
