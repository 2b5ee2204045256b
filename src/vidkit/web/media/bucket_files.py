"""Files of a video in a bucket: the browser gets a signed URL, and no byte of them goes through the server.

A record may come from anywhere, and a signed URL opens what the server may read. So only the ProcessedDirectory and
the buckets that the settings name are shown, and in them only what lies where vidkit keeps files of its kind.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request, Response

from vidkit.core.bucket_files import ObjectReader
from vidkit.core.buckets import Place, is_bucket, open_bucket, signed_url
from vidkit.core.config import Config
from vidkit.errors import OutputError, VidkitError
from vidkit.library import LibraryEntry
from vidkit.web.problems import not_found

log = logging.getLogger(__name__)


def stored_file(entry: LibraryEntry, path: str, kind: str, what: str, config: Config) -> Place:
    """The object that a record names.

    Args:
        entry: the record, whose folder is in a bucket.
        path: as the record has it.
        kind: the folder for files of its kind.
        what: the file in words.
        config: the settings.

    Raises:
        Problem: 404.
    """
    address = str(entry.folder)
    if not is_shown(address, config):
        raise not_found(
            "the files of this video are in a bucket that this server does not show. [Serve] AllowedBuckets in "
            "config.ini can allow it"
        )
    parts = path.split("/")
    if len(parts) < 2 or parts[0] != kind or any(part in ("", ".", "..") for part in parts):
        raise not_found(f"{what} is not there")
    return _place(f"{address}/{path}", what)


def stored_video(url: str, config: Config) -> Place | None:
    """The video itself, if it is an object that may be shown; else None.

    Raises:
        Problem: 404.
    """
    return _place(url, "the video") if is_bucket(url) and is_shown(url, config) else None


def _place(address: str, what: str) -> Place:
    try:
        return open_bucket(address)
    except VidkitError:
        raise not_found(f"{what} is not there") from None


def is_shown(address: str, config: Config) -> bool:
    """Whether what lies at an address in a bucket may be shown to those who may read the library."""
    return any(address == each or address.startswith(f"{each}/") for each in _shown_buckets(config))


def redirect_to(request: Request, place: Place, max_age: int = 0) -> Response:
    """A redirect to the signed URL of an object. The browser sends its `Range` there.

    Args:
        request: GET or HEAD, which the URL is signed for.
        place: the object.
        max_age: seconds for which the browser does not ask again.

    Raises:
        Problem: 404, the credentials cannot sign.
    """
    kept = f"private, max-age={max_age}" if max_age else "no-store"
    try:
        url = signed_url(place, "HEAD" if request.method == "HEAD" else "GET")
    except OutputError as error:
        raise not_found(str(error)) from None
    headers = {"Location": url, "Cache-Control": kept}
    return Response(None, HTTPStatus.TEMPORARY_REDIRECT, headers)


def read_beginning(place: Place, size: int, what: str) -> bytes:
    """The first bytes of an object.

    Raises:
        Problem: 404.
    """
    try:
        with ObjectReader(place.address) as file:
            return file.read(min(size, file.size)) or b""
    except VidkitError:
        raise not_found(f"{what} is not there") from None


def origins(config: Config) -> list[str]:
    """The origins that signed URLs lead to, such as `https://bucket.s3.eu-west-1.amazonaws.com`: the page may load
    images and videos from there, and from nowhere else."""
    found: dict[str, None] = {}
    for address in _shown_buckets(config):
        try:
            parts = urlsplit(signed_url(open_bucket(address)._replace(key="x")))
        except VidkitError as error:
            log.warning("nothing of %s can be shown in the browser: %s", address, error)
            continue
        found[f"{parts.scheme}://{parts.netloc}"] = None
    return list(found)


def _shown_buckets(config: Config) -> list[str]:
    results = config.paths.processed_directory
    return [*([str(results).rstrip("/")] if is_bucket(results) else []), *config.serve.allowed_buckets]
