"""Classify images with an ONNX model. The preprocessing depends on the layout of the model and the files beside it.

- A model from a hub has `preprocessor_config.json` with the preprocessing
  (https://huggingface.co/docs/transformers/main_classes/image_processor), and `config.json` with its classes.
- open_nsfw (https://github.com/yahoo/open_nsfw) takes images as height x width x channels, BGR, minus the mean
  colour: the middle 224 of 256 pixels. Its two classes are safe and not safe for work.
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

_DEFAULT_SIDE = 224
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and standard deviation of most models
_OPEN_NSFW = ((104.0, 117.0, 123.0), (1.0, 1.0, 1.0), 256, ("safe", "nsfw"))
_WITHIN = 1e-3


@dataclass(frozen=True)
class _Preprocessing:
    """The preprocessing of images: they are scaled to squares of `scaled` pixels and cropped to `side`. Their
    values, 0 to 255, are multiplied by `factor`, minus `mean`, divided by `deviation`. `blue_first` is BGR,
    `channels_first` is channels x height x width."""

    scaled: int
    side: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    factor: float
    blue_first: bool
    channels_first: bool


class ImageClassifier:
    """A model that returns a score for each of its classes, `labels`.

    Args:
        settings: values for `MODEL_OPTIONS`.

    Raises:
        ModelError: there is no model, or it does not classify images.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.model = open_model(settings)
        self._preprocessing = _preprocessing(self.model)
        self._input = self.model.inputs[0].name
        self.labels = labels_of(self.model) or _default_labels(self.model, self._preprocessing)
        try:
            scores = self.scores(np.zeros((1, 8, 8, 3), np.uint8))
        except ModelError:
            raise
        except Exception as error:  # whatever onnxruntime raises
            words = " ".join(printable(error).split())[:200]
            why = message("it does not take an image: {words}", words=words)
            raise _not_a_classifier(self.model, why) from None
        if scores.shape[1] != len(self.labels):
            raise _not_a_classifier(
                self.model,
                message(
                    "it has {classes} classes and {count} names of them",
                    classes=scores.shape[1],
                    count=len(self.labels),
                ),
            )

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The scores of images, 0 to 1: n x classes.

        Args:
            images: n x height x width x 3, RGB.
        """
        rows = []
        for image in images:  # one by one: some models have a batch size of 1
            values = _preprocessed(image, self._preprocessing)
            found = np.asarray(self.model.run({self._input: values[None]})[0], np.float32)
            if found.ndim != 2 or len(found) != 1 or not found.shape[1]:
                raise _not_a_classifier(self.model, message("its output is not a number for each class"))
            rows.append(_probabilities(found[0]))
        return np.stack(rows)


def _preprocessing(model: Model) -> _Preprocessing:
    """The preprocessing of a model."""
    shape = model.inputs[0].shape if len(model.inputs) == 1 else []
    if len(shape) != 4 or (shape[1] != 3 and shape[3] != 3 and not isinstance(shape[1], str)):
        raise _not_a_classifier(model, message("it does not take images"))
    channels_first = shape[3] != 3
    fixed = next((side for side in (shape[2:] if channels_first else shape[1:3]) if isinstance(side, int)), None)
    config = _preprocessor_config(model)
    if config is None and not channels_first:
        return _Preprocessing(_OPEN_NSFW[2], fixed or _DEFAULT_SIDE, *_OPEN_NSFW[:2], 1.0, True, False)
    config = config or {}
    side = fixed or _side(config.get("crop_size")) or _side(config.get("size")) or _DEFAULT_SIDE
    scaled = max(side, _side(config.get("size")) or side) if config.get("do_center_crop") else side
    mean, deviation = normalisation_of(model) or (np.zeros(3), np.ones(3))
    factor = float(config.get("rescale_factor") or 1 / 255) if config.get("do_rescale", True) else 1.0
    return _Preprocessing(scaled, side, tuple(mean), tuple(deviation), factor, False, channels_first)


def normalisation_of(model: Model) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Mean and standard deviation of a model's preprocessing, for values from 0 to 1: from the file beside it, or
    those of ImageNet. None for a model without normalisation.

    Raises:
        ModelError: the file beside it cannot be read.
    """
    config = _preprocessor_config(model) or {}
    if config.get("do_normalize") is False:
        return None
    mean = _three_floats(config.get("image_mean")) or _IMAGENET[0]
    deviation = _three_floats(config.get("image_std")) or _IMAGENET[1]
    return np.array(mean, np.float32), np.array(deviation, np.float32)


def _preprocessor_config(model: Model) -> dict[str, Any] | None:
    """`preprocessor_config.json` beside a model; None if there is none."""
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
    """The side of a square image in `size`: a number, or a table."""
    if isinstance(size, dict):
        size = next((size[key] for key in ("height", "shortest_edge", "width") if key in size), None)
    return size if isinstance(size, int) and not isinstance(size, bool) and 8 <= size <= 4096 else None


def _three_floats(numbers: object) -> tuple[float, ...] | None:
    return tuple(map(float, numbers)) if isinstance(numbers, list) and len(numbers) == 3 else None


def _default_labels(model: Model, preprocessing: _Preprocessing) -> list[str]:
    if preprocessing.blue_first and model.outputs[0].shape[-1] == 2:
        return list(_OPEN_NSFW[3])
    raise _not_a_classifier(
        model, message("its classes have no names: put them into labels.txt beside it, one a line")
    )


def _preprocessed(image: NDArray[np.uint8], how: _Preprocessing) -> NDArray[np.float32]:
    from PIL import Image

    scaled = Image.fromarray(image).resize((how.scaled, how.scaled), Image.Resampling.BILINEAR)
    edge = (how.scaled - how.side) // 2
    whole = np.asarray(scaled, np.float32) * how.factor
    values = whole[edge : edge + how.side, edge : edge + how.side, :: -1 if how.blue_first else 1]
    normalised = (values - np.array(how.mean)) / np.array(how.deviation)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1) if how.channels_first else normalised, np.float32)


def _probabilities(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """The outputs of a model as probabilities, if they are not probabilities already."""
    if len(numbers) == 1:
        return np.asarray(1 / (1 + np.exp(-np.clip(numbers, -60, 60))), np.float32)
    if numbers.min() >= -_WITHIN and abs(float(numbers.sum()) - 1) <= _WITHIN:
        return np.clip(numbers, 0, 1)
    powers = np.asarray(np.exp(numbers - numbers.max()), np.float32)
    return np.asarray(powers / powers.sum(), np.float32)


def _not_a_classifier(model: Model, why: str) -> ModelError:
    return ModelError(
        message(
            "{model_name} is not an image classifier that can be read: {why}",
            model_name=printable(model.name),
            why=why,
        )
    )


def numbers_of(labels: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """The numbers of the classes with one of these names, in upper or lower case."""
    names = {name.casefold() for name in wanted}
    return [number for number, label in enumerate(labels) if label.strip().casefold() in names]
