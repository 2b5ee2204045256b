"""Datasets, new rules and labels for many videos at once: jobs over the library."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from vidkit.curate.corrections import make_change
from vidkit.tagging.user_rules import open_rules
from vidkit.web.access.scopes import API, Actor, Caller
from vidkit.web.answers import json_answer
from vidkit.web.export_options import ExportOptions, Videos, counts_as_json
from vidkit.web.jobs.queue import JobRequest
from vidkit.web.jobs.table import Job
from vidkit.web.models import Body, Model
from vidkit.web.problems import Problem
from vidkit.web.services import Services, Shared
from vidkit.web.views.jobs import JobAnswer, Priority, created
from vidkit.web.views.labels import Label, Labels

router = APIRouter(tags=["datasets"])

_PREVIEWS = threading.BoundedSemaphore(2)  # each reads the whole library
_SECONDS = 60.0  # limit for one preview


class NewExport(ExportOptions):
    """A dataset to make."""

    priority: Priority = 0


class ExportCounts(Model):
    """What a dataset would hold."""

    items: int
    videos: int
    counts: dict[str, dict[str, int]] = Field(description='split -> label -> items; "" for those without a label')
    unlabelled: int
    missing: dict[str, int] = Field(description="reason -> items that are left out")
    without_file: dict[str, int] = Field(description="reason -> items that are listed without their file")
    scarce: dict[str, int] = Field(description="label -> videos, for labels that are not in every split")
    at_odds: int = Field(description="contents whose records have different labels")
    command: str | None = Field(description="the same as a command; null for videos by their keys")
    exists: bool = Field(description="whether a dataset of this name is there already")


class BulkLabels(Videos):
    """The same labels for many videos."""

    classification: Label | None = Field(default=None, alias="class")
    add_tags: Labels = Field(default=[])
    remove_tags: Labels = Field(default=[])


class NewRetag(Body):
    """New rules over the library."""

    priority: Priority = 0


@router.post(
    f"{API}/exports",
    status_code=HTTPStatus.CREATED,
    responses={201: {"model": JobAnswer}, 200: {"model": ExportCounts, "description": "with dry_run"}},
    response_model=None,
)
def create_export(
    body: NewExport,
    response: Response,
    services: Shared,
    actor: Caller,
    dry_run: Annotated[bool, Query(description="only count what the dataset would hold")] = False,
) -> Response | JobAnswer:
    """Make a dataset in [Serve] ExportDirectory, as a job of the kind `export`; or only count its items."""
    target = services.config.serve.export_directory / body.name
    if dry_run:
        counts = _counts(services, body)
        return json_answer({**counts, "command": body.command(services.config), "exists": target.exists()})
    from vidkit.export import check_export

    check_export(body.format, **body.dataset())
    if target.exists() and not body.overwrite:
        raise Problem(
            HTTPStatus.CONFLICT, f"there is already a dataset {body.name}: give another name, or overwrite it"
        )
    what = {"options": body.model_dump(mode="json", by_alias=True, exclude={"priority"})}
    return _added(services, actor, response, JobRequest("export", body.name, body.shown(), what, body.priority))


def _counts(services: Services, options: ExportOptions) -> dict[str, Any]:
    from vidkit.export import preview_dataset

    if not _PREVIEWS.acquire(timeout=5):
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "others are counting: try again", {"Retry-After": "5"})
    until = time.monotonic() + _SECONDS

    def check_time(what: str, done: int, total: int | None) -> None:
        if time.monotonic() > until:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"these are too many videos to count within {_SECONDS:.0f} seconds: make the dataset as a job, "
                "whose result has the counts",
            )

    try:
        library = options.records(services.library)
        return counts_as_json(preview_dataset(library, options.format, **options.dataset(), progress=check_time))
    finally:
        _PREVIEWS.release()


@router.post(f"{API}/retag", status_code=HTTPStatus.CREATED)
def create_retag(response: Response, services: Shared, actor: Caller, body: NewRetag | None = None) -> JobAnswer:
    """Apply the rules as they are now to the whole library, as a job of the kind `retag`."""
    open_rules(services.config)  # errors in the rules are reported now
    priority = body.priority if body else 0
    return _added(services, actor, response, JobRequest("retag", "the whole library", priority=priority))


@router.post(f"{API}/labels", status_code=HTTPStatus.CREATED)
def create_labels(body: BulkLabels, response: Response, services: Shared, actor: Caller) -> JobAnswer:
    """Correct the class and tags of many videos in the same way, as a job of the kind `label`."""
    make_change(body.classification, body.add_tags, body.remove_tags)
    if body.query is None and body.keys is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "give a query or keys: which videos are meant")
    if body.query is not None:
        body.query.query()
    labels = body.model_dump(
        by_alias=True, include={"classification", "add_tags", "remove_tags"}, exclude_defaults=True
    )
    words = [body.classification, *(f"+{tag}" for tag in body.add_tags), *(f"-{tag}" for tag in body.remove_tags)]
    name = ", ".join(filter(None, words))
    what = body.model_dump(mode="json", by_alias=True)
    total = None if body.keys is None else len(set(body.keys))
    return _added(services, actor, response, JobRequest("label", name, labels, what, total=total))


def _added(services: Services, actor: Actor, response: Response, request: JobRequest) -> JobAnswer:
    job: Job = services.jobs.add(request, actor.name)
    services.audit(actor, f"{request.kind} job", f"{job.id}: {job.name}")
    return created(response, job)
