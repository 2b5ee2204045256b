"""Jobs: added to the queue, listed, cancelled, tried again."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field, ValidationError

from vidkit.core import shown_url, writing_whole
from vidkit.errors import ConfigError
from vidkit.rows import URL_COLUMNS
from vidkit.rows.counting import count_rows
from vidkit.rows.preview import preview_csv
from vidkit.web.access.scopes import API, Caller
from vidkit.web.bodies import ReceivedFile
from vidkit.web.jobs.events import Listener, TooManyListeners
from vidkit.web.jobs.files import failed_rows
from vidkit.web.jobs.queue import JobRequest
from vidkit.web.jobs.settings import JobSettings, run_spec
from vidkit.web.jobs.table import ENDED, Job
from vidkit.web.models import Body, Model
from vidkit.web.problems import Problem, not_found
from vidkit.web.services import Services, Shared

router = APIRouter(tags=["jobs"])

MOST_URLS = 10_000
PRIORITIES = (-100, 100)
_PAGE = 100
_SECONDS_TO_COUNT = 2.0
Priority = Annotated[int, Field(ge=PRIORITIES[0], le=PRIORITIES[1], description="higher runs first")]
BaseUrl = Annotated[
    str | None, Query(max_length=2048, description="base URL of the files, if the CSV has names but no URLs")
]
JobId = Annotated[int, PathParameter(alias="id", ge=1, le=2**53)]
State = Literal["queued", "running", "done", "failed", "cancelled"]
KindName = Literal["process", "export", "label", "retag"]


class VideoUnderWay(Model):
    """A video that a job processes now."""

    url: str
    name: str
    stage: str
    done: int = Field(description="bytes so far, while it is downloaded")
    total: int | None = Field(description="bytes in all, where they are known")


class JobAnswer(Model):
    """A job."""

    id: int
    kind: KindName
    state: State
    cancelling: bool = Field(description="it was cancelled and is about to end")
    priority: int
    name: str
    created_at: str
    created_by: str
    started_at: str | None
    finished_at: str | None
    settings: dict[str, Any]
    total: int | None
    processed: int
    skipped: int
    failed: int
    partial: int
    filtered: int
    bytes: int
    seconds: float
    videos: list[VideoUnderWay]
    error: str | None
    result: dict[str, Any] | None


class Jobs(Model):
    """A page of jobs, the newest first."""

    items: list[JobAnswer]
    next: str | None
    counts: dict[str, int] = Field(description="how many jobs are in each state")


class NewJob(Body):
    """URLs to process."""

    urls: list[Annotated[str, Field(max_length=8192)]] = Field(min_length=1, max_length=MOST_URLS)
    settings: JobSettings = Field(default_factory=JobSettings)
    priority: Priority = 0
    name: str = Field("", max_length=200)


class JobChange(Body):
    """A change of a job: the priority of one that waits, or `cancelled`."""

    priority: Priority | None = None
    state: Literal["cancelled"] | None = None


class RowError(Model):
    """A row that cannot be read."""

    line: int
    reason: str


class CsvPreview(Model):
    """How a CSV would be read."""

    columns: list[str]
    url_column: str | None
    rows: int | None = Field(description="None where the file is too large to count")
    checked: int = Field(description="number of rows that were checked for errors")
    errors: list[RowError]
    sample: list[dict[str, Any]]


class FailedRow(Model):
    """A row that failed."""

    url: str
    line: int
    stage: str
    reason: str


class Failures(Model):
    """A page of the rows that failed."""

    items: list[FailedRow]
    next: str | None


_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/NewJob"}},
            "text/csv": {"schema": {"type": "string", "description": "a CSV as `vidkit process --csv` reads it"}},
        },
    }
}
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.post(f"{API}/jobs", status_code=HTTPStatus.CREATED, openapi_extra=_BODIES)
def create_job(
    request: Request,
    response: Response,
    services: Shared,
    actor: Caller,
    body: ReceivedFile,
    name: Annotated[str, Query(max_length=200)] = "",
    priority: Annotated[int, Query(ge=PRIORITIES[0], le=PRIORITIES[1])] = 0,
    settings: Annotated[str, Query(max_length=20_000, description="JSON, for a CSV")] = "{}",
    base_url: BaseUrl = None,
) -> JobAnswer:
    """Put a job of the kind `process` into the queue: URLs as JSON, or a CSV with its settings in the query."""
    if _media_type(request) == "text/csv":
        new = _csv_job(body, name, priority, _settings(settings), base_url)
    else:
        new = _url_job(body)
    run_spec(services.config, new.settings)  # errors in the settings are reported now
    job = services.jobs.add(new, actor.name)
    services.audit(actor, "job add", f"{job.id}: {job.name}")
    return created(response, job)


def _media_type(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "text/csv"):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json or text/csv")
    return kind


def _url_job(body: Path) -> JobRequest:
    try:
        new = NewJob.model_validate_json(body.read_bytes())
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_context=False, include_input=False)) from None
    urls = [url.strip() for url in new.urls if url.strip()]
    if not urls:
        raise ConfigError("urls: every URL is empty")
    with writing_whole(body) as file:
        table = csv.writer(file)
        table.writerow([URL_COLUMNS[0]])
        table.writerows([url] for url in urls)
    name = new.name or (shown_url(urls[0]) if len(urls) == 1 else f"{len(urls)} URLs")
    return JobRequest("process", name, new.settings.given(), {}, new.priority, len(urls), body)


def _csv_job(body: Path, name: str, priority: int, settings: JobSettings, base_url: str | None) -> JobRequest:
    with _in_words(body):  # errors of the file as a whole are reported now
        preview_csv(body, base_url, rows=1)
    total = count_rows(body, _SECONDS_TO_COUNT)
    name = name or ("a CSV" if total is None else f"a CSV of {total:,} rows")
    return JobRequest("process", name, settings.given(), {"base_url": base_url}, priority, total, body)


@contextmanager
def _in_words(body: Path) -> Iterator[None]:
    """Errors name the CSV as `the CSV`, and not by the name of its temporary file."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(body), "the CSV").replace("--base-url", "base_url")) from None


