"""The report of a blurred video: a page with an image of each face, and of each gap in which none was found.

It shows the faces, so that a person can check what is covered. It must not be published with the video.
"""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vidkit.analysis.probe import Metadata
from vidkit.blur.tracks import wider
from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.core.files import write_whole
from vidkit.core.units import format_count, time_text
from vidkit.errors import ToolMissingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkit.blur import FaceTracks
    from vidkit.readers.boxes import Box

_AROUND = 0.6  # share of a face's size that is shown around it
_LARGEST = 160  # maximum pixels of an image's side in the report
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Faces of {name}</title>
<style>body{{font:16px/1.5 system-ui;margin:2rem;max-width:70rem}}figure{{display:inline-block;margin:.5rem;
vertical-align:top;font-size:.85rem}}img{{display:block;min-width:96px;image-rendering:pixelated}}
.none img{{outline:3px solid #c60}}</style>
<h1>Faces of {name}</h1>
<p>{summary}</p>
<p><strong>This page shows the faces. Do not publish it with the video.</strong></p>
{parts}</html>
"""


class _ReportImage(NamedTuple):
    """An image of the report: the number of the face, its box in the frame, and the text below the image."""

    face: int
    box: Box
    caption: str
    none_found: bool


def write_report(target: Path, path: Path, metadata: Metadata, tracked: FaceTracks) -> None:
    """Write the report.

    Raises:
        MediaError: ffmpeg failed.
        OutputError: the file cannot be written.
        ToolMissingError: Pillow is not installed.
    """
    from vidkit.blur import read_frames

    seconds = tracked.seconds
    report_images: dict[int, list[_ReportImage]] = {}
    for face, track in enumerate(tracked.tracks, 1):
        best = track.best
        caption = f"{time_text(seconds[best])}, score {track.hits[best].score:.2f}"
        report_images.setdefault(best, []).append(_ReportImage(face, track.hits[best].box, caption, False))
        for before, after in track.gaps():
            middle = (before + after) // 2
            box = track.box_between(before, after, middle, seconds)
            caption = f"none found for {format_count(after - before - 1, 'frame')} at {time_text(seconds[middle])}"
            report_images.setdefault(middle, []).append(_ReportImage(face, box, caption, True))
    figures: dict[int, list[str]] = {}
    number = 0

    def take(image: NDArray[np.uint8]) -> None:
        nonlocal number
        for each in report_images.get(number, ()):
            figures.setdefault(each.face, []).append(_figure(image, each))
        number += 1

    if report_images:
        read_frames(path, metadata, tracked.side, take)
    parts = []
    for face, track in enumerate(tracked.tracks, 1):
        span = f"{time_text(seconds[track.first])} to {time_text(seconds[track.last])}"
        parts.append(f"<h2>Face {face}: {span}</h2>{''.join(figures.get(face, []))}")
    gaps = sum(each.none_found for several in report_images.values() for each in several)
    summary = (
        f"{format_count(len(tracked.times), 'frame')}, {format_count(len(tracked.tracks), 'face')}. A face that "
        f"could not be followed all the time is there several times. An orange frame ({gaps} here) is where the "
        "model found none between two frames in which it did: the place was covered all the same."
    )
    write_whole(
        target,
        _PAGE.format(name=html.escape(printable(path.name)), summary=html.escape(summary), parts="\n".join(parts)),
    )


def _figure(image: NDArray[np.uint8], shown: _ReportImage) -> str:
    try:
        from PIL import Image
    except ImportError:
        raise ToolMissingError("--report needs Pillow: {command}", command=install_command("vision")) from None
    height, width = image.shape[:2]
    left, top, wide, high = wider(shown.box, _AROUND)
    rows = slice(int(top * height), max(int((top + high) * height), int(top * height) + 1))
    columns = slice(int(left * width), max(int((left + wide) * width), int(left * width) + 1))
    picture = Image.fromarray(image[rows, columns])
    picture.thumbnail((_LARGEST, _LARGEST))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    data = base64.b64encode(file.getvalue()).decode("ascii")
    kind = ' class="none"' if shown.none_found else ""
    caption = html.escape(shown.caption)
    return f'<figure{kind}><img src="data:image/jpeg;base64,{data}" alt="">{caption}</figure>'
