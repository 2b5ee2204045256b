"""Classify pictures with an ONNX model, by the layout of the file and what lies beside it.

- A model from a hub comes with `preprocessor_config.json`, which says how pictures are made ready for it
  (https://huggingface.co/docs/transformers/main_classes/image_processor), and `config.json` with its classes.
- open_nsfw (https://github.com/yahoo/open_nsfw) takes pictures as height x width x channels, blue first, without
  the mean colour, the middle of them at 224 of 256 pixels; its two classes are what is safe and what is not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.core import printable
from vidkit.core.onnx_models import Model, ModelError
from vidkit.messages import message
from vidkit.readers.weights import labels_of, open_model

_USUAL_SIDE = 224
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation that most models have
_OPEN_NSFW = ((104.0, 117.0, 123.0), (1.0, 1.0, 1.0), 256, ("safe", "nsfw"))
_WITHIN = 1e-3


@dataclass(frozen=True)
class _Making:
    """How pictures are made ready: the side they are scaled to, the side that is cut out of their middle; their
    values, 0 to 255, are multiplied by `factor`, then `mean` is taken off and `deviation` divides the rest. Whether
    blue comes first, and whether the channels do."""

    scaled: int
    side: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    factor: float
    blue_first: bool
    channels_first: bool


class ImageClassifier:
    """A model that gives a picture a score for each of its classes, `labels`.

    Args:
        settings: those of `MODEL_OPTIONS`.

    Raises:
        ModelError: there is no model, or it is no classifier of pictures.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.model = open_model(settings)
        self._making = _making(self.model)
        self._input = self.model.inputs[0].name
        self.labels = labels_of(self.model) or _usual_labels(self.model, self._making)
        try:
            scores = self.scores(np.zeros((1, 8, 8, 3), np.uint8))
        except ModelError:
            raise
        except Exception as error:  # whatever onnxruntime raises
            words = " ".join(printable(error).split())[:200]
            raise _no_classifier(self.model, message("it does not take a picture: {words}", words=words)) from None
        if scores.shape[1] != len(self.labels):
            raise _no_classifier(
                self.model,
                message(
                    "it has {classes} classes and {count} names of them",
                    classes=scores.shape[1],
                    count=len(self.labels),
                ),
            )

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The scores of pictures, 0 to 1: n x classes.

        Args:
            images: n x height x width x 3, RGB.
        """
        rows = []
        for image in images:  # one by one: a model may take no more at once
            found = np.asarray(self.model.run({self._input: _made(image, self._making)[None]})[0], np.float32)
            if found.ndim != 2 or len(found) != 1 or not found.shape[1]:
                raise _no_classifier(self.model, message("its output is not a number for each class"))
            rows.append(_shares(found[0]))
        return np.stack(rows)


def _making(model: Model) -> _Making:
    """How the pictures of a model are made ready."""
    shape = model.inputs[0].shape if len(model.inputs) == 1 else []
    if len(shape) != 4 or (shape[1] != 3 and shape[3] != 3 and not isinstance(shape[1], str)):
        raise _no_classifier(model, message("it does not take pictures"))
    channels_first = shape[3] != 3
    fixed = next((side for side in (shape[2:] if channels_first else shape[1:3]) if isinstance(side, int)), None)
    told = _told(model)
    if told is None and not channels_first:
        return _Making(_OPEN_NSFW[2], fixed or _USUAL_SIDE, *_OPEN_NSFW[:2], 1.0, True, False)
    told = told or {}
    side = fixed or _side(told.get("crop_size")) or _side(told.get("size")) or _USUAL_SIDE
    scaled = max(side, _side(told.get("size")) or side) if told.get("do_center_crop") else side
    mean, deviation = making_of(model) or (np.zeros(3), np.ones(3))
    factor = float(told.get("rescale_factor") or 1 / 255) if told.get("do_rescale", True) else 1.0
    return _Making(scaled, side, tuple(mean), tuple(deviation), factor, False, channels_first)


def making_of(model: Model) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Mean and deviation that a model's pictures have to get, their values being 0 to 1: as the files beside it
    say, or the usual ones of ImageNet. None for a model that wants none.

    Raises:
        ModelError: what lies beside it cannot be read.
    """
    told = _told(model) or {}
    if told.get("do_normalize") is False:
        return None
    mean, deviation = _three(told.get("image_mean")) or _IMAGENET[0], _three(told.get("image_std")) or _IMAGENET[1]
    return np.array(mean, np.float32), np.array(deviation, np.float32)


def _told(model: Model) -> dict[str, Any] | None:
    """`preprocessor_config.json` beside a model; None where there is none."""
    for folder in (model.folder, model.folder.parent):
        path = folder / "preprocessor_config.json"
        if path.is_file():
            try:
                found = json.loads(path.read_text("utf-8"))
            except (OSError, ValueError) as error:
                raise ModelError(
                    message("{path} cannot be read: {error}", path=printable(path), error=printable(error))
                ) from None
            return found if isinstance(found, dict) else {}
        if model.folder.name != "onnx":
            break
    return None


def _side(size: object) -> int | None:
    """The side of a square picture, as `size` has it: a number, or a table."""
    if isinstance(size, dict):
        size = next((size[key] for key in ("height", "shortest_edge", "width") if key in size), None)
    return size if isinstance(size, int) and not isinstance(size, bool) and 8 <= size <= 4096 else None


def _three(numbers: object) -> tuple[float, ...] | None:
    return tuple(map(float, numbers)) if isinstance(numbers, list) and len(numbers) == 3 else None


def _usual_labels(model: Model, making: _Making) -> list[str]:
    if making.blue_first and model.outputs[0].shape[-1] == 2:
        return list(_OPEN_NSFW[3])
    raise _no_classifier(
        model, message("its classes have no names: put them into labels.txt beside it, one a line")
    )


def _made(image: NDArray[np.uint8], making: _Making) -> NDArray[np.float32]:
    from PIL import Image

    picture = Image.fromarray(image).resize((making.scaled, making.scaled), Image.Resampling.BILINEAR)
    edge = (making.scaled - making.side) // 2
    whole = np.asarray(picture, np.float32) * making.factor
    values = whole[edge : edge + making.side, edge : edge + making.side, :: -1 if making.blue_first else 1]
    ready = (values - np.array(making.mean)) / np.array(making.deviation)
    return np.ascontiguousarray(ready.transpose(2, 0, 1) if making.channels_first else ready, np.float32)


def _shares(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a model says of its classes, as shares of 1, if it is not that already."""
    if len(numbers) == 1:
        return np.asarray(1 / (1 + np.exp(-np.clip(numbers, -60, 60))), np.float32)
    if numbers.min() >= -_WITHIN and abs(float(numbers.sum()) - 1) <= _WITHIN:
        return np.clip(numbers, 0, 1)
    powers = np.asarray(np.exp(numbers - numbers.max()), np.float32)
    return np.asarray(powers / powers.sum(), np.float32)


def _no_classifier(model: Model, why: str) -> ModelError:
    return ModelError(
        message(
            "{model_name} is no classifier of pictures that can be read: {why}",
            model_name=printable(model.name),
            why=why,
        )
    )


def numbers_of(labels: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Which of some classes have one of these names, in any case."""
    names = {name.casefold() for name in wanted}
    return [number for number, label in enumerate(labels) if label.strip().casefold() in names]
