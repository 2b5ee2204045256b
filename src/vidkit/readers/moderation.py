"""The reader `moderation`: how likely each scene is not safe for work, by the user's own classifier."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from vidkit.core.onnx_models import ModelError
from vidkit.messages import message
from vidkit.readers.protocol import Batch, Needs, Option, PictureBatch, Pictures, Reading, Span, Video
from vidkit.readers.weights import MODEL_OPTIONS, ModelReader

if TYPE_CHECKING:
    from vidkit.readers.image_classifier import ImageClassifier

_PER_SECOND = 1
_SIDE = 320  # pixels: as `quality`, so that the two share frames; classifiers use 224 to 384
_UNSAFE = ("nsfw", "unsafe", "porn", "hentai", "explicit", "nude", "nudity", "sexual", "violence", "gore")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in re.split(r"[,\n]", text) if (name := part.strip()))


class Moderation(ModelReader["ImageClassifier"]):
    """Scores scenes with an image classifier."""

    version = 1
    meaning = "how likely each scene is not safe for work"
    needs = Needs(Pictures(_PER_SECOND, _SIDE), scenes=True)
    options: ClassVar[Mapping[str, Option]] = {
        **MODEL_OPTIONS,
        "Unsafe": Option(_UNSAFE, "Names of the model's classes that are not safe, with commas.", _names),
    }

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the settings."""
        super().__init__(settings)
        self._unsafe: list[int] = []

    def load(self) -> ImageClassifier:
        """Open the classifier, and find its unsafe classes."""
        from vidkit.readers.image_classifier import ImageClassifier, numbers_of

        classifier = ImageClassifier(dict(self.settings))
        self._unsafe = numbers_of(classifier.labels, self.settings["Unsafe"])
        if not self._unsafe:
            names = ", ".join(classifier.labels[:20])
            raise ModelError(
                message("none of the model's classes is in Unsafe: set it to some of {names}", names=names)
            )
        return classifier

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video; see `docs/readers.md` for the values."""
        seen: list[tuple[float, float]] = []
        for batch in batches:
            assert isinstance(batch, PictureBatch)
            scores = self.opened.scores(batch.images)[:, self._unsafe].sum(axis=1)
            seen += zip(batch.times, (min(float(score), 1.0) for score in scores), strict=True)
        spans = []
        for scene in video.scenes:
            inside = [score for time, score in seen if scene.start_time <= time < scene.end_time]
            if inside:
                spans.append(Span(scene.start_time, scene.end_time, score=max(inside)))
        if not seen:
            return Reading()
        every = [score for _, score in seen]
        return Reading(spans, {"max": max(every), "mean": sum(every) / len(every)})
