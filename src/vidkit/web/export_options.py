"""What a dataset is made from, as a request has it: the options of `vidkit export`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from vidkit.core.config import Config
from vidkit.export.command import export_command
from vidkit.export.labels import RESERVED
from vidkit.library import Library, LibraryEntry, Query
from vidkit.web.models import Body
from vidkit.web.search_parameters import SearchParameters

if TYPE_CHECKING:
    from vidkit.export import DatasetCounts

MOST_KEYS = 10_000
# One component of a path: it begins with a letter or a digit and does not end with a dot or a space.
DatasetName = Annotated[str, StringConstraints(pattern=r"^[^\W_]([\w .+()-]{0,98}[\w+()-])?$")]
VideoKey = Annotated[str, StringConstraints(pattern="^[0-9a-f]{20}$")]
Keys = Annotated[list[VideoKey], Field(min_length=1, max_length=MOST_KEYS)]
_OWN_ENDINGS = (".exporting", ".replaced")  # of the folders that an export works in


class Videos(Body):
    """Which videos are meant: those of a search, or some by their keys."""

    query: SearchParameters | None = None
    keys: Keys | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Videos:
        if self.query is not None and self.keys is not None:
            raise ValueError("give a query or keys, not both")
        return self


class ExportOptions(Videos):
    """What a dataset is made from. Without a query and keys, all videos of the library."""

    name: DatasetName = Field(default="dataset", description="the folder in [Serve] ExportDirectory")
    format: Literal[
        "videofolder", "webdataset", "parquet", "csv", "jsonl", "kinetics", "activitynet", "fiftyone", "labelstudio"
    ]
    level: Literal["video", "segments", "scenes"] = "video"
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "class"
    split: Annotated[str, StringConstraints(max_length=50)] | None = None
    seed: int = Field(default=0, ge=-(2**31), lt=2**31)
    files: Literal["copy", "link", "reference"] | None = None
    no_duplicates: bool = Field(default=False, description="leave out copies of other videos in the dataset")
    overwrite: bool = Field(default=False, description="replace an older dataset of this name")

    @field_validator("name")
    @classmethod
    def _no_other_name(cls, name: str) -> str:
        if RESERVED.match(name) or name.lower().endswith(_OWN_ENDINGS):
            raise ValueError("this name has a meaning of its own: give another one")
        return name

    def dataset(self) -> dict[str, Any]:
        """The arguments of `export_dataset` and `preview_dataset` besides the library and the format.

        Raises:
            QueryError: the query cannot be read.
        """
        query = None if self.query is None else self.query.query()
        given = self.model_dump(include={"level", "label", "split", "seed", "files", "no_duplicates"})
        return {**given, "split": self.split or None, "query": query}

    def records(self, library: Library) -> Library | ChosenRecords:
        """Where the records come from."""
        return library if self.keys is None else ChosenRecords(library, tuple(dict.fromkeys(self.keys)))

    def command(self, config: Config) -> str | None:
        """The same as a `vidkit export` command; None for videos by their keys, which no option takes."""
        if self.keys is not None:
            return None
        search = {} if self.query is None else self.query.model_dump(by_alias=True)
        options = {**self.model_dump(exclude={"query", "keys"}), **search, "words": search.get("q")}
        return export_command(str(config.serve.export_directory / self.name), options)

    def shown(self) -> dict[str, Any]:
        """The options as a job shows them."""
        given = self.model_dump(by_alias=True, exclude_defaults=True, exclude={"keys"})
        return given if self.keys is None else {**given, "videos": len(set(self.keys))}


@dataclass(frozen=True)
class ChosenRecords:
    """Some videos of a library, as records for an export."""

    library: Library
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the library."""
        return self.library.name

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        """The records of the keys, in their order. Videos that were removed are left out."""
        for key in self.keys:
            entry = self.library.by_key(key)
            if entry is not None:
                yield entry


def counts_as_json(counts: DatasetCounts) -> dict[str, Any]:
    """The counts of a dataset, for JSON."""
    found: Mapping[str, Any] = asdict(counts)
    names = ("items", "videos", "counts", "unlabelled", "missing", "without_file", "scarce", "at_odds")
    return {name: found[name] for name in names}
