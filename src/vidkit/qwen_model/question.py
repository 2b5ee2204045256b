"""What a model is asked and what it answers, as plain data; the interface of a backend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vidkit.core import file_sha256, printable
from vidkit.errors import DescribeError


@dataclass(frozen=True)
class Description:
    """What a model says of one video, clip or scene: text, and tags if it gave any."""

    text: str
    tags: tuple[str, ...] = ()


class Remote(Protocol):
    """A file that lies in a bucket."""

    name: str

    def url(self) -> str:
        """A URL where a server can fetch it now. It is a secret: asked for before each request, and never kept.

        Raises:
            OutputError: there can be none.
        """

    def fetch(self) -> Path:
        """The file on this machine, fetched the first time.

        Raises:
            VidkitError: it cannot be fetched.
            OSError: it is not there, or cannot be written.
        """


@dataclass(frozen=True)
class Clip:
    """What is to be described.

    Args:
        path: the local file; None where it is not here.
        url: where a server can fetch the same; None where it cannot.
        start: in seconds, if only a part of the file is meant.
        end: in seconds; None is the end of the file.
        sha256: of the whole file, where it is known already.
        duration: seconds of the whole file, where it is known already: not every container says it.
        remote: where the file lies, if that is in a bucket; then `path` may be None.
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
        """Whether it is only a part of the file, so that the URL would show too much."""
        return self.start > 0 or self.end is not None

    @property
    def name(self) -> str:
        """As a message calls it."""
        elsewhere = self.remote.name if self.remote else str(self.url).split("?")[0]
        whole = self.path.name if self.path else elsewhere.rpartition("/")[2]
        part = f" ({self.start:.1f} to {self.end:.1f} s)" if self.end is not None else ""
        return printable(whole) + part

    @property
    def is_fetchable(self) -> bool:
        """Whether its file is here or can be."""
        return self.path is not None or self.remote is not None

    def file(self) -> Path:
        """The local file, fetched if it lies in a bucket.

        Raises:
            DescribeError: there is none.
            VidkitError: it cannot be fetched.
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
        """What the pictures are, as text that is the same for the same pictures; None where only a URL is known.

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
    """One question to a model: about a clip, or about the text of the instruction alone.

    `max_resolution` and `max_fps` are caps that an endpoint is told of.
    """

    instruction: str
    clip: Clip | None = None
    max_resolution: str | None = None
    max_fps: float | None = None


@dataclass(frozen=True)
class Reply:
    """A model's words, whole, with the tokens that it read and wrote (0 where it does not say) and the seconds."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


class Backend(Protocol):
    """Who answers: a server or a model on this machine. One is shared by all threads of a run."""

    name: str
    """`endpoint` or `local`, as the record says it."""

    parallel: int
    """How many questions it wants to be asked at once."""

    @property
    def model(self) -> str | None:
        """The model's name, where it is known."""

    @property
    def fingerprint(self) -> str:
        """The settings that change an answer, known before anything is asked."""

    def identity(self) -> str:
        """Which model answers, for the cache. May ask the server which one it has, or look at the weights."""

    def ask(self, question: Question) -> Reply:
        """Put one question.

        Raises:
            DescribeError: there is no answer, and why.
        """

    def close(self) -> None:
        """Let go of connections and memory."""
