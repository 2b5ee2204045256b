"""File names: video extensions, the file name of a URL, and safe names."""

from __future__ import annotations

import mimetypes
import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from vidkit.core import shown_url
from vidkit.core.buckets import is_bucket
from vidkit.core.extensions import AUDIO_EXTENSIONS, MANIFEST_EXTENSIONS, VIDEO_EXTENSIONS

_BY_TYPE = {
    "video/3gpp": ".3gp",
    "video/mp2t": ".ts",
    "video/mp4": ".mp4",
    "video/mpeg": ".mpg",
    "video/ogg": ".ogv",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-flv": ".flv",
    "video/x-m4v": ".m4v",
    "video/x-matroska": ".mkv",
    "video/x-ms-asf": ".asf",
    "video/x-ms-wmv": ".wmv",
    "video/x-msvideo": ".avi",
    "application/mp4": ".mp4",
    "application/ogg": ".ogv",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
}
_DEFAULT_EXTENSION = ".mp4"
_MAX_BYTES = 200  # of the 255 that file systems allow: room for `.part.json`, `_clip_001` and the like
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])$", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_JOINERS = "\u200c\u200d"  # format characters in the spelling of Persian, Indic scripts and emoji
# Extensions of programs, not of the files that they send.
_PROGRAM_EXTENSIONS = frozenset({
    ".asp", ".aspx", ".cgi", ".do", ".htm", ".html", ".jsp", ".php", ".pl", ".py", ".xhtml",
})  # fmt: skip


def local_path(url: str) -> Path | None:
    """The path in a plain path or a `file://` URL; None for any other URL.

    A `file://` URL of another machine has no local path, except on Windows, where it is a share.
    """
    if not url.strip():
        return None
    scheme = re.match(r"\s*([a-z][a-z0-9+.-]+)://", url, re.IGNORECASE)  # two letters or more: C:/ is a drive
    if not scheme:
        return Path(url)
    url = url.strip()
    if scheme[1].lower() != "file":
        return None
    from urllib.request import url2pathname  # imported late: it imports all of HTTP

    host, slash, path = url[len("file://") :].partition("/")
    if host.lower() in ("", "localhost"):
        return Path(url2pathname(slash + path))
    return Path(url2pathname(f"//{host}/{path}")) if os.name == "nt" else None


def wanted_name(url: str, filename: str | None = None) -> str | None:
    """The safe name of a URL's file as far as it is known without a request.

    Args:
        url: a URL or a local path.
        filename: the name that the user wants; if it has no extension, the URL's is added.

    Returns:
        The name, or None if it depends on the server's answer: the URL's path has no extension of a video.
    """
    url = shown_url(url)  # a name must not contain a password
    local = local_path(url)
    if local is not None:
        return safe_name(filename or local.name)
    if is_bucket(url):  # its key is not percent-encoded
        name = safe_name(url.rpartition("/")[2])
        return (
            safe_name(filename if extension_of(filename) else filename + extension_of(name)) if filename else name
        )
    part = last_part(url)
    extension = extension_of(part)
    if extension in MANIFEST_EXTENSIONS:
        part, extension = part[: -len(extension)] + ".mp4", ".mp4"
    known = extension in VIDEO_EXTENSIONS
    if filename:
        if extension_of(filename):
            return safe_name(filename)
        return safe_name(filename + extension) if known else None
    return safe_name(part) if known else None


def answered_name(
    asked: str,
    filename: str | None,
    resolved: str = "",
    disposition: str | None = None,
    content_type: str = "",
    found: str | None = None,
) -> str:
    """The safe name of a file after the server's answer.

    Args:
        asked: the URL of the request.
        filename: the name that the user wants.
        resolved: the URL after redirects.
        disposition: the header Content-Disposition.
        content_type: the header Content-Type.
        found: the extension according to the first bytes, or None.
    """
    known = wanted_name(asked, filename)
    if known:
        return known
    extension = _extension_by_type(content_type) or found or _DEFAULT_EXTENSION
    if filename:
        return safe_name(filename + extension)
    offered = disposition_name(disposition)
    if offered:
        return safe_name(offered if extension_of(offered) else offered + extension)
    known = wanted_name(resolved) if resolved else None
    if known:
        return known
    name = last_part(asked) or _host(asked)
    own = extension_of(name)
    if own in _PROGRAM_EXTENSIONS:
        name = name[: -len(own)]
    elif own in AUDIO_EXTENSIONS or own == extension:
        return safe_name(name)
    return safe_name(name + extension)


def safe_name(name: str) -> str:
    """A file name that is safe on every system and in every terminal, as similar to `name` as possible.

    Only the last part of a path; NFC; no control or direction characters and none that Windows forbids; no dot,
    dash or space first, no dot or space last; none of Windows's device names; at most 200 bytes in UTF-8,
    extension included; always a stem and an extension. Spaces and every script are kept. A safe name does not
    change.
    """
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", name).rstrip("/\\ "))[-1]
    name = "".join(
        "_" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in _JOINERS else c for c in name
    )
    name = _FORBIDDEN.sub("_", name).rstrip(" .")
    suffix = re.search(r"\.[a-z0-9]{1,10}$", name, re.IGNORECASE) if extension_of(name) else None
    extension = suffix[0] if suffix and suffix[0].lower() != ".part" else ""
    stem = name[: -len(extension)] if extension else name
    extension = extension or _DEFAULT_EXTENSION
    stem = _trimmed(_trimmed(stem).encode()[: _MAX_BYTES - len(extension)].decode(errors="ignore"))
    stem = stem or "video"
    if _RESERVED.match(stem.partition(".")[0].rstrip()):
        stem = _trimmed(f"_{stem}".encode()[: _MAX_BYTES - len(extension)].decode(errors="ignore"))
    return stem + extension


def _trimmed(stem: str) -> str:
    return stem.lstrip(" .-\u00a0").rstrip(" .\u00a0")


def extension_of(name: str) -> str:
    """The extension in lower case, with its dot; empty if a dot is only punctuation, as in `talk v2.0`."""
    match = re.search(r"\.(?=[a-z0-9]*[a-z])[a-z0-9]{1,10}$", name.strip(), re.IGNORECASE)
    return match[0].lower() if match else ""


def last_part(url: str) -> str:
    """The last part of a URL's path, percent-decoded; empty if there is none."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return re.split(r"[/\\]", unquote(path.rstrip("/")))[-1]


def has_extension(url: str, extensions: frozenset[str]) -> bool:
    """Whether a URL's path ends in one of these, in upper or lower case, with or without a query."""
    return extension_of(last_part(url)) in extensions


def disposition_name(header: str | None) -> str:
    """The file name in a Content-Disposition header (RFC 6266; `filename*` of RFC 5987 first), or an empty text."""
    header = header or ""
    extended = re.search(r"filename\*\s*=\s*\"?([\w-]+)'[^']*'([^;\"\s]+)", header, re.IGNORECASE)
    if extended:
        try:
            return unquote(extended[2], encoding=extended[1], errors="replace")
        except LookupError:
            pass
    plain = re.search(r'filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;]+))', header, re.IGNORECASE)
    if not plain:
        return ""
    name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2].strip()
    try:
        return name.encode("latin-1").decode("utf-8")  # what servers send, whatever the standard says
    except UnicodeError:
        return name


def _extension_by_type(content_type: str) -> str | None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.partition("/")[0] not in ("video", "audio") and media_type not in _BY_TYPE:
        return None
    return _BY_TYPE.get(media_type) or mimetypes.guess_extension(media_type)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
