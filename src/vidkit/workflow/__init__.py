"""The pipeline for one video, from its URL to its record in the library.

    row -> download -> probe -> scenes -> clips -> describe -> tag -> export -> library

The stages are in one table, `workflow.stages`. Each has a fingerprint of its inputs. If the older record has the
same fingerprint and the stage's files are there, its results are reused. The video is downloaded only if a stage
needs it.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import ExitStack
from typing import Any, cast

from vidkit._version import __version__
from vidkit.analysis.decode import DecodeRequest
from vidkit.analysis.one_pass import decode_once
from vidkit.core import shown_url
from vidkit.core.config import load_config
from vidkit.core.units import timestamp
from vidkit.download import local_path
from vidkit.errors import MediaError, OutputError, VidkitError
from vidkit.export import write_record_over
from vidkit.record import REQUIRED, SCHEMA, Record
from vidkit.rows import Row
from vidkit.workflow.fingerprints import stage_fingerprint
from vidkit.workflow.finished import Finished, note
from vidkit.workflow.job import ContentChanged, Progress, VideoJob, in_stage
from vidkit.workflow.meaning import new_vectors
from vidkit.workflow.pictures import check_skipped
from vidkit.workflow.readings import keep_other_readings, reading_files
from vidkit.workflow.run import Run, RunSpec, open_run
from vidkit.workflow.stages import Stage, stages_of

log = logging.getLogger(__name__)

_ATTEMPTS = 3  # at a video whose record other runs write at the same time


class RecordChanged(Exception):
    """Another run has written the video's record since this run read it."""


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
    """Run the full pipeline for one video: download, probe, scenes, clips, describe, tag, export, library.

    Args:
        video_url: the URL of a video or of a page with one, a `file://` URL or a local path.
        scene_threshold: overrides `[SceneDetection] DefaultThreshold`.
        custom_rules: overrides `[Rules] CustomTagRules`.
        output_dir: overrides `[Paths] ProcessedDirectory`.
        run: shared by many videos; by default a new one from config.ini and the environment.
        row: the CSV row, if the video comes from a CSV.
        progress: called when a stage starts, and with the bytes of the download.

    Returns:
        The record, as in `<ProcessedDirectory>/<filename>.json` and in the library. If there was nothing to do, it
        is the existing record.

    Raises:
        VidkitError: the video failed; `stage` of the exception is the stage that failed.
    """
    if run is not None:
        row = row or Row(line=0, url=video_url)
        with run.shared.working_on(source_key(row.url), run.stop.is_set):
            finished = make_record(run, row, progress)
            with in_stage("export"):
                note(run, [finished])
            return finished.record
    overrides = {
        ("SceneDetection", "DefaultThreshold"): scene_threshold,
        ("Rules", "CustomTagRules"): custom_rules,
        ("Paths", "ProcessedDirectory"): output_dir,
    }
    config = load_config(overrides={key: str(value) for key, value in overrides.items() if value is not None})
    with open_run(RunSpec(config)) as run:
        return process_video_pipeline(video_url, run=run, row=row, progress=progress)


def make_record(run: Run, row: Row, progress: Progress | None = None) -> Finished:
    """Run the pipeline up to the written record. `note` then adds it to the journal and the library.

    Args:
        run: shared by many videos. The caller holds the lock on the row's URL.
        row: the video.
        progress: as for `process_video_pipeline`.

    Raises:
        VidkitError: the video failed; `stage` of the exception is the stage that failed.
    """
    with run.processes.active():
        for _ in range(_ATTEMPTS):
            job = VideoJob(run, row, source_key(row.url), progress or (lambda *_: None))
            try:
                return _process(job)
            except RecordChanged:
                log.info("%s: another run has written its record meanwhile: it is looked at again", job.url)
                if not run.config.paths.keep_downloads:
                    job.remove_download()
        raise OutputError(
            "{filename}: other runs write its record again and again. Let one of them finish, then start again",
            filename=job.filename,
        )


def source_key(url: str) -> str:
    """The `source.url` of a record: the URL without a password, or the absolute path of a local file."""
    if url.startswith(("https://", "http://", "s3://", "gs://", "az://")) and "@" not in url:
        return url  # most URLs are like this, and there may be millions
    url = shown_url(url)
    path = local_path(url)
    return url if path is None else str(path.absolute())


def _process(job: VideoJob) -> Finished:
    """Run all stages of a video, up to its record."""
    started_at = timestamp()
    try:
        job.check_source()
        check_skipped(job)
        try:
            _make_stages(job)
        except ContentChanged:
            log.info("%s has changed: everything is done again", job.url)
            job.start_over()
            _make_stages(job)
    except VidkitError:
        if not job.run.config.paths.keep_downloads:
            job.remove_download()
        raise
    if job.reusable is not None and not job.changed:
        return _finished(job, job.reusable, new=False)
    return _finished(job, _write_record(job, started_at), new=True)


def _finished(job: VideoJob, record: Record, new: bool) -> Finished:
    vectors = new_vectors(job.run, job.url, record, job.progress)
    return Finished(job.url, record, new, job.source_version, vectors)


