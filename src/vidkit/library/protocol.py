"""The interface of a library, the same for all backends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from vidkit.core.stores import Address
from vidkit.library.moments import LibraryEntry, Moment
from vidkit.library.paging import Page, Position
from vidkit.library.query import Query
from vidkit.library.vectors.protocol import Near, StoredVectors, VideoVectors
from vidkit.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")
P = TypeVar("P", bound=tuple[Any, ...])

# The ranges in which durations are counted: each begins at this many seconds.
LENGTHS = {10: "10 s", 30: "30 s", 60: "1 min", 300: "5 min", 600: "10 min", 1800: "30 min", 3600: "1 h"}


@dataclass(frozen=True)
class Stats:
    """The library in numbers. `classes`, `tags`, `resolutions` and `codecs` are name -> videos, the most frequent
    first; `durations` are range (of LENGTHS) -> videos, the shortest first."""

    videos: int
    seconds: float
    bytes: int
    described: int
    classes: dict[str, int]
    tags: dict[str, int]
    resolutions: dict[str, int]
    codecs: dict[str, int]
    durations: dict[str, int]


class PicturesOf(NamedTuple):
    """The values of a record for finding duplicates. `pictures` is the record's key of this name: frame hashes."""

    url: str
    filename: str
    sha256: str
    width: int
    height: int
    duration: float
    pictures: object


def pictures_of(record: Mapping[str, Any]) -> PicturesOf:
    """These values of a record."""
    url, pictures = record["source"]["url"], record.get("pictures")
    size = record["width"], record["height"]
    return PicturesOf(url, record["filename"], record["sha256"], *size, record["duration"], pictures)


