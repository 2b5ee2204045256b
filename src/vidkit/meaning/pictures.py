"""Pictures to vectors, in the same space as those of texts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.core.onnx_models import ModelError, in_words, open_file
from vidkit.meaning.layout import EXTRA, PictureFiles
from vidkit.meaning.texts import Vectors, of_length_one
from vidkit.messages import message

_ROWS = 16  # pictures in one run of the model
_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 50_000_000
_RESAMPLING = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3}  # by Pillow's numbers


class PictureEncoder:
    """A model that turns pictures into vectors of length 1. Several threads may use it.

    Args:
        files: the model.
        threads: 0 is one for each core.

    Raises:
        ModelError: it is none.
    """

    def __init__(self, files: PictureFiles, threads: int) -> None:
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
            raise self._no_model(message("it does not take pictures as rows of 3 x height x width numbers"))
        rows = taken[0].shape[0]
        self._rows = rows if isinstance(rows, int) and rows > 0 else None
        self._mean, self._deviation = np.array(files.mean, np.float32), np.array(files.deviation, np.float32)
        try:
            self.size = self.encode_arrays(np.zeros((1, 8, 8, 3), np.uint8)).shape[1]
        except ModelError:
            raise
        except Exception as error:  # whatever onnxruntime raises
            raise self._no_model(message("it does not take a picture: {reason}", reason=in_words(error))) from None

    def encode(self, pictures: Sequence[bytes]) -> tuple[list[int], Vectors]:
        """The vectors of pictures in files: which of them could be read, and their vectors."""
        there, rows = [], []
        for number, content in enumerate(pictures):
            image = _opened(content)
            if image is not None:
                there.append(number)
                rows.append(self._ready(image))
        return there, self._vectors(rows)

    def encode_arrays(self, pictures: NDArray[np.uint8]) -> Vectors:
        """The vectors of pictures, n x height x width x 3, RGB."""
        from PIL import Image

        return self._vectors([self._ready(Image.fromarray(each)) for each in pictures])

    def _vectors(self, rows: Sequence[Vectors]) -> Vectors:
        found = [self._run(rows[at : at + step]) for at, step in self._steps(len(rows))]
        return np.concatenate(found) if found else np.zeros((0, self.size), np.float32)

    def _steps(self, count: int) -> Iterator[tuple[int, int]]:
        step = self._rows or _ROWS
        yield from ((at, step) for at in range(0, count, step))

    def _run(self, rows: Sequence[Vectors]) -> Vectors:
        filled = np.zeros((self._rows or len(rows), *rows[0].shape), np.float32)
        filled[: len(rows)] = rows
        output = np.asarray(self._model.run({self._model.inputs[0].name: filled})[0], np.float32)
        if output.ndim != 2 or len(output) != len(filled) or not output.shape[1]:
            raise self._no_model(message("its output has the shape {shape}", shape=output.shape))
        return of_length_one(output[: len(rows)], self.files.model.name)

    def _ready(self, image: Any) -> Vectors:
        """A picture as the model takes it: 3 x height x width."""
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
                "{model} is no model for pictures that vidkit knows: {reason}",
                model=printable(self.files.model),
                reason=reason,
            )
        )


def _opened(content: bytes) -> Any:
    """A picture in a file; None where it is damaged."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > _MOST_PIXELS:
            return None
        return image.convert("RGB")
    except Exception:  # Pillow raises what its many parts do
        return None
