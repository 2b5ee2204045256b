"""Remove a video from the library, and with it what was made of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from vidkit.core import ensure_directory
from vidkit.library import Library, LibraryEntry
from vidkit.workflow.journal import Journal
from vidkit.workflow.layout import Made, files_of, remove_files, work_folder


def remove_video(library: Library, entry: LibraryEntry, downloads: Path, files: bool) -> Made | None:
    """Forget a record, and delete its record file, clips, thumbnails and download if that is asked for.

    Args:
        library: the library.
        entry: the video.
        downloads: the DownloadDirectory.
        files: delete the files too. What is not vidkit's own stays (see `files_of`).

    Returns:
        What was deleted, and what was left with the reasons; None where no files are asked for.

    Raises:
        LibraryError: the library cannot be written; nothing is deleted.
        OutputError: a file cannot be deleted; the library has forgotten the video.
    """
    library.remove(entry.record["source"]["url"])
    if not files:
        return None
    made = files_of(entry.record, entry.folder, downloads)
    remove_files(made)
    if made.store.folder is None:  # the journal does not look whether a record is in its bucket
        with closing(Journal(ensure_directory(work_folder(made.store, downloads)), store=made.store)) as journal:
            journal.forget(entry.record["source"]["url"])
            journal.tell()
    return made
