"""`GET /api/v1/search`: moments, page by page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vidkit.library import Moment, moment_as_json, video_key
from vidkit.library.spans import DESCRIPTION, MEASURES
from vidkit.web.access.scopes import API
from vidkit.web.answers import json_answer
from vidkit.web.cursors import cursor_of, position_of
from vidkit.web.models import Model
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Shared

router = APIRouter(tags=["search"])


class SearchPage(SearchParameters):
    """A page of a search."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="`next` of the page before; the rest as for that page")


class Found(Model):
    """A page of answers."""

    items: list[dict[str, Any]]
    next: str | None


@router.get(f"{API}/search", response_model=Found)
def search(services: Shared, parameters: Annotated[SearchPage, Query()]) -> Response:
    """The moments that a search finds; without words, the videos.

    From page to page no moment comes twice or is missing, also while videos are processed; those that are new since
    the first page are left out.
    """
    query, scope = parameters.query(parameters.limit), parameters.scope()
    after = position_of(scope, parameters.cursor, query.order()) if parameters.cursor else None
    page = services.library.page(query, after)
    following = cursor_of(scope, page.next) if page.next else None
    return json_answer({"items": [item_of(moment) for moment in page.moments], "next": following})


class Source(Model):
    """Where words can be looked for: `description`, or a reader; and how many videos it has."""

    name: str
    videos: int


class Sources(Model):
    """All of them."""

    items: list[Source]


@router.get(f"{API}/sources", response_model=Sources)
def sources(services: Shared) -> Sources:
    """What `in` of a search can name: descriptions, and the readers that have read a video of the library."""
    library = services.library
    found = [Source(name=DESCRIPTION, videos=library.stats().videos)]
    for name, errors in library.readers().items():
        if name not in MEASURES and errors.get(""):
            found.append(Source(name=name, videos=errors[""]))
    return Sources(items=found)


def item_of(moment: Moment) -> dict[str, Any]:
    """A moment as the API gives it: as `vidkit search --json` prints it, with its video's key."""
    return {"key": video_key(moment.url), **moment_as_json(moment)}
