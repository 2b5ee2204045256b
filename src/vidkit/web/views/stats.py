"""`GET /api/v1/stats`: statistics of the library, or of a search."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from vidkit.library import Query as Search
from vidkit.web.access.scopes import API
from vidkit.web.answers import json_answer
from vidkit.web.models import Model
from vidkit.web.problems import Problem
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Shared

router = APIRouter(tags=["library"])

_balancing = threading.Semaphore(2)  # each reads every record


class StatsPage(SearchParameters):
    """A search, and a key to count its videos by."""

    by: str | None = Field(
        None,
        max_length=200,
        description="class, tag, a column of the CSV, or a record's key",
    )


class Readings(Model):
    """How many videos a reader has read, and how many it could not read, by the reason."""

    videos: int
    failed: dict[str, int]


class Numbers(Model):
    """The output of `vidkit stats --json`. `failures` and `model` are only there for the whole library: a video
    that failed has no record that a search could find."""

    model_config = ConfigDict(extra="allow")
    videos: int
    seconds: float
    bytes: int
    described: int
    classes: dict[str, int]
    tags: dict[str, int]
    resolutions: dict[str, int]
    codecs: dict[str, int]
    durations: dict[str, int]
    readings: dict[str, Readings]
    failures: dict[str, int]
    model: dict[str, float]


@router.get(f"{API}/stats", response_model=Numbers)
def stats(services: Shared, parameters: Annotated[StatsPage, Query()]) -> Response:
    """The videos of a search in numbers; the failures, by reason; the cost of the model."""
    from vidkit.curate.statistics import balance_of, numbers_as_json
    from vidkit.web.jobs.totals import all_costs, all_failures

    query = parameters.query()
    balance = None
    if parameters.by:
        if not _balancing.acquire(timeout=5):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "two others count by a key at this moment: try again",
                {"Retry-After": "10"},
            )
        try:
            balance = balance_of(services.library, query, parameters.by)
        finally:
            _balancing.release()
    library = services.library
    numbers = numbers_as_json(library.stats(query), library.readers(query), parameters.by, balance)
    whole = query == Search()
    config, table = services.config, services.jobs.table
    failed = all_failures(config, table).most_common() if whole else []
    failures = {f"{stage}: {reason}": videos for (stage, reason), videos in failed}
    return json_answer({**numbers, "failures": failures, "model": all_costs(config, table) if whole else {}})