class Library(Protocol):
    """A library: one record per source URL. Several threads and processes may use it at the same time.

    Every method raises LibraryError if the library cannot be read or written. Unless documented otherwise, videos
    come in the order in which they were first saved; a replaced record keeps its place.
    """

    @property
    def name(self) -> str:
        """The library as shown to the user: a file, or a server without its password."""

    def save(self, record: Record, folder: Address) -> None:
        """Save a record, in place of an older one with the same source URL. Afterwards it survives a crash.

        Args:
            record: the record.
            folder: the folder of its JSON file, or the address of another store; its paths are relative to it.
        """

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        """Save many records, much faster than one by one. Each is saved completely or not at all.

        Returns:
            The number of records.
        """

    def find(self, key: str) -> list[LibraryEntry]:
        """The records with this id (or its first six digits or more), file name or source URL."""

    def by_key(self, key: str) -> LibraryEntry | None:
        """The record with this key (`moments.video_key`); None if there is none. Uses an index."""

    def entries(self, urls: Sequence[str]) -> dict[str, LibraryEntry]:
        """Source URL -> record, for those URLs that have one. Much faster than one by one."""

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        """The records that match a query, streamed. The sort `relevance` means the order in which they were saved.

        Records can be saved and removed at the same time; new ones may be missing.
        """

    def search(self, query: Query) -> list[Moment]:
        """The moments that match a query; the videos if it has no words.

        With the sort `relevance`, the latest `ranking.RANKED` matches are ranked and come first.
        """

    def page(self, query: Query, after: Position | None = None) -> Page:
        """The first `query.limit` results of `search(query)`, or the results after a position; with the position of
        the next page.

        No result is repeated or missing, even if records are saved, replaced and removed between the pages: videos
        that were added after the first page are left out, replaced ones keep their place. `query.offset` is
        ignored.
        """

    def has_fact(self, beginning: str) -> bool:
        """Whether any record has a fact (see `facts.py`) with this beginning, such as `source.columns.label=`."""

    def pictures(self, after: int = 0) -> Iterator[tuple[int, PicturesOf]]:
        """The values for finding duplicates, each with the video's position; only of videos after a position."""

    def remove(self, url: str) -> bool:
        """Remove the record of a source URL. Returns whether there was one."""

    def forget(self, urls: Sequence[str]) -> list[str]:
        """Erase the records of source URLs, so that no data of them stays in the library's files or tables.

        Returns:
            Messages about data that could not be erased.
        """

    def stats(self, query: Query | None = None) -> Stats:
        """The library in numbers, or only its videos that match a query. Sort, limit and offset are ignored."""

    def readers(self, query: Query | None = None) -> dict[str, dict[str, int]]:
        """Reader -> error, in lower case (empty: no error) -> videos, the most frequent first; of all videos, or
        those that match a query."""

    def columns(self, seconds: float) -> list[str] | None:
        """The CSV columns that are facets (`facets.COLUMN`), the most frequent first; None if finding them takes
        more than this many seconds."""

    def facets(self, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
        """Count the videos with each value of facets.

        Args:
            queries: a name in `facets.FACETS`, or `column:NAME` -> the query that selects the videos; `videos` and
                `moments` -> the query whose videos or results are counted. Sort, limit and offset are ignored.
            seconds: the time limit.

        Returns:
            Name -> value -> videos, the most frequent first. The value of `videos` and `moments` is empty. A length
            is how many of `LENGTHS` the duration reaches; both bounds of such a range are included. Facets that
            were not counted in time are left out.
        """

    def save_vectors(self, model: str, found: Iterable[VideoVectors]) -> int:
        """Save the vectors of videos by a model (`vectors.model_id`), in place of its older ones of these videos.

        They stay until the video is removed, or its record is replaced by one with other texts or images
        (`vectors.made_of`).

        Returns:
            The number of videos, without those that no longer have a record.
        """

    def vectors(self, model: str, after: int = 0) -> Iterator[StoredVectors]:
        """The changes of a model's vectors after a change, in order, streamed.

        Each video has only its latest change, also if its vectors were dropped.
        """

    def vectors_of(self, model: str, url: str) -> VideoVectors | None:
        """The vectors of one video by a model; None if there are none."""

    def vectors_made_of(self, model: str, urls: Sequence[str]) -> dict[str, str]:
        """Source URL -> `made_of`, for those videos that have vectors of a model."""

    def vector_models(self) -> dict[str, int]:
        """Model -> number of videos with vectors of it."""

    def remove_vectors(self, model: str) -> int:
        """Remove all vectors of a model. Returns the number of videos."""

    def nearest(self, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int) -> list[Near]:
        """The moments whose vectors are most similar to a vector, the most similar first; exact or approximate.

        Args:
            model: the model of the vectors.
            vector: a vector of length 1, of the model's size.
            query: selects the videos (also by its words and `-words`) and the sources of the moments. Its sort,
                limit and offset are ignored.
            limit: the maximum number of moments.

        Raises:
            LibraryError: also if the vector has another size.
        """

    def close(self) -> None:
        """Close the file or the connection. The library cannot be used afterwards."""

    def __enter__(self) -> Library: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closable(Protocol):
    """An object that has to be closed."""

    def close(self) -> None:
        """Close it."""


class ClosedAfterwards(ABC):
    """An object that a `with` block closes at its end."""

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """See `Library.close`."""


def streamed(read: Callable[[int], Sequence[P]], after: int) -> Iterator[P]:
    """Items that a backend reads in batches, each batch after the position of the last item. An item begins with
    its position.

    Between two batches no connection is held.
    """
    while found := read(after):
        yield from found
        after = found[-1][0]


@contextmanager
def closed_on_error(opened: Closable) -> Iterator[None]:
    """Close an object if its initialization fails."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


class Group(NamedTuple):
    """A group of videos that a database has counted. `length` is how many of the LENGTHS their durations reach."""

    classification: str
    resolution: str
    codec: str
    described: bool
    length: int
    videos: int
    seconds: float
    bytes: int


def stats_of(groups: Iterable[Group], tags: Iterable[tuple[str, int]]) -> Stats:
    """Add up groups of videos, and groups of tags (joined by line ends, with the number of videos)."""
    groups = list(groups)
    names = "classification", "resolution", "codec"
    counts = {name: Counter[str]() for name in (*names, "tags")}
    lengths = Counter[int]()
    for group in groups:
        lengths[group.length] += group.videos
        for name in names:
            counts[name][getattr(group, name)] += group.videos
    for together, videos in tags:
        for tag in filter(None, together.split("\n")):
            counts["tags"][tag] += videos
    ordered = {
        name: dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
        for name, counter in counts.items()
    }
    return Stats(
        videos=sum(group.videos for group in groups),
        seconds=float(sum(group.seconds for group in groups)),
        bytes=int(sum(group.bytes for group in groups)),
        described=sum(group.videos for group in groups if group.described),
        classes=ordered["classification"],
        tags=ordered["tags"],
        resolutions=ordered["resolution"],
        codecs=ordered["codec"],
        durations={length_name(length): lengths[length] for length in sorted(lengths)},
    )


def length_name(length: int) -> str:
    """`30 s - 1 min`: the durations that reach this many of LENGTHS."""
    names = list(LENGTHS.values())
    if length == 0:
        return f"under {names[0]}"
    return f"{names[length - 1]} - {names[length]}" if length < len(names) else f"{names[-1]} and more"
