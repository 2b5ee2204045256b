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

# What durations are counted by: from so many seconds on.
LENGTHS = {10: "10 s", 30: "30 s", 60: "1 min", 300: "5 min", 600: "10 min", 1800: "30 min", 3600: "1 h"}


@dataclass(frozen=True)
class Stats:
    """The library in numbers. `classes`, `tags`, `resolutions` and `codecs` are name -> videos, the most first;
    `durations` likewise, by LENGTHS, the shortest first."""

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
    """What tells whether a video shows the same as another one. `pictures` is what the record has (`pictures`)."""

    url: str
    filename: str
    sha256: str
    width: int
    height: int
    duration: float
    pictures: object


def pictures_of(record: Mapping[str, Any]) -> PicturesOf:
    """What a record has of it."""
    url, pictures = record["source"]["url"], record.get("pictures")
    size = record["width"], record["height"]
    return PicturesOf(url, record["filename"], record["sha256"], *size, record["duration"], pictures)


class Library(Protocol):
    """A home for records, one for each source URL. Several threads and processes may use it at once.

    Every method raises LibraryError where the home cannot be read or written. Order is that in which videos first
    came in, where nothing else is said; a record that is replaced keeps its place.
    """

    @property
    def name(self) -> str:
        """The home as a user knows it: a file, or a server without its password."""

    def save(self, record: Record, folder: Address) -> None:
        """Keep a record, instead of the one of the same source URL; when this returns it survives a crash.

        Args:
            record: the record.
            folder: the folder of its JSON file, or another store's address; its paths are relative to it.
        """

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        """Keep many records, which is much faster than one by one; each is whole or not there. Their number."""

    def find(self, key: str) -> list[LibraryEntry]:
        """The records with this id (or a beginning of it, six digits or more), file name or source URL."""

    def by_key(self, key: str) -> LibraryEntry | None:
        """The record with this key (`moments.video_key`), through an index; None where there is none."""

    def entries(self, urls: Sequence[str]) -> dict[str, LibraryEntry]:
        """Source URL -> record, of those that have one: much faster than one by one."""

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        """The records that a query finds, streamed. By relevance is in the order in which they came in.

        Records may be saved and removed meanwhile; what is saved meanwhile may be missing.
        """

    def search(self, query: Query) -> list[Moment]:
        """The moments that a query finds; without words in it, the videos.

        By relevance, the latest `ranking.RANKED` matches are ranked and come first.
        """

    def page(self, query: Query, after: Position | None = None) -> Page:
        """The first answers of `search(query)`, as many as its limit says, and where the next ones begin; or the
        answers from such a position on.

        From page to page no answer comes twice or is missing, also while records are saved, replaced and removed:
        videos that came in after the first page are left out, replaced ones keep their place. `query.offset` is not
        looked at.
        """

    def has_fact(self, beginning: str) -> bool:
        """Whether some record has a fact (see `facts.py`) that begins so, such as `source.columns.label=`."""

    def pictures(self, after: int = 0) -> Iterator[tuple[int, PicturesOf]]:
        """What tells which videos show the same, each with its position; only of videos that came in after one."""

    def remove(self, url: str) -> bool:
        """Forget the record of a source URL; whether there was one."""

    def forget(self, urls: Sequence[str]) -> list[str]:
        """Erase the records of source URLs, so that nothing of them can be read in the home any more.

        Returns:
            What could not be erased, in words.
        """

    def stats(self, query: Query | None = None) -> Stats:
        """The library in numbers, or those of its videos that a query finds; of it sort, limit and offset are not
        looked at."""

    def readers(self, query: Query | None = None) -> dict[str, dict[str, int]]:
        """Which readers have read the videos, or those that a query finds: reader -> error, in small letters (empty
        where there is none) -> videos, the most first."""

    def columns(self, seconds: float) -> list[str] | None:
        """The CSV's columns that are worth counting (`facets.COLUMN`), those that the most videos have first; None
        where that cannot be said in so many seconds."""

    def facets(self, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
        """How many videos have which value.

        Args:
            queries: a name of `facets.FACETS`, or `column:NAME` -> of which videos; `videos` and `moments` -> of
                which search to count the videos and the answers. Of a query, sort, limit and offset do not count.
            seconds: the most time that this may take.

        Returns:
            Name -> value -> videos, the most first; of `videos` and `moments` the value is empty. A length is how
            many of `LENGTHS` it reaches; both bounds of such a range count. What could not be counted in time is
            left out.
        """

    def save_vectors(self, model: str, found: Iterable[VideoVectors]) -> int:
        """Keep the vectors that a model (`vectors.model_id`) made of videos, instead of its older ones of these.

        They stay until the video is removed, or its record is replaced by one with other texts or pictures
        (`vectors.made_of`).

        Returns:
            Of how many videos; one that has no record any more is left out.
        """

    def vectors(self, model: str, after: int = 0) -> Iterator[StoredVectors]:
        """What a model's vectors are, in the order in which they changed, streamed; only the changes after one.

        Of each video it has the latest change, also of those whose vectors were dropped since.
        """

    def vectors_of(self, model: str, url: str) -> VideoVectors | None:
        """The vectors that a model made of one video; None where there are none."""

    def vectors_made_of(self, model: str, urls: Sequence[str]) -> dict[str, str]:
        """Source URL -> `made_of`, of those of some videos that have a model's vectors."""

    def vector_models(self) -> dict[str, int]:
        """Which models have vectors here: model -> videos."""

    def remove_vectors(self, model: str) -> int:
        """Remove all vectors of a model; of how many videos."""

    def nearest(self, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int) -> list[Near]:
        """The moments whose vectors are nearest to one, the nearest first; exactly, or nearly so.

        Args:
            model: whose vectors.
            vector: of length 1, as many numbers as the model's.
            query: only moments of videos that it finds (its words and `-words` too, where it has some), and only of
                its sources. Its sort, limit and offset are not looked at.
            limit: how many.

        Raises:
            LibraryError: also where the vector is of another size.
        """

    def close(self) -> None:
        """Let go of the file or the server; nothing can be asked after that."""

    def __enter__(self) -> Library: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Closable(Protocol):
    """Whatever has to be closed."""

    def close(self) -> None:
        """Let go of it."""


class ClosedAfterwards(ABC):
    """Is closed at the end of a `with` block."""

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
    """What a home reads some at a time, each after the position of the last; an item begins with its position.

    Between two readings nothing of the home is held.
    """
    while found := read(after):
        yield from found
        after = found[-1][0]


@contextmanager
def closed_on_error(opened: Closable) -> Iterator[None]:
    """Close what was just opened, if it cannot be made ready."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


class Group(NamedTuple):
    """Videos that are alike, as a database counts them. `length` is how many of the LENGTHS they reach."""

    classification: str
    resolution: str
    codec: str
    described: bool
    length: int
    videos: int
    seconds: float
    bytes: int


def stats_of(groups: Iterable[Group], tags: Iterable[tuple[str, int]]) -> Stats:
    """Add up groups of videos, and of tags (joined by line ends, with how many videos have just these)."""
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
    """`30 s - 1 min`: the durations that reach so many of LENGTHS."""
    names = list(LENGTHS.values())
    if length == 0:
        return f"under {names[0]}"
    return f"{names[length - 1]} - {names[length]}" if length < len(names) else f"{names[-1]} and more"
