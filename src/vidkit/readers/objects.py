"""The reader `objects`: which objects are visible, and where, by the user's own detector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from vidkit.core.setting_values import number
from vidkit.readers.protocol import Batch, Needs, Option, PictureBatch, Pictures, Reading, Video
from vidkit.readers.weights import MODEL_OPTIONS, ModelReader

if TYPE_CHECKING:
    from vidkit.readers.object_detector import ObjectDetector

_PER_SECOND = 1
_SIDE = 640  # pixels: as `faces`, so that the two share frames


class Objects(ModelReader["ObjectDetector"]):
    """Finds objects with an ONNX model."""

    version = 1
    meaning = "which objects are visible, and where"
    needs = Needs(Pictures(_PER_SECOND, _SIDE))
    options: ClassVar[Mapping[str, Option]] = {
        **MODEL_OPTIONS,
        "Score": Option(0.5, "Least score of an object, 0 to 1.", number(float, 0.01, 1, "a score")),
    }

    def load(self) -> ObjectDetector:
        """Open the detector."""
        from vidkit.readers.object_detector import ObjectDetector

        return ObjectDetector(dict(self.settings))

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video; see `docs/readers.md` for the values."""
        from vidkit.readers.boxes import ObjectSpans

        objects = ObjectSpans()
        for batch in batches:
            assert isinstance(batch, PictureBatch)
            for time, image in zip(batch.times, batch.images, strict=True):
                objects.add(time, self.opened.find(image, self.settings["Score"]))
        objects.end(video.duration)
        kinds = len({span.label for span in objects.spans})
        return Reading(objects.spans, {"most": objects.most, "kinds": kinds})
