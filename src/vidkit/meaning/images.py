"""Images to vectors, in the same space as the vectors of texts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.core.onnx_models import ModelError, in_words, open_file
from vidkit.meaning.model_files import EXTRA, VisualFiles
from vidkit.meaning.texts import Vectors, of_length_one
from vidkit.messages import message

_ROWS = 16  # images in one run of the model
_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 50_000_000
_RESAMPLING = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}  # Pillow's numbers


class ImageEncoder:
    """A model that turns images into vectors of length 1. Several threads may use it.

    Args:
        files: the model.
        threads: 0 is one for each core.

    Raises:
        ModelError: it is not such a model.
    """

    def __init__(self, files: VisualFiles, threads: int) -> None:
        try:
            import PIL.Image  # noqa: F401
        except ImportError:
            raise ModelError(
                message("Pillow is not installed: {command}", command=install_command(EXTRA))
            ) from None
        self.files = files
        self._model = open_file(files.model, threads, EXTRA)
        taken = self._model.inputs
        if len(taken) != 1 or taken[0].type != "tensor(float)" or len(taken[0].shape) != 4:
            raise self._no_model(message("it does not take images as rows of 3 x height x width numbers"))
        rows = taken[0].shape[0]
        self._rows = rows if isinstance(rows, int) and rows > 0 else None
        self._mean, self._deviation = np.array(files.mean, np.float32), np.array(files.deviation, np.float32)
        try:
            self.size = self.encode_arrays(np.zeros((1, 8, 8, 3), np.uint8)).shape[1]
        except ModelError:
            raise
        except Exception as error:  # whatever onnxruntime raises
            raise self._no_model(message("it does not take an image: {reason}", reason=in_words(error))) from None

    def encode(self, contents: Sequence[bytes]) -> tuple[list[int], Vectors]:
        """The vectors of image files: the indexes of those that could be read, and their vectors."""
        there, rows = [], []
        for number, content in enumerate(contents):
            image = _opened(content)
            if image is not None:
                there.append(number)
                rows.append(self._preprocessed(image))
        return there, self._vectors(rows)

    def encode_arrays(self, images: NDArray[np.uint8]) -> Vectors:
        """The vectors of images, n x height x width x 3, RGB."""
        from PIL import Image

        return self._vectors([self._preprocessed(Image.fromarray(each)) for each in images])

    def _vectors(self, rows: Sequence[Vectors]) -> Vectors:
        step = self._rows or _ROWS
        found = [self._run(rows[at : at + step]) for at in range(0, len(rows), step)]
        return np.concatenate(found) if found else np.zeros((0, self.size), np.float32)

    def _run(self, rows: Sequence[Vectors]) -> Vectors:
        filled = np.zeros((self._rows or len(rows), *rows[0].shape), np.float32)
        filled[: len(rows)] = rows
        output = np.asarray(self._model.run({self._model.inputs[0].name: filled})[0], np.float32)
        if output.ndim != 2 or len(output) != len(filled) or not output.shape[1]:
            raise self._no_model(message("its output has the shape {shape}", shape=output.shape))
        return of_length_one(output[: len(rows)], self.files.model.name)

    def _preprocessed(self, image: Any) -> Vectors:
        """An image as the model's input: 3 x height x width."""
        from PIL import Image

        height, width = self.files.size
        filter_ = Image.Resampling(_RESAMPLING.get(self.files.interpolation, 3))
        if self.files.mode != "squash":
            pick = max if self.files.mode == "shortest" else min
            scale = pick(width / image.width, height / image.height)
            sides = max(1, round(image.width * scale)), max(1, round(image.height * scale))
            left, top = (sides[0] - width) // 2, (sides[1] - height) // 2
            canvas = Image.new("RGB", (width, height), (self.files.fill,) * 3)
            canvas.paste(image.resize(sides, filter_), (-left, -top))
            image = canvas
        else:
            image = image.resize((width, height), filter_)
        values = np.asarray(image, np.float32) / 255
        found: Vectors = ((values - self._mean) / self._deviation).transpose(2, 0, 1)
        return found

    def _no_model(self, reason: str) -> ModelError:
        return ModelError(
            message(
                "{model} is not an image model that vidkit supports: {reason}",
                model=printable(self.files.model),
                reason=reason,
            )
        )


def _opened(content: bytes) -> Any:
    """The image in a file; None if it is damaged or too large."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > _MOST_PIXELS:
            return None
        return image.convert("RGB")
    except Exception:  # Pillow raises many kinds
        return None
