"""Lines on a terminal: how wide a text is, cut or wrapped to fit, and printed above a progress bar.

Imports nothing of vidkit, so the log can use it too.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from contextlib import nullcontext
from typing import Any, TextIO

_ELLIPSIS = "..."
_INDENT = "    "  # of the second line of a text that is wrapped, and of those after it
_NARROWEST = 20  # columns; text that is wrapped to less cannot be read
# Wide characters, between which a line may end (Chinese, Japanese, Korean); those that end or begin no line.
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\U00020000-\U0003fffd"
_OPENING, _CLOSING = "（「『【《〈“‘", "、。，．：；！？）」』】》〉”’…"
_PIECE = re.compile(rf"[{_OPENING}]*(?:(?![{_OPENING}])[{_WIDE}]|[^{_WIDE}{_OPENING}]+|$)[{_CLOSING}]*")


def printable(text: object) -> str:
    """Text that is safe on a terminal: control and direction characters become `?`, in one line."""
    line = str(text)
    if line.isprintable():
        return line
    line = re.sub(r"[\t\r\n]+", " ", line)
    return "".join("?" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in line)


def is_live(stream: TextIO) -> bool:
    """Whether lines can be drawn again and again on a stream: a terminal that is not `TERM=dumb`."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def columns_of(stream: TextIO) -> int | None:
    """The width of a stream's terminal in columns; None where it is a file or a pipe."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80 if stream.isatty() else None
    except (OSError, ValueError):
        return None


def width_of(text: str) -> int:
    """The columns that a text takes: two for a wide character (UAX #11), none for one that joins the one before."""
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
    """As much of a text as fits."""
    for at, character in enumerate(text):
        columns -= _width(character)
        if columns < 0:
            return text[:at]
    return text


def wrap(text: str, columns: int, indent: str = _INDENT) -> str:
    """A line as lines of no more than this many columns, broken at spaces; those after the first are indented.

    A word that is longer than a line, such as a URL, stays whole, so that it can be copied: it has a line of its
    own, which the terminal breaks. Between two wide characters (Chinese, Japanese, Korean) a line may end, but not
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
    """Write a line at once, above the progress bars that are drawn; wrapped where the stream is a terminal.

    Raises:
        OSError: it cannot be written.
    """
    columns = columns_of(stream) if wrapped else None
    if columns is not None:
        text = "\n".join(wrap(line, columns) for line in text.split("\n"))
    # Without tqdm there are no bars, and it takes time to import.
    tqdm: Any = getattr(sys.modules.get("tqdm"), "tqdm", None)
    with tqdm.external_write_mode(file=stream) if tqdm else nullcontext():
        print(text, file=stream, flush=True)
