"""Classify a server's answer (video, page, manifest or other) and identify its version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum

from vidkit.core import printable
from vidkit.core.extensions import AUDIO_EXTENSIONS, MANIFEST_EXTENSIONS, VIDEO_EXTENSIONS
from vidkit.download.names import disposition_name, extension_of, has_extension
from vidkit.errors import DownloadError

MANIFEST_TYPES = frozenset({
    "application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl",
    "vnd.apple.mpegurl",
})  # fmt: skip
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Types that tell nothing, or that may be video although their name does not say so.
_OPEN_TYPES = frozenset({
    "application/octet-stream", "binary/octet-stream", "application/mp4", "application/ogg",
    "application/mxf", "application/x-matroska", "application/vnd.rn-realmedia",
    "application/vnd.rn-realmedia-vbr", "application/force-download", "application/download",
    "application/x-download", "application/save",
})  # fmt: skip
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|title|script)\b",
    re.IGNORECASE | re.DOTALL,
)
# First bytes of containers, by their specifications: offset, bytes, extension.
_SIGNATURES = (
    (4, b"ftyp", ".mp4"),
    (4, b"moov", ".mov"),
    (4, b"mdat", ".mov"),
    (0, b"\x1aE\xdf\xa3", ".mkv"),
    (0, b"OggS", ".ogv"),
    (0, b"FLV\x01", ".flv"),
    (8, b"AVI ", ".avi"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ".wmv"),
    (0, b"\x00\x00\x01\xba", ".mpg"),
    (0, b"\x00\x00\x01\xb3", ".mpg"),
)


class Kind(Enum):
    """The kind of an answer."""

    VIDEO = "video"
    PAGE = "page"
    MANIFEST = "manifest"


def media_type(headers: Mapping[str, str]) -> str:
    """The type in Content-Type, in lower case and without parameters; empty if there is none."""
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def kind_of(url: str, headers: Mapping[str, str], head: bytes) -> Kind:
    """The kind of an answer: by its first bytes, else by its type, else by its name.

    Args:
        url: the URL of the answer.
        headers: the headers of the answer.
        head: the first bytes of the body, a few hundred or more.

    Raises:
        DownloadError: it is neither a video nor a page nor a manifest.
    """
    if found_extension(head):
        return Kind.VIDEO
    declared = media_type(headers)
    if declared in MANIFEST_TYPES or has_extension(url, MANIFEST_EXTENSIONS):
        if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"#EXTM3U"):
            return Kind.MANIFEST
        if not _is_html(declared, head):
            raise DownloadError("this is named like an HLS manifest but is not one")
    if _is_html(declared, head):
        return Kind.PAGE
    media = VIDEO_EXTENSIONS | AUDIO_EXTENSIONS
    offered = extension_of(disposition_name(headers.get("Content-Disposition")))
    if (
        declared.startswith(("video/", "audio/"))
        or declared in _OPEN_TYPES
        or not declared
        or has_extension(url, media)
        or offered in media
    ):
        return Kind.VIDEO
    raise DownloadError(
        "the server sent {declared}, which is neither a video nor a page", declared=printable(declared)[:60]
    )


def _is_html(declared: str, head: bytes) -> bool:
    return declared in _PAGE_TYPES or _HTML.match(head[:4096]) is not None


def found_extension(head: bytes) -> str | None:
    """The extension of the container that begins with these bytes; None for an unknown one."""
    for offset, signature, extension in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return extension
    if head[:1] == b"\x47" and head[188:189] == b"\x47" and head[376:377] == b"\x47":
        return ".ts"
    return None


def declared_video(headers: Mapping[str, str]) -> bool:
    """Whether the headers alone show a video: by the type, or by the file name if the type tells nothing."""
    declared = media_type(headers)
    if declared.startswith("video/") or declared in MANIFEST_TYPES:
        return True
    offered = disposition_name(headers.get("Content-Disposition"))
    return declared in _OPEN_TYPES and extension_of(offered) in VIDEO_EXTENSIONS


def version_of(headers: Mapping[str, str]) -> str | None:
    """The version of a file: the ETag, else Last-Modified and the length; None if both are missing."""
    etag = headers.get("ETag", "").strip()
    if etag:
        return printable(etag)
    modified = headers.get("Last-Modified", "").strip()
    return printable(f"{modified} {headers.get('Content-Length', '').strip()}".strip()) if modified else None


def strong_validator(headers: Mapping[str, str]) -> str | None:
    """The validator for resuming a download (RFC 9110, 8.8 and 13.1.5), or None.

    It is a strong ETag, else a Last-Modified that is at least a minute older than the answer, so that two versions
    cannot share it.
    """
    etag = headers.get("ETag", "").strip()
    if etag:
        return etag if etag.startswith('"') else None
    try:
        age = parsedate_to_datetime(headers["Date"]) - parsedate_to_datetime(headers["Last-Modified"])
    except (KeyError, ValueError, TypeError):
        return None
    return headers["Last-Modified"] if age.total_seconds() >= 60 else None
