"""Records for tests that need many, or odd ones, and no videos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from vidkit.core.config import load_config
from vidkit.export import export_to_json
from vidkit.library import LibraryEntry, open_library
from vidkit.record import SCHEMA, Record


def make_record(name: str = "video.mp4", **changes: Any) -> Record:
    """A whole record of a minute's video, 1280x720, processed on 2026-01-02; `changes` go over it.

    `url`, `columns`, `scenes` and `segments` are short for what they stand for: scenes and segments are lists of
    descriptions (or None) of ten seconds each, or (description, tags) for a segment.
    """
    url = changes.pop("url", f"https://videos.example/{name}")
    digest = changes.pop("sha256", hashlib.sha256(url.encode("utf-8", "replace")).hexdigest())
    source = {"url": url, "resolved_url": url, "file_name": None, "file_size": None, "last_modified": None}
    source |= {"columns": changes.pop("columns", {})} | changes.pop("source", {})
    finished = changes.pop("finished_at", "2026-01-02T03:04:05Z")
    record: dict[str, Any] = {
        "schema": SCHEMA, "id": digest[:16], "sha256": digest, "filename": name, "source": source,
        "path": f"../downloads/{name}", "duration": 60.0, "size": 1_000_000, "bit_rate": 133_333,
        "resolution": "1280x720", "width": 1280, "height": 720, "rotation": 0, "frame_rate": "30000/1001",
        "fps": 29.97002997002997, "codec": "h264", "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "audio": {"codec": "aac", "channels": 2, "sample_rate": 48000},
        "scenes": _scenes(changes.pop("scenes", [None])), "segments": _segments(changes.pop("segments", [])),
        "qwen_description": None, "ai_generated_tags": [], "ai": None, "tags": [], "classification": "Unclassified",
        "corrections": None,
        "processing": {
            "vidkit": "0.1.0", "started_at": finished, "finished_at": finished,
            "stages": {stage: {"seconds": 0.1, "fingerprint": "5f2a"} for stage in ("probe", "describe", "tag")},
        },
    }  # fmt: skip
    if "resolution" in changes:
        record["width"], record["height"] = map(int, changes["resolution"].split("x"))
    return cast(Record, record | changes)


def _scenes(descriptions: Sequence[str | None]) -> list[dict[str, Any]]:
    return [
        {
            "index": at + 1, "start_time": at * 10.0, "end_time": at * 10.0 + 10, "score": 0.5 if at else None,
            "thumbnail": f"thumbnails/{at + 1}.jpg", "description": description,
        }
        for at, description in enumerate(descriptions)
    ]  # fmt: skip


def _segments(descriptions: Sequence[Any]) -> list[dict[str, Any]]:
    said = [each if isinstance(each, tuple) else (each, []) for each in descriptions]
    return [
        {
            "index": at + 1, "start_time": at * 10.0, "end_time": at * 10.0 + 10,
            "path": f"clips/{at + 1:03d}.mp4", "url": None, "width": 1280, "height": 720, "fps": 30.0,
            "description": description, "tags": tags,
        }
        for at, (description, tags) in enumerate(said)
    ]  # fmt: skip


def keep(*records: Record) -> None:
    """Put records into the library, each with its JSON."""
    folder = Path("processed_videos").absolute()
    with open_library(load_config()) as library:
        library.save_all(LibraryEntry(record, folder) for record in records)
    for record in records:
        export_to_json(record, folder)


def record_of(clips: Sequence[Path], **keys: Any) -> dict[str, Any]:
    """What the describe stage is given of a video with these clips of 15 seconds, and `keys` beside that."""
    entries = [
        {
            "index": n + 1, "start_time": n * 15.0, "end_time": n * 15.0 + 15, "path": clip.name,
            "url": None, "description": None, "tags": [],
        }
        for n, clip in enumerate(clips)
    ]  # fmt: skip
    return {"filename": "video.mp4", "segments": entries, "scenes": [], "ai_generated_tags": [], **keys}
