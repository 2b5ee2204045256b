"""One video in progress: its row, its older record, its new record so far, and its local file."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vidkit.analysis import Metadata, extract_metadata
from vidkit.core import file_sha256, shown_url
from vidkit.download import check_reach, download_video, source_version, wanted_name
from vidkit.errors import OutputError, VidkitError
from vidkit.messages import message
from vidkit.record import Corrections, Record
from vidkit.rows import Row
from vidkit.workflow.fingerprints import fingerprint, stage_entry
from vidkit.workflow.layout import mark_download
from vidkit.workflow.run import Run
from vidkit.workflow.source import older_record, source_of

if TYPE_CHECKING:
    from vidkit.workflow.readings import Feed

log = logging.getLogger(__name__)

DOWNLOAD_VERSION = 1  # raise it to download every video again
# Called with the stage that begins and, during a download, with the bytes so far and in total.
Progress = Callable[[str, int, "int | None"], None]


class ContentChanged(Exception):
    """The file that was downloaded again is not the one of the older record."""


class Published(NamedTuple):
    """A folder on this machine to write files into, and its name in the results store after publication."""

    folder: Path
    name: str


class SourceFile:
    """The local file of a video: a kept download, or a file that is fetched when it is needed."""

    def __init__(self, find: Callable[[], Path | None], fetch: Callable[[], Path]) -> None:
        self._find = find
        self._fetch = fetch
        self.fetched: Path | None = None

    def kept(self) -> Path | None:
        """The file, if it is here already."""
        return self.fetched or self._find()

    def get(self) -> Path:
        """The file, fetched if it is not here.

        Raises:
            VidkitError: it cannot be fetched.
            ContentChanged: the content is another one now; the next call returns the file.
        """
        return self.kept() or self._fetch()


class VideoJob:
    """One video in progress.

    `reusable` is the older record whose results may be reused: None with `force`, and if the content has changed.
    `record` is the new record so far. `fingerprints` and `entries` (the record's `processing.stages`) are by stage.
    `changed` says whether anything was made, so that the record has to be written. `published` is stage -> its
    folder in the results store: after the record is written, older folders beside it are not needed.
    `version` is the version of the stored record: the new record replaces that version only.
    """

    def __init__(self, run: Run, row: Row, url: str, progress: Progress) -> None:
        self.run = run
        self.row = row
        self.url = url
        self.progress = progress
        self.record: dict[str, Any] = {}
        self.fingerprints: dict[str, str] = {}
        self.entries: dict[str, dict[str, Any]] = {}
        self.filename = run.shared.filename(url)
        if self.filename is None and (wanted := wanted_name(row.url, row.file_name)):
            self.filename = run.shared.claim(url, wanted)
        fresh = run.force or self.filename is None or run.shared.is_mixed_up(url)
        self.version: str | None = None
        older = self._read_older(self.filename) if self.filename else None
        self.reusable = None if fresh else older
        self.file = SourceFile(self._find_download, self._fetch)
        self.source_version: str | None = None
        self.source_changed = False
        self.downloaded = False
        self.changed = False
        self.published: dict[str, str] = {}
        self.feed: Feed | None = None  # while a decode feeds readers
        self._previous: list[Record | None] = []  # empty until it is read
        self._metadata: Metadata | None = None

    # Not `cached_property`: before Python 3.12 all videos would wait for its one lock.
    @property
    def previous(self) -> Record | None:
        """The record to replace: also with `force`, after a change, and if the JSON is lost."""
        if not self._previous:
            self._previous.append(self.reusable or older_record(self.run, self.url, self.filename))
        return self._previous[0]

    @property
    def metadata(self) -> Metadata:
        """The metadata of the local file, by ffprobe."""
        if self._metadata is None:
            self._metadata = extract_metadata(self.file.get())
        return self._metadata

    def check_source(self) -> None:
        """Check whether the source has changed since the older record was made."""
        with in_stage("download"):
            check_reach(self.row.url, self.run.reach)  # even if nothing has to be downloaded
            self.source_version = self.row.version
            if self.reusable is None:
                return
            if self.source_version is None:
                self.source_version = source_version(self.row.url, reach=self.run.reach)
            entry = self.reusable["processing"]["stages"].get("download")
            self.source_changed = entry is None or entry["fingerprint"] != self._source_fingerprint()

    def take_source(self) -> None:
        """Fill in `sha256`, `path` and `source`: from the older record, or from the file, which is fetched now."""
        old = self.reusable
        if old and not self.source_changed:
            self.record |= {"sha256": old["sha256"], "path": old["path"]}
            self.record["source"] = source_of(self.row, self.url, old["source"]["resolved_url"], old)
            self.changed = self.record["source"] != old["source"]
            self.entries["download"] = dict(old["processing"]["stages"]["download"])
        else:
            self.changed = True
            self.file.get()
        self.record["corrections"] = self._corrections()

    def start_over(self) -> None:
        """Reuse nothing of the older record: the content has changed."""
        self.reusable = None
        self.record = {key: self.record[key] for key in ("sha256", "path", "source")}
        self.entries = {"download": self.entries["download"]}

    def take(self, stage: str, keys: Iterable[str], part: str | None = None) -> None:
        """Take a stage's results from the older record; with `part`, only that entry of each key."""
        if self.reusable is None:
            raise ValueError(message("there is no record to take {stage} from", stage=stage))
        for key in keys:
            older: Any = copy.deepcopy(self.reusable.get(key))
            self.record[key] = older if part is None else {**self.record.get(key, {}), part: older[part]}
        self.entries[stage] = dict(self.reusable["processing"]["stages"][stage])

    def fill(self, stage: str, results: dict[str, Any], seconds: float) -> None:
        """Put a stage's new results into the record."""
        self.changed = True
        self.record |= results
        self.entries[stage] = stage_entry(seconds, self.fingerprints[stage])

    @contextmanager
    def publishing(self, kind: str, stage: str) -> Iterator[Published]:
        """A folder for the files of a stage. When the block ends without an error, they are in the results store.

        Args:
            kind: the folder of such files of all videos, such as `clips`.
            stage: the stage's name. Its fingerprint is in the folder's name, so the files of the older record stay.

        Raises:
            OutputError: it cannot be made or published.
        """
        name = self.run.layout.folder_of(kind, str(self.filename), self.fingerprints[stage])
        with self.run.layout.store.publishing(name, self.run.layout.downloads) as folder:
            yield Published(folder, name)
        self.published[stage] = name

    def remove_download(self) -> None:
        """Remove the download; a local source is never removed."""
        if self.downloaded and self.file.fetched is not None:
            self.file.fetched.unlink(missing_ok=True)

    def _corrections(self) -> Corrections | None:
        """A person's corrections for this content at this URL: also with `force`, and if the JSON is lost."""
        old = self.reusable or older_record(self.run, self.url, self.filename)
        return old.get("corrections") if old and old["sha256"] == self.record["sha256"] else None

    def _source_fingerprint(self) -> str:
        return fingerprint(DOWNLOAD_VERSION, self.url, self.source_version)

    def _claim(self, wanted: str) -> str:
        """The name that this video gets when its file is known."""
        filename = self.run.shared.claim(self.url, wanted)
        if filename != self.filename:
            self._read_older(filename)
        return str(self.filename)

    def _read_older(self, filename: str) -> Record | None:
        """Read the record under a name. If it is another video's, this video gets another name."""
        stored = self.run.layout.stored_record(self.url, filename)
        while stored.is_other_video:
            filename = self.run.shared.reclaim(self.url, filename)
            stored = self.run.layout.stored_record(self.url, filename)
        self.filename, self.version = filename, stored.version
        return stored.record

    def _find_download(self) -> Path | None:
        """The download that the older record names, if it is still there."""
        kept = self.reusable["path"] if self.reusable and not self.source_changed else None
        path = self.run.layout.download(kept) if kept is not None else None
        return path if path and self.reusable and path.stat().st_size == self.reusable["size"] else None

    def _fetch(self) -> Path:
        with in_stage("download"):
            self.progress("download", 0, None)
            began = time.monotonic()
            previous = self.previous  # read before the file gets a new name
            download = download_video(
                self.row.url,
                self.row.file_name or (previous and previous["source"]["file_name"]),
                self.run.layout.downloads,
                claim=self._claim,
                progress=lambda done, total: self.progress("download", done, total),
                stop=self.run.stop,
                max_size=self.run.filters.max_size,
                reach=self.run.reach,
            )
            sha256 = file_sha256(download.path)
        if download.is_local:
            self._claim(download.filename)
        else:
            if download.filename != self.filename:
                self._read_older(download.filename)
            mark_download(download.path, self.url)
        self.source_version = self.row.version or download.version
        self.downloaded = not download.is_local
        self.file.fetched = download.path
        self.entries["download"] = stage_entry(time.monotonic() - began, self._source_fingerprint())
        self.record["source"] = source_of(self.row, self.url, shown_url(download.resolved_url), previous)
        self.record["path"] = self.run.layout.name_of_download(download.path)
        self.record["sha256"] = sha256
        if self.reusable and self.reusable["sha256"] != sha256:
            raise ContentChanged
        return download.path


@contextmanager
def in_stage(name: str) -> Iterator[None]:
    """Note the stage on every failure. An OSError becomes an OutputError."""
    try:
        yield
    except VidkitError as error:
        error.stage = error.stage or name
        raise
    except OSError as error:
        failure = OutputError(
            "{file} cannot be read or written: {reason}", file=error.filename or "a file", reason=error.strerror
        )
        failure.stage = name
        raise failure from error
