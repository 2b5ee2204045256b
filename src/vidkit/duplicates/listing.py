"""A group of copies as JSON, for `vidkit duplicates --json` and the REST API."""

from __future__ import annotations

from typing import Any

from vidkit.core import shown_url
from vidkit.duplicates.groups import Copy, Group
from vidkit.library.protocol import PicturesOf


def group_as_json(group: Group) -> dict[str, Any]:
    """`kept`, a video, and `copies`, a list of videos."""
    return {"kept": video_as_json(group.kept), "copies": [copy_as_json(copy) for copy in group.copies]}


def video_as_json(video: PicturesOf) -> dict[str, Any]:
    """A video in a list; its URL is without secrets."""
    size = f"{video.width}x{video.height}"
    url = shown_url(video.url)
    return {"url": url, "filename": video.filename, "resolution": size, "duration": video.duration}


def copy_as_json(copy: Copy) -> dict[str, Any]:
    """A copy: a video with `reason` (why the other one is kept), `share` (0 to 1) and `shift` (seconds)."""
    reason = "same file" if copy.same_file else copy.reason
    found = copy.match
    return {
        **video_as_json(copy.video),
        "reason": reason,
        "share": round(found.share, 3),
        "shift": found.shift,
    }
