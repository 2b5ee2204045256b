"""Remove a video from the library, with its files."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from vidkit.core import ensure_directory
from vidkit.library import Library, LibraryEntry
from vidkit.workflow.journal import Journal
from vidkit.workflow.layout import RemovableFiles, files_of, remove_files, work_folder


def remove_video(library: Library, entry: LibraryEntry, downloads: Path, files: bool) -> RemovableFiles | None:
    """Remove a record from the library, and optionally its JSON record, clips, thumbnails and download.

    Args:
        library: the library.
        entry: the video.
        downloads: the DownloadDirectory.
        files: delete the files too. Files that vidkit did not make stay (see `files_of`).

    Returns:
        The deleted files, and the files that stay, with the reasons; None without `files`.

    Raises:
        LibraryError: the library cannot be written; nothing is deleted.
        OutputError: a file cannot be deleted; the record is already removed.
    """
    library.remove(entry.record["source"]["url"])
    if not files:
        return None
    made = files_of(entry.record, entry.folder, downloads)
    remove_files(made)
    if made.store.folder is None:  # for a bucket, the journal does not check whether the record still exists
        with closing(Journal(ensure_directory(work_folder(made.store, downloads)), store=made.store)) as journal:
            journal.forget(entry.record["source"]["url"])
            journal.push()
    return made
