"""One video under way: what is asked for, the record that it has, the record so far, and its local file."""

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

DOWNLOAD_VERSION = 1  # raise it when every video is to be fetched again
# Told of the stage that begins, and of bytes so far and in all while it downloads.
Progress = Callable[[str, int, "int | None"], None]


class ContentChanged(Exception):
    """What was fetched again is not what the older record is of."""


class Published(NamedTuple):
    """A folder on this machine to write files into, and its name in the results store once it is published."""

    folder: Path
    name: str


class SourceFile:
    """The local file of a video: the download that was kept, or else fetched when it is needed."""

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
            ContentChanged: it is another one now; the next call gets it.
        """
        return self.kept() or self._fetch()


class VideoJob:
    """One video under way.

    `reusable` is the older record whose results may be taken: None with `force`, and where the content has changed.
    `record` is what is known so far. `fingerprints` and `entries` (the record's `processing.stages`) are by stage.
    `changed` says whether anything was made, so that the record has to be written. `published` is stage -> the
    folder of the results store that it made: once the record is written, older ones beside it are of no use.
    `version` is of what lies in the record's place: the new record is written over that and over nothing else.
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
        older = self._own_place(self.filename) if self.filename else None
        self.reusable = None if fresh else older
        self.file = SourceFile(self._find_download, self._fetch)
        self.source_version: str | None = None
        self.source_changed = False
        self.downloaded = False
        self.changed = False
        self.published: dict[str, str] = {}
        self.feed: Feed | None = None  # while a decode feeds readers
        self._previous: list[Record | None] = []  # empty until it was looked for
        self._metadata: Metadata | None = None

    # No `cached_property`: before Python 3.12 it has one lock for all videos, which then wait for one another.
    @property
    def previous(self) -> Record | None:
        """The record that is replaced: also with `force`, after a change, and where the JSON is lost."""
        if not self._previous:
            self._previous.append(self.reusable or older_record(self.run, self.url, self.filename))
        return self._previous[0]

    @property
    def metadata(self) -> Metadata:
        """What ffprobe says of the local file."""
        if self._metadata is None:
            self._metadata = extract_metadata(self.file.get())
        return self._metadata

    def check_source(self) -> None:
        """See whether the source is what it was when the older record was made."""
        with in_stage("download"):
            check_reach(self.row.url, self.run.reach)  # also where all of its results are here
            self.source_version = self.row.version
            if self.reusable is None:
                return
            if self.source_version is None:
                self.source_version = source_version(self.row.url, reach=self.run.reach)
            entry = self.reusable["processing"]["stages"].get("download")
            self.source_changed = entry is None or entry["fingerprint"] != self._source_fingerprint()

    def take_source(self) -> None:
        """Fill in the content and where it is from: from the older record, or of the file that is fetched now."""
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
        """Take nothing from the older record: the file that was fetched is another one."""
        self.reusable = None
        self.record = {key: self.record[key] for key in ("sha256", "path", "source")}
        self.entries = {"download": self.entries["download"]}

    def take(self, stage: str, keys: Iterable[str], part: str | None = None) -> None:
        """Take a stage's results from the older record; of its keys only a part, where others fill the rest."""
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
        """A folder for the files of a stage; they are in the results store when the block ends well.

        Args:
            kind: the folder that those of all videos lie in, such as `clips`.
            stage: the stage's name. Its fingerprint is in the name, so the files of the older record stay.

        Raises:
            OutputError: it cannot be made or published.
        """
        name = self.run.layout.folder_of(kind, str(self.filename), self.fingerprints[stage])
        with self.run.layout.store.publishing(name, self.run.layout.downloads) as folder:
            yield Published(folder, name)
        self.published[stage] = name

    def remove_download(self) -> None:
        """Remove the file that was fetched; one of the user's own stays."""
        if self.downloaded and self.file.fetched is not None:
            self.file.fetched.unlink(missing_ok=True)

    def _corrections(self) -> Corrections | None:
        """What a person said of this content at this URL: also with `force`, and where the JSON is lost."""
        old = self.reusable or older_record(self.run, self.url, self.filename)
        return old.get("corrections") if old and old["sha256"] == self.record["sha256"] else None

    def _source_fingerprint(self) -> str:
        return fingerprint(DOWNLOAD_VERSION, self.url, self.source_version)

    def _claim(self, wanted: str) -> str:
        """The name that this video gets once its file is known."""
        filename = self.run.shared.claim(self.url, wanted)
        if filename != self.filename:
            self._own_place(filename)
        return str(self.filename)

    def _own_place(self, filename: str) -> Record | None:
        """See what lies in the record's place; where that is another video's, this one gets another name."""
        look = self.run.layout.look(self.url, filename)
        while look.strange:
            filename = self.run.shared.reclaim(self.url, filename)
            look = self.run.layout.look(self.url, filename)
        self.filename, self.version = filename, look.version
        return look.record

    def _find_download(self) -> Path | None:
        """The download that the older record names, if it is still there."""
        kept = self.reusable["path"] if self.reusable and not self.source_changed else None
        path = self.run.layout.download(kept) if kept is not None else None
        return path if path and self.reusable and path.stat().st_size == self.reusable["size"] else None

    def _fetch(self) -> Path:
        with in_stage("download"):
            self.progress("download", 0, None)
            began = time.monotonic()
            previous = self.previous  # looked at before the file has a new name
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
                self._own_place(download.filename)
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
    """Say on every failure in which stage it was; a failure of the disk is one of the output."""
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