def _make_stages(job: VideoJob) -> None:
    """Make every stage, in the table's order, or take it from the older record."""
    job.take_source()
    keep_other_readings(job)
    stages = stages_of(job.run)
    for stage in stages:
        inputs, settings = stage.inputs(job), stage.settings(job.run)
        job.fingerprints[stage.name] = stage_fingerprint(stage.version, inputs, settings)
    made: set[str] = set()
    for stage in stages:
        if stage.name in made:
            continue
        stage.before(job)
        if _is_done(stage, job):
            job.take(stage.name, stage.keys, stage.part)
        elif stage.decode is not None:
            together = [each for each in stages if each.decode is not None and not _is_done(each, job)]
            if all(_can_wait(each, job) for each in together):
                continue
            for each in together[1:]:
                each.before(job)
            _decode_or_fail(together, job)
            made.update(each.name for each in together)
        elif stage.make is not None:
            if stage.needs_file:
                job.file.get()  # here, so that its time counts for the download
            with in_stage(stage.name):
                job.progress(stage.name, 0, None)
                began = time.monotonic()
                job.fill(stage.name, stage.make(job), time.monotonic() - began)


def _is_done(stage: Stage, job: VideoJob) -> bool:
    """Whether the older record has a stage's results: the same fingerprint, all files, nothing left to do."""
    old = job.reusable
    entry = old["processing"]["stages"].get(stage.name) if old else None
    if old is None or entry is None or entry["fingerprint"] != job.fingerprints[stage.name]:
        return False
    return job.run.layout.has_all(stage.files(old)) and stage.complete(job, old)


def _can_wait(stage: Stage, job: VideoJob) -> bool:
    """Whether a stage that is not worth a decode of its own is missing in an older record."""
    return stage.with_others and job.reusable is not None and stage.name not in job.reusable["processing"]["stages"]


def _decode_or_fail(stages: list[Stage], job: VideoJob) -> None:
    """Make stages from one decode. If it fails, decode again without the stages that have `Stage.failed`."""
    try:
        _decode_for(stages, job)
    except MediaError as error:
        optional = [(stage, stage.failed) for stage in stages if stage.failed is not None]
        if not optional or job.run.stop.is_set():
            raise
        if others := [stage for stage in stages if stage.failed is None]:
            _decode_for(others, job)
        for stage, failed in optional:
            job.fill(stage.name, failed(job, str(error)), 0.0)


def _decode_for(stages: list[Stage], job: VideoJob) -> None:
    """Make stages from one decode. The folders that they fill are published when all of them are done."""
    file = job.file.get()  # here, so that its time counts for the download
    requests: list[tuple[Stage, DecodeRequest[dict[str, Any]], float]] = []
    with in_stage(stages[0].name), ExitStack() as folders:
        for stage in stages:
            if stage.decode is None:
                continue
            with in_stage(stage.name):
                job.progress(stage.name, 0, None)
                began = time.monotonic()
                request = folders.enter_context(stage.decode(job))
                requests.append((stage, request, time.monotonic() - began))
        began = time.monotonic()
        with in_stage(stages[0].name):
            job.progress(stages[0].name, 0, None)
            listener = decode_once(file, job.metadata, [request for _, request, _ in requests])
        decoding = time.monotonic() - began  # counted for the first stage
        for stage, request, preparing in requests:
            with in_stage(stage.name):
                job.progress(stage.name, 0, None)
                began = time.monotonic()
                job.fill(stage.name, request.finish(listener), preparing + decoding + time.monotonic() - began)
                decoding = 0.0


def _write_record(job: VideoJob, started_at: str) -> Record:
    """Write the record, then remove the older files.

    Raises:
        RecordChanged: another run has written one meanwhile. Nothing was written or removed.
    """
    stages = stages_of(job.run)
    names = ("download", *(stage.name for stage in stages))
    removed = job.downloaded and not job.run.config.paths.keep_downloads
    with in_stage("export"):
        job.record |= {
            "schema": SCHEMA,
            "id": job.record["sha256"][:16],
            "filename": job.filename,
            "path": None if removed else job.record["path"],
            "processing": {
                "vidkit": __version__,
                "started_at": started_at,
                "finished_at": timestamp(),
                "stages": {name: job.entries[name] for name in names if name in job.entries},
            },
        }
        keys = dict.fromkeys(
            [*REQUIRED, *(key for stage in stages for key in stage.keys if key in job.record), *job.record]
        )
        record = cast(Record, {key: job.record[key] for key in keys})
        _keep_unknown_stages(record, job.previous)
        if not write_record_over(job.run.layout.store, record, job.version):
            raise RecordChanged
        # From here on the older files are not needed.
        named = [*(file for stage in stages for file in stage.files(record)), *reading_files(record)]
        job.run.layout.remove_older(job.published.values(), named, record)
        if removed:
            job.remove_download()
    return record


def _keep_unknown_stages(record: Record, previous: Record | None) -> None:
    """Keep what stages of another version of vidkit have written about the same content."""
    if previous is None or previous["sha256"] != record["sha256"]:
        return
    for key, value in previous.items():
        record.setdefault(key, value)  # type: ignore[misc]
    for name, entry in previous["processing"]["stages"].items():
        record["processing"]["stages"].setdefault(name, entry)
