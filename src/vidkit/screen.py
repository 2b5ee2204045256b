"""What a person sees while videos are processed: progress and failures on stderr, results on stdout."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidkit.core import printable, shown_url
from vidkit.units import format_duration, format_size

if TYPE_CHECKING:
    from tqdm import tqdm

    from vidkit.batch import Failure, Summary
    from vidkit.qwen_model.cost import Cost
    from vidkit.record import Record
    from vidkit.rows import Row

log = logging.getLogger(__name__)

_STAGES = {
    "download": "downloading",
    "probe": "looking",
    "scenes": "finding scenes, cutting clips",
    "clips": "cutting clips",
    "describe": "describing",
    "tag": "tagging",
}


class Screen:
    """Reports a run. On a terminal: a bar for the batch over a line for each video under way; else plain lines.

    Args:
        total: how many rows there are, where that is known.
        as_json: results are records, one a line.
        quiet: results are not printed, only what fails.
        workers: how many videos are under way at once.
    """

    def __init__(self, total: int | None, *, workers: int, as_json: bool = False, quiet: bool = False) -> None:
        self._json = as_json
        self._quiet = quiet
        self._lock = threading.Lock()
        self._failures = 0
        self._lines: dict[str, tqdm[Any]] = {}
        self._bar: tqdm[Any] | None = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._free = list(range(workers, 0, -1))
            if total != 1:
                self._bar = tqdm(
                    total=total, unit="video", position=0, leave=False, dynamic_ncols=True, file=sys.stderr
                )

    def close(self) -> None:
        """Take the bars off the screen."""
        for line in list(self._lines.values()):
            line.close()
        if self._bar is not None:
            self._bar.close()

    def began(self, row: Row) -> None:
        if not sys.stderr.isatty():
            return
        from tqdm import tqdm

        with self._lock:
            position = self._free.pop() if self._bar is not None else 0
            self._lines[row.url] = tqdm(
                position=position,
                leave=False,
                dynamic_ncols=True,
                unit="B",
                unit_scale=True,
                bar_format="{desc}",
                file=sys.stderr,
                desc=_name(row),
            )

    def stage(self, row: Row, stage: str, done: int, total: int | None) -> None:
        with self._lock:
            line = self._lines.get(row.url)
            if line is None:
                return
            if stage == "download" and done:
                line.bar_format = None if total else "{desc}: {n_fmt} [{elapsed}, {rate_fmt}]"
                line.total = total
                line.set_description_str(f"  {_name(row)}", refresh=False)
                line.update(done - line.n)
            else:
                line.bar_format = "{desc}"
                line.set_description_str(f"  {_name(row)}: {_STAGES.get(stage, stage)}")

    def finished(self, row: Row, record: Record, new: bool) -> None:
        self._left(row)
        if self._quiet:
            return
        self._print(json.dumps(record, ensure_ascii=False) if self._json else result_line(record, new), sys.stdout)

    def failed(self, failure: Failure) -> None:
        with self._lock:
            self._failures += 1
        self._left(failure.row)
        self._print(failure_line(failure), sys.stderr)

    def skipped(self, row: Row) -> None:
        self._left(row)

    def interrupted(self, under_way: int) -> None:
        if under_way:
            videos = "1 video" if under_way == 1 else f"{under_way} videos"
            self._print(f"finishing the {videos} under way; Ctrl-C again stops now", sys.stderr)

    def _left(self, row: Row) -> None:
        with self._lock:
            line = self._lines.pop(row.url, None)
            if line is not None:
                if self._bar is not None:
                    self._free.append(-line.pos if line.pos < 0 else line.pos)
                line.close()
            if self._bar is not None:
                if self._failures:
                    self._bar.set_postfix_str(f"{self._failures} failed", refresh=False)
                self._bar.update()

    def _print(self, text: str, stream: Any) -> None:
        with self._lock:
            try:
                if self._bar is not None or self._lines:
                    from tqdm import tqdm

                    tqdm.write(text, file=stream)
                else:
                    print(text, file=stream, flush=True)
            except OSError as error:  # nobody reads it, or the disk is full: the videos are processed all the same
                _silence(stream)
                if stream is sys.stdout:
                    log.warning("no more results are printed (%s); all are in their records", error.strerror)


@contextmanager
def counted(unit: str) -> Iterator[Callable[..., None]]:
    """A bar on a terminal for work that tells (done, in all), and which part it is of; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from tqdm import tqdm

    with tqdm(unit=unit, leave=False, dynamic_ncols=True, file=sys.stderr) as bar:

        def progress(done: int, total: int | None, what: str = "") -> None:
            if done < bar.n:  # another part begins
                bar.reset(total)
            bar.total = total
            bar.set_description_str(f"{what}: " if what else "", refresh=False)
            bar.update(done - bar.n)

        yield progress


def _silence(stream: Any) -> None:
    """Let what is written to a stream go nowhere from now on, also what Python writes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _name(row: Row) -> str:
    return shown(row.file_name or row.url.rstrip("/").rpartition("/")[2] or row.url)[:40]


def shown(text: str) -> str:
    """A URL or name for the screen: safe, and not longer than two lines."""
    text = printable(shown_url(text))
    return text if len(text) <= 160 else text[:100] + "..." + text[-57:]


def failure_line(failure: Failure) -> str:
    """One failure in one line: where it stands in the CSV, what, why."""
    where = f"line {failure.row.line}: " if failure.row.line else ""
    what, why = shown(failure.row.url), printable(failure.reason)
    return f"failed: {where}{why if why.startswith(what) else f'{what}: {why}'}"


def result_line(record: Record, new: bool) -> str:
    """One video's result in one line."""
    parts = [
        printable(record["filename"]),
        format_duration(record["duration"]),
        record["resolution"],
        _count(len(record["scenes"]), "scene"),
        _count(len(record["segments"]), "clip"),
        printable(record["classification"]),
    ]
    if record["tags"]:
        parts.append(printable(", ".join(record["tags"])))
    if not new:
        parts.append("nothing to do")
    elif record["ai"] is not None and record["ai"]["error"]:
        parts.append("no description")
    return "  ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary_line(summary: Summary, folder: str) -> str:
    """A run's result in one line."""
    parts = [f"{summary.processed} processed"]
    for count, words in (
        (summary.partial, "without a description"),
        (summary.skipped, "already done"),
        (summary.failed, f"failed (see {printable(folder)}/failures.csv)"),
        (summary.filtered, "filtered out"),
        (summary.passed_over, "passed over (folders, no videos)"),
    ):
        if count:
            parts.append(f"{count} {words}")
    size = f", {format_size(summary.bytes)}" if summary.bytes else ""
    return f"{', '.join(parts)}{size} in {format_duration(summary.seconds)}: {printable(folder)}"


def cost_line(cost: Cost) -> str:
    """What describing cost, in one line."""
    tokens = f", {cost.tokens_in} tokens in, {cost.tokens_out} out" if cost.tokens_in or cost.tokens_out else ""
    cached = f", {_count(cost.cached, 'answer')} known already" if cost.cached else ""
    return f"model: {_count(cost.requests, 'request')}{cached}{tokens}, {cost.seconds:.1f} s"


def say(text: str) -> None:
    """A line for the person at the screen, beside the results."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _silence(sys.stderr)
