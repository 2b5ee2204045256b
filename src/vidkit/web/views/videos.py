"""`/api/v1/videos/{key}`: its record, the moments that a search finds in it, the origin of its tags, erasing it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from vidkit.library.in_video import moments_in
from vidkit.tagging.explain import explain_tags
from vidkit.tagging.origins import origins_as_json
from vidkit.tagging.user_rules import open_rules
from vidkit.web.access.scopes import API, Caller
from vidkit.web.answers import json_answer
from vidkit.web.media.file_response import attachment
from vidkit.web.models import Model
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Shared
from vidkit.web.video_key import Entry
from vidkit.web.views.search import item_of

router = APIRouter(prefix=f"{API}/videos/{{key}}", tags=["videos"])


class Erased(Model):
    """What was deleted; and what was not, with the reasons."""

    removed: list[str]
    left: list[str]


@router.get("", response_model=dict[str, Any])
def record(
    entry: Entry, download: Annotated[bool, Query(description="send it as a file to save")] = False
) -> Response:
    """The record of a video, exactly as it is stored."""
    if not download:
        return json_answer(entry.record)
    content = json.dumps(entry.record, ensure_ascii=False, indent=2) + "\n"
    headers = {"Content-Disposition": attachment(f"{entry.record['filename']}.json")}
    return Response(content.encode("utf-8", "replace"), 200, headers, "application/json")


@router.get("/moments", response_model=dict[str, Any])
def moments(entry: Entry, parameters: Annotated[SearchParameters, Query()]) -> Response:
    """The moments of this video that a search's words find, by time."""
    return json_answer({"items": [item_of(moment) for moment in moments_in(entry, parameters.asked().query)]})


@router.get("/origins", response_model=dict[str, Any])
def origins(entry: Entry, services: Shared) -> Response:
    """The origin of the class and of each tag: the rule, its condition, the matching words and where they are."""
    explained = explain_tags(entry.record, open_rules(services.config))
    return json_answer(origins_as_json(entry.record, explained))


@router.delete("")
def erase(
    entry: Entry,
    services: Shared,
    actor: Caller,
    files: Annotated[bool, Query(description="delete its files too, never those outside vidkit's folders")] = False,
) -> Erased:
    """Remove a video from the library, as `vidkit remove` does."""
    from vidkit.curate.removal import remove_video  # heavy: it imports everything that processes videos

    url = entry.record["source"]["url"]
    made = remove_video(services.library, entry, services.config.paths.download_directory, files)
    removed, left = (made.shown(), made.left) if made else ([], [])
    services.audit(actor, "erase", f"{url}{f', {len(removed)} files and folders' if files else ''}")
    return Erased(removed=removed, left=left)
