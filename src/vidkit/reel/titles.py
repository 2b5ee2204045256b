"""Titles in the frames of a reel: the video of a cut, and the text that was found there."""

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

_LINES = 24  # lines of text on the shorter side of a frame
_WIDTH = 0.62  # the average width of a letter as a share of its height; few fonts are wider
_MOST = 300  # characters of a text that are used
# Scripts that a usual Latin font does not have, by the first word of the Unicode names -> language.
_SCRIPTS = {"CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "DEVANAGARI": "hi", "THAI": "th"}


def title_of(moment: Moment, record: Record, second: float, width: int, height: int) -> str:
    """The title of a cut: the name of its video and the time in it, and below that the text that was found.

    Args:
        moment: the moment. A whole video without description has no text.
        record: the record of its video.
        second: where the cut begins.
        width: the width of the reel, in pixels.
        height: the height of the reel, in pixels.
    """
    columns = max(8, int(width / (_size(width, height) * _WIDTH)) - 2)
    clock = f"  {format_clock(second)}"
    text = "" if moment.kind == "video" and not record["qwen_description"] else moment.text
    lines = [cut(_plain(moment.filename), columns - len(clock)) + clock, cut(_plain(text), columns)]
    return "\n".join(filter(None, lines))


def title_filter(file: Path, width: int, height: int) -> str:
    """ffmpeg's filter that draws the text of a file. It draws the text literally, with any characters in it."""
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
    """Check that ffmpeg can draw text on this machine.

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
    """The beginning of a text as one line, without characters that no font can show."""
    return "".join(c for c in printable(text[:_MOST]) if unicodedata.category(c) != "Mn").strip()


def _language(text: str) -> str:
    """The font option that selects a font with the letters of a text."""
    names = (unicodedata.name(character, "").split(" ")[0] for character in text)
    found = next((_SCRIPTS[name] for name in names if name in _SCRIPTS), None)
    return f":lang={found}" if found else ""
