"""What the analysis of a video puts into its record: metadata, scenes, thumbnails, contact sheet, clips."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from vidkit.analysis import (
    ClipSettings,
    ClipWish,
    Metadata,
    Scene,
    SceneWish,
    Segment,
    Sprites,
    analyse_video,
    make_clips,
)
from vidkit.core.config import Config
from vidkit.record import Record
from vidkit.workflow.layout import Places

PROBE_KEYS = (
    "duration", "size", "bit_rate", "resolution", "width", "height", "rotation",
    "frame_rate", "fps", "codec", "container", "audio",
)  # fmt: skip
# The decode that finds the scenes also finds out how long the video is, where its header is wrong.
SCENE_KEYS, CLIP_KEYS = ("duration", "bit_rate", "scenes", "sprites", "unread"), ("segments",)
_UNDESCRIBED: dict[str, Any] = {"description": None, "instruction": None, "outdated": False}


def probed(metadata: Metadata) -> dict[str, Any]:
    """The record's keys of the metadata."""
    found = {**asdict(metadata), "resolution": metadata.resolution}
    return {key: found[key] for key in PROBE_KEYS}


def make_scenes(
    config: Config, places: Places, file: Path, filename: str, metadata: Metadata, with_clips: bool
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Find a video's scenes and draw them, and where clips are wanted too, make those from the same decode.

    Args:
        config: the settings.
        places: where the files go.
        file: the local file.
        filename: the video's name.
        metadata: what `extract_metadata` said of the file.
        with_clips: whether clips are wanted.

    Returns:
        The record's keys of the scenes, and those of the clips or None.

    Raises:
        MediaError: ffmpeg cannot decode the video or make the clips.
        ConfigError: the encoder that is asked for does not work here.
        OutputError: a folder cannot be made or moved.
    """
    settings = config.scene_detection
    pictures, clips = places.thumbnails(filename), places.clips(filename)
    with ExitStack() as folders:
        wish = SceneWish(
            folders.enter_context(places.replacing(pictures)),
            settings.default_threshold,
            settings.min_scene_length,
            settings.detector,
            config.processing.sprite_interval,
        )
        clip_wish = None
        if with_clips:
            new = folders.enter_context(places.replacing(clips))
            clip_wish = ClipWish(new, os.path.splitext(filename)[0], clip_settings(config))
        found = analyse_video(file, metadata, wish, clip_wish)
    scenes = [
        {**asdict(scene), "thumbnail": picture and places.relative(pictures / picture.name), **_UNDESCRIBED}
        for scene, picture in zip(found.scenes, found.thumbnails, strict=True)
    ]
    rate = metadata.bit_rate if found.duration == metadata.duration else int(metadata.size * 8 / found.duration)
    made = {"duration": found.duration, "bit_rate": rate, "scenes": scenes, "unread": found.unread}
    made["sprites"] = _sprites(places, pictures, found.sprites)
    return made, None if found.segments is None else _segments(places, clips, found.segments)


def make_clips_alone(
    config: Config, places: Places, file: Path, filename: str, metadata: Metadata, record: Mapping[str, Any]
) -> dict[str, Any]:
    """Make a video's clips where its record has its scenes already; raises as `make_scenes`."""
    known = [Scene(each["index"], each["start_time"], each["end_time"], each["score"]) for each in record["scenes"]]
    metadata = replace(metadata, duration=record["duration"])
    damaged = bool(record.get("unread"))
    folder = places.clips(filename)
    with places.replacing(folder) as new:
        stem = os.path.splitext(filename)[0]
        segments = make_clips(file, new, stem, metadata, clip_settings(config), known, damaged)
    return _segments(places, folder, segments)


def clip_settings(config: Config) -> ClipSettings:
    """How clips are made, from the settings.

    Raises:
        ConfigError: the encoder that is asked for does not work here.
    """
    return ClipSettings.from_processing(config.processing)


def _sprites(places: Places, folder: Path, sprites: Sprites | None) -> dict[str, Any] | None:
    if sprites is None:
        return None
    images = [places.relative(folder / image.name) for image in sprites.images]
    return {"vtt": places.relative(folder / sprites.vtt.name), "images": images, "interval": sprites.interval}


def _segments(places: Places, folder: Path, segments: Sequence[Segment]) -> dict[str, Any]:
    empty: dict[str, Any] = {"url": None, **_UNDESCRIBED, "tags": []}
    return {
        "segments": [
            {**asdict(segment), "path": places.relative(folder / segment.path.name), **empty}
            for segment in segments
        ]
    }


def _scene_files(record: Record) -> list[str]:
    """The files of the scenes that a record names."""
    files = [scene["thumbnail"] for scene in record["scenes"] if scene["thumbnail"] is not None]
    sprites = record.get("sprites")
    return [*files, sprites["vtt"], *sprites["images"]] if sprites else files


# The files that a record names, by the stage that made them.
FILES: dict[str, Callable[[Record], list[str]]] = {
    "scenes": _scene_files,
    "clips": lambda record: [segment["path"] for segment in record["segments"]],
}