def _settings(text: str) -> JobSettings:
    try:
        return JobSettings.model_validate_json(text)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_context=False, include_input=False)) from None


@router.post(f"{API}/jobs/preview", openapi_extra=_CSV)
def preview_job(request: Request, body: ReceivedFile, base_url: BaseUrl = None) -> CsvPreview:
    """How a CSV would be read: its columns, its number of rows, its first errors. Nothing is stored."""
    if _media_type(request) != "text/csv":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send text/csv")
    with _in_words(body):
        return CsvPreview.model_validate(preview_csv(body, base_url), from_attributes=True)


@router.get(f"{API}/jobs")
def list_jobs(
    services: Shared,
    state: Annotated[list[State], Query(max_length=5)] = [],  # noqa: B006 - FastAPI copies it
    kind: Annotated[list[KindName], Query(max_length=4)] = [],  # noqa: B006
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern="^[0-9]{1,15}$")] = None,
) -> Jobs:
    """Jobs, the newest first. `state` and `kind` repeat."""
    before = None if cursor is None else int(cursor)
    found = services.jobs.table.newest(state, kind, before, limit + 1)
    return Jobs(
        items=[_answer(services.jobs.with_progress(job)) for job in found[:limit]],
        next=str(found[limit - 1].id) if len(found) > limit else None,
        counts=services.jobs.table.counts(),
    )


async def _all_jobs(services: Shared, actor: Caller) -> AsyncIterator[Listener]:
    async for listener in _listening(services, actor.name, None):
        yield listener


async def _one_job(number: JobId, services: Shared, actor: Caller) -> AsyncIterator[Listener]:
    if await run_in_threadpool(services.jobs.get, number) is None:
        raise _unknown(number)
    async for listener in _listening(services, actor.name, number):
        yield listener


