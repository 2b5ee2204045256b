"""The vectors of a finished video, for search by meaning. They are in the library, not in the record."""

from __future__ import annotations

import logging

from vidkit.core.onnx_models import ModelError
from vidkit.errors import VidkitError
from vidkit.library.vectors.protocol import VideoVectors, made_of
from vidkit.record import Record
from vidkit.workflow.job import Progress
from vidkit.workflow.run import Run

log = logging.getLogger(__name__)

NAME = "meaning"


def new_vectors(run: Run, url: str, record: Record, progress: Progress) -> dict[str, VideoVectors]:
    """Model -> new vectors of a video, for models without vectors of these texts or images in the library.

    If a model fails, a warning is logged, the video is still processed, and `vidkit index` tries again.
    """
    found: dict[str, VideoVectors] = {}
    for model in run.meaning or ():
        from vidkit.meaning.encoding import Video, vectors_of

        try:
            if run.stop.is_set() or run.shared.vectors_made_of(model.id, url) == made_of(record, model.id):
                continue
            progress(NAME, 0, None)
            (found[model.id],) = vectors_of(model, [Video(record, run.layout.store)])
        except (ModelError, VidkitError, OSError) as error:
            log.warning(
                "%s has no vectors of %s: %s. `vidkit index` makes them", record["filename"], model.id, error
            )
    return found
