"""Titles in the pictures of a film: which video a cut is of, and what was found there."""

from __future__ import annotations

import functools
import tempfile
import unicodedata
from pathlib import Path

from vidkit.analysis.decode import escaped
from vidkit.core import printable
from vidkit.core.terminal import cut
from vidkit.core.units import format_clock
from vidkit.errors import ConfigError, MediaError
from vidkit.ffmpeg import run_tool
from vidkit.library.moments import Moment
from vidkit.record import Record

_LINES = 24  # of text that the shorter side of a picture has room for
_WIDTH = 0.62  # of a letter, as a share of its height: few are wider on average
_MOST = 300  # characters of a text that are looked at
# Scripts that a usual font for Latin has no letters of, by the first word of their characters' names -> language.
_SCRIPTS = {"CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "DEVANAGARI": "hi", "THAI": "th"}


def title_of(moment: Moment, record: Record, second: float, width: int, height: int) -> str:
    """The title of a cut: the name of its video and the time in it, and below that the text that was found.

    Args:
        moment: what is shown. The tags of a whole video are no text.
        record: its video's.
        second: where the cut begins.
        width: of the film, in pixels.
        height: likewise.
    """
    columns = max(8, int(width / (_size(width, height) * _WIDTH)) - 2)
    clock = f"  {format_clock(second)}"
    text = "" if moment.kind == "video" and not record["qwen_description"] else moment.text
    lines = [cut(_plain(moment.filename), columns - len(clock)) + clock, cut(_plain(text), columns)]
    return "\n".join(filter(None, lines))


def title_filter(file: Path, width: int, height: int) -> str:
    """ffmpeg's filter that draws the text of a file. It takes the text as it is, whatever signs are in it."""
    size = _size(width, height)
    options = {
        "textfile": str(file.absolute()),
        "expansion": "none",
        "font": f"Sans{_language(file.read_text(encoding='utf-8'))}",
        "fontsize": f"{size}",
        "fontcolor": "white",
        "box": "1",
        "boxcolor": "black@0.6",
        "boxborderw": f"{size // 3}",
        "line_spacing": f"{size // 4}",
        "x": f"{size}",
        "y": f"h-th-{size}",
    }
    return "drawtext=" + ":".join(f"{name}={escaped(value)}" for name, value in options.items())


def check_titles() -> None:
    """See that ffmpeg can draw text here.

    Raises:
        ConfigError: it cannot.
    """
    if failure := _failure():
        raise ConfigError(
            "titles cannot be drawn here: {reason}. Install a font, such as the package fonts-dejavu-core, and "
            "an ffmpeg with the filter drawtext; or leave --titles out",
            reason=failure,
        )


@functools.cache
def _failure() -> str | None:
    with tempfile.TemporaryDirectory(prefix="vidkit-") as folder:
        file = Path(folder, "title.txt")
        file.write_text("title", encoding="utf-8")
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=s=320x180:d=0.1"]
        try:
            run_tool([*arguments, "-vf", title_filter(file, 320, 180), "-f", "null", "-"], 30)
        except MediaError as error:
            return str(error)
    return None


def _size(width: int, height: int) -> int:
    return max(6, min(width, height) // _LINES)


def _plain(text: str) -> str:
    """One line without what no font can show: the beginning of a text."""
    return "".join(c for c in printable(text[:_MOST]) if unicodedata.category(c) != "Mn").strip()


def _language(text: str) -> str:
    """What asks for a font that has the letters of a text."""
    names = (unicodedata.name(character, "").split(" ")[0] for character in text)
    found = next((_SCRIPTS[name] for name in names if name in _SCRIPTS), None)
    return f":lang={found}" if found else ""
