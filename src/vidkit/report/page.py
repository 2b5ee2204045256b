"""A report as one HTML page. All its data may be hostile, so texts are escaped, cleaned and cut.

The page's policy allows only its style sheet and images in `data:` URIs, so even a text that is not escaped could
do nothing. The page has no external links and no scripts.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timezone
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from vidkit.core import ensure_directory, printable, writing_whole
from vidkit.core.units import format_clock, format_count, format_size, parse_date
from vidkit.errors import OutputError
from vidkit.messages import message
from vidkit.report import charts
from vidkit.report.scenes import LONGEST_TEXT, Limits, ShownVideo, add_pictures

GENERATOR = "vidkit report"
_FOLDER = Path(__file__).parent
_JOINERS = "\u200c\u200d"  # format characters that Persian, Indic scripts and emoji need
_HEAD = 2_000  # bytes at the beginning of a file with the mark of a report
_COSTS = {
    "requests": "Requests",
    "cached": "Answers from the cache",
    "tokens_in": "Tokens read",
    "tokens_out": "Tokens written",
    "seconds": "Time of the model",
}


def check_replaceable(path: Path, overwrite: bool) -> None:
    """Refuse to replace a file that is not a report.

    Raises:
        OutputError: it is not a report, and `overwrite` is False; or it is not a regular file.
    """
    if not path.exists() and not path.is_symlink():
        return
    shown = printable(path)
    if not path.is_file():
        raise OutputError("{path} is not a plain file: give --out another name", path=shown)
    try:
        with path.open("rb") as file:
            is_report = f'name="generator" content="{GENERATOR}"'.encode() in file.read(_HEAD)
    except OSError as error:
        raise OutputError("{path} cannot be read: {reason}", path=shown, reason=error.strerror) from None
    if not (is_report or overwrite):
        raise OutputError(
            "{path} is there and is no report: give --out another name, or say --overwrite", path=shown
        )


def write_page(
    path: Path,
    report: Mapping[str, Any],
    videos: Sequence[ShownVideo],
    limits: Limits,
    clean: Callable[[str], str],
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Write the page, completely or not at all.

    Args:
        path: the file.
        report: the numbers (`numbers.numbers_of`).
        videos: the videos to show; this adds the images of their scenes.
        limits: the maximum size of the page, if its texts leave room for images.
        clean: hides secrets in a text.
        progress: called with the number of images read so far.

    Returns:
        The number of `videos` and of images (`pictures`) on the page, and its size in `bytes`.

    Raises:
        OutputError: it cannot be written.
    """
    context = {"report": report, "videos": videos, "generator": GENERATOR, "style": Markup(_style())}
    context |= {"policy": policy(), "shown": {"words": "x" * 500}}
    template = _template(clean)
    texts = len(template.render(context).encode("utf-8", "replace"))
    whole = add_pictures(videos, limits.size - texts, progress)
    pictures = sum(1 for video in videos for scene in video.scenes if scene.picture)
    context["shown"] = {"words": _words(report, videos, limits, pictures, whole)}
    ensure_directory(path.parent)
    with writing_whole(path) as file:
        file.writelines(template.generate(context))
    return {"videos": len(videos), "pictures": pictures, "bytes": path.stat().st_size}


def policy() -> str:
    """The page's Content-Security-Policy: its own style sheet and embedded images, nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _words(
    report: Mapping[str, Any], videos: Sequence[ShownVideo], limits: Limits, pictures: int, whole: bool
) -> str:
    """A text about the number of shown videos, and the limits."""
    total, scenes = report["videos"], sum(video.total for video in videos)
    which = "All videos are shown" if len(videos) == total else f"{len(videos):,} of {total:,} videos are shown"
    order = {"newest": ", the newest first", "relevance": ""}.get(report["sort"], f", sorted by: {report['sort']}")
    words = f"{which}{order}, with {pictures:,} thumbnails of their {scenes:,} scenes."
    if len(videos) < total or pictures < scenes:
        most = f"{limits.videos:,} videos, {limits.pictures:,} thumbnails and {format_size(limits.size)}"
        words += f" The limits of this page are {most}" + (". " if whole else "; the size is reached. ")
        words += "Where a video has more scenes than fit, they are spread over its length."
    return words


@cache
def _style() -> str:
    return (_FOLDER / "page.css").read_text(encoding="utf-8")


def _template(clean: Callable[[str], str]) -> Template:
    def shown(value: object) -> object:
        """The text for a value on the page; Jinja calls this for each."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return shown_text(clean(value[:LONGEST_TEXT]))
        return value

    def short(text: object, most: int) -> str:
        """The beginning of a text. It is cleaned before it is cut, so that no part of a secret is left."""
        whole = shown_text(clean(str(text)[:LONGEST_TEXT]))
        return whole if len(whole) <= most else f"{whole[: most - 1].rstrip()}…"

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bars": charts.bars,
        "clock": format_clock,
        "columns": charts.columns,
        "costs": _costs,
        "count": lambda number: f"{round(number):,}",
        "day": lambda text: _date(text, "{when.day} {when:%B %Y}"),
        "duration": lasting,
        "over_time": charts.over_time,
        "parts": charts.parts,
        "picture": _picture,
        "read": lambda readings: {name: each["videos"] for name, each in readings.items()},
        "reasons": lambda failures: {f"{each['stage']}: {each['reason']}": each["videos"] for each in failures},
        "share": _share,
        "short": short,
        "size": format_size,
        "strip": charts.strip,
        "unread": _unread,
        "videos": lambda number: format_count(number, "video"),
        "time": lambda text: _date(text, "{when:%Y-%m-%d %H:%M}"),
        "when": lambda text: _date(text, "{when.day} {when:%B %Y, %H:%M} UTC"),
    }
    return environment.get_template("page.html")


def shown_text(text: str) -> str:
    """A text in one line, without control and direction characters."""
    return text if text.isprintable() else "".join(c if c in _JOINERS else printable(c) for c in text)


def _picture(uri: str) -> Markup:
    """A `data:` URI from `add_pictures`. It is checked, and not cut as other texts."""
    if not re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/]*={0,2}", uri):
        raise ValueError(message("this is not an image of a report"))
    return Markup(uri)


def _share(share: float) -> str:
    percent = 100 * share
    if 0 < percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.0f} %" if percent >= 99.95 or percent == 0 else f"{percent:.1f} %"


def lasting(seconds: float) -> str:
    """`9.6 s`, `42 s`, `12 min 5 s`, `1,305 h 20 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _date(text: str, form: str) -> str:
    """A time of a record in words, in UTC. Any other text is shown as it is."""
    try:
        return form.format(when=parse_date(text).astimezone(timezone.utc))
    except (ValueError, OverflowError):
        return text[:40] or "an unknown day"


def _costs(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The cost of the model: (label, value as text)."""
    found = [(name, words, model.get(name)) for name, words in _COSTS.items()]
    return [(words, lasting(n) if name == "seconds" else f"{n:,.0f}") for name, words, n in found if n]


def _unread(readings: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """`READER: REASON` -> number of videos that the reader could not read."""
    found = {f"{name}: {why}": n for name, each in readings.items() for why, n in each["failed"].items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
