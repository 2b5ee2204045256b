"""Questions to a model and its answers, as plain data; the interface of a backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vidkit.core import file_sha256, printable
from vidkit.errors import DescribeError


@dataclass(frozen=True)
class Description:
    """A model's description of one video, clip or scene: text, and tags if it gave any."""

    text: str
    tags: tuple[str, ...] = ()


class Remote(Protocol):
    """A file in a bucket."""

    name: str

    def url(self) -> str:
        """A URL where a server can fetch it now. It is secret: get a new one for each request, and never store it.

        Raises:
            OutputError: there is none.
        """

    def fetch(self) -> Path:
        """The local copy of the file, downloaded at the first call.

        Raises:
            VidkitError: it cannot be downloaded.
            OSError: it does not exist, or cannot be written.
        """


@dataclass(frozen=True)
class Clip:
    """A file, or a part of one, to describe.

    Args:
        path: the local file; None if there is none.
        url: where a server can fetch the same file; None if it cannot.
        start: in seconds, if it is only a part of the file.
        end: in seconds; None is the end of the file.
        sha256: of the whole file, if it is known.
        duration: of the whole file in seconds, if it is known: not every container has it.
        remote: the file in a bucket, if it is in one; then `path` may be None.
    """

    path: Path | None
    url: str | None = None
    start: float = 0.0
    end: float | None = None
    sha256: str | None = None
    duration: float | None = None
    remote: Remote | None = None

    @property
    def is_part(self) -> bool:
        """Whether it is only a part of the file, which the URL cannot express."""
        return self.start > 0 or self.end is not None

    @property
    def name(self) -> str:
        """Its name in messages."""
        elsewhere = self.remote.name if self.remote else str(self.url).split("?")[0]
        whole = self.path.name if self.path else elsewhere.rpartition("/")[2]
        part = f" ({self.start:.1f} to {self.end:.1f} s)" if self.end is not None else ""
        return printable(whole) + part

    @property
    def is_fetchable(self) -> bool:
        """Whether there is a local file, or one can be downloaded."""
        return self.path is not None or self.remote is not None

    def file(self) -> Path:
        """The local file, downloaded if it is in a bucket.

        Raises:
            DescribeError: there is none.
            VidkitError: it cannot be downloaded.
        """
        path = self.path
        if path is None and self.remote is not None:
            try:
                path = self.remote.fetch()
            except OSError as error:
                raise DescribeError(
                    "{self} cannot be fetched: {reason}", self=self.name, reason=error.strerror or error
                ) from None
        if path is None:
            raise DescribeError("{self} is not on this machine, and its frames are needed", self=self.name)
        if not path.is_file():
            raise DescribeError("{path} is not there any more", path=printable(path))
        return path

    def content(self) -> str | None:
        """A text that identifies the frames: hash, start and end. None if only a URL is known.

        Raises:
            DescribeError: the file cannot be read.
        """
        if self.path is None and self.sha256 is None:
            return None
        try:
            digest = self.sha256 or file_sha256(Path(str(self.path)))
        except OSError as error:
            raise DescribeError(
                "{path} cannot be read: {reason}", path=printable(self.path), reason=error.strerror
            ) from None
        return f"{digest}:{self.start:.6f}:{self.end:.6f}" if self.end is not None else f"{digest}:{self.start:.6f}"


@dataclass(frozen=True)
class Question:
    """One question to a model: about a clip, or about the text of the instruction only.

    `max_resolution` and `max_fps` are limits that are sent to an endpoint.
    """

    instruction: str
    clip: Clip | None = None
    max_resolution: str | None = None
    max_fps: float | None = None


@dataclass(frozen=True)
class Reply:
    """The whole text of a model's answer, its tokens in and out (0 if unknown), and its time in seconds."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


class Backend(Protocol):
    """A server or a local model that answers. All threads of a run share one."""

    name: str
    """`endpoint` or `local`, as in the record."""

    parallel: int
    """How many questions to ask at once."""

    @property
    def model(self) -> str | None:
        """The model's name, if it is known."""

    @property
    def fingerprint(self) -> str:
        """The settings that change an answer. No request is made."""

    def identity(self) -> str:
        """The identity of the model, for the cache. It may ask the server, or read the weights."""

    def ask(self, question: Question) -> Reply:
        """Ask one question.

        Raises:
            DescribeError: there is no answer; the message says why.
        """

    def close(self) -> None:
        """Close connections and free memory."""
