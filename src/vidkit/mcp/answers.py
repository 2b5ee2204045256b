"""The answers of the tools: structured, short, with times in seconds and as `1:23`."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from vidkit.core import printable, without_secrets
from vidkit.core.units import format_clock
from vidkit.web.models import Model

_LONGEST = 2000  # characters of one text


class Answer(Model):
    """An answer of a tool."""

    model_config = ConfigDict(populate_by_name=True)


class FoundMoment(Answer):
    """A moment that a search found: a video, or a part of one."""

    key: str = Field(description="key of the video, for `show` and `label`")
    name: str = Field(description="file name of the video")
    url: str
    kind: str = Field(description="`video`, `scene`, `segment` (a clip), or the reader of the text")
    number: int
    start: float = Field(description="seconds")
    end: float = Field(description="seconds")
    time: str = Field(description="the same, such as `1:23-1:38`")
    second: float = Field(description="when the words are said or seen: `at` of `show`")
    text: str
    classification: str = Field(alias="class")
    tags: list[str]
    why: list[str] = Field(description="how it was found: by `words`, `meaning` (of its text), `picture`")


class FoundMoments(Answer):
    """The moments of a search."""

    moments: list[FoundMoment]
    next: str | None = Field(description="`cursor` for more; null: that is all")


class Part(Answer):
    """A scene or a clip of a video."""

    number: int
    start: float
    end: float
    time: str
    description: str | None
    tags: list[str]


class Said(Answer):
    """A reading: speech, text on the screen, an object..."""

    reader: str
    start: float
    end: float
    time: str
    text: str


class Shown(Answer):
    """A video, and its parts from a second on."""

    key: str
    name: str
    url: str
    seconds: float
    length: str
    resolution: str
    codec: str
    frames_per_second: float
    size: int = Field(description="bytes")
    has_sound: bool
    classification: str = Field(alias="class")
    tags: list[str]
    corrected: bool = Field(description="whether a person, or an agent, has corrected the class or the tags")
    description: str | None
    columns: dict[str, str] = Field(description="other columns of the CSV")
    processed_at: str
    at: float
    scenes: list[Part]
    clips: list[Part]
    readings: list[Said]
    more: bool = Field(
        description="whether there are more scenes, clips or readings after these: give a later `at`"
    )
    picture: str = Field(description="what the image shows, or why there is none")


class FacetCount(Answer):
    """A value of a facet."""

    value: str | dict[str, str] = Field(description="as the search takes it")
    label: str
    videos: int


class Facet(Answer):
    """The values of one kind, the most frequent first."""

    name: str
    param: str = Field(description="the parameter of `search` that takes the values")
    values: list[FacetCount]
    more: bool


class Facets(Answer):
    """The counts of a search. `videos` and `moments` are null if there was not enough time to count."""

    videos: int | None
    moments: int | None
    partial: bool
    facets: list[Facet]


class Spread(Answer):
    """The part of the library that has one value."""

    value: str | None
    videos: int
    clips: int
    seconds: float


class Statistics(Answer):
    """Statistics of the library, or of a search: `name: videos`, the most frequent first."""

    videos: int
    seconds: float
    length: str
    bytes: int
    described: int
    classes: dict[str, int]
    tags: dict[str, int]
    resolutions: dict[str, int]
    codecs: dict[str, int]
    durations: dict[str, int]
    readers: dict[str, int]
    failures: dict[str, int]
    by: str | None
    values: list[Spread]


class Labelled(Answer):
    """A video after a correction."""

    key: str
    classification: str = Field(alias="class")
    tags: list[str]
    corrections: dict[str, Any] | None = Field(description="all corrections of the video; they override the rules")
    before: dict[str, Any] | None = Field(description="the corrections before this one")


class FailedVideo(Answer):
    """A video that could not be processed."""

    url: str
    stage: str
    reason: str


class ProcessedVideo(Answer):
    """A video of a job that is now in the library."""

    key: str
    name: str
    url: str
    classification: str = Field(alias="class")


class JobState(Answer):
    """A job: its progress and its result."""

    job: int = Field(description="number of the job, for `jobs` and `cancel`")
    kind: str
    state: str = Field(description="`queued`, `running`, `done`, `failed` or `cancelled`")
    name: str
    created_by: str
    total: int | None
    processed: int
    skipped: int = Field(description="done before, or left out by a filter")
    failed: int
    partial: int = Field(description="processed, but without a description")
    seconds: float
    error: str | None
    failures: list[FailedVideo] = Field(default=[], description="the first videos that failed")
    videos: list[ProcessedVideo] = Field(
        default=[], description="the first videos of the job that are in the library"
    )
    result: dict[str, Any] | None = Field(default=None, description="counts of a dataset, and its folder")


class JobList(Answer):
    """Jobs, the newest first."""

    jobs: list[JobState]


class Exported(Answer):
    """A dataset: its counts, or the job that makes it."""

    counts: dict[str, Any] | None = Field(description="with `dry_run`: items, and labels per split")
    job: JobState | None


def span(start: float, end: float) -> str:
    """`1:23-1:38`."""
    return f"{format_clock(start)}-{format_clock(end)}"


def cleaned(value: Any) -> Any:
    """Plain values without secrets and control characters; long texts are cut."""
    if isinstance(value, str):
        return clean_line(value)
    if isinstance(value, dict):
        return {clean_line(str(name)): cleaned(each) for name, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else value


def clean_line(text: str) -> str:
    """One text of an answer in one line."""
    shown = printable(without_secrets(text[: 2 * _LONGEST]))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
