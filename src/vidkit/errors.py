"""The exceptions of vidkit. Their messages are written for the user.

A message names the thing, the reason and the remedy. It is shown without a traceback: the batch catches the
exceptions of one video, `cli.main` all others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from vidkit.messages import message


class VidkitError(Exception):
    """Base class of all exceptions of vidkit: `ConfigError("no file {path}", path=path)`.

    `stage` is the stage of the pipeline that failed, if any. For the arguments see `vidkit.messages.message`: the
    template is a literal, or a message that is there already; never a text with values in it.
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
    """ffprobe or ffmpeg cannot work with a file; the message carries their own words."""


class ToolMissingError(VidkitError):
    """A program or an optional package that is needed is not installed."""


class DescribeError(VidkitError):
    """The model or the endpoint gave no description."""


class LibraryError(VidkitError):
    """The library cannot be opened, read or written."""


class EngineError(VidkitError):
    """The engine that rows are worked on cannot be used."""


class EngineGoneError(EngineError):
    """The engine is gone. Its threads in this process wait for it for ever: the process must end without them."""


class OutputError(VidkitError):
    """A folder or a file that vidkit was to write cannot be written."""


class UnwantedError(VidkitError):
    """A video turned out not to be one of those that the filters let through."""


class DuplicateError(UnwantedError):
    """A video shows the same as one that is known already.

    Args:
        kept: the URL of that one.
        version: of the source of the video that is left.
    """

    def __init__(self, kept: str, version: str | None) -> None:
        super().__init__(message("it shows the same as {kept}", kept=kept))
        self.args = (kept, version)
        self.kept = kept
        self.version = version

    def __str__(self) -> str:
        return message("it shows the same as {kept}", kept=self.kept)


class Terminated(KeyboardInterrupt):
    """The system ends the program: SIGTERM, or the terminal is gone. Unlike Ctrl-C it leaves no time to finish."""


def sentence(text: str) -> str:
    """A reason with its full stop, where no question ends it: another sentence follows."""
    return text if text.endswith("?") else message("{text}.", text=text)


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that a misspelt one is most like, in any case; None where none is like it.

    Args:
        word: as it is written.
        known: the names.
        cutoff: how alike the two must be, 0 to 1, by `difflib.get_close_matches`.
    """
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, 1, cutoff)
    return by_lower[near[0]] if near else None
