"""What the videos of one run share beyond their own files: names, locks, older records, answers, requests.

The pipeline uses only the protocol `Shared`. So it works in the process that has these files, and also in another
process or on another machine that asks that process.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vidkit.library import Library, LibraryEntry
from vidkit.library.protocol import PicturesOf
from vidkit.qwen_model.cache import Answers
from vidkit.qwen_model.cost import RequestMeter
from vidkit.workflow.journal import Journal

if TYPE_CHECKING:
    from vidkit.duplicates.known import KnownPictures


class Shared(Protocol):
    """What the videos of a run share, wherever they are processed. Several threads use it at once."""

    @property
    def answers(self) -> Answers:
        """The cache of model answers."""

    @property
    def meter(self) -> RequestMeter:
        """The number of model requests so far, and their limit."""

    def filename(self, url: str) -> str | None:
        """As `Journal.filename`."""

    def is_mixed_up(self, url: str) -> bool:
        """As `Journal.is_mixed_up`."""

    def claim(self, url: str, wanted: str) -> str:
        """As `Journal.claim`."""

    def reclaim(self, url: str, taken: str) -> str:
        """As `Journal.reclaim`."""

    def working_on(self, url: str, stopped: Callable[[], bool]) -> AbstractContextManager[None]:
        """As `Journal.working_on`; does nothing if another process holds the lock for this one."""

    def find(self, url: str) -> list[LibraryEntry]:
        """As `Library.find`."""

    def skipped_copy(self, url: str) -> tuple[str | None, str] | None:
        """As `Journal.skipped_copy`; None if the library no longer has the video that was kept."""

    def vectors_made_of(self, model: str, url: str) -> str | None:
        """As `Library.vectors_made_of`, for one video; None if it has none."""

    def copy_of(self, video: PicturesOf) -> str | None:
        """As `KnownPictures.copy_of`; None if copies are not skipped."""


@dataclass(frozen=True)
class Known:
    """What the driver knows about a URL; a worker gets it with the row, so it need not ask."""

    url: str
    """As `source.url` of records."""
    filename: str | None
    is_mixed_up: bool
    in_library: bool
    """Whether the library may have a record of it."""


@dataclass(frozen=True)
class SharedFiles:
    """`Shared` in the process that has the journal, the library and the cache of answers."""

    journal: Journal
    library: Library
    answers: Answers
    meter: RequestMeter
    known: KnownPictures | None = None
    """If copies are skipped: the videos that a new one is compared with."""

    def filename(self, url: str) -> str | None:
        return self.journal.filename(url)

    def is_mixed_up(self, url: str) -> bool:
        return self.journal.is_mixed_up(url)

    def claim(self, url: str, wanted: str) -> str:
        return self.journal.claim(url, wanted)

    def reclaim(self, url: str, taken: str) -> str:
        return self.journal.reclaim(url, taken)

    def working_on(self, url: str, stopped: Callable[[], bool]) -> AbstractContextManager[None]:
        return self.journal.working_on(url, stopped)

    def find(self, url: str) -> list[LibraryEntry]:
        return self.library.find(url)

    def skipped_copy(self, url: str) -> tuple[str | None, str] | None:
        found = self.journal.skipped_copy(url)
        return found if found is not None and self.library.find(found[1]) else None

    def vectors_made_of(self, model: str, url: str) -> str | None:
        return self.library.vectors_made_of(model, [url]).get(url)

    def copy_of(self, video: PicturesOf) -> str | None:
        return self.known.copy_of(video) if self.known is not None else None
