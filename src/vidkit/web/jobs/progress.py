"""The progress of a job: counted from the reports of its run, written to its folder a few times a second."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from vidkit.batch import Summary
from vidkit.batch.seen import Seen
from vidkit.core import printable, shown_url, without_secrets
from vidkit.core.locks import file_error
from vidkit.download.names import last_part
from vidkit.record import Record, is_complete
from vidkit.web.jobs.files import JobFolder, write_lightly
from vidkit.web.jobs.table import COUNTS

_EVERY = 0.25  # seconds
_KEPT = ("processed", "partial", "bytes")
_DONE = re.compile(rb"([0-9a-f]{32}) (processed|partial) ([0-9]+)\n")
_MOST_VIDEOS = 100  # running videos that are shown


class JobProgress:
    """Writes `progress.json` and `failures.jsonl` of a job. It is the `Reporter` of a run."""

    def __init__(self, folder: JobFolder) -> None:
        """Begin, or continue after an earlier process of the same job: what it did counts, what failed does not.

        Raises:
            OutputError: a file cannot be written.
        """
        self._folder = folder
        self._counts: dict[str, Any] = dict.fromkeys(COUNTS, 0)
        self._earlier = dict.fromkeys(_KEPT, 0)
        self._done = Seen(folder.path)
        self._total: int | None = None
        self._videos: dict[str, dict[str, Any]] = {}
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._changed = True
        self._ended = threading.Event()
        with file_error(folder.failures, "cannot be written"):
            self._failures = folder.failures.open("w", encoding="utf-8")
            self._done_file = folder.done.open("ab", buffering=0)
            self._read_done()
        self._thread = threading.Thread(target=self._write_often, name="progress", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the last state.

        Raises:
            OutputError: the file of failures cannot be written.
        """
        self._ended.set()
        self._thread.join()
        with self._lock:
            self._videos.clear()
        self._write()
        with file_error(self._folder.failures, "cannot be written"):
            self._failures.close()
            self._done_file.close()
            self._done.close()

    def was_done(self, url: str) -> bool:
        """Whether an earlier process of this job has processed a URL."""
        return _digest(url) in self._done

    def expect(self, total: int) -> None:
        """Set the total."""
        with self._lock:
            self._total, self._changed = total, True

    def count(self, **counts: int) -> None:
        """Add to counts."""
        with self._lock:
            for name, more in counts.items():
                self._counts[name] += more
            self._changed = True

    def set(self, **counts: int) -> None:
        """Set counts."""
        with self._lock:
            self._counts.update(counts)
            self._changed = True

    def summary(self, summary: Summary) -> None:
        """Take over the counts of the run itself, which are more exact."""
        whole = asdict(summary)
        whole["skipped"] += whole["passed_over"]
        self.set(**{name: whole[name] + self._earlier.get(name, 0) for name in COUNTS})

    def fail(self, url: str, line: int, stage: str, reason: str) -> None:
        """Note a failure.

        Raises:
            OutputError: it cannot be written.
        """
        row = {
            "url": printable(shown_url(url)),
            "line": line,
            "stage": stage,
            "reason": printable(without_secrets(reason)),
        }
        with self._lock, file_error(self._folder.failures, "cannot be written"):
            self._failures.write(json.dumps(row) + "\n")
            self._counts["failed"] += 1
            self._videos.pop(url, None)
            self._changed = True

    # The reports of a run (`batch.Reporter`).

    def began(self, url: str, name: str | None) -> None:
        shown = printable(shown_url(url))
        title = printable(name or last_part(shown) or shown)
        with self._lock:
            self._videos[url] = {"url": shown, "name": title, "stage": "", "done": 0, "total": None}
            self._changed = True

    def stage(self, url: str, stage: str, done: int, total: int | None) -> None:
        with self._lock:
            if url in self._videos:
                self._videos[url].update(stage=stage, done=done, total=total)
                self._changed = True

    def finished(self, url: str, record: Record, new: bool) -> None:
        kind = "processed" if is_complete(record) else "partial"
        with self._lock, file_error(self._folder.done, "cannot be written"):
            self._videos.pop(url, None)
            self._changed = True
            if not new:
                self._counts["skipped"] += 1
                return
            self._counts[kind] += 1
            self._counts["bytes"] += record["size"]
            self._done_file.write(f"{_digest(url)} {kind} {record['size']}\n".encode())

    def failed(self, url: str, line: int, stage: str, reason: str) -> None:
        self.fail(url, line, stage, reason)

    def skipped(self, urls: Sequence[str]) -> None:
        with self._lock:
            for url in urls:
                self._videos.pop(url, None)
            self._counts["skipped"] += len(urls)
            self._changed = True

    def duplicate(self, url: str, line: int, kept: str) -> None:
        self.skipped([url])

    def interrupted(self, under_way: int) -> None:
        pass

    def engine(self, text: str) -> None:
        pass

    def _read_done(self) -> None:
        """Count what an earlier process of this job did."""
        with self._folder.done.open("rb") as file:
            for line in file:
                match = _DONE.fullmatch(line)
                if match:
                    self._done.add(match[1].decode())
                    self._earlier[match[2].decode()] += 1
                    self._earlier["bytes"] += int(match[3])
        self._counts.update(self._earlier)

    def _write_often(self) -> None:
        while not self._ended.wait(_EVERY):
            self._write()

    def _write(self) -> None:
        with self._lock:
            if not self._changed:
                return
            self._changed = bool(self._videos)  # the seconds change
            self._counts["seconds"] = round(time.monotonic() - self._began, 3)
            videos = list(self._videos.values())[:_MOST_VIDEOS]
            content = {"total": self._total, **self._counts, "videos": [dict(video) for video in videos]}
            with suppress(OSError):  # the disk is full: `close` reports it, if it still is
                self._failures.flush()
        write_lightly(self._folder.progress, content)


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:32]
