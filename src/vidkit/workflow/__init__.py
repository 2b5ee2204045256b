"""The way of one video, from its URL to its record in the library.

    row -> download -> probe -> scenes -> clips -> describe -> tag -> export -> library

Each stage's fingerprint says what it was made from. A stage whose fingerprint stands in the older record, and whose
files are there, is taken from it; the video is fetched only when a stage needs it.
"""

from __future__ import annotations

import copy
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from vidkit._version import __version__
from vidkit.analysis import Metadata, extract_metadata
from vidkit.core import file_sha256, shown_url
from vidkit.core.config import load_config
from vidkit.download import download_video, local_path, source_version, wanted_name
from vidkit.errors import LibraryError, UnwantedError, VidkitError
from vidkit.export import export_to_json
from vidkit.record import SCHEMA, Corrections, Record
from vidkit.rows import Row
from vidkit.tagging import tag_and_classify
from vidkit.workflow.descriptions import DESCRIBE_KEYS, described, keep_answers
from vidkit.workflow.journal import Entry
from vidkit.workflow.layout import mark_download
from vidkit.workflow.pictures import CLIP_KEYS, FILES, PROBE_KEYS, SCENE_KEYS, make_clips_alone, make_scenes, probed
from vidkit.workflow.run import (
    VERSIONS,
    Run,
    RunSpec,
    fingerprint,
    in_stage,
    open_run,
    stage_entry,
    stage_fingerprint,
    tag_inputs,
    timestamp,
)
from vidkit.workflow.source import older_record, source_of

log = logging.getLogger(__name__)

# What tags are made from that no fingerprint has: rows and models say it, again and again.
_READ_BY_RULES = ("source", "scenes", "segments", *DESCRIBE_KEYS)
# Told of the stage that begins, and of bytes so far and in all while it downloads.
Progress = Callable[[str, int, "int | None"], None]


def process_video_pipeline(
    video_url: str,
    scene_threshold: float | None = None,
    custom_rules: str | os.PathLike[str] | None = None,
    output_dir: str | os.PathLike[str] | None = None,
    *,
    run: Run | None = None,
    row: Row | None = None,
    progress: Progress | None = None,
) -> Record:
    """Take one video the whole way: download, probe, scenes, clips, describe, tag, export, library.

    Args:
        video_url: a video, a page with one, a `file://` URL or a local path.
        scene_threshold: instead of `[SceneDetection] DefaultThreshold`.
        custom_rules: instead of `[Rules] CustomTagRules`.
        output_dir: instead of `[Paths] ProcessedDirectory`.
        run: what many videos share; by default opened for this one, from config.ini and the environment.
        row: the CSV's row, if the video comes from one.
        progress: told of each stage as it begins, and of the download's bytes.

    Returns:
        The record, as it stands in `<ProcessedDirectory>/<filename>.json` and in the library. Where nothing was to
        be done it is the one that was there.

    Raises:
        VidkitError: the video failed; `stage` of the exception says where.
    """
    if run is not None:
        row = row or Row(line=0, url=video_url)
        with run.processes.active(), run.journal.working_on(source_key(row.url), run.stop.is_set):
            return _Work(run, row, progress or (lambda *_: None)).done()
    overrides = {
        ("SceneDetection", "DefaultThreshold"): scene_threshold,
        ("Rules", "CustomTagRules"): custom_rules,
        ("Paths", "ProcessedDirectory"): output_dir,
    }
    config = load_config(overrides={key: str(value) for key, value in overrides.items() if value is not None})
    with open_run(RunSpec(config)) as run:
        return process_video_pipeline(video_url, run=run, row=row, progress=progress)


def source_key(url: str) -> str:
    """What a record calls its source: the URL without a password, or the whole path of a local file."""
    if url.startswith(("https://", "http://")) and "@" not in url:
        return url  # what millions of rows have needs no closer look
    url = shown_url(url)
    path = local_path(url)
    return url if path is None else str(path.absolute())


class _Changed(Exception):
    """What was fetched again is not what the older record is of."""


