"""Terminal output during processing: progress and failures on stderr, results on stdout."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from vidkit.core import printable, shown_url, without_secrets
from vidkit.core.stores import Address
from vidkit.core.terminal import columns_of, cut, is_live, write_line
from vidkit.core.units import format_count, format_duration, format_size
from vidkit.messages import _, message, translated

if TYPE_CHECKING:
    from tqdm import tqdm

    from vidkit.batch import Summary
    from vidkit.qwen_model.cost import Cost
    from vidkit.record import Record

log = logging.getLogger(__name__)

_TOTAL_KNOWN = "{n_fmt}/{total_fmt} {unit} {percentage:.0f} %|{bar}|ETA {remaining}{postfix}"
_TOTAL_ABOUT = _TOTAL_KNOWN.replace("/{total_fmt}", " of about {total_fmt}")
_TOTAL_UNKNOWN = "{n_fmt} {unit} [{elapsed}]{postfix}"
_LONGEST_NAME = 40  # columns


class Screen:
    """Reports a run. On a terminal: a bar for the run above a line for each video in progress; else plain lines.

    Args:
        total: the number of rows, if known; `expect` may set it later.
        as_json: print each record as one line of JSON.
        quiet: print only failures, not results.
        workers: the maximum number of videos that are shown at once.
    """

    def __init__(self, total: int | None, *, workers: int, as_json: bool = False, quiet: bool = False) -> None:
        self._json = as_json
        self._quiet = quiet
        self._lock = threading.Lock()
        self._failures = 0
        self._engine = ""
        self._lines: dict[str, tuple[tqdm[Any], int, str]] = {}  # by URL: line, its position, the video's name
        self._bar: tqdm[Any] | None = None
        self.live = is_live(sys.stderr)
        if self.live:
            from tqdm import tqdm

            self._free = list(range(workers, 0, -1))
            if total != 1:
                self._bar = tqdm(
                    unit=_("videos"), position=0, leave=False, dynamic_ncols=True, file=sys.stderr,
                    bar_format=_TOTAL_UNKNOWN,
                )  # fmt: skip
                if total is not None:
                    self.expect(total)

    def expect(self, total: int, about: bool = False) -> None:
        """Set the number of rows, or about how many: the bar then shows the share done and the time left."""
        with self._lock:
            if self._bar is not None:
                self._bar.total, self._bar.bar_format = total, _TOTAL_ABOUT if about else _TOTAL_KNOWN
                self._bar.refresh()

    def close(self) -> None:
        """Remove the bars from the screen."""
        with self._lock:
            for line, _, _ in self._lines.values():
                line.close()
            self._lines.clear()
            if self._bar is not None:
                self._bar.close()
            self._bar = None  # so that a late total draws nothing

    def began(self, url: str, name: str | None) -> None:
        if not self.live:
            return
        from tqdm import tqdm

        with self._lock:
            shown_name = _name(url, name)
            if self._bar is not None and not self._free:  # a cluster may process more videos than fit
                return
            position = self._free.pop() if self._bar is not None else 0
            line = tqdm(
                position=position,
                leave=False,
                dynamic_ncols=True,
                unit="B",
                unit_scale=True,
                bar_format="{desc}",
                file=sys.stderr,
                desc=_fitted(f"  {shown_name}"),
            )
            self._lines[url] = line, position, shown_name

    def stage(self, url: str, stage: str, done: int, total: int | None) -> None:
        from vidkit.workflow.stages import words_for  # imports all stages, and most commands need none

        with self._lock:
            line, _, name = self._lines.get(url, (None, 0, ""))
            if line is None:
                return
            if stage == "download" and done:
                line.bar_format = None if total else "{desc}: {n_fmt} [{elapsed}, {rate_fmt}]"
                line.total = total
                line.set_description_str(_fitted(f"  {name}", 0.5), refresh=False)
                line.update(done - line.n)
            else:
                line.bar_format = "{desc}"
                line.set_description_str(_fitted(f"  {name}: {translated(words_for(stage))}"))

    def finished(self, url: str, record: Record, new: bool) -> None:
        self._left(url)
        if self._quiet:
            return
        text = json_text(record) if self._json else result_line(record, new)
        self._print(text, sys.stdout, wrapped=not self._json)

    def failed(self, url: str, line: int, stage: str, reason: str) -> None:
        with self._lock:
            self._failures += 1
        self._left(url)
        self._print(failure_line(url, line, reason), sys.stderr)

    def skipped(self, urls: Sequence[str]) -> None:
        self._left(*urls)

    def duplicate(self, url: str, line: int, kept: str) -> None:
        self._left(url)
        self._print(duplicate_line(url, line, kept), sys.stderr)

    def interrupted(self, under_way: int) -> None:
        if under_way:
            videos = format_count(under_way, "video")
            self._print(_("finishing {videos}; press Ctrl-C again to stop now", videos=videos), sys.stderr)

    def engine(self, text: str) -> None:
        text = translated(text)
        with self._lock:
            self._engine = text
            if self._bar is not None:
                self._bar.set_postfix_str(self._postfix())
                return
        self._print(printable(text), sys.stderr)

    def _postfix(self) -> str:
        failed = [_("{count} failed", count=self._failures)] if self._failures else []
        return "; ".join([*failed, *filter(None, [self._engine])])

    def _left(self, *urls: str) -> None:
        if self._bar is None and not self._lines:  # without a terminal: fast for millions of rows
            return
        with self._lock:
            for url in urls if self._lines else ():
                line, position, _ = self._lines.pop(url, (None, 0, ""))
                if line is not None:
                    if self._bar is not None:
                        self._free.append(position)
                    line.close()
            if self._bar is not None:
                if self._failures:
                    self._bar.set_postfix_str(self._postfix(), refresh=False)
                self._bar.update(len(urls))
                if (
                    self._bar.total is not None and self._bar.n > self._bar.total
                ):  # there are more than were counted
                    self._bar.total, self._bar.bar_format = None, _TOTAL_UNKNOWN

    def _print(self, text: str, stream: Any, wrapped: bool = True) -> None:
        with self._lock:
            try:
                write_line(text, stream, wrapped)
            except OSError as error:  # nobody reads it, or the disk is full: the run continues
                _silence(stream)
                if stream is sys.stdout:
                    log.warning("no more results are printed (%s); all are in their records", error.strerror)


@contextmanager
def counted(unit: str) -> Iterator[Callable[..., None]]:
    """A progress bar on a terminal, else nothing: called with (done, total, name of the part of the work)."""
    if not is_live(sys.stderr):
        yield lambda *_: None
        return
    from tqdm import tqdm

    unit = _(unit)
    with tqdm(unit=unit, leave=False, dynamic_ncols=True, file=sys.stderr) as bar:

        def progress(done: int, total: int | None, what: str = "") -> None:
            if done < bar.n:  # another part begins
                bar.reset(total)
            bar.total = total
            bar.unit = _(" files") if what == "uploading" else unit
            bar.set_description_str(f"{translated(what)}: " if what else "", refresh=False)
            bar.update(done - bar.n)

        yield progress


def _fitted(text: str, share: float = 1.0) -> str:
    """A text cut to one line of the terminal, or to this share of it."""
    return cut(text, int(((columns_of(sys.stderr) or 80) - 1) * share))


def _silence(stream: Any) -> None:
    """Discard what is written to a stream from now on, also by Python at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _name(url: str, name: str | None) -> str:
    last = shown_url(url).rstrip("/").rpartition("/")[2]
    return cut(shown(name or unquote(last) or url), _LONGEST_NAME)


