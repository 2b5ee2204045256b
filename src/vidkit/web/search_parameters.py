"""The parameters of a search, as addresses and bodies have them: the names of `vidkit search`'s options."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from vidkit.errors import QueryError, nearest
from vidkit.library import Query, read_query
from vidkit.meaning.search import Asked
from vidkit.web.models import Body

_MOST = 50
Text = Annotated[str, Field(max_length=500)]
Several = Annotated[list[Text], Field(max_length=_MOST)]


class SearchParameters(Body):
    """A search, with the options of `vidkit search`. A result meets all of them."""

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
    meaning: Literal["on", "off", "only"] = Field(
        "on",
        description="`on`: by words, and by meaning where the library has vectors; `off`: by words alone; "
        "`only`: by meaning alone",
    )
    like: Text | None = Field(
        None, description="`KEY@SECOND`: moments like this one, by the vectors that the library has of it"
    )

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        """Refuse an unknown parameter, and name the most similar one."""
        if isinstance(given, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for name in (str(name)[:100] for name in given if name not in known):
                near = nearest(name, known)
                raise ValueError(f"there is no parameter {name}{f': did you mean {near}?' if near else ''}")
        return given

    def query(self, limit: int | None = None) -> Query:
        """The search, which has to be by words.

        Raises:
            QueryError: one of the parameters cannot be read; the message has the names of this class. Or it is not
                a search by words.
        """
        if self.meaning == "only" or self.like is not None:
            name = "like" if self.like is not None else "meaning=only"
            raise QueryError(f"{name} is for searches: this is done with what the words and filters find")
        return self._read(limit, by_meaning=False)

    def asked(self, limit: int | None = None) -> Asked:
        """The search, by words or by meaning.

        Raises:
            QueryError: as in `query`.
        """
        return Asked(self._read(limit, by_meaning=self.meaning == "only"), self.meaning, self.like)

    def _read(self, limit: int | None, by_meaning: bool) -> Query:
        named = {"words": self.q, "class": self.classes, "in": self.sources}
        options = {**named, **self._same(), "limit": limit, "by_meaning": by_meaning}
        try:
            return read_query({name: value for name, value in options.items() if value not in ("", [])})
        except QueryError as error:
            raise renamed(error) from None

    def without(self, *names: str) -> SearchParameters:
        """The same search without some of its parameters."""
        given = {name: getattr(self, name) for name in SearchParameters.model_fields if name not in names}
        return SearchParameters.model_construct(**given)

    def scope(self) -> str:
        """The scope of a cursor: every parameter of the search."""
        return json.dumps([self.q, self.classes, self.sources, self.meaning, self.like, self._same()])

    def _same(self) -> dict[str, Any]:
        """The parameters that have the same name in `read_query`."""
        other = "q", "classes", "sources", "meaning", "like"
        return {name: getattr(self, name) for name in SearchParameters.model_fields if name not in other}


def renamed(error: QueryError) -> QueryError:
    """An error in a search, with the names of `SearchParameters` and not those of the command line."""
    return QueryError(re.sub(r"--([a-z-]+)", lambda found: found[1].replace("-", "_"), str(error)))
