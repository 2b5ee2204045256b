"""What every stage needs: safe text, logging, folders, atomic files, priority keywords."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from vidkit import language
from vidkit.core.bucket_files import read_input
from vidkit.core.config import Config, Secret, load_config
from vidkit.core.files import ensure_directory, file_sha256, write_whole, writing_whole
from vidkit.core.leftovers import JOURNAL, TEMPORARY, clear_leftovers
from vidkit.core.redaction import shown_url, without_secrets
from vidkit.core.terminal import printable, write_line
from vidkit.errors import ConfigError, OutputError
from vidkit.messages import Message, _, message, translated

__all__ = [
    "JOURNAL",
    "TEMPORARY",
    "Config",
    "Secret",
    "clear_leftovers",
    "ensure_directory",
    "file_sha256",
    "json_reason",
    "load_config",
    "load_priority_keywords",
    "printable",
    "setup_logging",
    "shown_url",
    "without_secrets",
    "write_whole",
    "writing_whole",
]

log = logging.getLogger(__name__)

_LEVELS = {"WARNING": message("WARNING"), "ERROR": message("ERROR"), "CRITICAL": message("CRITICAL")}


class _SafeFormatter(logging.Formatter):
    """One line for each record, without control characters and secrets; with or without the traceback."""

    def __init__(self, form: str, hidden: Iterable[str], traceback: bool) -> None:
        super().__init__(form)
        self._hidden = sorted((secret for secret in hidden if secret), key=len, reverse=True)
        self._traceback = traceback

    def format(self, record: logging.LogRecord) -> str:
        record.message = printable(self.text_of(record))
        record.asctime = self.formatTime(record, self.datefmt)
        text = self.formatMessage(record)
        if record.exc_info and not record.exc_text and self._traceback:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text and self._traceback:
            text += "\n" + "\n".join(map(printable, record.exc_text.splitlines()))
        return self.hide_secrets(text)

    def text_of(self, record: logging.LogRecord) -> str:
        return record.getMessage()

    def hide_secrets(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return without_secrets(text)


class _ScreenFormatter(_SafeFormatter):
    """For the terminal, in the user's language. The log file is in English."""

    def text_of(self, record: logging.LogRecord) -> str:
        level = _LEVELS.get(record.levelname, record.levelname)
        if not isinstance(record.args, tuple) or not record.args:
            return f"{translated(level)}: {translated(record.msg)}"
        values = (translated(value) if isinstance(str(value), Message) else value for value in record.args)
        return f"{translated(level)}: {language._(record.msg) % tuple(values)}"


class _LogFile(RotatingFileHandler):
    """The log file. If it cannot be written, as on a full disk, a warning says so once and the run continues."""

    _failed = False
    _formatted: tuple[logging.LogRecord, str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        finally:
            self._formatted = None

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record. The base class calls this twice: for its size, and to write it."""
        if self._formatted is None or self._formatted[0] is not record:
            self._formatted = record, super().format(record)
        return self._formatted[1]

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not self._failed:
            self._failed = True
            reason = error.strerror if isinstance(error, OSError) else error
            name = printable(self.baseFilename)
            words = _(
                "the log file {name} cannot be written: {reason}. The run continues.", name=name, reason=reason
            )
            _print(f"{translated(_LEVELS['WARNING'])}: {words}")

    def close(self) -> None:
        with suppress(OSError):  # the rest cannot be written either
            super().close()


def _print(line: str) -> None:
    with suppress(OSError, ValueError):  # stderr is closed, or its disk is full
        write_line(line, sys.stderr)


class _ScreenHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr as it is now, above a progress bar if one is drawn."""

    def emit(self, record: logging.LogRecord) -> None:
        _print(self.format(record))


def setup_logging(
    log_file: str | os.PathLike[str] | None = "video_processing.log",
    level: str = "INFO",
    hidden: Iterable[str] = (),
) -> None:
    """Write the log to a rotated file (with tracebacks), and warnings to stderr (without tracebacks).

    Args:
        log_file: the file; at 1 MB it is rotated, and five older ones are kept. None: no log file.
        level: minimum level written to the file: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        hidden: secrets, which are replaced by stars.

    Raises:
        OutputError: the file cannot be written.
    """
    hidden = list(hidden)
    root = logging.getLogger("vidkit")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.propagate = False
    root.setLevel(min(logging.getLevelName(level), logging.WARNING))
    screen = _ScreenHandler()
    screen.setLevel(max(logging.getLevelName(level), logging.WARNING))
    screen.setFormatter(_ScreenFormatter("%(message)s", hidden, traceback=False))
    root.addHandler(screen)
    if log_file is None:
        return
    try:
        Path(log_file).parent.mkdir(parents=True, exist_ok=True)
        file = _LogFile(log_file, maxBytes=2**20, backupCount=5, encoding="utf-8", delay=False)
    except OSError as error:
        raise OutputError(
            "the log file {log_file} cannot be written: {reason}. Set [Logging] LogFile to a path that can.",
            log_file=printable(log_file),
            reason=error.strerror,
        ) from None
    file.setLevel(level)
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    file.setFormatter(_SafeFormatter(form, hidden, traceback=True))
    root.addHandler(file)


def json_reason(error: json.JSONDecodeError) -> str:
    """Why a text is not JSON, and where. A comma after the last entry gets a message of its own."""
    at = error.pos
    if error.doc[at : at + 1] in ("]", "}"):  # Python before 3.13 points behind the comma
        at = len(error.doc[:at].rstrip()) - 1
    after = error.doc[at + 1 :].lstrip()[:1]
    if error.doc[at : at + 1] == "," and after in ("]", "}"):
        line, column = error.doc.count("\n", 0, at) + 1, at - error.doc.rfind("\n", 0, at)
        return message(
            "line {line}, column {column}: a comma after the last entry, before the {after}. Remove the comma",
            line=line,
            column=column,
            after=after,
        )
    return message("line {line}, column {column}: {error}", line=error.lineno, column=error.colno, error=error.msg)


def load_priority_keywords(file_path: str | os.PathLike[str] = "priority_keywords.json") -> list[str]:
    """Read the words that the model has to look for.

    Args:
        file_path: a JSON file or an object in a bucket: `{"priority_keywords": [...]}`, or only the list.

    Returns:
        The words; an empty list if the file does not exist.

    Raises:
        ConfigError: the file exists but is invalid.
    """
    path = printable(file_path)
    try:
        content = json.loads(read_input(file_path).decode("utf-8-sig"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError("{path}: {reason}", path=path, reason=error.strerror) from None
    except json.JSONDecodeError as error:
        raise ConfigError("{path} is not JSON: {reason}", path=path, reason=json_reason(error)) from None
    except UnicodeDecodeError:
        raise ConfigError("{path} is not JSON: it is not text in UTF-8", path=path) from None
    words = content.get("priority_keywords") if isinstance(content, dict) else content
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ConfigError('{path} must hold {{"priority_keywords": ["word", ...]}}', path=path)
    return [word.strip() for word in words if word.strip()]
