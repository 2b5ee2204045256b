"""The models that the settings name, opened once in a process."""

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
from vidkit.meaning.floor import NONSENSE, TEXTS, picture_floor, plain_pictures, text_floor
from vidkit.meaning.layout import image_files, text_files
from vidkit.meaning.pictures import PictureEncoder
from vidkit.meaning.texts import TextEncoder, Vectors
from vidkit.messages import message

M = TypeVar("M")


class TextModel:
    """A model for descriptions and readings. `id` is what its vectors are kept by (`vectors.model_id`).

    Args:
        named: a folder, a file, or a name at a hub.
        hub: that hub.
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
        """The vectors of what is looked for: n x size, each of length 1."""
        return self._encoder.encode([self.files.query_prompt + text for text in texts])

    def texts(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts that are searched."""
        return self._encoder.encode([self.files.text_prompt + text for text in texts])

    @cached_property
    def floor(self) -> float:
        """The least similarity of an answer to a query (see `floor.py`)."""
        return text_floor(self.texts(TEXTS), self.queries(NONSENSE))


class ImageModel:
    """An image-text model: pictures, and what is looked for in them. Otherwise as TextModel."""

    def __init__(self, named: str, hub: str, threads: int) -> None:
        self.files = image_files(named, hub)
        self.id = model_id(PICTURE, self.files.name, self.files.digest)
        self._texts = TextEncoder(self.files.texts, threads)
        self._pictures = PictureEncoder(self.files.pictures, threads)
        self.size = self._pictures.size
        if self._texts.size != self.size:
            raise ModelError(
                message(
                    "its texts have vectors of {size} numbers and its pictures of {own}: "
                    "visual/ and textual/ are of two models",
                    size=self._texts.size,
                    own=self.size,
                )
            )

    def queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of what is looked for: n x size, each of length 1."""
        return self._texts.encode(texts)

    def pictures(self, contents: Sequence[bytes]) -> tuple[list[int], Vectors]:
        """The vectors of pictures in files (JPEG, PNG, WebP): which of them could be read, and their vectors."""
        return self._pictures.encode(contents)

    @cached_property
    def floor(self) -> float:
        """The least similarity of an answer to a query (see `floor.py`)."""
        return picture_floor(self._pictures.encode_arrays(plain_pictures()), self.queries([*TEXTS, *NONSENSE]))


@dataclass(frozen=True)
class Models:
    """The models that are in use; None where none is named."""

    text: TextModel | None = None
    image: ImageModel | None = None

    def __iter__(self) -> Iterator[TextModel | ImageModel]:
        return iter([model for model in (self.text, self.image) if model is not None])

    def __bool__(self) -> bool:
        return self.text is not None or self.image is not None


def open_models(settings: Meaning) -> Models:
    """Open the models that the settings name; each once in a process.

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
