"""`GET /api/v1/duplicates`: videos that are copies of each other, and which of them is kept."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vidkit.library import video_key
from vidkit.web.access.scopes import API
from vidkit.web.answers import json_answer
from vidkit.web.cursors import decode_cursor, encode_cursor, wrong_cursor
from vidkit.web.models import Model
from vidkit.web.services import Services, Shared

router = APIRouter(tags=["library"])

_SCOPE = "duplicates"
_MOST_COPIES = 100  # of a group


class GroupOfCopies(Model):
    """A video to keep, and its copies. A copy has the `reason` to keep the other video ("more pixels", "longer",
    "came first" or "same file"), the `share` of the shorter video's frames that are in the longer one, and `shift`,
    how many seconds later they are there. `picture` is the number of a scene with a thumbnail, or null."""

    kept: dict[str, Any]
    copies: list[dict[str, Any]]
    more: int = Field(description="copies that are not listed")


class Groups(Model):
    """A page of groups, and the counts of the whole library. `unknown` videos have no picture hashes: they only
    match identical files."""

    items: list[GroupOfCopies]
    next: str | None
    videos: int
    groups: int
    copies: int
    unknown: int


@router.get(f"{API}/duplicates", response_model=Groups)
def duplicates(
    services: Shared,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> Response:
    """Groups of videos that show the same, as `vidkit duplicates` finds them, in the order in which the videos to
    keep came into the library. Videos that were removed since the comparison are left out."""
    compared = services.duplicates()
    start = bisect_right(compared.positions, _position(cursor)) if cursor else 0
    end = min(start + limit, len(compared.groups))
    shown = [_shown(services, group) for group in compared.groups[start:end]]
    following = encode_cursor(_SCOPE, [compared.positions[end - 1]]) if end < len(compared.groups) else None
    return json_answer(
        {
            "items": [group for group in shown if group is not None],
            "next": following,
            "videos": compared.videos,
            "groups": len(compared.groups),
            "copies": sum(len(group.copies) for group in compared.groups),
            "unknown": compared.unknown,
        }
    )


def _position(cursor: str) -> int:
    values, _ = decode_cursor(_SCOPE, cursor)
    if len(values) != 1 or type(values[0]) is not int or not 0 <= values[0] < 2**63:
        raise wrong_cursor()
    return values[0]


def _shown(services: Services, group: Any) -> dict[str, Any] | None:
    """A group as the API gives it; None if none of its copies is left."""
    from vidkit.duplicates.listing import copy_as_json, video_as_json

    kept = _in_library(services, group.kept.url)
    if kept is None:
        return None
    listed = group.copies[:_MOST_COPIES]
    copies = [
        {**found, **copy_as_json(copy)}
        for copy in listed
        if (found := _in_library(services, copy.video.url)) is not None
    ]
    if not copies:
        return None
    return {
        "kept": {**kept, **video_as_json(group.kept)},
        "copies": copies,
        "more": len(group.copies) - len(listed),
    }


def _in_library(services: Services, url: str) -> dict[str, Any] | None:
    """The key of a video and its first scene with a thumbnail; None if the video was removed."""
    key = video_key(url)
    entry = services.library.by_key(key)
    if entry is None:
        return None
    scenes = [scene["index"] for scene in entry.record["scenes"] if scene.get("thumbnail")]
    return {"key": key, "picture": scenes[0] if scenes else None}
