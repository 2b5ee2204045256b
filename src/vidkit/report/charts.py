"""The shapes of a report's charts: numbers in, widths and heights out. The template draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

_MOST_COLUMNS = 62
PALETTE = 8  # colours in the style sheet; further values share one more


class Bar(NamedTuple):
    """A row of a bar chart: `width` is 0 to 100 percent of the longest bar, `share` 0 to 1 of the total."""

    name: str
    value: float
    width: float
    share: float


class Part(NamedTuple):
    """A part of a bar; the whole bar has a width of 1000."""

    start: float
    width: float
    colour: int


class Column(NamedTuple):
    """A column of a chart of 1000 by 100."""

    name: str
    value: int
    left: float
    width: float
    height: float


def bars(counts: Mapping[str, float], most: int, total: float | None = None) -> list[Bar]:
    """The first values as bars.

    Args:
        counts: value -> number, the most frequent first.
        most: the maximum number of bars.
        total: the total for shares; by default the sum.
    """
    longest = max(counts.values(), default=0) or 1
    whole = (sum(counts.values()) if total is None else total) or 1
    shown = list(counts.items())[:most]
    return [Bar(name, value, 100 * value / longest, value / whole) for name, value in shown]


def parts(values: Sequence[float]) -> list[Part]:
    """Numbers as the parts of one bar; those beyond the PALETTE are one part."""
    whole = sum(values) or 1
    kept = [*values[:PALETTE], sum(values[PALETTE:])]
    found, at = [], 0.0
    for colour, value in enumerate(kept):
        width = 1000 * value / whole
        if width:
            found.append(Part(round(at, 2), round(width, 2), colour))
        at += width
    return found


def strip(starts: Iterable[float], duration: float) -> list[Part]:
    """The scenes of a video along its length, in two alternating colours."""
    times = [min(max(start, 0.0), duration) for start in starts]
    ends = [*times[1:], duration]
    pairs = zip(times, ends, strict=True) if duration > 0 else ()
    return [
        Part(round(1000 * start / duration, 2), round(1000 * max(end - start, 0) / duration, 2), number % 2)
        for number, (start, end) in enumerate(pairs)
    ]


def columns(counts: Sequence[tuple[str, int]]) -> list[Column]:
    """Numbers as columns, in this order."""
    most = max((value for _, value in counts), default=0) or 1
    step = 1000 / max(len(counts), 1)
    gap = step * (0.15 if len(counts) > 1 else 0.4)
    return [
        Column(name, value, round(at * step + gap / 2, 2), round(step - gap, 2), round(100 * value / most, 2))
        for at, (name, value) in enumerate(counts)
    ]


def over_time(days: Mapping[str, int]) -> tuple[str, list[tuple[str, int]]]:
    """Videos by day, without gaps; by month or year if a chart would have too many days.

    Args:
        days: day as `2026-11-20` -> videos.

    Returns:
        `day`, `month` or `year`, and (name, videos) in order of time.
    """
    known = {date.fromisoformat(day): videos for day, videos in days.items()}
    if not known:
        return "day", []
    first, last = min(known), max(known)
    if (last - first).days < _MOST_COLUMNS:
        every = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
        return "day", [(day.isoformat(), known.get(day, 0)) for day in every]
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    unit, length = ("month", 7) if months <= _MOST_COLUMNS else ("year", 4)
    if unit == "month":
        numbers = [first.year * 12 + first.month - 1 + at for at in range(months)]
        found = dict.fromkeys([f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers], 0)
    else:
        found = dict.fromkeys(sorted({f"{day.year:04d}" for day in known}), 0)
    for day, videos in known.items():
        found[day.isoformat()[:length]] += videos
    return unit, list(found.items())[-_MOST_COLUMNS:]
