"""Find objects in images with an ONNX model of one of these layouts:

- YOLOX (https://github.com/Megvii-BaseDetection/YOLOX): one output; for each point of three grids it has a
  box, an objectness score, and the scores of the classes. Z. Ge et al., "YOLOX", 2021 (arXiv:2107.08430).
- RT-DETR and D-FINE from their own tools (https://github.com/lyuwenyu/RT-DETR, https://github.com/Peterande/D-FINE):
  the size of the image is an input; labels, boxes and scores are outputs.
- RF-DETR (https://github.com/roboflow/rf-detr), and RT-DETR or D-FINE from Hugging Face's `optimum`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.core import printable
from vidkit.core.onnx_models import Model, ModelError
from vidkit.messages import message
from vidkit.readers.boxes import Found, inside, keep_best
from vidkit.readers.image_classifier import normalisation_of
from vidkit.readers.weights import labels_of, open_model

_DEFAULT_SIDE = 640
_STRIDES = (8, 16, 32)  # of YOLOX's grids
_GREY = 114  # YOLOX's padding of images that are not square
_OVERLAP = 0.65  # two boxes of YOLOX with one label and more overlap are one object
_MOST = 300  # maximum boxes of an image

Numbers = NDArray[np.float32]


class _Raw(NamedTuple):
    """Boxes (left, top, right, bottom, as fractions of the image), their scores, the numbers of their classes."""

    boxes: Numbers
    scores: Numbers
    classes: NDArray[np.int64]


class ObjectDetector:
    """A model that finds objects.

    Args:
        settings: values for `MODEL_OPTIONS`.

    Raises:
        ModelError: there is no model, or it has another layout, or no names for its classes.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.model = open_model(settings)
        self._read: Callable[[NDArray[np.uint8], float], _Raw] = self._reader_of_layout()
        self.labels = labels_of(self.model)
        if not self.labels:
            raise _not_a_detector(
                self.model, message("its classes have no names: put them into labels.txt beside it, one a line")
            )
        try:
            self.find(np.zeros((9, 16, 3), np.uint8), 0.0)
        except Exception as error:  # whatever onnxruntime or numpy raise
            raise _not_a_detector(self.model, " ".join(printable(error).split())[:200]) from None

    def find(self, image: NDArray[np.uint8], least: float) -> list[Found]:
        """The objects in an image, best first.

        Args:
            image: height x width x 3, RGB.
            least: the minimum score, 0 to 1.
        """
        raw = self._read(image, least)
        found = []
        for number in np.argsort(-raw.scores, kind="stable")[:_MOST]:
            box = inside(*map(float, raw.boxes[number]))
            if raw.scores[number] >= least and box[2] > 0 and box[3] > 0:
                found.append(Found(box, min(float(raw.scores[number]), 1.0), self._name(int(raw.classes[number]))))
        return found

    def _name(self, number: int) -> str:
        return self.labels[number] if 0 <= number < len(self.labels) else f"class {number}"

    def _reader_of_layout(self) -> Callable[[NDArray[np.uint8], float], _Raw]:
        inputs, outputs = self.model.inputs, self.model.outputs
        names = [each.name for each in outputs]
        pictures = [
            each for each in inputs if len(each.shape) == 4 and each.shape[1] in (3, "channels", "num_channels")
        ]
        if len(pictures) != 1 or len(inputs) > 2:
            raise _not_a_detector(self.model, message("it does not take images"))
        self._image_input = pictures[0].name
        sides = [side if isinstance(side, int) else _DEFAULT_SIDE for side in pictures[0].shape[2:]]
        self._height, self._width = sides
        if len(inputs) == 2 and {"labels", "boxes", "scores"} <= set(names):
            self._size = next(each for each in inputs if each.name != self._image_input)
            return self._detr_boxes
        ranks = [len(each.shape) for each in outputs]
        if len(inputs) == 1 and ranks[:2] == [3, 3]:
            lasts = [each.shape[-1] for each in outputs[:2]]
            boxes = [number for number, name in enumerate(names[:2]) if name in ("dets", "pred_boxes")]
            boxes = boxes or [number for number, last in enumerate(lasts) if last == 4]
            if len(boxes) == 1:
                self._boxes = boxes[0]
                return self._query_boxes
        if len(inputs) == 1 and ranks == [3]:
            return self._yolox_boxes
        shapes = ", ".join(f"{each.name} {each.shape}" for each in outputs)
        raise _not_a_detector(
            self.model, message("its outputs are of no layout that is known: {shapes}", shapes=shapes[:200])
        )

    def _detr_boxes(self, image: NDArray[np.uint8], least: float) -> _Raw:
        """RT-DETR and D-FINE: the model scales its boxes to the size in its input, here 1 by 1."""
        size = np.ones((1, 2), np.int64 if "int64" in self._size.type else np.float32)
        outputs = self.model.run({self._image_input: self._square(image, None), self._size.name: size})
        by_name = {each.name: value for each, value in zip(self.model.outputs, outputs, strict=True)}
        return _Raw(
            np.asarray(by_name["boxes"][0], np.float32),
            np.asarray(by_name["scores"][0], np.float32),
            np.asarray(by_name["labels"][0], np.int64),
        )

    def _query_boxes(self, image: NDArray[np.uint8], least: float) -> _Raw:
        """RF-DETR, and models of `optimum`: boxes as centre and size, and a logit for each class."""
        outputs = self.model.run({self._image_input: self._square(image, normalisation_of(self.model))})
        boxes, classes = outputs[self._boxes][0], outputs[1 - self._boxes][0]
        scores = 1 / (1 + np.exp(-np.clip(classes, -60, 60)))
        x, y, wide, high = boxes.T
        corners = np.stack([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2], axis=1)
        return _Raw(corners, scores.max(axis=1), scores.argmax(axis=1))

    def _yolox_boxes(self, image: NDArray[np.uint8], least: float) -> _Raw:
        """YOLOX: the image is at the upper left of a grey one, BGR, values from 0 to 255."""
        height, width = image.shape[:2]
        scale = min(self._height / height, self._width / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        whole = np.full((self._height, self._width, 3), _GREY, np.float32)
        whole[: size[1], : size[0]] = _scaled(image, *size)
        points = self.model.run({self._image_input: whole[:, :, ::-1].transpose(2, 0, 1)[None]})[0][0]
        places, strides = _points(self._height, self._width)
        scores = points[:, 4:5] * points[:, 5:]
        best, classes = scores.max(axis=1), scores.argmax(axis=1)
        middles = (points[:, :2] + places) * strides
        sizes = np.exp(np.clip(points[:, 2:4], -20, 20)) * strides
        corners = np.concatenate([middles - sizes / 2, middles + sizes / 2], axis=1) / (
            scale * np.array([width, height] * 2)
        )
        likely = np.flatnonzero(best >= max(least, 1e-3))
        kept: list[int] = []
        for number in set(classes[likely].tolist()):
            of_class = likely[classes[likely] == number]
            kept += of_class[keep_best(corners[of_class], best[of_class], _OVERLAP)].tolist()
        return _Raw(corners[kept], best[kept], classes[kept])

    def _square(self, image: NDArray[np.uint8], preprocessing: tuple[Numbers, Numbers] | None) -> Numbers:
        """An image in the model's size, with values from 0 to 1, normalised if the model needs it."""
        values = _scaled(image, self._width, self._height) / np.float32(255)
        values = values if preprocessing is None else (values - preprocessing[0]) / preprocessing[1]
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)


def _scaled(image: NDArray[np.uint8], width: int, height: int) -> Numbers:
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR), np.float32)


def _points(height: int, width: int) -> tuple[Numbers, Numbers]:
    """The points of YOLOX's grids, in order: column and row of each, and its stride in pixels."""
    places, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[0 : height // stride, 0 : width // stride]
        places.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(places).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _not_a_detector(model: Model, why: str) -> ModelError:
    return ModelError(
        message(
            "{model_name} is no detector of objects that can be read: {why}",
            model_name=printable(model.name),
            why=why,
        )
    )
