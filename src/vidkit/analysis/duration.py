"""The decoded duration of a video, if the duration in its header is wrong."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import IO

from vidkit.analysis.decode import Listener
from vidkit.analysis.probe import Metadata
from vidkit.core import printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool

log = logging.getLogger(__name__)

_LONGER = 0.1  # seconds that the last picture must begin after the end that the header says
_SHORTER = 0.5  # seconds that the pictures must end before it: sound often goes on a little


def decoded_duration(path: Path, metadata: Metadata, listener: Listener) -> float:
    """How long a video lasts, now that it is decoded.

    The header counts, unless pictures go on after its end, or nothing is there long before it: neither pictures nor
    sound, and ffmpeg misses nothing. A file that is cut short or damaged lasts as long as it says:
    `Listener.unread` tells what of that is lost.

    Args:
        path: the video.
        metadata: what `extract_metadata` said of it.
        listener: what was heard while the whole video was decoded.

    Returns:
        Seconds.
    """
    said, frame = metadata.duration, 1 / metadata.fps
    if not listener.times:
        return said
    last = listener.times[-1] / 1e6
    found = said
    if last > said + _LONGER:
        found = last + min(frame, 1.0)
    elif last + frame < said - _SHORTER and not listener.lost & {metadata.stream, None}:
        # A picture may stand for long, and sound may go on: only the packets know.
        end = max(last + frame, _packets_end(path, metadata))
        if end < said - _SHORTER:
            found = end
    if found != said:
        name = printable(path.name)
        log.warning("%s says that it lasts %.2f s; by what is in it, it lasts %.2f s", name, said, found)
    return round(found, 6)


def _packets_end(path: Path, metadata: Metadata) -> float:
    """When the last packet of any stream ends, in seconds; 0 where no packet has a time."""
    start, end = 0.0, 0.0

    def read(pipe: IO[bytes]) -> None:
        nonlocal start, end
        for line in pipe:
            kind, *values = line.decode("ascii", "replace").strip().split(",")
            numbers = [_number(value) for value in values]
            if kind == "packet" and numbers and numbers[0] is not None:
                length = numbers[1] if len(numbers) > 1 else None
                end = max(end, numbers[0] + (length or 0.0))
            elif kind == "format" and numbers:
                start = numbers[0] or 0.0

    arguments = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,duration_time:format=start_time"]
    try:
        run_tool([*arguments, "-of", "csv", *input_arguments(path)], metadata.time_allowed, read)
    except MediaError:  # it was decoded all the same: the header stands
        return metadata.duration
    return end - start


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
