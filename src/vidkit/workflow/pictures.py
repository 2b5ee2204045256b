"""The stage `pictures`, which hashes pictures of the one decode, and what becomes of a copy of a known video."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vidkit.analysis.decode import DecodeLog, DecodeRequest
from vidkit.analysis.frames import square_frames_output
from vidkit.download import source_version
from vidkit.errors import DuplicateError
from vidkit.library.protocol import pictures_of
from vidkit.record import FOLDERS

if TYPE_CHECKING:
    from vidkit.workflow.job import VideoJob

KEY = "pictures"


@contextmanager
def hashes_of_decode(job: VideoJob) -> Iterator[DecodeRequest[dict[str, Any]]]:
    """Hash some of a video's pictures (`duplicates.signature`)."""
    from vidkit.duplicates.pdq import SIDE
    from vidkit.duplicates.signature import SignatureMaker, to_record

    maker = SignatureMaker(job.metadata.duration)

    def finish(heard: DecodeLog) -> dict[str, Any]:
        return {KEY: to_record(maker.finish(job.record["duration"]))}

    yield DecodeRequest([square_frames_output(job.metadata, maker.rate, SIDE, maker.take)], finish, "hashed")


def check_skipped(job: VideoJob) -> None:
    """Where copies are to be skipped: leave a video that an earlier run has left, if its source is still the same.

    Raises:
        DuplicateError: it was left.
        LibraryError: the library cannot be read.
    """
    run = job.run
    if not run.spec.skip_duplicates or run.force or job.reusable is not None:
        return
    left = run.shared.skipped_copy(job.url)
    if left is None or left[0] is None:
        return
    if job.source_version is None:
        job.source_version = source_version(job.row.url, reach=run.reach)
    if job.source_version == left[0]:
        raise DuplicateError(left[1], left[0])


def check_copy(job: VideoJob) -> None:
    """Where copies are to be skipped: leave a video that has no record yet and is a copy of a known one.

    Raises:
        DuplicateError: it is one. What was made of it is removed.
        LibraryError: the library cannot be read.
    """
    if not job.run.spec.skip_duplicates or job.previous is not None:
        return
    kept = job.run.shared.copy_of(pictures_of({**job.record, "filename": job.filename}))
    if kept is None:
        return
    for kind in FOLDERS:
        job.run.layout.store.delete(f"{kind}/{job.filename}")
    job.remove_download()
    raise DuplicateError(kept, job.source_version)
