"""The reader `faces`: where faces are, without identities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vidkit.core.setting_values import number
from vidkit.readers.protocol import Batch, Needs, Option, PictureBatch, Pictures, Reading, Video
from vidkit.readers.weights import MODEL_OPTIONS, ModelReader

if TYPE_CHECKING:
    from vidkit.readers.face_detector import FaceDetector

_PER_SECOND = 2
FACE_OPTIONS = {
    **MODEL_OPTIONS,
    "Score": Option(0.5, "Least score of a face, 0 to 1.", number(float, 0.01, 1, "a score")),
    "Side": Option(640, "Pixels of the longer side of the frames: more find smaller faces, and take longer.",
                   number(int, 64, 4096, "a number of pixels")),
}  # fmt: skip


class Faces(ModelReader["FaceDetector"]):
    """Finds faces with an ONNX model of the layout of CenterFace."""

    version = 1
    meaning = "where faces are; no identities"
    options = FACE_OPTIONS

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the settings."""
        super().__init__(settings)
        self.needs = Needs(Pictures(_PER_SECOND, settings["Side"]))

    def load(self) -> FaceDetector:
        """Open the detector."""
        from vidkit.readers.face_detector import FaceDetector

        return FaceDetector(dict(self.settings))

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video; see `docs/readers.md` for the values."""
        from vidkit.readers.boxes import ObjectSpans

        objects, largest = ObjectSpans(), 0.0
        for batch in batches:
            assert isinstance(batch, PictureBatch)
            for time, image in zip(batch.times, batch.images, strict=True):
                found = self.opened.find(image, self.settings["Score"])
                largest = max([largest, *(face.box[3] for face in found)])
                objects.add(time, found)
        objects.end(video.duration)
        share = objects.seconds("face") / video.duration if video.duration else 0.0
        return Reading(objects.spans, {"most": objects.most, "share": min(share, 1.0), "largest": largest})