async def _listening(services: Services, who: str, number: int | None) -> AsyncIterator[Listener]:
    try:
        with services.events.listener(who, number) as listener:
            await run_in_threadpool(services.events.begin, listener)
            yield listener
    except TooManyListeners as error:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), {"Retry-After": "30"}) from None


async def _events(listener: Listener, request: Request, services: Services) -> AsyncIterator[ServerSentEvent]:
    async for job in listener.read(lambda: services.actor_of(request) is not None):
        if job is None:
            yield ServerSentEvent(event="reload", data={})
            continue
        yield ServerSentEvent(event="job", data=job)
        if listener.job is not None and job["state"] in ENDED:
            return


@router.get(f"{API}/jobs/events", response_class=EventSourceResponse)
async def all_events(
    request: Request, services: Shared, listener: Annotated[Listener, Depends(_all_jobs)]
) -> AsyncIterator[ServerSentEvent]:
    """Changes of all jobs, as server-sent events: `job` with the job; `reload` if some were missed."""
    async for event in _events(listener, request, services):
        yield event


@router.get(f"{API}/jobs/{{id}}", response_model=JobAnswer)
def get_job(number: JobId, services: Shared) -> JobAnswer:
    """One job."""
    return _answer(_known(services, number))


@router.get(f"{API}/jobs/{{id}}/events", response_class=EventSourceResponse)
async def job_events(
    request: Request, services: Shared, listener: Annotated[Listener, Depends(_one_job)]
) -> AsyncIterator[ServerSentEvent]:
    """Changes of one job, as server-sent events named `job`; they end with the job."""
    async for event in _events(listener, request, services):
        yield event


@router.patch(f"{API}/jobs/{{id}}")
def change_job(number: JobId, change: JobChange, services: Shared, actor: Caller) -> JobAnswer:
    """Give a job that waits another priority, or cancel one."""
    job = _known(services, number)
    if change.state is not None:
        if not services.jobs.cancel(number):
            raise Problem(HTTPStatus.CONFLICT, f"job {number} has ended already: {job.state}")
        services.audit(actor, "job cancel", f"{number}: {job.name}")
    if change.priority is not None:
        if not services.jobs.table.set_priority(number, change.priority):
            raise Problem(HTTPStatus.CONFLICT, f"job {number} does not wait any more: {job.state}")
        services.audit(actor, "job priority", f"{number}: {change.priority}")
    return _answer(_known(services, number))


@router.post(f"{API}/jobs/{{id}}/retry", status_code=HTTPStatus.CREATED)
def retry_job(number: JobId, response: Response, services: Shared, actor: Caller) -> JobAnswer:
    """A new job over the rows that failed or, if the job did not come to its end, over all that are not done."""
    job = services.jobs.add(services.jobs.again(_known(services, number)), actor.name)
    services.audit(actor, "job retry", f"{number} as {job.id}")
    return created(response, job)


@router.get(f"{API}/jobs/{{id}}/failures")
def list_failures(
    number: JobId,
    services: Shared,
    limit: Annotated[int, Query(ge=1, le=1000)] = _PAGE,
    cursor: Annotated[str | None, Query(pattern="^[0-9]{1,15}$")] = None,
) -> Failures:
    """The rows of a job that failed so far, with the reason of each."""
    _known(services, number)
    items = []
    for row, place in failed_rows(services.jobs.folder(number), int(cursor or 0)):
        items.append(FailedRow.model_validate(row))
        if len(items) == limit:
            return Failures(items=items, next=str(place))
    return Failures(items=items, next=None)


def _known(services: Services, number: int) -> Job:
    job = services.jobs.get(number)
    if job is None:
        raise _unknown(number)
    return job


def _unknown(number: int) -> Problem:
    return not_found(f"there is no job {number}")


def _answer(job: Job) -> JobAnswer:
    return JobAnswer.model_validate(job.as_json())


def created(response: Response, job: Job) -> JobAnswer:
    """The answer of a call that put a job into the queue: the job, and its address as `Location`."""
    response.headers["Location"] = f"{API}/jobs/{job.id}"
    return _answer(job)
