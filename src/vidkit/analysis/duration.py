"""The decoded duration of a video, if the duration in its header is wrong."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import IO

from vidkit.analysis.decode import DecodeLog
from vidkit.analysis.probe import Metadata, parse_number
from vidkit.core import printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool

log = logging.getLogger(__name__)

_LONGER = 0.1  # the last frame must start more than these seconds after the end in the header
_SHORTER = 0.5  # the frames must end more than these seconds before it: audio often continues a little


def decoded_duration(path: Path, metadata: Metadata, decode_log: DecodeLog) -> float:
    """The duration of a decoded video.

    It is the duration in the header, unless frames continue after it, or frames and audio both end long before it
    and ffmpeg reported no loss. A truncated or damaged file keeps the duration in its header; `DecodeLog.unread`
    returns how much of it is lost.

    Args:
        path: the video.
        metadata: the result of `extract_metadata`.
        decode_log: the log of a decode of the whole video.

    Returns:
        Seconds.
    """
    header, frame = metadata.duration, 1 / metadata.fps
    if not decode_log.times:
        return header
    last = decode_log.times[-1] / 1e6
    found = header
    if last > header + _LONGER:
        found = last + min(frame, 1.0)
    elif last + frame < header - _SHORTER and not decode_log.lost & {metadata.stream, None}:
        # The last frame may be shown for long, and audio may continue: the packets have their lengths.
        end = max(last + frame, _packets_end(path, metadata))
        if end < header - _SHORTER:
            found = end
    if found != header:
        name = printable(path.name)
        log.warning("%s says that it lasts %.2f s; by what is in it, it lasts %.2f s", name, header, found)
    return round(found, 6)


def _packets_end(path: Path, metadata: Metadata) -> float:
    """When the last packet of any stream ends, in seconds; 0 if no packet has a time."""
    start, end = 0.0, 0.0

    def read(pipe: IO[bytes]) -> None:
        nonlocal start, end
        for line in pipe:
            kind, *values = line.decode("ascii", "replace").strip().split(",")
            numbers = [parse_number(value) for value in values]
            if kind == "packet" and numbers and numbers[0] is not None:
                length = numbers[1] if len(numbers) > 1 else None
                end = max(end, numbers[0] + (length or 0.0))
            elif kind == "format" and numbers:
                start = numbers[0] or 0.0

    arguments = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,duration_time:format=start_time"]
    try:
        run_tool([*arguments, "-of", "csv", *input_arguments(path)], metadata.time_allowed, read)
    except MediaError:  # the decode worked all the same: keep the duration in the header
        return metadata.duration
    return end - start
