"""The stages that look into the file: probe, scenes with their thumbnails and contact sheet, clips."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from vidkit.analysis import ClipOptions, ClipSettings, Metadata, Scene, SceneOptions, Segment, Sprites
from vidkit.analysis.decode import DecodeLog, DecodeRequest
from vidkit.analysis.one_pass import requested_clips, requested_scenes
from vidkit.core.settings import Processing
from vidkit.errors import UnwantedError
from vidkit.messages import message
from vidkit.record import CLIPS, THUMBNAILS, Record
from vidkit.workflow.job import VideoJob
from vidkit.workflow.run import Run

PROBE_KEYS = (
    "duration", "size", "bit_rate", "resolution", "width", "height", "rotation",
    "frame_rate", "fps", "codec", "container", "audio",
)  # fmt: skip
# The decode that finds the scenes also finds out how long the video is, where its header is wrong.
SCENE_KEYS = ("duration", "bit_rate", "scenes", "sprites", "unread")
_UNDESCRIBED: dict[str, Any] = {"description": None, "instruction": None, "outdated": False}


def probe(job: VideoJob) -> dict[str, Any]:
    """The record's keys of the metadata."""
    found = {**asdict(job.metadata), "resolution": job.metadata.resolution}
    return {key: found[key] for key in PROBE_KEYS}


def check_wanted(job: VideoJob) -> None:
    """Leave a video that is not wanted, where the CSV did not say and its size and duration do now.

    Raises:
        UnwantedError: it is not wanted; a download of it is removed.
    """
    filters, size, duration = job.run.filters, job.record["size"], job.record["duration"]
    if filters.wants(job.row) is None and filters.judge(size, duration, job.row.modified) is False:
        job.remove_download()
        raise UnwantedError("{filename} is not wanted by its size, duration or date", filename=job.filename)


def scene_settings(run: Run) -> list[object]:
    scenes = run.config.scene_detection
    interval = run.config.processing.sprite_interval
    return [scenes.detector, scenes.default_threshold, scenes.min_scene_length, interval]


@contextmanager
def scenes_of_decode(job: VideoJob) -> Iterator[DecodeRequest[dict[str, Any]]]:
    """Find a video's scenes and draw them.

    Raises:
        MediaError: ffmpeg cannot decode the video.
        OutputError: the folder cannot be made or moved.
    """
    metadata, settings = job.metadata, job.run.config.scene_detection
    with job.publishing(THUMBNAILS, "scenes") as new:
        wish = SceneOptions(
            new.folder,
            settings.default_threshold,
            settings.min_scene_length,
            settings.detector,
            job.run.config.processing.sprite_interval,
        )
        with requested_scenes(job.file.get(), metadata, wish) as request:

            def finish(heard: DecodeLog) -> dict[str, Any]:
                found = request.finish(heard)
                same = found.duration == metadata.duration
                return {
                    "duration": found.duration,
                    "bit_rate": metadata.bit_rate if same else int(metadata.size * 8 / found.duration),
                    "scenes": [
                        {**asdict(scene), "thumbnail": file and f"{new.name}/{file.name}", **_UNDESCRIBED}
                        for scene, file in zip(found.scenes, found.thumbnails, strict=True)
                    ],
                    "unread": found.unread,
                    "sprites": _sprites(new.name, found.sprites),
                }

            yield DecodeRequest(request.outputs, finish, request.purpose)


def scene_files(record: Record) -> list[str]:
    """The thumbnails and the contact sheet that a record names."""
    files = [scene["thumbnail"] for scene in record["scenes"] if scene["thumbnail"] is not None]
    sprites = record.get("sprites")
    return [*files, sprites["vtt"], *sprites["images"]] if sprites else files


def clip_inputs(job: VideoJob) -> list[object]:
    """What clips are made from: the content; along scenes, those too."""
    by_time = job.run.config.processing.segment_by == "time"
    return [job.record["sha256"]] if by_time else [job.record["sha256"], job.fingerprints["scenes"]]


def clip_fingerprint_settings(run: Run) -> list[object]:
    caps = run.config.processing
    overlap = caps.segment_overlap if caps.segment_by == "time" else 0.0  # clips along scenes have none
    limits = [caps.segment_length, overlap, caps.max_resolution, caps.max_fps]
    # At its default it is left out: clips that were cut before there was this setting stay.
    default = caps.min_segment_length == Processing.min_segment_length or caps.segment_by == "scenes"
    rest = [] if default else [caps.min_segment_length]
    return [*limits, caps.segment_by, caps.clip_mode, caps.encoder, *rest]


@contextmanager
def clips_of_decode(job: VideoJob) -> Iterator[DecodeRequest[dict[str, Any]]]:
    """Make a video's clips, with its scenes if they are made now, too.

    Raises:
        MediaError: ffmpeg cannot make the clips.
        ConfigError: the encoder that is asked for does not work here.
        OutputError: the folder cannot be made or moved.
    """
    stem, settings = os.path.splitext(str(job.filename))[0], job.run.config.processing
    with job.publishing(CLIPS, "clips") as new:
        wish = ClipOptions(new.folder, stem, ClipSettings.from_processing(settings))
        damaged = bool(job.record.get("unread"))  # known, where the scenes are there already
        with requested_clips(job.file.get(), _measured(job), wish, damaged) as request:

            def finish(heard: DecodeLog) -> dict[str, Any]:
                record = job.record  # with the scenes
                keys = ("index", "start_time", "end_time", "score")
                scenes = [Scene(*(scene[key] for key in keys)) for scene in record["scenes"]]
                return _segments(new.name, request.finish(_measured(job), scenes, record.get("unread") or 0.0))

            yield DecodeRequest(request.outputs, finish, message("cut into clips"))


def _measured(job: VideoJob) -> Metadata:
    """The metadata, with the duration that is known so far."""
    return replace(job.metadata, duration=job.record["duration"])


def clip_files(record: Record) -> list[str]:
    """The clips that a record names."""
    return [segment["path"] for segment in record["segments"]]


def _sprites(folder: str, sprites: Sprites | None) -> dict[str, Any] | None:
    if sprites is None:
        return None
    images = [f"{folder}/{image.name}" for image in sprites.images]
    return {"vtt": f"{folder}/{sprites.vtt.name}", "images": images, "interval": sprites.interval}


def _segments(folder: str, segments: Sequence[Segment]) -> dict[str, Any]:
    empty: dict[str, Any] = {"url": None, **_UNDESCRIBED, "tags": []}
    return {
        "segments": [{**asdict(segment), "path": f"{folder}/{segment.path.name}", **empty} for segment in segments]
    }
