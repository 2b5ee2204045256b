"""`GET /api/v1/search`: moments, page by page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vidkit.errors import QueryError
from vidkit.library import Moment, moment_as_json, video_key
from vidkit.library.spans import DESCRIPTION, MEASURES
from vidkit.web.access.scopes import API
from vidkit.web.answers import json_answer
from vidkit.web.cursors import cursor_of, position_of
from vidkit.web.models import Model
from vidkit.web.search_parameters import SearchParameters, renamed
from vidkit.web.services import Shared

router = APIRouter(tags=["search"])


class SearchPage(SearchParameters):
    """A page of a search."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="`next` of the page before; the rest as for that page")


class Found(Model):
    """A page of moments."""

    items: list[dict[str, Any]]
    next: str | None
    notes: list[str]


@router.get(f"{API}/search", response_model=Found)
def search(services: Shared, parameters: Annotated[SearchPage, Query()]) -> Response:
    """The moments that a search finds; without words, the videos.

    `why` of a moment names what has found it: `words`, `meaning` (of its text), `picture`. Moments that have the
    words come first. `notes` say why the search was not by meaning, if the request wants that.

    From page to page no moment is repeated or missing, also while videos are processed. Moments that are new since
    the first page are left out.
    """
    asked, scope = parameters.asked(parameters.limit), parameters.scope()
    after = position_of(scope, parameters.cursor, asked.query.order()) if parameters.cursor else None
    try:
        found = services.search.page(asked, after)
    except QueryError as error:
        raise renamed(error) from None
    following = cursor_of(scope, found.next) if found.next else None
    items = [item_of(moment) for moment in found.moments]
    return json_answer({"items": items, "next": following, "notes": [*found.notes]})


class Source(Model):
    """A source of texts, `description` or a reader; and how many videos have it."""

    name: str
    videos: int


class Sources(Model):
    """All sources; and what a search by meaning can use, of `meaning` (texts) and `picture`."""

    items: list[Source]
    meaning: list[str]


@router.get(f"{API}/sources", response_model=Sources)
def sources(services: Shared) -> Sources:
    """The values for `in` of a search: descriptions, and the readers that have read a video of the library."""
    library = services.library
    found = [Source(name=DESCRIPTION, videos=library.stats().videos)]
    for name, errors in library.readers().items():
        if name not in MEASURES and errors.get(""):
            found.append(Source(name=name, videos=errors[""]))
    return Sources(items=found, meaning=services.search.ways())


def item_of(moment: Moment) -> dict[str, Any]:
    """A moment for the API: as `vidkit search --json` prints it, with the key of its video."""
    return {"key": video_key(moment.url), **moment_as_json(moment)}
