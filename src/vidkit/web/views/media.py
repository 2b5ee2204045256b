"""`GET /api/v1/videos/{key}/...`: the video, its clips, thumbnails and contact sheet; never addressed by path."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response

from vidkit.core.buckets import Place
from vidkit.web.access.scopes import API
from vidkit.web.media.bucket_files import redirect_to
from vidkit.web.media.file_response import FileResponse
from vidkit.web.media.record_files import (
    CLIP_TYPE,
    IMAGE_TYPE,
    VTT_TYPE,
    Found,
    open_clip,
    open_sprites,
    open_thumbnail,
    open_video,
    sprites_vtt,
)
from vidkit.web.services import Shared
from vidkit.web.video_key import entry_of

# The views find their video themselves: a dependency would cost each request a second thread.
router = APIRouter(prefix=f"{API}/videos/{{key}}", tags=["media"])

# Seconds for which a browser shows an image again without asking: a grid of cards often does.
_IMAGE_MAX_AGE = 60
View = TypeVar("View", bound=Callable[..., Response])
Download = Annotated[bool, Query(description="send it as a file to save")]


def _media(path: str) -> Callable[[View], View]:
    """A route for GET, which is in the description of the API, and for HEAD."""

    def add(view: View) -> View:
        router.add_api_route(path, view, methods=["GET"], response_class=Response)
        router.add_api_route(path, view, methods=["HEAD"], response_class=Response, include_in_schema=False)
        return view

    return add


def _answer(
    request: Request, file: Found, media_type: str, download: str | None = None, max_age: int = 0
) -> Response:
    """A file of this machine; for a file in a bucket, a redirect to a signed URL."""
    if isinstance(file, Place):
        return redirect_to(request, file, max_age)
    return FileResponse(request, file, media_type, download, max_age)


@_media("/video")
def video(key: str, request: Request, services: Shared, download: Download = False) -> Response:
    """The original video: the download, if it was kept, or the local file. `Range` is supported."""
    entry = entry_of(key, services)
    file, media_type = open_video(entry, services.config)
    return _answer(request, file, media_type, entry.record["filename"] if download else None)


@_media("/clips/{n}")
def clip(key: str, n: int, request: Request, services: Shared, download: Download = False) -> Response:
    """A clip, by its index. `Range` is supported."""
    entry = entry_of(key, services)
    name = f"{Path(entry.record['filename']).stem}_clip_{n:03d}.mp4"
    return _answer(request, open_clip(entry, n, services.config), CLIP_TYPE, name if download else None)


@_media("/scenes/{n}/thumbnail")
def thumbnail(key: str, n: int, request: Request, services: Shared, download: Download = False) -> Response:
    """The thumbnail of a scene, by its index: a JPEG."""
    entry = entry_of(key, services)
    name = f"{Path(entry.record['filename']).stem}_scene_{n:03d}.jpg"
    file = open_thumbnail(entry, n, services.config)
    return _answer(request, file, IMAGE_TYPE, name if download else None, _IMAGE_MAX_AGE)


@_media("/sprites.vtt")
def sprites(key: str, request: Request, services: Shared) -> Response:
    """The contact sheet for players, as WebVTT: each cue names the part of an image that shows these seconds."""
    content = sprites_vtt(entry_of(key, services), services.config)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(None, HTTPStatus.NOT_MODIFIED, headers)
    return Response(content, headers=headers, media_type=VTT_TYPE)


@_media("/sprites/{n}")
def sprite(key: str, n: int, request: Request, services: Shared) -> Response:
    """An image of the contact sheet, from 0: a JPEG."""
    file = open_sprites(entry_of(key, services), n, services.config)
    return _answer(request, file, IMAGE_TYPE, max_age=_IMAGE_MAX_AGE)
