"""The arguments of the tools: the parameters and bodies of the REST API, and a few more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from vidkit.core import printable
from vidkit.core.units import parse_duration
from vidkit.errors import nearest
from vidkit.web.export_options import ExportOptions, VideoKey
from vidkit.web.models import Body
from vidkit.web.search_parameters import SearchParameters
from vidkit.web.views.jobs import NewJob
from vidkit.web.views.labels import LabelChange

_MOST_ERRORS = 5
_LONGEST_WAIT = 300  # seconds


def _seconds(given: object) -> object:
    """A number of seconds as it is; a text such as `1:23` in seconds."""
    return parse_duration(given) if isinstance(given, str) else given


Second = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=float | str)]
Key = Annotated[VideoKey, Field(description="key of the video, as `search` gives it")]
JobNumber = Annotated[int, Field(ge=1, le=2**53, description="number of the job")]
Wait = Annotated[
    int,
    Field(ge=0, le=_LONGEST_WAIT, description="seconds to wait for the end of the job; it continues after that"),
]


class SearchArguments(SearchParameters):
    """A search, and a page of its results."""

    limit: int = Field(10, ge=1, le=50, description="maximum number of moments")
    cursor: Annotated[str, Field(max_length=2000)] | None = Field(
        None, description="`next` of the previous answer, for more of the same search"
    )


class ShowArguments(Body):
    """A video, and the second to show."""

    key: Key
    at: Second = Field(0.0, ge=0, le=10**7, description="seconds, or a time such as `1:23`: the moment to show")
    parts: int = Field(
        5, ge=0, le=50, description="maximum number of scenes, of clips and of readings from there on"
    )
    picture: bool = Field(True, description="include an image of the scene at that second")


class LabelArguments(LabelChange):
    """A video, and its correction."""

    key: Key


class ProcessArguments(NewJob):
    """URLs to process."""

    wait: Wait = 20


class ExportArguments(ExportOptions):
    """A dataset to make, or to count only."""

    dry_run: bool = Field(default=False, description="only count what the dataset would hold")
    wait: Wait = 20


class JobsArguments(Body):
    """One job, or the newest ones."""

    job: JobNumber | None = None
    limit: int = Field(10, ge=1, le=50, description="maximum number of jobs")


class CancelArguments(Body):
    """A job."""

    job: JobNumber


def mistakes(error: ValidationError, arguments: type[BaseModel], given: Mapping[str, Any]) -> str:
    """The errors in the arguments of a tool, in words. They repeat no value: one may be a secret."""
    found = [_mistake(each, arguments) for each in error.errors(include_url=False)[:_MOST_ERRORS]]
    more = error.error_count() - len(found)
    return printable("; ".join([*found, *([f"and {more} more"] if more > 0 else [])]))


def _mistake(error: Any, arguments: type[BaseModel]) -> str:
    where = ".".join(map(str, error["loc"]))[:200]
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in arguments.model_fields.items()]
        near = nearest(where[:100], known) if len(error["loc"]) == 1 else None
        return f"there is no argument {where}" + (f": did you mean {near}?" if near else "")
    if error["type"] == "missing":
        return f"the argument {where} is missing"
    words = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")[:300]
    return f"{where}: {words}" if where else words
