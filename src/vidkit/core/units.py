"""Parse and format sizes, durations, dates, times, resolutions and codec names."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import NamedTuple

from vidkit.messages import message, numbered

_SIZE_UNITS = {
    "": 1, "b": 1, "byte": 1, "bytes": 1,
    "k": 10**3, "kb": 10**3, "ki": 2**10, "kib": 2**10,
    "m": 10**6, "mb": 10**6, "mi": 2**20, "mib": 2**20,
    "g": 10**9, "gb": 10**9, "gi": 2**30, "gib": 2**30,
    "t": 10**12, "tb": 10**12, "ti": 2**40, "tib": 2**40,
}  # fmt: skip
_DURATION_UNITS = {
    "ms": 0.001,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
}  # fmt: skip
_RESOLUTION_NAMES = {"4k": (3840, 2160), "uhd": (3840, 2160), "8k": (7680, 4320), "2k": (2048, 1080)}
_LINES = (144, 240, 360, 480, 720, 1080, 1440, 2160, 4320)  # heights named 144p and so on
# Names that mean a width: the minimum, and the minimum of the next name.
_WIDTHS = {"2k": (2048, 3840), "4k": (3840, 7680), "uhd": (3840, 7680), "8k": (7680, None)}
# Common names of codecs, without dots, dashes and spaces -> ffprobe's name.
_CODECS = {
    "avc": "h264", "avc1": "h264", "x264": "h264",
    "h265": "hevc", "x265": "hevc", "hev1": "hevc", "hvc1": "hevc",
    "mpeg2": "mpeg2video",
}  # fmt: skip
_NUMBER = r"\d+(?:[.,]\d+)?|\.\d+"


def parse_size(text: str) -> int:
    """Read a size such as `500MB`, `1 GiB`, `1.5k` or `2433000`, in bytes.

    `MB` is 10**6 bytes and `MiB` is 2**20, as in IEC 80000-13.

    Raises:
        ValueError: the text is not a size.
    """
    match = re.fullmatch(rf"\s*({_NUMBER})\s*([a-z]*)\s*", text, re.IGNORECASE)
    if not match or match[2].lower() not in _SIZE_UNITS:
        raise ValueError(message("{text!r} is not a size: write it like 500MB, 1GiB or 2433000", text=text))
    return round(float(match[1].replace(",", ".")) * _SIZE_UNITS[match[2].lower()])


def parse_duration(text: str) -> float:
    """Read a duration such as `90`, `5:30`, `1:05:30.5`, `1h`, `1h 5m` or `250ms`, in seconds.

    Raises:
        ValueError: the text is not a duration.
    """
    text = text.strip()
    if re.fullmatch(r"(\d+:){1,2}\d+(\.\d+)?", text):
        seconds = 0.0
        for part in text.split(":"):
            seconds = seconds * 60 + float(part)
        return seconds
    if re.fullmatch(_NUMBER, text):
        return float(text.replace(",", "."))
    parts = re.findall(rf"({_NUMBER})\s*([a-z]+)\s*", text, re.IGNORECASE)
    whole = re.fullmatch(rf"(?:(?:{_NUMBER})\s*[a-z]+\s*)+", text, re.IGNORECASE)
    if not whole or any(unit.lower() not in _DURATION_UNITS for _, unit in parts):
        raise ValueError(message("{text!r} is not a duration: write it like 90, 5:30, 1h or 45s", text=text))
    return sum(float(number.replace(",", ".")) * _DURATION_UNITS[unit.lower()] for number, unit in parts)


def parse_date(text: str) -> datetime:
    """Read a date or a time, such as `2026-11-20`, `2026-11-20 19:48:30` or `2026-11-20T19:48:30Z`.

    A time without a zone is UTC.

    Raises:
        ValueError: the text is not a date.
    """
    iso = re.sub(r"[zZ]$", "+00:00", text.strip())
    iso = re.sub(r"(\.\d{6})\d+", r"\1", iso)  # rclone writes nanoseconds, Python reads microseconds
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        raise ValueError(
            message("{text!r} is not a date: write it like 2026-11-20 or 2026-11-20T19:48:30Z", text=text)
        ) from None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def parse_priority(text: str) -> int:
    """Read a whole number such as `5`, `-1` or `3.0`, as in tables with empty cells.

    Raises:
        ValueError: the text is not a whole number of at most 15 digits.
    """
    match = re.fullmatch(r"\s*([+-]?[0-9]{1,15})(?:\.0*)?\s*", text)
    if not match:
        raise ValueError(message("{text!r} is not a priority: write it like 5 or -1", text=text))
    return int(match[1])


def timestamp() -> str:
    """The current time for a record: UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_text(seconds: float | None) -> str | None:
    """A time in seconds since 1970, as `timestamp` writes it; None stays None."""
    if seconds is None:
        return None
    when = datetime.fromtimestamp(seconds, timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_resolution(text: str) -> tuple[int, int]:
    """Read a resolution such as `720p`, `4K` or `1280x720` as (width, height) in pixels, in this order.

    `720p` and similar names are 16:9: (1280, 720). `4K` is 3840x2160.

    Raises:
        ValueError: the text is no resolution.
    """
    word = text.strip().lower()
    if word in _RESOLUTION_NAMES:
        return _RESOLUTION_NAMES[word]
    if match := re.fullmatch(r"(\d{1,5})p", word):
        height = int(match[1])
        width = round(height * 16 / 9 / 2) * 2
    elif match := re.fullmatch(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})", word):
        width, height = int(match[1]), int(match[2])
    else:
        width = height = 0
    if width < 1 or height < 1:
        raise ValueError(message("{text!r} is not a resolution: write it like 720p, 4K or 1280x720", text=text))
    return width, height


