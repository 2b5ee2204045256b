"""`GET /api/v1/search`: moments, page by page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from vidkit.library import Moment, moment_as_json, video_key
from vidkit.web.access import API
from vidkit.web.answers import json_answer
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Shared

router = APIRouter(tags=["search"])


class SearchPage(SearchParameters):
    """A page of a search."""

    limit: int = Field(50, ge=1, le=200)


class Found(BaseModel):
    """A page of answers."""

    items: list[dict[str, Any]]
    next: str | None


@router.get(f"{API}/search", response_model=Found)
def search(services: Shared, parameters: Annotated[SearchPage, Query()]) -> Response:
    """The moments that a search finds; without words, the videos."""
    moments = services.library.search(parameters.query(parameters.limit))
    return json_answer({"items": [item_of(moment) for moment in moments], "next": None})


def item_of(moment: Moment) -> dict[str, Any]:
    """A moment as the API gives it: as `vidkit search --json` prints it, with its video's key."""
    return {"key": video_key(moment.url), **moment_as_json(moment)}
