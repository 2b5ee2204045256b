"""The reader `objects`: which things are seen, and where, by a detector of the user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from vidkit.core.setting_values import number
from vidkit.readers.protocol import Batch, Needs, Option, PictureBatch, Pictures, Reader, Reading, Video
from vidkit.readers.weights import MODEL_OPTIONS, ModelError

if TYPE_CHECKING:
    from vidkit.readers.object_detector import ObjectDetector

_PER_SECOND = 1
_SIDE = 640  # pixels: as `faces`, so that the two share them


class Objects(Reader):
    """Finds objects with an ONNX model."""

    version = 1
    meaning = "which things are seen, and where"
    needs = Needs(Pictures(_PER_SECOND, _SIDE))
    options: ClassVar[Mapping[str, Option]] = {
        **MODEL_OPTIONS,
        "Score": Option(0.5, "Least score of an object, 0 to 1.", number(float, 0.01, 1, "a score")),
    }

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the settings."""
        super().__init__(settings)
        self._detector: ObjectDetector | None = None

    def missing(self) -> str | None:
        """What is missing: the model, or what runs it."""
        try:
            self.open()
        except ModelError as error:
            return str(error)
        return None

    def open(self) -> None:
        """Load the model."""
        from vidkit.readers.object_detector import ObjectDetector

        if self._detector is None:
            self._detector = ObjectDetector(dict(self.settings))
            self.model = self._detector.model.name

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video; see `docs/readers.md` for the values."""
        from vidkit.readers.boxes import Stays

        assert self._detector is not None
        stays = Stays()
        for batch in batches:
            assert isinstance(batch, PictureBatch)
            for time, image in zip(batch.times, batch.images, strict=True):
                stays.add(time, self._detector.find(image, self.settings["Score"]))
        stays.end(video.duration)
        kinds = len({span.label for span in stays.spans})
        return Reading(stays.spans, {"most": stays.most, "kinds": kinds})
