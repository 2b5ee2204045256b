"""Lines on a terminal: measure, cut and wrap text, and print it above a progress bar.

It imports nothing of vidkit, so the log can use it too.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from contextlib import nullcontext
from typing import Any, TextIO

_ELLIPSIS = "..."
_INDENT = "    "  # of the lines of wrapped text after the first
_NARROWEST = 20  # columns; narrower text cannot be read
# Wide characters (Chinese, Japanese, Korean), between which a line may end; and those that may not end or begin a
# line.
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\U00020000-\U0003fffd"
_OPENING, _CLOSING = "（「『【《〈“‘", "、。，．：；！？）」』】》〉”’…"
_PIECE = re.compile(rf"[{_OPENING}]*(?:(?![{_OPENING}])[{_WIDE}]|[^{_WIDE}{_OPENING}]+|$)[{_CLOSING}]*")


def printable(text: object) -> str:
    """Text that is safe on a terminal: one line, with `?` for control and direction characters."""
    line = str(text)
    if line.isprintable():
        return line
    line = re.sub(r"[\t\r\n]+", " ", line)
    return "".join("?" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in line)


def is_live(stream: TextIO) -> bool:
    """Whether lines on a stream can be redrawn: it is a terminal, and not `TERM=dumb`."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def columns_of(stream: TextIO) -> int | None:
    """The width of a stream's terminal in columns; None for a file or a pipe."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80 if stream.isatty() else None
    except (OSError, ValueError):
        return None


def width_of(text: str) -> int:
    """The width of a text in columns: two for a wide character (UAX #11), zero for a combining one."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """A text cut to this many columns; a longer one ends with dots."""
    if width_of(text) <= columns:
        return text
    return _beginning(text, max(columns - len(_ELLIPSIS), 0)) + _ELLIPSIS[: max(columns, 0)]


def _beginning(text: str, columns: int) -> str:
    """The beginning of a text that fits in this many columns."""
    for at, character in enumerate(text):
        columns -= _width(character)
        if columns < 0:
            return text[:at]
    return text


def wrap(text: str, columns: int, indent: str = _INDENT) -> str:
    """Wrap a line at spaces to lines of at most this many columns. The lines after the first are indented.

    A word that is longer than a line, such as a URL, is not split, so that it can be copied: it gets its own line,
    which the terminal breaks. A line may end between two wide characters (Chinese, Japanese, Korean), but not
    before a comma or a closing bracket.
    """
    columns = max(columns, _NARROWEST)
    if width_of(text) <= columns:
        return text
    lines, line, taken = [], "", 0
    for space, word in re.findall(r"(\s*)(\S+)", text):
        for number, piece in enumerate([word] if word.isascii() else filter(None, _PIECE.findall(word))):
            before, wide = "" if number else space, width_of(piece)
            if line.strip() and taken + len(before) + wide > columns:
                lines.append(line)
                line, taken, before = indent, len(indent), ""
            line += before + piece
            taken += len(before) + wide
    return "\n".join([*lines, line])


def write_line(text: str, stream: TextIO, wrapped: bool = True) -> None:
    """Write a line immediately, above the progress bars; wrapped if the stream is a terminal.

    Raises:
        OSError: it cannot be written.
    """
    columns = columns_of(stream) if wrapped else None
    if columns is not None:
        text = "\n".join(wrap(line, columns) for line in text.split("\n"))
    # If tqdm is not loaded, there are no bars; its import takes time.
    tqdm: Any = getattr(sys.modules.get("tqdm"), "tqdm", None)
    with tqdm.external_write_mode(file=stream) if tqdm else nullcontext():
        print(text, file=stream, flush=True)