def parse_pixel_aspect(text: object) -> float:
    """The pixel aspect ratio of a video, width by height, from ffprobe's text such as `16:11`.

    1 (square) if it is unknown (`0:1`), if it is so close to 1 that it comes from rounding, and if it is not within
    1:4 and 4:1: the widest in use are 32:11 and 2:1.
    """
    try:
        width, height = str(text).split(":")
        shape = int(width) / int(height)
    except (ValueError, ArithmeticError):
        return 1.0
    return shape if 0.25 <= shape <= 4 and abs(shape - 1) > 0.005 else 1.0


# The long and the short side of a frame in pixels, in portrait or landscape. One of the two is enough; None: only
# the long side counts.
Sides = tuple[int, int | None]


class NamedResolution(NamedTuple):
    """What a name such as `720p` or `4K` means: a frame `reaches` these sides, but not the `following` ones.

    `following` are the sides of the next larger name, None after the largest. `or_more` is whether the name also
    means larger frames, as `4K` does.
    """

    reaches: Sides
    following: Sides | None
    or_more: bool


def named_resolution(text: str) -> NamedResolution | None:
    """What the name of a resolution means; None for pixels such as `1280x720`.

    Names like `4K` mean a width. Names like `720p` mean a height, and the width of that height in 16:9. One of the
    two is enough, so 1280x534 (cinema) and 960x720 (4:3) are 720p.

    Raises:
        ValueError: the text is not a resolution.
    """
    name = text.strip().lower()
    width, height = parse_resolution(name)
    if name in _WIDTHS:
        least, above = _WIDTHS[name]
        return NamedResolution((least, None), (above, None) if above else None, name in ("4k", "uhd"))
    if not name.endswith("p"):
        return None
    lines = next((lines for lines in _LINES if lines > height), None)
    return NamedResolution((width, height), parse_resolution(f"{lines}p") if lines else None, False)


def codec_name(text: str) -> str:
    """The name of a codec in ffprobe: `H.265`, `x265` and `hvc1` are `hevc`, `MPEG-4` is `mpeg4`.

    ffprobe's names have only letters, digits and `_`.
    """
    name = re.sub(r"\W+", "", text.casefold())
    return _CODECS.get(name, name)


def format_count(number: int, one: str, many: str = "") -> str:
    """`1 video`, `2 videos`; `many` is for a plural that does not only add an `s`."""
    singular, plural = f"{{count}} {one}", f"{{count}} {many or f'{one}s'}"
    return numbered(singular, plural, number)


def format_duration(seconds: float) -> str:
    """`5:30` or `1:05:30`, rounded to whole seconds; under ten seconds `2.4s`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_clock(seconds: float) -> str:
    """`1:02`, or `1:00:02`: a time in a video, to the second."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_tenths(seconds: float) -> str:
    """`1:02.5`, to a tenth, as a player shows it."""
    tenths = round(seconds * 10)
    hours, minutes = divmod(tenths // 600, 60)
    rest = f"{minutes:02d}" if hours else f"{minutes}"
    return f"{f'{hours}:' if hours else ''}{rest}:{tenths % 600 / 10:04.1f}"


def format_size(size: float) -> str:
    """`2.4 MB`: about three digits, in powers of 1000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
