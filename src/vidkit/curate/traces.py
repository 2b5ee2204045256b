"""Traces of a video: texts that identify it, and how to erase them from logs, CSVs and JSON files."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vidkit.core import printable, shown_url, without_secrets, write_whole
from vidkit.errors import OutputError
from vidkit.record import Record

ERASED = "(erased)"
_LEAST = 8  # the minimum characters of a text that is searched
# A name in the middle of another name does not count, and neither does a URL at the beginning of a longer one.
_BEFORE, _AFTER = r"(?<![\w.%~-])", r"(?![\w%/?&=#~-]|\.\w)"


@dataclass(frozen=True)
class Traces:
    """Texts that identify videos, as they occur in files: URLs; names, ids, readings and descriptions."""

    urls: frozenset[str]
    texts: frozenset[str]

    def __or__(self, other: Traces) -> Traces:
        return Traces(self.urls | other.urls, self.texts | other.texts)

    @cached_property
    def any_url(self) -> re.Pattern[str]:
        """Finds one of the URLs."""
        return _one_of(self.urls)

    @cached_property
    def any(self) -> re.Pattern[str]:
        """Finds one of the URLs or of the texts."""
        return _one_of(self.urls | self.texts)

    def are_in(self, row: list[str]) -> bool:
        """Whether the row of a CSV is of one of the videos: by its URL, or by a name if it has no URL."""
        if any(self.any_url.search(cell) for cell in row):
            return True
        return not any("://" in cell for cell in row) and any(cell.strip() in self.texts for cell in row)


def _one_of(texts: frozenset[str]) -> re.Pattern[str]:
    found = "|".join(map(re.escape, sorted(texts, key=len, reverse=True)))
    return re.compile(f"{_BEFORE}(?:{found}){_AFTER}" if found else "(?!)")


def traces_of(url: str, record: Record | None = None, filename: str | None = None) -> Traces:
    """The texts that identify a video.

    Args:
        url: its source.
        record: its record, if there is one.
        filename: its file name, if there is no record.
    """
    urls, names, texts = {url}, {filename}, set[str | None]()
    if record is not None:
        source = record["source"]
        urls.add(source["resolved_url"])
        names |= {record["filename"], source["file_name"]}
        texts |= {record["sha256"], record["id"], record["qwen_description"]}
        texts |= {part["description"] for part in record["scenes"]}
        texts |= {part["description"] for part in record["segments"]}
        for reading in (record.get("readings") or {}).values():
            texts |= {text for span in reading["spans"] if len(text := span.get("text") or "") >= 3 * _LEAST}
    known = {*names, *(text for text in texts if text and len(text) >= _LEAST)}
    return Traces(_spellings(urls), _spellings(known))


def _spellings(texts: Iterable[str | None]) -> frozenset[str]:
    """The forms of texts in files: unchanged, without secrets, without control characters, and escaped as JSON."""
    found: set[str] = set()
    for text in filter(None, texts):
        found |= {text, shown_url(text), without_secrets(text), printable(text), json.dumps(text)[1:-1]}
    return frozenset(filter(None, found))


def erase_lines(path: Path, traces: Traces) -> int:
    """Remove the lines that name a video from a text file. Returns their number.

    The file is written in place, so that another program can continue to append to it.

    Args:
        path: the file; it may be missing.
        traces: from `traces_of`.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        with path.open("rb+") as file:
            kept, gone = [], 0
            for line in file:
                if traces.any.search(line.decode("utf-8", "surrogateescape")):
                    gone += 1
                else:
                    kept.append(line)
            if gone:
                rest = b"".join(kept)
                file.seek(0)
                file.write(rest)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            return gone
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise OutputError(
            "{path} cannot be written: {reason}", path=printable(path), reason=error.strerror
        ) from None


def erase_rows(path: Path, traces: Traces, keep_numbers: bool = False) -> int:
    """Remove the rows that name a video from a CSV. Returns their number. Cells may contain line ends.

    Args:
        path: the CSV; it may be missing.
        traces: from `traces_of`.
        keep_numbers: leave empty lines in their places, because a job identifies rows by line numbers.

    Raises:
        OutputError: it cannot be written.
    """
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            kept, gone = [], 0
            with suppress(csv.Error):  # keep the rest of a damaged file line by line
                for row in csv.reader(_noted(file, lines)):
                    if traces.are_in(row):
                        gone += 1
                        kept += ["\n"] * len(lines) if keep_numbers else []
                    else:
                        kept += lines
                    lines.clear()
            kept += [*lines, *file]
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise OutputError("{path} cannot be read: {reason}", path=printable(path), reason=error.strerror) from None
    if gone:
        write_whole(path, "".join(kept).encode("utf-8", "surrogateescape"))
    return gone


def _noted(lines: Iterable[str], noted: list[str]) -> Iterator[str]:
    for line in lines:
        noted.append(line)
        yield line


def erased(value: Any, traces: Traces) -> Any:
    """A JSON value in which each text and key that names a video is replaced by ERASED."""
    if isinstance(value, str):
        return ERASED if traces.any.search(value) else value
    if isinstance(value, list):
        return [erased(each, traces) for each in value]
    if isinstance(value, dict):
        return {erased(key, traces): erased(each, traces) for key, each in value.items()}
    return value


def erase_json(path: Path, traces: Traces) -> int:
    """Replace texts that name a video in a JSON file by ERASED. Returns 1 if there were any, else 0.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return erase_lines(path, traces)
    without = erased(content, traces)
    if without == content:
        return 0
    write_whole(path, json.dumps(without))
    return 1
