"""Find faces in images with an ONNX model of the layout of CenterFace.

Source of the layout: Y. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019
(arXiv:1911.03599): a heat map of the centres of faces at a quarter of the image's size, and for each point of it
the logarithms of height and width, and the offset of the centre.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.core import printable
from vidkit.core.onnx_models import Model, ModelError
from vidkit.messages import message
from vidkit.readers.boxes import Found, inside, keep_best
from vidkit.readers.weights import open_model

_STRIDE = 4  # pixels of the image for a point of the heat map
_WHOLE = 32  # the sides of the input are multiples of this
_OVERLAP = 0.3  # two boxes with more overlap are one face
_CHANNELS = (1, 2, 2)  # heat map, sizes, offsets; landmarks may follow


class FaceDetector:
    """A model that finds faces.

    Args:
        settings: values for `MODEL_OPTIONS`.

    Raises:
        ModelError: there is no model, or it does not detect faces.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.model = open_model(settings, free_sizes=True)
        _check_layout(self.model)
        self._input = self.model.inputs[0].name

    def find(self, image: NDArray[np.uint8], least: float) -> list[Found]:
        """The faces in an image, best first.

        Args:
            image: height x width x 3, RGB.
            least: the minimum score, 0 to 1.
        """
        height, width = image.shape[:2]
        room = [-(-side // _WHOLE) * _WHOLE for side in (height, width)]
        picture = np.zeros((1, 3, *room), np.float32)
        picture[0, :, :height, :width] = image.transpose(2, 0, 1)
        heat, size, offset = self.model.run({self._input: picture})[:3]
        rows, columns = np.nonzero(heat[0, 0] >= least)
        if not len(rows):
            return []
        scores = np.minimum(heat[0, 0, rows, columns], 1.0)
        high, wide = np.exp(np.clip(size[0, :, rows, columns].T, -20, 20)) * _STRIDE
        down, right = offset[0, :, rows, columns].T
        y, x = (rows + down + 0.5) * _STRIDE, (columns + right + 0.5) * _STRIDE
        boxes = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1)
        boxes /= np.array([width, height, width, height], np.float32)
        kept = keep_best(boxes, scores, _OVERLAP)
        faces = [Found(inside(*map(float, boxes[each])), float(scores[each]), "face") for each in kept]
        return [face for face in faces if face.box[2] > 0 and face.box[3] > 0]


def _check_layout(model: Model) -> None:
    """Raise ModelError if a model has another layout."""
    inputs, outputs = model.inputs, model.outputs
    channels = tuple(each.shape[1] if len(each.shape) == 4 else None for each in outputs)
    pictures = len(inputs) == 1 and len(inputs[0].shape) == 4 and inputs[0].shape[1] == 3
    if not pictures or channels[:3] != _CHANNELS:
        raise ModelError(
            message(
                "{model_name} is no face detector that can be read: its outputs are not those of CenterFace",
                model_name=printable(model.name),
            )
        )
