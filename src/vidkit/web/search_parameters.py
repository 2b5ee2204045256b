"""The parameters of a search, as addresses and bodies have them: the names of `vidkit search`'s options."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import Field, model_validator

from vidkit.errors import QueryError, nearest
from vidkit.library import Query, read_query
from vidkit.web.models import Body

_MOST = 50
Text = Annotated[str, Field(max_length=500)]
Several = Annotated[list[Text], Field(max_length=_MOST)]


class SearchParameters(Body):
    """What is looked for, in the words of `vidkit search`. Every part holds."""

    q: Annotated[str, Field(max_length=5000)] = Field(
        "", description="words, as they are typed after `vidkit search`"
    )
    tag: Several = Field([], description="all of these tags")
    classes: Several = Field([], alias="class", description="one of these classes")
    codec: Text | None = Field(None, description="such as `h264`")
    resolution: Text | None = Field(None, description="`720p`, `>=1080p`, `1280x720`")
    min_duration: Text | None = Field(None, description="`90`, `5:30`, `1h`")
    max_duration: Text | None = Field(None, description="`90`, `5:30`, `1h`")
    after: Text | None = Field(None, description="processed at this date or time, or later")
    before: Text | None = Field(None, description="processed earlier than this date or time")
    where: Several = Field(
        [], description="`KEY=VALUE`, all of them: a key of the record or a column of the CSV; or `KEY<N`"
    )
    sources: Several = Field(
        [],
        alias="in",
        description="look for the words in these only: `description`, or readers, as in `speech,ocr`",
    )
    sort: Text = Field("relevance", description="one of `vidkit search --sort`")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        """Name an unknown parameter, and the one that is most likely meant."""
        if isinstance(given, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for name in (str(name)[:100] for name in given if name not in known):
                near = nearest(name, known)
                raise ValueError(f"there is no parameter {name}{f': did you mean {near}?' if near else ''}")
        return given

    def query(self, limit: int | None = None) -> Query:
        """The search that is asked for.

        Raises:
            QueryError: one of the parameters cannot be read; the message names it as it is called here.
        """
        named = {"words": self.q, "class": self.classes, "in": self.sources}
        options = {**named, **self._same(), "limit": limit}
        try:
            return read_query({name: value for name, value in options.items() if value not in ("", [])})
        except QueryError as error:
            raise QueryError(re.sub(r"--([a-z-]+)", lambda found: found[1].replace("-", "_"), str(error))) from None

    def without(self, *names: str) -> SearchParameters:
        """The same search without some of its parameters."""
        given = {name: getattr(self, name) for name in SearchParameters.model_fields if name not in names}
        return SearchParameters.model_construct(**given)

    def scope(self) -> str:
        """What a cursor is bound to: every parameter of the search."""
        return json.dumps([self.q, self.classes, self.sources, self._same()])

    def _same(self) -> dict[str, Any]:
        """The parameters that have the same name in `read_query`."""
        other = "q", "classes", "sources"
        return {name: getattr(self, name) for name in SearchParameters.model_fields if name not in other}
