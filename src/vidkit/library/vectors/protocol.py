"""Vectors of moments: what is kept in a library for search by meaning, the same for all homes.

A model turns the texts or the pictures of a video into vectors. The home keeps them, and drops them when the record
is removed, or replaced by one with other texts or pictures. `meaning/` makes them.
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

# What a model reads: the first part of its identifier.
TEXT, PICTURE = "text", "picture"


class VideoVectors(NamedTuple):
    """What one model made of one video.

    Args:
        url: the source URL.
        made_of: fingerprint of the texts or the pictures (`made_of`).
        keys: kind and number of each moment, as `MomentKey` has them; none where there was nothing to read.
        vectors: one row for each of the keys, each of length 1.
    """

    url: str
    made_of: str
    keys: tuple[tuple[Kind, int], ...]
    vectors: NDArray[np.float16]


class StoredVectors(NamedTuple):
    """A change in a home: a video has these vectors now, or none any more (`found` is None).

    Args:
        change: grows with every change in this home.
        video: the video's number in this home; no later video has the same.
        found: its vectors.
    """

    change: int
    video: int
    found: VideoVectors | None


class Near(NamedTuple):
    """A moment near to a vector; `similarity` is the cosine of the angle between them."""

    url: str
    kind: Kind
    number: int
    similarity: float


class NoVectorsHere(LibraryError):
    """The home cannot keep vectors: something has to be installed first. All else works."""


def model_id(kind: str, name: str, digest: str) -> str:
    """What a model is known by: what it reads (TEXT or PICTURE), its name, and the beginning of its files' hash."""
    return f"{kind}:{name}:{digest[:12]}"


def kind_of(model: str) -> str:
    """What a model reads: TEXT or PICTURE."""
    return model.partition(":")[0]


def moments_for(record: Record, model: str) -> list[tuple[Kind, int, str]]:
    """Of which moments a model makes vectors: kind, number, and the text or the picture's path in the record."""
    return own_pictures(record) if kind_of(model) == PICTURE else own_texts(record)


def made_of(record: Record, model: str) -> str:
    """The fingerprint of what a model makes vectors of. Vectors with another one are of an older record."""
    parts: list[Any] = [moments_for(record, model)]
    if kind_of(model) == PICTURE:
        parts.append(record["sha256"])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def checked(found: VideoVectors) -> VideoVectors:
    """Vectors as a home keeps them.

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
    """The keys of moments as one text."""
    return json.dumps(list(keys), separators=(",", ":"))


def unpacked(url: str, made: str, keys: str, data: bytes) -> VideoVectors:
    """Vectors as they were kept: little-endian 16-bit floats, one row after another.

    Raises:
        ValueError: they are damaged.
    """
    import numpy as np

    moments = tuple((str(kind), int(number)) for kind, number in json.loads(keys))
    vectors = np.frombuffer(data, "<f2")
    return VideoVectors(url, made, moments, vectors.reshape(len(moments), -1 if moments else 0))


def allows_kind(kind: Kind, query: Query) -> bool:
    """Whether a moment of a kind is in the sources that a query asks for."""
    if not query.sources:
        return True
    return kind in query.sources or (DESCRIPTION in query.sources and kind in ("video", "scene", "segment"))


def wrong_size(model: str, size: int, asked: int) -> LibraryError:
    """The error for a vector of another size than those that are kept."""
    return LibraryError(
        "the vectors of {model} have {size} numbers, and one with {asked} is compared with them: it is of another "
        "model. Run `vidkit index`",
        model=model,
        size=size,
        asked=asked,
    )