def shown(text: str) -> str:
    """A URL or name for the screen: safe, and at most 160 characters."""
    text = printable(shown_url(text))
    return text if len(text) <= 160 else text[:100] + "..." + text[-57:]


def failure_line(url: str, line: int, reason: str) -> str:
    """One failure in one line: its line in the CSV, the video, the reason."""
    what, why = shown(url), printable(without_secrets(translated(reason)))
    return _("failed: {what}", what=_at(line, why if why.startswith(what) else f"{what}: {why}"))


def _at(line: int, what: str) -> str:
    """A message about a row, with its line in the CSV if it has one."""
    return message("line {line}: {what}", line=line, what=what) if line else message("{what}", what=what)


def duplicate_line(url: str, line: int, kept: str) -> str:
    """One skipped video in one line: its line in the CSV, the video, and the one it is a copy of."""
    same = message("{what}: it shows the same as {kept}", what=shown(url), kept=shown(kept))
    return _("skipped: {what}", what=_at(line, same))


def result_line(record: Record, new: bool) -> str:
    """The result of one video in one line."""
    parts = [
        printable(record["filename"]),
        format_duration(record["duration"]),
        record["resolution"],
        translated(format_count(len(record["scenes"]), "scene")),
        translated(format_count(len(record["segments"]), "clip")),
        printable(record["classification"]),
    ]
    if record["tags"]:
        parts.append(printable(", ".join(record["tags"])))
    if not new:
        parts.append(_("nothing to do"))
        return "  ".join(parts)
    if record["ai"] is not None and record["ai"]["error"]:
        parts.append(_("no new description") if record["qwen_description"] else _("no description"))
    if failed := [name for name, reading in record.get("readings", {}).items() if reading["error"]]:
        parts.append(_("no reading by {readers}", readers=", ".join(failed)))
    return "  ".join(parts)


def summary_line(summary: Summary, results: Address, reports: Path) -> str:
    """The result of a run in one line, with the folders of its records and of its reports."""
    failed = message("{count} failed (see {folder}/failures.csv)", count=summary.failed, folder=printable(reports))
    parts = [message("{count} processed", count=summary.processed)]
    for count, words in (
        (summary.partial, message("{count} incomplete", count=summary.partial)),
        (summary.skipped, message("{count} already done", count=summary.skipped)),
        (summary.failed, failed),
        (summary.filtered, message("{count} filtered out", count=summary.filtered)),
        (summary.duplicates, message("{count} duplicates skipped", count=summary.duplicates)),
        (summary.passed_over, message("{count} ignored (folders, not videos)", count=summary.passed_over)),
    ):
        if count:
            parts.append(words)
    return _(
        "{sums} in {time}: {folder}",
        sums=_(", ").join([*map(translated, parts), *([format_size(summary.bytes)] if summary.bytes else [])]),
        time=format_duration(summary.seconds),
        folder=printable(results),
    )


def cost_line(cost: Cost) -> str:
    """The cost of the descriptions in one line."""
    parts = [translated(format_count(cost.requests, "request"))]
    if cost.cached:
        parts.append(_("{answers} known already", answers=format_count(cost.cached, "answer")))
    if cost.tokens_in or cost.tokens_out:
        parts.append(_("{count} tokens in, {out} out", count=cost.tokens_in, out=cost.tokens_out))
    return _("model: {sums}, {seconds:.1f} s", sums=_(", ").join(parts), seconds=cost.seconds)


def json_text(values: object, indent: int | None = None) -> str:
    """JSON to print, in one line without an indent. Half a character (a lone surrogate) becomes `?`."""
    return json.dumps(values, ensure_ascii=False, indent=indent).encode("utf-8", "replace").decode()


def say(template: str, /, **values: object) -> None:
    """Print a message to stderr; the arguments are those of `messages.message`."""
    try:
        write_line(without_secrets(_(template, **values)), sys.stderr)
    except OSError:
        _silence(sys.stderr)
