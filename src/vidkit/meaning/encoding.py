"""Make the vectors of videos. `library/vectors/protocol.py` says which moments have one, and the model's input."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from vidkit.core import printable
from vidkit.core.stores import Store
from vidkit.library.vectors.protocol import VideoVectors, made_of, moments_for
from vidkit.meaning.models import ImageModel, TextModel
from vidkit.record import Record

log = logging.getLogger(__name__)

_IMAGES = 64  # in memory at the same time
_AT_ONCE = 16  # images read from a bucket at the same time


class Video(NamedTuple):
    """A record, and the store with its files."""

    record: Record
    store: Store


def vectors_of(model: TextModel | ImageModel, videos: Sequence[Video]) -> list[VideoVectors]:
    """The vectors of some videos by a model. Many videos in one call are faster.

    A missing or damaged image has no vector; a warning names the video.

    Raises:
        ModelError: the model fails.
        OutputError: the store of the images fails.
    """
    if isinstance(model, TextModel):
        return _of_texts(model, videos)
    return [_of_images(model, video) for video in videos]


def _of_texts(model: TextModel, videos: Sequence[Video]) -> list[VideoVectors]:
    moments = [moments_for(video.record, model.id) for video in videos]
    texts = {text: None for found in moments for _, _, text in found}
    rows = dict(zip(texts, model.texts(list(texts)).astype(np.float16), strict=True))
    none = np.zeros((0, model.size), np.float16)
    return [
        VideoVectors(
            video.record["source"]["url"],
            made_of(video.record, model.id),
            tuple((kind, number) for kind, number, _ in found),
            np.stack([rows[text] for _, _, text in found]) if found else none,
        )
        for video, found in zip(videos, moments, strict=True)
    ]


def _of_images(model: ImageModel, video: Video) -> VideoVectors:
    moments = moments_for(video.record, model.id)
    keys, parts = [], [np.zeros((0, model.size), np.float16)]
    for at in range(0, len(moments), _IMAGES):
        some = moments[at : at + _IMAGES]
        there, rows = model.images(_contents(video.store, [name for _, _, name in some]))
        keys += [some[number][:2] for number in there]
        parts.append(rows.astype(np.float16))
    if missing := len(moments) - len(keys):
        name = printable(video.record["filename"])
        log.warning("%s: %d of %d thumbnails cannot be read: no vectors of them", name, missing, len(moments))
    made = made_of(video.record, model.id)
    return VideoVectors(video.record["source"]["url"], made, tuple(keys), np.concatenate(parts))


def _contents(store: Store, names: Sequence[str]) -> list[bytes]:
    """The contents of files; empty for a missing file."""

    def content(name: str) -> bytes:
        with suppress(OSError):
            return store.read(name)
        return b""

    if store.folder is not None:
        return [content(name) for name in names]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # each is a request
        return list(pool.map(content, names))