class _Work:
    """One video under way: the record so far, and the local file once it is needed."""

    def __init__(self, run: Run, row: Row, progress: Progress) -> None:
        self.run = run
        self.row = row
        self.progress = progress
        self.started_at = timestamp()
        self.url = source_key(row.url)
        self.record: dict[str, Any] = {}
        self.stages: dict[str, dict[str, Any]] = {}
        self.filename = run.journal.filename(self.url)
        if self.filename is None and (wanted := wanted_name(row.url, row.file_name)):
            self.filename = run.journal.claim(self.url, wanted)
        fresh = run.force or self.filename is None or run.journal.is_mixed_up(self.url)
        self.old = None if fresh else run.places.record(self.url, str(self.filename))
        self.version: str | None = None
        self.renewed = False
        self.downloaded = False
        self.busy = False
        self.describe_made_from = ""
        self.made_clips: dict[str, Any] | None = None  # by the decode that found the scenes

    def done(self) -> Record:
        """Take the video the whole way and return its record."""
        try:
            self._look()
            try:
                self._stages()
            except _Changed:
                log.info("%s has changed: everything is done again", self.url)
                self.old = None
                self._stages()
        except VidkitError:
            if self.downloaded and not self.run.config.paths.keep_downloads:
                self.file.unlink(missing_ok=True)
            raise
        if self.old is not None and not self.busy:
            self._note(self.old, not self._in_library())
            return self.old
        return self._keep()

    def _in_library(self) -> bool:
        """Whether the library has a record of this URL; where it is away, storing it says so."""
        with suppress(LibraryError):
            return self.run.library.find(self.url) != []
        return False

    def _look(self) -> None:
        """See whether the source is what it was when the older record was made."""
        with in_stage("download"):
            self.version = self.row.version
            if self.old is None:
                return
            if self.version is None:
                self.version = source_version(self.row.url)
            entry = self.old["processing"]["stages"].get("download")
            self.renewed = entry is None or entry["fingerprint"] != self._source_fingerprint()

    def _source_fingerprint(self) -> str:
        return fingerprint(VERSIONS["download"], self.url, self.version)

    @cached_property
    def file(self) -> Path:
        """The local file: the one that was kept, or else fetched now."""
        return self._kept() or self._fetch()

    def _kept(self) -> Path | None:
        """The local file, if it is here already."""
        if "file" in self.__dict__:
            return self.file
        kept = self.old["path"] if self.old and not self.renewed else None
        if self.old and kept is not None and self.run.places.there(kept):
            path = self.run.places.processed / kept
            if path.stat().st_size == self.old["size"]:
                return path
        return None

    def _fetch(self) -> Path:
        with in_stage("download"):
            self.progress("download", 0, None)
            began = time.monotonic()
            older = self.older  # looked at before the file has a new name
            download = download_video(
                self.row.url,
                self.row.file_name or (older and older["source"]["file_name"]),
                self.run.places.downloads,
                claim=lambda wanted: self.run.journal.claim(self.url, wanted),
                progress=lambda done, total: self.progress("download", done, total),
                stop=self.run.stop,
                max_size=self.run.filters.max_size,
            )
            sha256 = file_sha256(download.path)
        self.filename = download.filename
        if download.is_local:
            self.filename = self.run.journal.claim(self.url, download.filename)
        else:
            mark_download(download.path, self.url)
        self.version = self.row.version or download.version
        self.downloaded = not download.is_local
        self.stages["download"] = stage_entry(began, self._source_fingerprint())
        self.record["source"] = source_of(self.row, self.url, shown_url(download.resolved_url), older)
        self.record["path"] = self.run.places.relative(download.path)
        if self.old and self.old["sha256"] != sha256:
            self.__dict__["file"] = download.path  # it need not be fetched twice
            self.record["sha256"] = sha256
            raise _Changed
        self.record["sha256"] = sha256
        return download.path

    @cached_property
    def older(self) -> Record | None:
        """The record that is replaced: also with `force`, after a change, and where the JSON is lost."""
        return self.old or older_record(self.run, self.url, self.filename)

    @cached_property
    def metadata(self) -> Metadata:
        return extract_metadata(self.file)

    def _stages(self) -> None:
        """Every stage in order. One stage is one call of `_stage`: its keys, what it is made from, how."""
        if self.old and not self.renewed:
            self.record |= {"sha256": self.old["sha256"], "path": self.old["path"]}
            resolved = self.old["source"]["resolved_url"]
            self.record["source"] = source_of(self.row, self.url, resolved, self.old)
            self.busy = self.record["source"] != self.old["source"]
            self.stages["download"] = dict(self.old["processing"]["stages"]["download"])
        else:
            self.busy = True
            self.file  # noqa: B018
        content = self.record["sha256"]
        self._stage("probe", PROBE_KEYS, [content], self._probe)
        self._filter()
        self.made_clips = None
        scenes = self._stage("scenes", SCENE_KEYS, [content], self._scenes)
        clips = self._stage("clips", CLIP_KEYS, self._clip_inputs(), self._clips)
        parts = {"video": [], "scenes": [scenes]}.get(self.run.level, [clips])
        self.describe_made_from = self._made_from("describe", [content, *parts])
        self._keep_answers()
        said = self._stage("describe", DESCRIBE_KEYS, [content, *parts], self._describe)
        corrections = self.record["corrections"] = self._corrections()
        self._stage("tag", ("tags", "classification"), tag_inputs(content, said, corrections), self._tag)

    def _stage(
        self, name: str, keys: tuple[str, ...], inputs: list[object], make: Callable[[], dict[str, Any]]
    ) -> str:
        """Take a stage's keys from the older record if it was made from the same, else make them."""
        made_from = self._made_from(name, inputs)
        old = self.old
        if old and self._stands(name, made_from):
            self.record.update({key: copy.deepcopy(old[key]) for key in keys})  # type: ignore[literal-required]
            self.stages[name] = dict(old["processing"]["stages"][name])
            return made_from
        if name not in ("describe", "tag"):
            self.file  # noqa: B018  # fetched on the download's account
        with in_stage(name):
            self.progress(name, 0, None)
            self.busy = True
            began = time.monotonic()
            self.record.update(make())
            self.stages[name] = stage_entry(began, made_from)
        return made_from

    def _made_from(self, name: str, inputs: list[object]) -> str:
        return stage_fingerprint(name, inputs, self.run.made_from(name))

    def _stands(self, name: str, made_from: str) -> bool:
        """Whether the older record has a stage's results, made from the same."""
        before = self.old["processing"]["stages"].get(name) if self.old else None
        return bool(self.old and before and before["fingerprint"] == made_from and self._usable(name, self.old))

    def _usable(self, name: str, old: Record) -> bool:
        """Whether what an older stage left is all there."""
        if name in FILES:
            return all(map(self.run.places.there, FILES[name](old)))
        if name == "describe":
            return old["ai"] is None or old["ai"]["error"] is None
        if name == "tag":  # what was described since, or said by a CSV, the rules have not seen
            return all(self.record.get(key) == old.get(key) for key in _READ_BY_RULES)
        return True

    def _filter(self) -> None:
        """Leave a video that is not wanted, where the CSV did not say and its size and duration do now."""
        filters, size, duration = self.run.filters, self.record["size"], self.record["duration"]
        if filters.wants(self.row) is None and filters.judge(size, duration, self.row.modified) is False:
            if self.downloaded:
                self.file.unlink(missing_ok=True)
            raise UnwantedError(f"{self.filename} is not wanted by its size, duration or date")

    def _probe(self) -> dict[str, Any]:
        return probed(self.metadata)

    def _scenes(self) -> dict[str, Any]:
        clips_too = not self._stands("clips", self._made_from("clips", self._clip_inputs()))
        made, self.made_clips = make_scenes(
            self.run.config, self.run.places, self.file, str(self.filename), self.metadata, clips_too
        )
        return made

    def _clip_inputs(self) -> list[object]:
        """What clips are made from: along scenes, from those too."""
        content = self.record["sha256"]
        by_time = self.run.config.processing.segment_by == "time"
        return [content] if by_time else [content, self._made_from("scenes", [content])]

    def _clips(self) -> dict[str, Any]:
        if self.made_clips is not None:
            return self.made_clips
        run, record = self.run, self.record
        return make_clips_alone(run.config, run.places, self.file, str(self.filename), self.metadata, record)

    def _keep_answers(self) -> None:
        """Take over what a model said of this content, also where its clips and scenes were made again."""
        older = self.older
        if older and older["sha256"] == self.record["sha256"]:
            before = older["processing"]["stages"].get("describe")
            same = bool(before and before["fingerprint"] == self.describe_made_from and not self.run.force)
            keep_answers(self.record, older, same or self.run.describer is None)

    def _describe(self) -> dict[str, Any]:
        known = {**self.record, "filename": self.filename}
        return described(self.run, known, self._kept(), lambda: self.file)

    def _tag(self) -> dict[str, Any]:
        info = {**self.record, "filename": self.filename}
        tags, classification = tag_and_classify(info, self.run.rules)
        return {"tags": tags, "classification": classification}

    def _corrections(self) -> Corrections | None:
        """What a person said of this content at this URL: also with `force`, and where the JSON is lost."""
        old = self.old or older_record(self.run, self.url, self.filename)
        return old.get("corrections") if old and old["sha256"] == self.record["sha256"] else None

    def _keep(self) -> Record:
        """Write the record, put it into the library and note that the video is done."""
        with in_stage("export"):
            config = self.run.config.paths
            downloaded = self.run.places.processed / self.record["path"] if self.downloaded else None
            if downloaded is not None and not config.keep_downloads:
                self.record["path"] = None
            self.record |= {
                "schema": SCHEMA,
                "id": self.record["sha256"][:16],
                "filename": self.filename,
                "processing": {
                    "vidkit": __version__,
                    "started_at": self.started_at,
                    "finished_at": timestamp(),
                    "stages": {name: self.stages[name] for name in VERSIONS},
                },
            }
            record = cast(Record, {key: self.record[key] for key in Record.__annotations__})
            export_to_json(record, self.run.places.processed)
            self._note(record, True)
            if downloaded is not None and not config.keep_downloads:
                downloaded.unlink(missing_ok=True)
        return record

    def _note(self, record: Record, store: bool) -> None:
        """Put the record into the library, and into the journal what is left to do."""
        stored = True
        if store:
            try:
                self.run.library.save(record, self.run.places.processed)
            except LibraryError as error:
                stored = False
                log.warning(
                    "%s is in its JSON but not in the library, until the next run: %s", self.filename, error
                )
        answered = record["ai"] is None or record["ai"]["error"] is None
        settings = self.run.settings if stored and answered else ""
        self.run.journal.add(self.url, Entry(record["filename"], self.version, settings))
