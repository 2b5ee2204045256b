"""A prefix of a bucket as input: a row for each video below it, with its size and time in the store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from vidkit.core import printable
from vidkit.core.bucket_files import objects_in
from vidkit.core.buckets import open_bucket
from vidkit.core.extensions import VIDEO_EXTENSIONS
from vidkit.download.names import extension_of
from vidkit.errors import ConfigError, OutputError
from vidkit.messages import message
from vidkit.rows.row import IgnoredRow, Row

# The name of a clip: results in the same bucket are no sources.
_CLIP = re.compile(r"(?:.*/)?clips/[^/]+/(?:[0-9a-f]{8}/)?[^/]+_clip_\d{3,}\.mp4")


def rows_in_prefix(address: str) -> Iterator[Row | IgnoredRow]:
    """The objects below a prefix such as `s3://videos/2024/`, in the order of their keys; there may be millions.

    A row's size and time are the version of its video, so that a later run needs no request for finished videos.

    Raises:
        ConfigError: the prefix cannot be listed, or has no objects.
        OutputError: the store fails later.
    """
    try:
        place = open_bucket(address)
        pages = objects_in(place)
        first = next(pages, [])
    except OutputError as error:
        raise ConfigError(str(error)) from None
    if not first:
        raise ConfigError(
            "{address} has no objects: look at the name of the bucket and the folder", address=printable(address)
        )
    start = len(f"{place.key}/") if place.key else 0
    objects = chain(first, chain.from_iterable(pages))
    for number, found in enumerate(objects, 1):
        name = found["path"][start:]
        if why := _ignored_reason(name):
            yield IgnoredRow(number, name, why)
        else:
            url = f"{place.bucket}/{found['path']}"
            yield Row(number, url, name, str(found["size"]), found["last_modified"].isoformat())


def _ignored_reason(name: str) -> str | None:
    if _CLIP.fullmatch(name):
        return "clip"
    return None if extension_of(name) in VIDEO_EXTENSIONS else message("no video")
