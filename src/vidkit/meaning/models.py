"""The configured models, opened once per process."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from vidkit.core.meaning_settings import Meaning
from vidkit.core.onnx_models import ModelError
from vidkit.errors import ConfigError
from vidkit.library.vectors.protocol import PICTURE, TEXT, model_id
from vidkit.meaning.floor import NONSENSE, TEXTS, image_floor, plain_images, text_floor
from vidkit.meaning.images import ImageEncoder
from vidkit.meaning.model_files import image_files, text_files
from vidkit.meaning.texts import TextEncoder, Vectors
from vidkit.messages import message

M = TypeVar("M")


class TextModel:
    """A model for descriptions and readings. `id` is the id of its vectors in a library (`vectors.model_id`).

    Args:
        named: a folder, a file, or a name at a hub.
        hub: the address of the hub.
        threads: 0 is one for each core.

    Raises:
        ModelError: it cannot be used.
    """

    def __init__(self, named: str, hub: str, threads: int) -> None:
        self.files = text_files(named, hub)
        self.id = model_id(TEXT, self.files.name, self.files.digest)
        self._encoder = TextEncoder(self.files, threads)
        self.size = self._encoder.size

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of queries: n x size, each of length 1."""
        return self._encoder.encode([self.files.query_prompt + text for text in texts])

    def texts(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts that are searched."""
        return self._encoder.encode([self.files.text_prompt + text for text in texts])

    @cached_property
    def floor(self) -> float:
        """The minimum similarity of a result (see `floor.py`)."""
        return text_floor(self.texts(TEXTS), self.queries(NONSENSE))


class ImageModel:
    """An image-text model: for images, and queries that are compared with them. Otherwise like TextModel."""

    def __init__(self, named: str, hub: str, threads: int) -> None:
        self.files = image_files(named, hub)
        self.id = model_id(PICTURE, self.files.name, self.files.digest)
        self._texts = TextEncoder(self.files.texts, threads)
        self._images = ImageEncoder(self.files.visual, threads)
        self.size = self._images.size
        if self._texts.size != self.size:
            raise ModelError(
                message(
                    "its texts have vectors of {size} numbers, its images have {own}: "
                    "visual/ and textual/ belong to different models",
                    size=self._texts.size,
                    own=self.size,
                )
            )

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of queries: n x size, each of length 1."""
        return self._texts.encode(texts)

    def images(self, contents: Sequence[bytes]) -> tuple[list[int], Vectors]:
        """The vectors of image files (JPEG, PNG, WebP): the indexes of those that could be read, and their
        vectors."""
        return self._images.encode(contents)

    @cached_property
    def floor(self) -> float:
        """The minimum similarity of a result (see `floor.py`)."""
        return image_floor(self._images.encode_arrays(plain_images()), self.queries([*TEXTS, *NONSENSE]))


@dataclass(frozen=True)
class Models:
    """The open models; None for a model that is not set."""

    text: TextModel | None = None
    image: ImageModel | None = None

    def __iter__(self) -> Iterator[TextModel | ImageModel]:
        return iter([model for model in (self.text, self.image) if model is not None])

    def __bool__(self) -> bool:
        return self.text is not None or self.image is not None


def open_models(settings: Meaning) -> Models:
    """Open the configured models, each once per process.

    Raises:
        ConfigError: one of them is missing or cannot be used; the message says why, and what to do.
    """
    text = _opened("TextModel", _text_model, settings.text_model, settings)
    return Models(text, _opened("ImageModel", _image_model, settings.image_model, settings))


def _opened(setting: str, opened: Callable[[str, str, int], M], named: str, settings: Meaning) -> M | None:
    if not named:
        return None
    try:
        with _opening:
            return opened(named, settings.hub, settings.threads)
    except ModelError as error:
        raise ConfigError("[Meaning] {setting}: {error} (docs/meaning.md)", setting=setting, error=error) from None


_opening = threading.Lock()
_text_model = functools.lru_cache(maxsize=2)(TextModel)
_image_model = functools.lru_cache(maxsize=2)(ImageModel)
