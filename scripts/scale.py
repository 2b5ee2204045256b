"""Hours, dollars and the bottleneck for many videos, computed from measured figures and named prices.

    python scripts/scale.py [--videos 10_000_000] [--minutes 1] [--machines 100] [--set NAME=VALUE ...]

The figures are read from the tables of docs/benchmarks.md. `make docs` writes the tables of docs/scale.md.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

BENCHMARKS = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PAGE = BENCHMARKS.with_name("scale.md")


class Price(NamedTuple):
    """A price. `tiers` are (units up to here, dollars per unit); the last one has no end."""

    meaning: str
    unit: str
    tiers: tuple[tuple[float, float], ...]
    source: str
    date: str

    def of(self, amount: float) -> float:
        """The dollars of an amount."""
        total, below = 0.0, 0.0
        for upper, each in self.tiers:
            total += max(0.0, min(amount, upper) - below) * each
            below = upper
        return total


_END = float("inf")
_S3 = "Amazon S3, us-east-1, by cloudburn.io/blog/amazon-s3-pricing"
PRICES = {
    "machine": Price(
        "16 vCPUs, on demand", "hour", ((_END, 0.714),),
        "Amazon EC2 c7i.4xlarge, us-east-1, list price; not checked since", "2025-06",
    ),
    "gpu": Price(
        "an H100, on demand", "hour", ((_END, 5.00),),
        "the upper end of large clouds, 3.50 to 5.00, by mercatus-ai.com/blog/cloud-gpu-pricing", "2026-05",
    ),
    "put": Price("writing or listing", "1,000 requests", ((_END, 0.005),), _S3, "2026-03"),
    "get": Price("reading", "1,000 requests", ((_END, 0.0004),), _S3, "2026-03"),
    "storage": Price(
        "keeping", "GB and month", ((50_000, 0.023), (500_000, 0.022), (_END, 0.021)), _S3, "2026-03"
    ),
    "egress": Price(
        "reading from another cloud or the internet", "GB",
        ((10_000, 0.09), (50_000, 0.085), (150_000, 0.07), (_END, 0.05)), _S3, "2026-03",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """The measured figures of the benchmarks."""

    encode: float
    """CPU seconds for a minute of 720p with encoded clips."""
    copy: float
    """The same with copied clips."""
    results_mb: float
    """MB of results for a minute."""
    files: float
    """Files of results for a minute."""
    library_kb: float
    """kB of a video in a SQLite library."""
    journal_bytes: float
    """Bytes of a URL in the journal."""
    saved: float
    """Records that the largest measured SQLite library saves per second of CPU time."""
    rows_done: float
    """Rows that are already done, skipped per second."""
    row_ms: float
    """Milliseconds of the driver for a row on a cluster."""
    goals: frozenset[str] = frozenset()
    """The figures that are not measured yet: their goal is used."""


# A figure -> the row of docs/benchmarks.md and the number in it that counts.
_ROWS = {
    "encode": r"processor time for a minute of 720p, clips encoded \| ([\d.]+) s",
    "copy": r"processor time for a minute of 720p, clips copied \| ([\d.]+) s",
    "results_mb": r"results of a minute of 720p, clips encoded \| ([\d.]+) MB",
    "files": r"files of a minute of 720p \| (\d+)",
    "library_kb": r"a video of five moments in a SQLite library \| ([\d.]+) kB",
    "journal_bytes": r"a URL of 71 letters in the journal \| (\d+) bytes",
    "saved": r"saving many \| 2,000 a second in SQLite \|.*\(([\d,]+)\) \|\n",
    "rows_done": r"a CSV of 1,000,000 rows, all done \|.*\| ([\d.]+) s, \d+ MB",
    "row_ms": r"adds to a bare Ray actor call.*\|\s*([\d.]+) ms[^|\n]*\|\n",
}
_GOALS = {"row_ms": 2.0}  # until it is measured


def figures(text: str | None = None) -> Figures:
    """The figures in the tables of docs/benchmarks.md.

    Raises:
        ValueError: a row is missing; the message names it.
    """
    text = BENCHMARKS.read_text(encoding="utf-8") if text is None else text
    found: dict[str, float] = {}
    missing = []
    for name, row in _ROWS.items():
        match = re.search(row, text)
        if match:
            found[name] = float(match[1].replace(",", ""))
        elif name in _GOALS:
            found[name] = _GOALS[name]
            missing.append(name)
        else:
            raise ValueError(f"docs/benchmarks.md has no row for {name}: {row}")
    found["rows_done"] = 1_000_000 / found["rows_done"]
    return Figures(**found, goals=frozenset(missing))


@dataclass(frozen=True)
class Work:
    """A workload: the videos, and the machines that process them."""

    videos: int
    machines: int
    shards: int = 1
    """Drivers with `--shard`, each with a library of its own."""
    minutes: float = 1.0
    megabits: float = 2.5
    """Bit rate of the videos, Mbit/s."""
    clips: float = 4.0
    """Clips of a video: a minute has four of 15 s."""
    vcpus: int = 16
    """Of a machine."""
    gpu_seconds: float = 1.0
    """GPU time for the description of a clip."""

    @property
    def source_gb(self) -> float:
        return self.videos * self.minutes * 60 * self.megabits / 8 / 1000


class Line(NamedTuple):
    """A row of a table: its name, and its value for each workload."""

    what: str
    values: list[float]
    kind: str
    note: str = ""


def totals(works: Sequence[Work], measured: Figures, prices: Mapping[str, Price] = PRICES) -> list[Line]:
    """The totals of the videos, and their cost."""

    def each(of: Callable[[Work], float]) -> list[float]:
        return [float(of(work)) for work in works]

    def core_hours(work: Work, seconds: float) -> float:
        return work.videos * work.minutes * seconds / 3600

    def machines(seconds: float) -> list[float]:
        return each(lambda work: prices["machine"].of(core_hours(work, seconds) / work.vcpus))

    def results_gb(work: Work) -> float:
        return work.videos * work.minutes * measured.results_mb / 1000

    return [
        Line("videos", each(lambda work: work.videos), "count"),
        Line("their length", each(lambda work: work.videos * work.minutes / 60 / 24 / 365), "years"),
        Line("their size", each(lambda work: work.source_gb), "GB"),
        Line("processor time, clips encoded", each(lambda work: core_hours(work, measured.encode)), "vCPU hours"),
        Line("processor time, clips copied", each(lambda work: core_hours(work, measured.copy)), "vCPU hours"),
        Line("files of results", each(lambda work: work.videos * work.minutes * measured.files), "count"),
        Line("results", each(results_gb), "GB"),
        Line("**machines**, clips encoded", machines(measured.encode), "$"),
        Line("**machines**, clips copied", machines(measured.copy), "$"),
        Line("**writing** the results to a bucket",
             each(lambda work: prices["put"].of(work.videos * work.minutes * measured.files / 1000)), "$"),
        Line("**reading** the videos from a bucket of the same region",
             each(lambda work: prices["get"].of(2 * work.videos / 1000)), "$"),
        Line("**reading** them from elsewhere", each(lambda work: prices["egress"].of(work.source_gb)), "$"),
        Line("**keeping** the results, a month", each(lambda work: prices["storage"].of(results_gb(work))), "$"),
        Line("**describing**, for each GPU second that a clip takes",
             each(lambda work: prices["gpu"].of(work.videos * work.clips * work.gpu_seconds / 3600)), "$"),
    ]  # fmt: skip


def parts(works: Sequence[Work], measured: Figures) -> list[Line]:
    """The hours of each part alone. All parts run at the same time, so the longest is the bottleneck."""

    def hours(seconds: Callable[[Work], float]) -> list[float]:
        return [float(seconds(work)) / 3600 for work in works]

    def shard(seconds: float) -> list[float]:
        return hours(lambda work: work.videos / work.shards * seconds)

    def machines(work: Work, seconds: float) -> float:
        return work.videos * work.minutes * seconds / (work.machines * work.vcpus)

    goal = " (the goal; not measured)" if "row_ms" in measured.goals else ""
    return [
        Line(
            "the machines, clips encoded", hours(lambda work: machines(work, measured.encode)), "hours", "machines"
        ),
        Line("the machines, clips copied", hours(lambda work: machines(work, measured.copy)), "hours", "machines"),
        Line(
            f"the driver hands out rows, {measured.row_ms:g} ms each{goal}",
            shard(measured.row_ms / 1000),
            "hours",
            "`--shard`",
        ),
        Line("SQLite saves the records", shard(1 / measured.saved), "hours", "`--shard`, MongoDB"),
        Line("a second run finds that all is done", shard(1 / measured.rows_done), "hours", "`--shard`"),
    ]


def limits(measured: Figures) -> list[tuple[str, str, str]]:
    """What reaches a limit: its name, the limit, the number of videos that reaches it."""
    tb, gb = 1e12, 1e9
    inodes = tb / 16_384  # ext4 by default
    puts = 3_500 / measured.files  # S3 for each partition of a bucket, docs.aws.amazon.com: optimizing-performance
    return [
        ("files in a results folder", "the inodes of a disk of 1 TB (ext4)", _count(inodes / measured.files)),
        ("clips in a results folder", "a disk of 10 TB", _count(10 * tb / (measured.results_mb * 1e6))),
        ("the library in SQLite", "a file of 100 GB", _count(100 * gb / (measured.library_kb * 1000))),
        ("the journal", "a file of 100 GB", _count(100 * gb / measured.journal_bytes)),
        ("writes to a bucket", "3,500 a second, S3 for each partition", f"{puts:,.0f} videos a second"),
    ]


def _count(number: float) -> str:
    """A number in words: 2.6 million."""
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if number >= size:
            return f"{number / size:,.3g} {word}"
    return f"{float(f'{number:.3g}'):,.0f}"


def shown(value: float, kind: str) -> str:
    """A value for a reader: three digits, and larger units for large values."""
    if kind == "$":
        return f"${float(f'{value:.2g}'):,.0f}" if value >= 10 else f"${value:.2g}"
    if kind == "GB":
        return f"{float(f'{value / 1e6:.2g}'):g} PB" if value >= 1e6 else f"{float(f'{value / 1e3:.2g}'):g} TB"
    if kind == "hours":
        if value < 1:
            return f"{value * 60:.2g} minutes"
        return f"{value / 24:,.0f} days" if value >= 72 else f"{float(f'{value:.2g}'):g} hours"
    return _count(value) + (f" {kind}" if kind != "count" else "")


STANDARD = (Work(10_000_000, machines=100), Work(1_000_000_000, machines=1_000, shards=8))


def tables(works: Sequence[Work], measured: Figures, prices: Mapping[str, Price] = PRICES) -> dict[str, str]:
    """The tables of docs/scale.md by their names."""
    added = totals(works, measured, prices)
    sums = [[line.what, *(shown(value, line.kind) for value in line.values)] for line in added]
    alone = parts(works, measured)
    longest = [max(line.values[at] for line in alone[:4] if "copied" not in line.what) for at in range(len(works))]
    times = [
        [line.what, *(_marked(value, longest[at]) for at, value in enumerate(line.values)), line.note]
        for line in alone
    ]
    heads = [
        f"{_count(work.videos)} videos, {work.machines:,} machines, {work.shards} driver" + "s" * (work.shards > 1)
        for work in works
    ]
    priced = [
        [name, price.meaning, _tiers(price), price.unit, price.source, price.date] for name, price in prices.items()
    ]
    return {
        "totals": _table(["", *(_count(work.videos) for work in works)], sums),
        "parts": _table(["part", *heads, "makes it shorter"], times),
        "limits": _table(["what", "limit", "reached at"], limits(measured)),
        "prices": _table(["price", "of what", "dollars", "for a", "source", "date"], priced),
    }


def _marked(hours: float, longest: float) -> str:
    text = shown(hours, "hours")
    return f"**{text}**" if hours == longest else text


def _tiers(price: Price) -> str:
    return ", ".join(f"{each:g}" + (f" up to {upper:,.0f}" if upper < _END else "") for upper, each in price.tiers)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def page() -> str:
    """docs/scale.md with new tables."""
    text = PAGE.read_text(encoding="utf-8")
    for name, content in tables(STANDARD, figures()).items():
        block = f"<!-- {name} -->\n\n{content}\n\n<!-- end -->"
        text, found = re.subn(rf"<!-- {name} -->.*?<!-- end -->", lambda _: block, text, flags=re.DOTALL)  # noqa: B023
        if not found:
            raise ValueError(f"docs/scale.md has no place for the table {name}")
    return text


def changed(given: Sequence[str], measured: Figures) -> tuple[Figures, dict[str, Price]]:
    """The figures and prices, replaced by those given as NAME=VALUE."""
    values, prices = {name: float(getattr(measured, name)) for name in _ROWS}, dict(PRICES)
    known = set(measured.goals)
    for each in given:
        name, _, value = each.partition("=")
        if name in prices:
            own = ((_END, float(value)),)
            prices[name] = prices[name]._replace(tiers=own, source="given with --set", date="")
        elif name in values:
            values[name] = float(value)
            known.discard(name)
        else:
            raise SystemExit(
                f"--set {name}: there is no such figure or price; there are {', '.join([*values, *prices])}"
            )
    return Figures(**values, goals=frozenset(known)), prices


def main() -> None:
    """Print the tables for your own numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=STANDARD[0].videos)
    parser.add_argument("--machines", type=int, default=STANDARD[0].machines)
    parser.add_argument("--shards", type=int, default=1, help="drivers")
    parser.add_argument("--minutes", type=float, default=1.0, help="length of a video")
    parser.add_argument("--megabits", type=float, default=2.5, help="bit rate of a video, Mbit/s")
    parser.add_argument("--clips", type=float, default=4.0, help="clips that are described, for each video")
    parser.add_argument("--gpu-seconds", type=float, default=1.0, help="GPU time of a clip")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="your own figure or price")
    options = parser.parse_args()
    work = Work(
        options.videos, options.machines, options.shards, minutes=options.minutes, megabits=options.megabits,
        clips=options.clips, gpu_seconds=options.gpu_seconds,
    )  # fmt: skip
    for content in tables([work], *changed(options.set, figures())).values():
        print(content, end="\n\n")


if __name__ == "__main__":
    main()
