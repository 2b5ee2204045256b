"""The exceptions of vidkit. Their messages are written for the user.

A message says what failed, why, and what to do. It is shown without a traceback: the batch catches the exceptions
of one video, `cli.main` all others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from vidkit.messages import message


class VidkitError(Exception):
    """Base class of all exceptions of vidkit: `ConfigError("no file {path}", path=path)`.

    `stage` is the stage of the pipeline that failed, if any. For the arguments see `vidkit.messages.message`: the
    template is a literal or an existing message, never a text with values in it.
    """

    stage: str = ""

    def __init__(self, template: str = "", /, **values: object) -> None:
        super().__init__(message(template, **values))


class ConfigError(VidkitError):
    """The command line, `config.ini`, the environment or a rule file is wrong: nothing is started."""


class QueryError(VidkitError):
    """A search of the library is wrong: a date, a length, a sort that cannot be read, or no word at all."""


class DownloadError(VidkitError):
    """A URL, page or path did not lead to a video file."""


class MediaError(VidkitError):
    """ffprobe or ffmpeg cannot work with a file; the message has their text."""


class ToolMissingError(VidkitError):
    """A program or an optional package that is needed is not installed."""


class DescribeError(VidkitError):
    """The model or the endpoint gave no description."""


class LibraryError(VidkitError):
    """The library cannot be opened, read or written."""


class EngineError(VidkitError):
    """The engine cannot be used."""


class EngineGoneError(EngineError):
    """The engine was lost. Its threads in this process wait forever, so the process must end without them."""


class OutputError(VidkitError):
    """A folder or a file cannot be written."""


class UnwantedError(VidkitError):
    """The filters exclude a video."""


class DuplicateError(UnwantedError):
    """A video is a copy of a known one.

    Args:
        kept: the URL of the known one.
        version: the version of the source of the copy, which is skipped.
    """

    def __init__(self, kept: str, version: str | None) -> None:
        super().__init__(message("it shows the same as {kept}", kept=kept))
        self.args = (kept, version)
        self.kept = kept
        self.version = version

    def __str__(self) -> str:
        return message("it shows the same as {kept}", kept=self.kept)


class Terminated(KeyboardInterrupt):
    """The system ends the program: SIGTERM, or a closed terminal. Unlike Ctrl-C, there is no time to finish."""


def sentence(text: str) -> str:
    """A reason with a full stop, unless it ends with a question mark: another sentence follows."""
    return text if text.endswith("?") else message("{text}.", text=text)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is most similar to a misspelt one, in any case; None if none is similar.

    Args:
        word: the misspelt name.
        known: the known names.
        cutoff: the minimum similarity, 0 to 1, as in `difflib.get_close_matches`.
    """
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, 1, cutoff)
    return by_lower[near[0]] if near else None
