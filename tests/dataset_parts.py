"""A library with files on the disk, for the tests of datasets."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from vidkit.export import Exported, export_dataset
from vidkit.library import Library, LibraryEntry
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.record import Record

from .records import make_record


def put_video(library: Library, folder: Path, name: str, content: str | None = None, **changes: Any) -> Record:
    """Put a video into a library, see `make_video_files`."""
    stored = make_video_files(folder, name, content, **changes)
    library.save_all([stored])
    return stored.record


def make_video_files(folder: Path, name: str, content: str | None = None, **changes: Any) -> LibraryEntry:
    """A record whose download and clips are files: their content is the name, where no other is given."""
    text = name if content is None else content
    (folder / "downloads").mkdir(parents=True, exist_ok=True)
    (folder / "downloads" / name).write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    size = len(text.encode())
    record = make_record(name, **{"sha256": digest, "size": size, "path": f"downloads/{name}", **changes})
    for clip in record["segments"]:
        clip["path"] = f"clips/{name}/{clip['index']:03d}.mp4"
        path = folder / clip["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name} {clip['index']}")
    return LibraryEntry(record, folder)


def new_library() -> Library:
    """An empty library in this folder, as `vidkit` finds it without a config.ini."""
    return open_sqlite("library.db")


def labelled(counts: dict[str, int], folder: Path = Path("processed_videos")) -> Library:
    """A library of so many videos of each label, which stands in the CSV's column `label`."""
    library = new_library()
    library.save_all(
        make_video_files(folder.absolute(), f"{label}_{number}.mp4", columns={"label": label})
        for label, count in counts.items()
        for number in range(count)
    )
    return library


def export(library: Library, format: str, **options: Any) -> Exported:
    """Export by the CSV's column `label` into `out`, where nothing else is said."""
    return export_dataset(library, options.pop("directory", "out"), format, **{"label": "label", **options})
