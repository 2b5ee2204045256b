"""A library of made videos that a browser can play, without processing: for tests of the web page."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import MakeVideo
from tests.records import make_record
from vidkit.core.config import Config
from vidkit.export import export_to_json
from vidkit.library import Library, LibraryEntry
from vidkit.record import Record

SHOT = 2.0  # seconds


def add_videos(
    library: Library, config: Config, make_video: MakeVideo, names: Sequence[str], shots: Sequence[str]
) -> list[Record]:
    """Add videos to a library, each with its download and its JSON.

    Args:
        library: where they go.
        config: where the folders are.
        make_video: the fixture.
        names: a video each, without ".mp4".
        shots: the descriptions of the scenes of each, of 2 seconds each; the first scene is red, the second blue.
    """
    folder = config.paths.processed_directory
    config.paths.download_directory.mkdir(exist_ok=True)
    made = make_video(shots=len(shots), shot_length=SHOT)
    records = []
    for name in names:
        record = make_record(f"{name}.mp4", scenes=list(shots), duration=SHOT * len(shots))
        for at, scene in enumerate(record["scenes"]):
            scene["start_time"], scene["end_time"] = at * SHOT, (at + 1) * SHOT
        record |= {"resolution": "320x180", "width": 320, "height": 180, "size": made.stat().st_size, "fps": 25.0}
        shutil.copy(made, config.paths.download_directory / record["filename"])
        export_to_json(record, folder)
        records.append(record)
    library.save_all(LibraryEntry(record, Path(folder)) for record in records)
    return records
