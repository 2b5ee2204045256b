"""The tools that change nothing: search, show, facets, stats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from anyio import to_thread

from vidkit.core import shown_url
from vidkit.core.buckets import Place
from vidkit.core.units import format_clock, format_count, format_duration
from vidkit.library.spans import read_moments
from vidkit.mcp.answers import (
    Facet,
    FacetCount,
    Facets,
    FoundMoment,
    FoundMoments,
    Part,
    Said,
    Shown,
    Spread,
    Statistics,
    span,
)
from vidkit.mcp.arguments import SearchArguments, ShowArguments
from vidkit.mcp.call import Call, Result
from vidkit.web.media.bucket_files import read_beginning
from vidkit.web.media.record_files import open_thumbnail
from vidkit.web.problems import Problem
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.services import Services
from vidkit.web.views.facets import FacetPage
from vidkit.web.views.stats import StatsPage

_SHOWN = 20  # values of a facet, or of a table of the statistics
_MOST_TAGS = 50
_LARGEST_IMAGE = 2 * 2**20  # bytes: vidkit's thumbnails have 50 KB at most
_JPEG = b"\xff\xd8\xff"


async def search(call: Call, arguments: SearchArguments) -> Result:
    """Moments of a search."""
    page = await call.api.get("/search", parameters_of(arguments))
    moments = [_moment(item) for item in page["items"]]
    answer = FoundMoments(moments=moments, next=page["next"])
    lines = [format_count(len(moments), "moment") if moments else "nothing was found"]
    for at, each in enumerate(moments, 1):
        part = "whole video" if each.kind == "video" else f"{each.kind} {each.number}"
        lines.append(f"{at}. {each.name}, {part}, {each.time} ({each.start:g}-{each.end:g} s), key {each.key}")
        lines.append(f"   {each.text}")
        lines.append(f"   class: {each.classification}; tags: {', '.join(each.tags) or 'none'}")
    if answer.next:
        lines.append(f"There are more: the same search with cursor {answer.next}")
    return Result(answer, lines)


def parameters_of(arguments: SearchParameters) -> Iterator[tuple[str, Any]]:
    """The parameters of a search that are set, as a query string has them."""
    for name, value in arguments.model_dump(by_alias=True, exclude_defaults=True, exclude_none=True).items():
        for each in value if isinstance(value, list) else [value]:
            yield name, each


def _moment(item: Mapping[str, Any]) -> FoundMoment:
    return FoundMoment.model_validate(
        {
            "key": item["key"],
            "name": item["filename"],
            "url": shown_url(item["url"]),
            "kind": item["kind"],
            "number": item["number"],
            **_times(item["start_time"], item["end_time"]),
            "second": round(item["second"], 3),
            "text": item["text"],
            "class": item["classification"],
            "tags": list(item["tags"])[:_MOST_TAGS],
            "why": item["why"],
        }
    )


async def show(call: Call, arguments: ShowArguments) -> Result:
    """A video, with an image of a moment."""
    record = await call.api.get(f"/videos/{arguments.key}")
    scenes, clips = ([_part(each) for each in _from(record[name], arguments)] for name in ("scenes", "segments"))
    readings = [_said(each) for each in _from(map(vars, read_moments(record)), arguments)]
    image, shows = None, "not requested"
    if arguments.picture:
        image, shows = await to_thread.run_sync(
            _image, call.services, arguments.key, record["scenes"], arguments.at
        )
    answer = Shown.model_validate(
        {
            **_facts(record),
            "key": arguments.key,
            "at": arguments.at,
            "scenes": scenes[: arguments.parts],
            "clips": clips[: arguments.parts],
            "readings": readings[: arguments.parts],
            "more": any(len(each) > arguments.parts for each in (scenes, clips, readings)),
            "picture": shows,
        }
    )
    return Result(answer, list(_shown_lines(answer)), image)


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": record["filename"],
        "url": shown_url(record["source"]["url"]),
        "seconds": round(record["duration"], 3),
        "length": format_clock(record["duration"]),
        "resolution": record["resolution"],
        "codec": record["codec"],
        "frames_per_second": round(record["fps"], 3),
        "size": record["size"],
        "has_sound": record["audio"] is not None,
        "class": record["classification"],
        "tags": record["tags"][:_MOST_TAGS],
        "corrected": record.get("corrections") is not None,
        "description": record["qwen_description"],
        "columns": record["source"]["columns"],
        "processed_at": record["processing"]["finished_at"],
    }


def _from(parts: Iterable[Mapping[str, Any]], arguments: ShowArguments) -> Iterator[Mapping[str, Any]]:
    """The parts that end after the second `at`; one more than is shown, to know whether there are more."""
    return islice((part for part in parts if part["end_time"] > arguments.at), arguments.parts + 1)


def _part(part: Mapping[str, Any]) -> Part:
    shown = {"number": part["index"], "description": part["description"], "tags": part.get("tags") or []}
    return Part.model_validate({**shown, **_times(part["start_time"], part["end_time"])})


def _said(part: Mapping[str, Any]) -> Said:
    shown = {"reader": part["source"], "text": part["text"]}
    return Said.model_validate({**shown, **_times(part["start_time"], part["end_time"])})


def _times(start: float, end: float) -> dict[str, Any]:
    return {"start": round(start, 3), "end": round(end, 3), "time": span(start, end)}


def _image(services: Services, key: str, scenes: list[Mapping[str, Any]], at: float) -> tuple[bytes | None, str]:
    """The thumbnail of the scene at a second, and what it shows or why there is none."""
    scene = next((each for each in reversed(scenes) if each["start_time"] <= at), None)
    entry = services.library.by_key(key)
    if scene is None or entry is None:
        return None, "there is none: the video has no scenes"
    number = scene["index"]
    try:
        found = open_thumbnail(entry, number, services.config)
        if isinstance(found, Place):
            content = read_beginning(found, _LARGEST_IMAGE + 1, f"the thumbnail of scene {number}")
        else:
            with found as file:
                content = file.read(_LARGEST_IMAGE + 1)
    except (Problem, OSError) as error:
        return None, f"there is none: {error.detail if isinstance(error, Problem) else error.strerror}"
    if len(content) > _LARGEST_IMAGE or not content.startswith(_JPEG):
        return None, f"there is none: the thumbnail of scene {number} is not an image by vidkit"
    return content, f"the middle of scene {number}, {span(scene['start_time'], scene['end_time'])}"


def _shown_lines(video: Shown) -> Iterator[str]:
    sound = "with sound" if video.has_sound else "without sound"
    yield f"{video.name}, {video.length} ({video.seconds:g} s), {video.resolution}, {video.codec}, {sound}"
    yield f"key {video.key}; {video.url}"
    by_hand = " (corrected)" if video.corrected else ""
    yield f"class: {video.classification}; tags: {', '.join(video.tags) or 'none'}{by_hand}"
    if video.columns:
        yield "columns: " + "; ".join(f"{name}: {value}" for name, value in video.columns.items())
    if video.description:
        yield f"description: {video.description}"
    for what, parts in (("scene", video.scenes), ("clip", video.clips)):
        for part in parts:
            tags = f" [{', '.join(part.tags)}]" if part.tags else ""
            yield f"{what} {part.number}, {part.time}: {part.description or 'not described'}{tags}"
    for said in video.readings:
        yield f"{said.reader}, {said.time}: {said.text}"
    if video.more:
        yield "There is more: ask for a later `at`, or for more `parts`."
    yield f"picture: {video.picture}"


async def facets(call: Call, arguments: FacetPage) -> Result:
    """The videos of a search, counted by facets."""
    found = await call.api.get("/facets", parameters_of(arguments))
    shown = [
        Facet(
            name=each["name"],
            param=each["param"],
            values=[
                FacetCount(value=value["value"], label=value["label"], videos=value["count"])
                for value in each["values"][:_SHOWN]
            ],
            more=each["more"] or len(each["values"]) > _SHOWN,
        )
        for each in found["facets"]
    ]
    answer = Facets(videos=found["videos"], moments=found["moments"], partial=found["partial"], facets=shown)
    lines = [f"videos: {_count(answer.videos)}; moments: {_count(answer.moments)}"]
    for each in shown:
        values = ", ".join(f"{value.label} ({value.videos})" for value in each.values)
        lines.append(f"{each.name}: {values or 'none'}{', ...' if each.more else ''}")
    return Result(answer, lines)


def _count(number: int | None) -> str:
    return "not counted in time" if number is None else str(number)


async def stats(call: Call, arguments: StatsPage) -> Result:
    """The library in numbers."""
    found = await call.api.get("/stats", parameters_of(arguments))
    answer = Statistics(
        videos=found["videos"],
        seconds=round(found["seconds"], 3),
        length=format_clock(found["seconds"]),
        bytes=found["bytes"],
        described=found["described"],
        **{
            name: _most_frequent(found[name])
            for name in ("classes", "tags", "resolutions", "codecs", "durations", "failures")
        },
        readers={name: each["videos"] for name, each in found["readings"].items()},
        by=found.get("by"),
        values=[Spread.model_validate(each) for each in found.get("values", [])[:_SHOWN]],
    )
    lines = [
        f"{format_count(answer.videos, 'video')}, {answer.length} ({answer.seconds:g} s), {answer.bytes} bytes"
    ]
    lines.append(f"described: {answer.described}")
    for name in ("classes", "tags", "resolutions", "codecs", "durations", "readers", "failures"):
        counts: dict[str, int] = getattr(answer, name)
        if counts:
            lines.append(f"{name}: " + ", ".join(f"{value} ({videos})" for value, videos in counts.items()))
    for each in answer.values:
        spread = f"{format_count(each.videos, 'video')}, {each.clips} clips, {format_duration(each.seconds)}"
        lines.append(f"{answer.by} {each.value or 'without a value'}: {spread}")
    return Result(answer, lines)


def _most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: -item[1])[:_SHOWN])
