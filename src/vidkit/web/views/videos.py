"""`/api/v1/videos/{key}`: the record, the hits in a video, where its tags are from, and erasing it."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from vidkit.library.in_video import moments_in
from vidkit.tagging.explain import Origin, Reason, explain_tags
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
    """What was deleted, and what was left with the reasons."""

    removed: list[str]
    left: list[str]


@router.get("", response_model=dict[str, Any])
def record(
    entry: Entry, download: Annotated[bool, Query(description="send it as a file to save")] = False
) -> Response:
    """The record of a video, exactly as it is kept."""
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
    """Where each tag and the class are from, and why: which rule and condition, which words, where they stand."""
    record = entry.record
    explained = explain_tags(record, open_rules(services.config))
    said = explained.classification
    return json_answer(
        {
            "classification": {"value": said.name, "origin": said.origin, **_why(said)},
            "tags": [{"tag": each.name, "origin": each.origin, **_why(each)} for each in explained.tags],
            "removed": [each.name for each in explained.removed],
            "model_tags": _model_tags(record["ai_generated_tags"], record["segments"]),
            "corrections": record.get("corrections"),
            "outdated": explained.outdated,
        }
    )


@router.delete("")
def erase(
    entry: Entry,
    services: Shared,
    actor: Caller,
    files: Annotated[bool, Query(description="delete its files too, never those outside vidkit's folders")] = False,
) -> Erased:
    """Remove a video from the library, as `vidkit remove` does."""
    from vidkit.curate.removal import remove_video  # with all that processes videos, which is much

    url = entry.record["source"]["url"]
    made = remove_video(services.library, entry, services.config.paths.download_directory, files)
    removed, left = (made.shown(), made.left) if made else ([], [])
    services.audit(actor, "erase", f"{url}{f', {len(removed)} files and folders' if files else ''}")
    return Erased(removed=removed, left=left)


def _why(origin: Origin) -> dict[str, Any]:
    """The reasons of an origin: the first one by itself, and all of them."""
    reasons: list[dict[str, Any]] = [
        {
            "rule": each.rule,
            "condition": each.condition,
            "words": each.words,
            "where": ", ".join(each.where) or None,
        }
        for each in origin.reasons
    ]
    first: dict[str, Any] = reasons[0] if reasons else {"rule": None, "condition": None, "words": [], "where": None}
    return {"why": _in_words(origin), **first, "reasons": reasons}


def _in_words(origin: Origin) -> str:
    """Why a video has a tag or a class, in one sentence."""
    if origin.origin == "person":
        return "A person said so."
    if not origin.reasons:
        if origin.name == "Unclassified":
            return "No rule gives this video a class."
        return "No rule gives it now; earlier rules or an earlier description did. `vidkit retag` updates it."
    return "; ".join(_reason_in_words(each) for each in origin.reasons[:3])


def _reason_in_words(reason: Reason) -> str:
    words = ", ".join(reason.words)
    where = f" in {', '.join(reason.where)}" if reason.where else ""
    kinds = {
        "tags_present": "the tag ",
        "ai_generated_tags": "the model's tag ",
        "object_labels": "the label ",
        "metadata_conditions": "",
    }
    return f"{reason.rule}: {kinds.get(reason.condition, 'the words ')}{words}{where}"


def _model_tags(tags: list[str], segments: Any) -> list[dict[str, Any]]:
    """The model's tags, each with what it gave it to."""
    found: dict[str, list[str]] = {tag: ["the video"] for tag in tags}
    for segment in segments:
        for tag in segment["tags"]:
            found.setdefault(tag, []).append(f"clip {segment['index']}")
    return [{"tag": tag, "where": where} for tag, where in found.items()]
