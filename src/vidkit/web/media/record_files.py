"""The file of a video that a request means: found by the record and the kind, never by a path of the request.

A record may come from anywhere (`library add`, a MongoDB server), so a path in it is untrusted input. A file is
sent only if it really lies where vidkit keeps files of its kind, after links and `..` are followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from vidkit.core.buckets import Place
from vidkit.core.config import Config
from vidkit.core.files import open_within
from vidkit.core.stores import open_store
from vidkit.export import read_record
from vidkit.library import LibraryEntry
from vidkit.record import CLIPS, THUMBNAILS
from vidkit.web.media.bucket_files import read_beginning, stored_file, stored_video
from vidkit.web.problems import not_found

# How an original video is sent, by the extension of its file. No other file is sent as one.
VIDEO_TYPES = {
    ".3g2": "video/3gpp2", ".3gp": "video/3gpp", ".asf": "video/x-ms-asf", ".avi": "video/x-msvideo",
    ".divx": "video/x-msvideo", ".f4v": "video/mp4", ".flv": "video/x-flv", ".m2t": "video/mp2t",
    ".m2ts": "video/mp2t", ".m2v": "video/mpeg", ".m4v": "video/mp4", ".mkv": "video/x-matroska",
    ".mov": "video/mp4", ".mp4": "video/mp4", ".mpe": "video/mpeg", ".mpeg": "video/mpeg", ".mpg": "video/mpeg",
    ".mts": "video/mp2t", ".mxf": "application/mxf", ".ogg": "video/ogg", ".ogm": "video/ogg", ".ogv": "video/ogg",
    ".qt": "video/mp4", ".ts": "video/mp2t", ".vob": "video/mpeg", ".webm": "video/webm", ".wmv": "video/x-ms-wmv",
}  # fmt: skip
CLIP_TYPE, IMAGE_TYPE, VTT_TYPE = "video/mp4", "image/jpeg", "text/vtt; charset=utf-8"
_LONGEST_VTT = 1 << 20  # bytes: vidkit's own have 80 KB at most
_TIMES = re.compile(r"(\d\d+:\d\d:\d\d\.\d{3}) --> (\d\d+:\d\d:\d\d\.\d{3})", re.ASCII)
_PART_OF_IMAGE = re.compile(r"(.+)#(xywh=\d{1,6},\d{1,6},\d{1,6},\d{1,6})", re.ASCII)


# A file that is open, or where it lies in a bucket.
Found = BinaryIO | Place


def open_clip(entry: LibraryEntry, number: int, config: Config) -> Found:
    """The file of a clip, by its index.

    Raises:
        Problem: 404, with the reason.
    """
    clip = _entry(entry.record["segments"], number, "clip")
    return _own_file(entry, clip.get("path"), CLIPS, f"the file of clip {number}", config)


def open_thumbnail(entry: LibraryEntry, number: int, config: Config) -> Found:
    """The thumbnail of a scene, by its index. Raises as `open_clip`."""
    scene = _entry(entry.record["scenes"], number, "scene")
    return _own_file(entry, scene.get("thumbnail"), THUMBNAILS, f"the thumbnail of scene {number}", config)


def open_sprites(entry: LibraryEntry, number: int, config: Config) -> Found:
    """An image of the contact sheet, from 0. Raises as `open_clip`."""
    images = _sprites(entry)["images"]
    if not 0 <= number < len(images):
        raise not_found(f"the contact sheet has {len(images)} images, numbered from 0")
    return _own_file(entry, images[number], THUMBNAILS, f"image {number} of the contact sheet", config)


def sprites_vtt(entry: LibraryEntry, config: Config) -> bytes:
    """The WebVTT file of the contact sheet; its cues name the images as `sprites/0`, `sprites/1`.

    Only times and positions in an image are taken from the file, so no other text of it gets into the page.

    Raises:
        Problem: 404, with the reason.
    """
    sprites = _sprites(entry)
    what = "the contact sheet's WebVTT file"
    found = _own_file(entry, sprites.get("vtt"), THUMBNAILS, what, config)
    if isinstance(found, Place):
        text = read_beginning(found, _LONGEST_VTT, what).decode("utf-8", "replace")
    else:
        with found as file:
            text = file.read(_LONGEST_VTT).decode("utf-8", "replace")
    numbers = {str(image).rpartition("/")[2]: number for number, image in enumerate(sprites["images"])}
    lines, times = ["WEBVTT", ""], None
    for line in text.splitlines():
        part = _PART_OF_IMAGE.fullmatch(line.strip())
        if times and part and part[1] in numbers:
            lines += [times[0], f"sprites/{numbers[part[1]]}#{part[2]}", ""]
        times = _TIMES.fullmatch(line.strip())
    return "\n".join(lines).encode()


def open_video(entry: LibraryEntry, config: Config) -> tuple[Found, str]:
    """The original video and its media type: the download that was kept, the user's own local file, or an object of
    a bucket that may be shown.

    A local file may lie anywhere, so the path in a record is not enough (see `_is_own_source`).

    Raises:
        Problem: 404, with the reason.
    """
    record = entry.record
    url = record["source"]["url"]
    place, kind = stored_video(url, config), VIDEO_TYPES.get(Path(url).suffix.lower())
    if place is not None and kind is not None:
        return place, kind
    if record["path"] is None:
        raise not_found("the download of this video was not kept; its clips can be played")
    path, downloads = _text(record["path"]), config.paths.download_directory
    media_type = VIDEO_TYPES.get(Path(path).suffix.lower())
    if media_type is None:
        raise not_found("the file of this video is not called like a video")
    if "://" in url:
        if Path(path).name != record["filename"]:
            raise not_found("the record names a file that is not the download of this video")
        if isinstance(entry.folder, Path):
            return _open(entry.folder, path, [entry.folder, downloads], "the download"), media_type
        # Records in a bucket are of many machines: the file is this record's if it has the same size.
        return _open(downloads, Path(path).name, [downloads], "the download", record["size"]), media_type
    local = Path(url)
    if not isinstance(entry.folder, Path) or not _is_own_source(entry, local, config):
        raise not_found("the video is a local file, which the library of this server does not vouch for")
    return _open(entry.folder, path, [Path(os.path.realpath(local)).parent], "the file", record["size"]), media_type


def _is_own_source(entry: LibraryEntry, local: Path, config: Config) -> bool:
    """Whether this vidkit itself processed a local file: the record lies in the ProcessedDirectory, its JSON there
    says the same, and its path leads to the file that its URL names."""
    record = entry.record
    if not local.is_absolute() or "\0" in str(local):
        return False
    if os.path.realpath(entry.folder) != os.path.realpath(config.paths.processed_directory):
        return False
    known = read_record(open_store(entry.folder), record["filename"])
    if known is None or known["source"]["url"] != record["source"]["url"] or known["path"] != record["path"]:
        return False
    return os.path.realpath(os.path.join(entry.folder, str(record["path"]))) == os.path.realpath(local)


def _sprites(entry: LibraryEntry) -> Mapping[str, Any]:
    sprites: Any = entry.record.get("sprites")
    if not isinstance(sprites, Mapping) or not isinstance(sprites.get("images"), list):
        raise not_found(
            "this video has no contact sheet; `vidkit process` makes one if [Processing] SpriteInterval is not 0"
        )
    return sprites


def _own_file(entry: LibraryEntry, path: object, kind: str, what: str, config: Config) -> Found:
    """A file that vidkit made of a video, in the folder for its kind."""
    if isinstance(entry.folder, Path):
        return _open(entry.folder, path, [entry.folder / kind], what)
    return stored_file(entry, _text(path), kind, what, config)


def _entry(entries: Sequence[Mapping[str, Any]], number: int, what: str) -> Mapping[str, Any]:
    found = next((entry for entry in entries if entry["index"] == number), None)
    if found is None:
        raise not_found(f"this video has no {what} {number}")
    return found


def _text(path: object) -> str:
    if not isinstance(path, str) or not path or "\0" in path:
        raise not_found("the record names no file here")
    return path


def _open(folder: Path, path: object, roots: Iterable[Path], what: str, size: int | None = None) -> BinaryIO:
    """As `open_within`; `what` is the file in words.

    Raises:
        Problem: 404.
    """
    try:
        return open_within(folder, _text(path), roots, size)
    except FileNotFoundError:
        raise not_found(f"{what} is not there") from None
