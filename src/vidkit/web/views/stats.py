"""`GET /api/v1/stats`: the library, or what a search finds of it, in numbers."""

from __future__ import annotations

import threading
from collections import Counter
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from vidkit.library import Query as Search
from vidkit.web.access.scopes import API
from vidkit.web.answers import json_answer
from vidkit.web.jobs.files import failed_rows
from vidkit.web.models import Model
from vidkit.web.problems import Problem
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Services, Shared

router = APIRouter(tags=["library"])

_JOBS = 100  # the latest jobs whose failures are counted
_MOST_FAILURES = 100_000  # rows of jobs that are read
_balancing = threading.Semaphore(2)  # each reads every record


class StatsPage(SearchParameters):
    """A search, and how its videos are spread."""

    by: str | None = Field(
        None,
        max_length=200,
        description="class, tag, a column of the CSV, or a record's key",
    )


class Readings(Model):
    """How many videos a reader has read, and those that it could not read, by the reason."""

    videos: int
    failed: dict[str, int]


class Numbers(Model):
    """As `vidkit stats --json` prints them. `failures` and `model` are of the whole library alone: what failed has
    no record that a search could find."""

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
    """The videos that a search finds in numbers; what failed, by reason; what the model cost."""
    from vidkit.curate.statistics import balance_of, numbers_as_json

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
    failures = _failures(services) if whole else {}
    return json_answer({**numbers, "failures": failures, "model": _cost(services) if whole else {}})


def _failures(services: Services) -> dict[str, int]:
    """What failed, as `stage: reason` -> videos: of the last run, and of the latest jobs."""
    from vidkit.curate.statistics import cleared_reason, failures_in
    from vidkit.workflow.layout import reports_folder

    found: Counter[tuple[str, str]] = failures_in(reports_folder(services.config.paths))
    seen: set[str] = set()
    for job in services.jobs.table.newest(kinds=["process"], limit=_JOBS):
        for told, _ in failed_rows(services.jobs.folder(job.id)):
            url, stage, reason = (str(told.get(key) or "") for key in ("url", "stage", "reason"))
            if url not in seen:  # an older job, in which it failed too
                seen.add(url)
                found[stage or "vidkit", cleared_reason(reason, url, None)] += 1
            if len(seen) >= _MOST_FAILURES:
                break
    return {f"{stage}: {reason}": videos for (stage, reason), videos in found.most_common()}


def _cost(services: Services) -> dict[str, Any]:
    """What the model cost in the last run, and in the latest jobs."""
    from vidkit.curate.statistics import model_cost_in
    from vidkit.workflow.layout import reports_folder

    costs: list[dict[str, Any] | None] = [model_cost_in(reports_folder(services.config.paths))]
    costs += [(job.result or {}).get("model") for job in services.jobs.table.newest(kinds=["process"], limit=_JOBS)]
    total = Counter[str]()
    for cost in costs:
        total.update({name: number for name, number in (cost or {}).items() if isinstance(number, (int, float))})
    return dict(total)
