"""Metrics of the server, in Prometheus's text format (version 0.0.4)."""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Upper bounds of the histogram, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Requests:
    """How many requests there were, and how long their answers took to begin."""

    def __init__(self) -> None:
        # (method, route, status) -> requests per bucket, the last without an upper bound; and their seconds.
        self._counts: dict[tuple[str, str, int], tuple[list[int], list[float]]] = {}
        self._lock = threading.Lock()

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: of HTTP; unknown ones count as OTHER, so that clients cannot make endless names.
            route: the template of the route.
            status: of the answer.
            seconds: until the answer began.
        """
        key = method if method in _METHODS else "OTHER", route, status
        with self._lock:
            counts, total = self._counts.setdefault(key, ([0] * (len(BUCKETS) + 1), [0.0]))
            counts[bisect_left(BUCKETS, seconds)] += 1
            total[0] += seconds

    def lines(self) -> Iterator[str]:
        """The histogram in Prometheus's format."""
        name = "vidkit_http_request_seconds"
        yield from _head(name, "histogram", "Seconds until the answer of a request began.")
        with self._lock:
            noted = [(key, list(counts), total[0]) for key, (counts, total) in sorted(self._counts.items())]
        for (method, route, status), counts, total in noted:
            labels = _labels({"method": method, "route": route, "status": str(status)})
            below = 0
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                below += count
                yield f'{name}_bucket{{{labels},le="{bound}"}} {below}'
            yield f"{name}_sum{{{labels}}} {total:.6f}"
            yield f"{name}_count{{{labels}}} {below}"


class Cached(Generic[T]):
    """A value that takes long to compute; it is computed again when it is old."""

    def __init__(self, find: Callable[[], T], seconds: float) -> None:
        self._find, self._seconds = find, seconds
        self._at: float | None = None
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """The value, as it was at most so many seconds ago."""
        with self._lock:
            if self._at is None or time.monotonic() - self._at > self._seconds:
                self._value, self._at = self._find(), time.monotonic()
            return self._value


def gauge(name: str, meaning: str, values: Mapping[str, float], label: str = "") -> Iterator[str]:
    """A number, or with a label one number for each of its values."""
    yield from _head(name, "gauge", meaning)
    for value, number in values.items():
        labels = f"{{{_labels({label: value})}}}" if label else ""
        yield f"{name}{labels} {number:g}"


def process_lines() -> Iterator[str]:
    """The memory and the open files of this process, if the system has `/proc`."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        files = len(os.listdir("/proc/self/fd"))
    except (OSError, ValueError, IndexError):
        return
    yield from _head("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.")
    yield f"process_resident_memory_bytes {pages * os.sysconf('SC_PAGE_SIZE')}"
    yield from gauge("process_open_fds", "Number of open file descriptors.", {"": files})


def text(lines: Iterable[str]) -> str:
    """The body of an answer."""
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _labels(labels: Mapping[str, str]) -> str:
    escaped = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
    return ",".join(f'{name}="{value.translate(escaped)}"' for name, value in labels.items())
