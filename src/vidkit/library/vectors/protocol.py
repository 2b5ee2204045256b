"""Vectors (embeddings) of moments in a library, for search by meaning; the same for all backends.

A model turns the texts or the images of a video into vectors (`meaning/`). The library stores them, and drops them
when the record is removed, or replaced by one with other texts or images.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from vidkit.errors import LibraryError
from vidkit.library.moments import Kind, own_pictures, own_texts
from vidkit.library.query import Query
from vidkit.library.spans import DESCRIPTION
from vidkit.messages import message
from vidkit.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The input of a model: the first part of its id.
TEXT, PICTURE = "text", "picture"


class VideoVectors(NamedTuple):
    """The vectors of one video by one model.

    Args:
        url: the source URL.
        made_of: fingerprint of the texts or the images (`made_of`).
        keys: kind and number of each moment, as in `MomentKey`; empty if the video has no text or image.
        vectors: one row for each key, each of length 1.
    """

    url: str
    made_of: str
    keys: tuple[tuple[Kind, int], ...]
    vectors: NDArray[np.float16]


class StoredVectors(NamedTuple):
    """A change in a library: a video has these vectors now, or none any more (`found` is None).

    Args:
        change: grows with every change in the library.
        video: the video's number in the library; it is never used again.
        found: its vectors.
    """

    change: int
    video: int
    found: VideoVectors | None


class Near(NamedTuple):
    """A moment with a similar vector; `similarity` is the cosine of the angle between the vectors."""

    url: str
    kind: Kind
    number: int
    similarity: float


class NoVectorsHere(LibraryError):
    """The backend cannot store vectors: something has to be installed first. Everything else works."""


def model_id(kind: str, name: str, digest: str) -> str:
    """The id of a model: its input (TEXT or PICTURE), its name, and the beginning of its files' hash."""
    return f"{kind}:{name}:{digest[:12]}"


def kind_of(model: str) -> str:
    """The input of a model: TEXT or PICTURE."""
    return model.partition(":")[0]


def moments_for(record: Record, model: str) -> list[tuple[Kind, int, str]]:
    """The moments that a model makes vectors of: kind, number, and the text or the image's path in the record."""
    return own_pictures(record) if kind_of(model) == PICTURE else own_texts(record)


def made_of(record: Record, model: str) -> str:
    """The fingerprint of a model's input. Vectors with another fingerprint are from an older record."""
    parts: list[Any] = [moments_for(record, model)]
    if kind_of(model) == PICTURE:
        parts.append(record["sha256"])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def checked(found: VideoVectors) -> VideoVectors:
    """Check vectors before they are saved.

    Raises:
        ValueError: they are not one 16-bit vector for each key.
    """
    shape = found.vectors.shape
    if len(shape) != 2 or shape[0] != len(found.keys) or found.vectors.dtype != "float16":
        raise ValueError(
            message(
                "{count} moments have vectors of {shape}, {dtype}",
                count=len(found.keys),
                shape=shape,
                dtype=found.vectors.dtype,
            )
        )
    return found


def packed_keys(keys: Iterable[tuple[Kind, int]]) -> str:
    """The keys of moments as JSON."""
    return json.dumps(list(keys), separators=(",", ":"))


def unpacked(url: str, made: str, keys: str, data: bytes) -> VideoVectors:
    """Vectors from their stored form: little-endian 16-bit floats, one row after another.

    Raises:
        ValueError: they are damaged.
    """
    import numpy as np

    moments = tuple((str(kind), int(number)) for kind, number in json.loads(keys))
    vectors = np.frombuffer(data, "<f2")
    return VideoVectors(url, made, moments, vectors.reshape(len(moments), -1 if moments else 0))


def allows_kind(kind: Kind, query: Query) -> bool:
    """Whether moments of a kind are in the sources of a query."""
    if not query.sources:
        return True
    return kind in query.sources or (DESCRIPTION in query.sources and kind in ("video", "scene", "segment"))


def wrong_size(model: str, size: int, asked: int) -> LibraryError:
    """The error for a vector of another size than the stored ones."""
    return LibraryError(
        "the vectors of {model} have {size} numbers, and one with {asked} is compared with them: it is of another "
        "model. Run `vidkit index`",
        model=model,
        size=size,
        asked=asked,
    )
