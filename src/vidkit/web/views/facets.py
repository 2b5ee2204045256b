"""`GET /api/v1/facets`: how many videos of a search have which class, tag, length, codec, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vidkit.errors import nearest
from vidkit.library.facets import COLUMN, FACETS, folded
from vidkit.library.protocol import LENGTHS, length_name
from vidkit.library.text import label
from vidkit.web.access.scopes import API
from vidkit.web.answers import json_answer
from vidkit.web.models import Model
from vidkit.web.problems import Problem
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Shared

router = APIRouter(tags=["search"])

COLUMNS = "columns"
_SECONDS = 0.25  # what cannot be counted in this time is left out
_MOST_COLUMNS = 8
_SHOWN = 50  # values of a facet
# facet -> the parameters of a search that choose its values. The counts of these facets leave out these parameters,
# because another value would replace the chosen one. Tags and columns add up.
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "class": ("classes",),
    "length": ("min_duration", "max_duration"),
    "resolution": ("resolution",),
    "codec": ("codec",),
}
_BOUNDS = sorted(LENGTHS)


class FacetPage(SearchParameters):
    """A search, and the facets to count."""

    facet: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=60)] = Field(
        [], description="class, tag, length, resolution, codec, columns (all columns of the CSV), `column:NAME`"
    )


class FacetValue(Model):
    """A value, as the search takes it, and how many videos have it."""

    value: str | dict[str, str]
    label: str
    count: int
    chosen: bool


class Facet(Model):
    """The values of one kind."""

    name: str
    label: str
    param: str
    values: list[FacetValue]
    more: bool


class Facets(Model):
    """The counts of a search. If there was not enough time, `moments` is null and facets are missing."""

    videos: int | None
    moments: int | None
    partial: bool
    facets: list[Facet]


@router.get(f"{API}/facets", response_model=Facets)
def facets(services: Shared, parameters: Annotated[FacetPage, Query()]) -> Response:
    """Count the videos of a search by words by facets; for a search by meaning alone, the videos of its filters.

    This takes 0.3 seconds at most; what takes longer is left out.
    """
    library = services.library
    names = list(dict.fromkeys(parameters.facet or [*FACETS, COLUMNS]))
    partial = False
    if COLUMNS in names:
        columns = library.columns(_SECONDS)
        partial = columns is None
        names.remove(COLUMNS)
        names += [f"{COLUMN}{name}" for name in (columns or ())[:_MOST_COLUMNS]]
    for name in names:
        if name not in FACETS and not name.startswith(COLUMN):
            near = nearest(name, [*FACETS, COLUMNS])
            hint = f": did you mean {near}?" if near else f": there is {', '.join(FACETS)}, {COLUMNS}, {COLUMN}NAME"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"there is no facet {name}{hint}")
    if parameters.meaning == "only" or parameters.like is not None:
        parameters = cast(FacetPage, parameters.without("q", "meaning", "like"))
    own = {name: parameters.without(*_PARAMETERS.get(name, ())).query() for name in names}
    whole = parameters.query()
    found = library.facets({"videos": whole, "moments": whole, **own}, _SECONDS)
    totals = {name: found.pop(name, {}).get("") for name in ("videos", "moments")}
    shown = [_facet(name, found[name], parameters) for name in names if name in found]
    partial = partial or len(shown) < len(names) or None in totals.values()
    return json_answer({**totals, "partial": partial, "facets": shown})


def _facet(name: str, counts: dict[str, int], parameters: SearchParameters) -> dict[str, Any]:
    values = list(_values(name, counts, parameters))
    shown = [value for at, value in enumerate(values) if at < _SHOWN or value["chosen"]]
    param = {"length": "min_duration"}.get(name, "where" if name.startswith(COLUMN) else name)
    title = name.removeprefix(COLUMN) if name.startswith(COLUMN) else name.capitalize()
    return {"name": name, "label": title, "param": param, "values": shown, "more": len(shown) < len(values)}


def _values(name: str, counts: dict[str, int], parameters: SearchParameters) -> Iterator[dict[str, Any]]:
    if name == "length":
        for length, videos in sorted(counts.items(), key=lambda item: int(item[0])):
            bounds = _bounds(int(length))
            chosen = {"min_duration": parameters.min_duration or "", "max_duration": parameters.max_duration or ""}
            yield {
                "value": bounds,
                "label": length_name(int(length)),
                "count": videos,
                "chosen": {key: value for key, value in chosen.items() if value} == bounds,
            }
        return
    column = name.removeprefix(COLUMN) if name.startswith(COLUMN) else None
    chosen = _chosen(name, column, parameters)
    for value, videos in counts.items():
        key = label(value) if column is None else folded(value)
        given = value if column is None else f"{column}={value}"
        yield {"value": given, "label": value, "count": videos, "chosen": chosen.pop(key, None) is not None}
    for value in chosen.values():  # chosen values that no video has, so that the user can remove them
        given = value if column is None else f"{column}={value}"
        yield {"value": given, "label": value, "count": 0, "chosen": True}


def _chosen(name: str, column: str | None, parameters: SearchParameters) -> dict[str, str]:
    """The chosen values of a facet: in the form for comparisons -> as they are given."""
    if column is not None:
        pairs = (item.partition("=") for item in parameters.where)
        same = (value.strip() for key, _, value in pairs if folded(key) == folded(column))
        return {folded(value): value for value in same}
    given: dict[str, list[str | None]] = {
        "class": [*parameters.classes],
        "tag": [*parameters.tag],
        "resolution": [parameters.resolution],
        "codec": [parameters.codec],
    }
    return {label(value): value for value in given[name] if value}


def _bounds(length: int) -> dict[str, str]:
    """The parameters for durations that reach so many of LENGTHS."""
    bounds = {"min_duration": _BOUNDS[length - 1]} if length else {}
    if length < len(_BOUNDS):
        bounds["max_duration"] = _BOUNDS[length]
    return {name: str(seconds) for name, seconds in bounds.items()}
