"""The tools that change something: label; and process, export, jobs, cancel: the queue of the web library."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import anyio
from anyio import to_thread

from vidkit.core import shown_url
from vidkit.core.units import format_count
from vidkit.library import video_key
from vidkit.mcp.answers import Exported, FailedVideo, JobList, JobState, Labelled, ProcessedVideo
from vidkit.mcp.api import Refused
from vidkit.mcp.arguments import (
    CancelArguments,
    ExportArguments,
    JobsArguments,
    LabelArguments,
    ProcessArguments,
)
from vidkit.mcp.call import Call, Result
from vidkit.web.jobs.table import ENDED
from vidkit.web.services import Services

_TICK = 0.5  # seconds between two checks of a job
_SHOWN = 10  # failures, and videos, of a job
_COUNTS = ("items", "videos", "counts", "unlabelled", "missing", "without_file", "scarce", "at_odds")


async def label(call: Call, arguments: LabelArguments) -> Result:
    """Correct the class and the tags of a video."""
    said = arguments.model_dump(by_alias=True, exclude_defaults=True, exclude={"key"})
    made = await call.api.send("PATCH", f"/videos/{arguments.key}/labels", said)
    answer = Labelled.model_validate({"key": arguments.key, **made})
    tags = ", ".join(answer.tags) or "none"
    return Result(answer, [f"the video {answer.key} has the class {answer.classification} and the tags: {tags}"])


async def process(call: Call, arguments: ProcessArguments) -> Result:
    """Add URLs as a job, and wait for a while."""
    body = arguments.model_dump(mode="json", exclude_defaults=True, exclude={"wait"})
    with anyio.CancelScope(shield=True):  # so that a job that was added is always known
        job = await call.api.send("POST", "/jobs", body)
    state = await _watched(call, job, arguments.wait)
    videos = await to_thread.run_sync(_processed, call.services, arguments.urls)
    answer = state.model_copy(update={"videos": videos})
    return Result(answer, list(_job_lines(answer)))


async def export(call: Call, arguments: ExportArguments) -> Result:
    """Count what a dataset would hold, or make it as a job."""
    body = arguments.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"wait", "dry_run"})
    with anyio.CancelScope(shield=True):
        made = await call.api.send("POST", "/exports", body, [("dry_run", arguments.dry_run)])
    if arguments.dry_run:
        counts = {name: made[name] for name in (*_COUNTS, "exists")}
        return Result(Exported(counts=counts, job=None), list(_count_lines(counts)))
    state = await _watched(call, made, arguments.wait)
    return Result(Exported(counts=None, job=state), list(_job_lines(state)))


async def jobs(call: Call, arguments: JobsArguments) -> Result:
    """One job, or the newest ones."""
    if arguments.job is not None:
        found = [await _state(call, await call.api.get(f"/jobs/{arguments.job}"))]
    else:
        page = await call.api.get("/jobs", [("limit", arguments.limit)])
        found = [_job(each) for each in page["items"]]
    lines = [line for each in found for line in _job_lines(each)]
    return Result(JobList(jobs=found), lines or ["there are no jobs"])


async def cancel(call: Call, arguments: CancelArguments) -> Result:
    """Cancel a job; what is done is kept."""
    answer = _job(await call.api.send("PATCH", f"/jobs/{arguments.job}", {"state": "cancelled"}))
    return Result(answer, [f"job {answer.job} was cancelled; what is done is kept"])


async def _watched(call: Call, job: Mapping[str, Any], wait: float) -> JobState:
    """Wait for a job until it has ended, some seconds are over, or this server ends, and return it.

    If the call is cancelled, the job is cancelled too: nobody knows of it.
    """
    until = time.monotonic() + wait
    reported = None
    try:
        while job["state"] not in ENDED and time.monotonic() < until and not call.services.events.is_closed:
            done = job["processed"] + job["skipped"] + job["failed"]
            if (now := (done, job["total"], _running(job))) != reported:
                await call.progress(*now)
                reported = now
            await anyio.sleep(min(_TICK, max(until - time.monotonic(), 0.01)))
            job = await call.api.get(f"/jobs/{job['id']}")
    except anyio.get_cancelled_exc_class():
        if call.services.events.is_closed:
            raise
        with anyio.CancelScope(shield=True), suppress(Refused):  # it may have ended
            await call.api.send("PATCH", f"/jobs/{job['id']}", {"state": "cancelled"})
        raise
    return await _state(call, job)


def _running(job: Mapping[str, Any]) -> str:
    videos = [f"{each['name']}: {each['stage'] or 'waits'}" for each in job["videos"][:3]]
    return "; ".join(videos) or str(job["state"])


async def _state(call: Call, job: Mapping[str, Any]) -> JobState:
    """A job with the first videos that failed."""
    failures: list[FailedVideo] = []
    if job["failed"]:
        page = await call.api.get(f"/jobs/{job['id']}/failures", [("limit", _SHOWN)])
        failures = [FailedVideo.model_validate(each) for each in page["items"]]
    return _job(job).model_copy(update={"failures": failures})


def _job(job: Mapping[str, Any]) -> JobState:
    return JobState.model_validate({**job, "job": job["id"], "videos": []})


def _processed(services: Services, urls: Sequence[str]) -> list[ProcessedVideo]:
    """The videos of the first URLs that are in the library."""
    found = []
    for url in dict.fromkeys(each.strip() for each in urls[:_SHOWN]):
        entry = services.library.by_key(video_key(url))
        if entry is not None:
            shown = {"key": video_key(url), "name": entry.record["filename"], "url": shown_url(url)}
            found.append(ProcessedVideo.model_validate({**shown, "class": entry.record["classification"]}))
    return found


def _job_lines(job: JobState) -> Iterator[str]:
    yield f"job {job.job} ({job.kind}: {job.name}) is {job.state}"
    if job.kind == "process":
        counts = f"{job.processed} processed, {job.skipped} skipped, {job.failed} failed"
        yield counts + (f", {job.partial} without a description" if job.partial else "")
    if job.error:
        yield f"error: {job.error}"
    for failure in job.failures:
        yield f"{failure.url}: {failure.stage}: {failure.reason}"
    for video in job.videos:
        yield f"in the library: {video.name}, class {video.classification}, key {video.key}"
    if job.kind == "export" and job.result:
        yield from _count_lines(job.result)
        yield f"folder: {job.result.get('folder')}"
    if job.state not in ENDED:
        yield f"It continues. Ask for it with `jobs` and job {job.job}."


def _count_lines(counts: Mapping[str, Any]) -> Iterator[str]:
    yield f"{format_count(counts['items'], 'item')} of {format_count(counts['videos'], 'video')}"
    for split, labels in counts["counts"].items():
        shown = ", ".join(f"{name or 'without a label'} ({items})" for name, items in labels.items())
        yield f"{split or 'all'}: {shown}"
    for reason, items in counts["missing"].items():
        yield f"left out: {format_count(items, 'item')}: {reason}"
