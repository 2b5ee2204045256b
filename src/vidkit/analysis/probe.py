"""Read the metadata of a video file with ffprobe."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from vidkit.core import printable
from vidkit.core.units import parse_pixel_aspect
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.messages import message

_PROBE_SECONDS = 60.0
# Dispositions of streams that are images beside the video: cover art, previews for scrubbing.
_IMAGE_KINDS = ("attached_pic", "still_image", "timed_thumbnails")


@dataclass(frozen=True)
class AudioTrack:
    """The first audio stream: codec name, channels, hertz."""

    codec: str
    channels: int
    sample_rate: int


@dataclass(frozen=True)
class Metadata:
    """What `extract_metadata` finds; the names are the record's, with their units.

    `stream` is the video stream's index in the file. If its pixels are not square (`square_pixels`), it is stored
    narrower or wider than `width`.
    """

    duration: float
    size: int
    bit_rate: int
    width: int
    height: int
    rotation: int
    frame_rate: str
    fps: float
    codec: str
    container: str
    audio: AudioTrack | None
    stream: int
    square_pixels: bool = True

    @property
    def resolution(self) -> str:
        """`"1920x1080"`, as shown to a viewer."""
        return f"{self.width}x{self.height}"

    @property
    def time_allowed(self) -> float:
        """Maximum seconds for an ffmpeg process over the whole video.

        In the worst case, a slow core decodes and encodes 720p at a tenth of real time; five videos may share it.
        If the duration in the header is too short, the size of the file still adds time.
        """
        pixels = max(1.0, self.width * self.height / (1280 * 720))
        return 120.0 + 20.0 * self.duration * pixels * max(1.0, self.fps / 30) + self.size / 1e5


def extract_metadata(filepath: str | os.PathLike[str]) -> Metadata:
    """Read a video file's metadata with ffprobe.

    It uses the first video stream that is not a cover picture. Width and height are the display size, after pixel
    aspect ratio and rotation. If the container has no duration, the duration is measured from the packets.

    Raises:
        MediaError: ffprobe cannot read the file (with its message), or the file has no video.
    """
    path = Path(filepath)
    arguments = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", *input_arguments(path)]
    if path.is_dir():
        raise MediaError("{path} is a folder: name the files in it", path=printable(path))
    try:
        size = path.stat().st_size
        found = json.loads(run_tool(arguments, _PROBE_SECONDS) or b"{}")
    except OSError as error:
        raise MediaError("{path} cannot be read: {reason}", path=printable(path), reason=error.strerror) from None
    except (MediaError, json.JSONDecodeError) as error:
        raise MediaError(
            "{path} is not a playable video: {reason}", path=printable(path.name), reason=_explained(str(error))
        ) from None
    video = _video_stream(path, found)
    container = found.get("format", {})
    rate = _frame_rate(video)
    duration = _positive(container.get("duration")) or _positive(video.get("duration"))
    if duration is None:
        duration = _measured_duration(path, video["index"], size, rate)
    width, height, rotation = _shown_size(video)
    if not width or not height:
        raise MediaError("{path} is not a playable video: its frames have no size", path=printable(path.name))
    return Metadata(
        duration=round(duration, 6),
        size=size,
        bit_rate=int(_positive(container.get("bit_rate")) or (size * 8 / duration if duration else 0)),
        width=width,
        height=height,
        rotation=rotation,
        frame_rate=f"{rate.numerator}/{rate.denominator}",
        fps=round(float(rate), 6),
        codec=str(video.get("codec_name", "unknown")),
        container=str(container.get("format_name", "unknown")),
        audio=_audio(found),
        stream=video["index"],
        square_pixels=parse_pixel_aspect(video.get("sample_aspect_ratio")) == 1,
    )


def _explained(words: str) -> str:
    """ffprobe's message, with an explanation if users would not understand it."""
    if "not on whitelist" in words or words == "Invalid data found when processing input":
        return message("{words} (it is damaged, or no video file at all)", words=words)
    return words


def _video_stream(path: Path, found: dict[str, Any]) -> dict[str, Any]:
    streams = found.get("streams", [])
    for stream in streams:
        pictures = any(stream.get("disposition", {}).get(kind) for kind in _IMAGE_KINDS)
        if stream.get("codec_type") == "video" and not pictures:
            return dict(stream)
    kinds = sorted({str(stream.get("codec_type", "unknown")) for stream in streams})
    audio = [str(stream.get("codec_name")) for stream in streams if stream.get("codec_type") == "audio"]
    if audio:
        holds = message("it has no video stream, only audio ({audio})", audio=", ".join(audio))
    else:
        holds = message("it has no video stream")
        if kinds:
            holds = message("it has no video stream, only {kinds}", kinds=", ".join(kinds))
    raise MediaError("{path} is not a playable video: {holds}", path=printable(path.name), holds=holds)


def _positive(text: object) -> float | None:
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if 0 < value < float("inf") else None


def _frame_rate(video: dict[str, Any]) -> Fraction:
    """The average frame rate; if the container has none, the rate that ffprobe estimates from the timestamps."""
    for key in ("avg_frame_rate", "r_frame_rate"):
        try:
            rate = Fraction(str(video.get(key)))
        except (ValueError, ZeroDivisionError):
            continue
        if 0 < rate <= 1000:
            return rate
    return Fraction(25)  # ffmpeg's own default for a stream that says nothing


def _shown_size(video: dict[str, Any]) -> tuple[int, int, int]:
    """Width, height and the clockwise rotation in degrees, from the display matrix or, before ffmpeg 5, the tag."""
    width, height = int(video.get("width", 0)), int(video.get("height", 0))
    width = max(min(width, 1), round(width * parse_pixel_aspect(video.get("sample_aspect_ratio"))))
    turn = -float(video.get("tags", {}).get("rotate", 0) or 0)
    for data in video.get("side_data_list", []):
        if "rotation" in data:
            turn = float(data["rotation"])
    rotation = round(-turn / 90) * 90 % 360
    return (height, width, rotation) if rotation in (90, 270) else (width, height, rotation)


def _audio(found: dict[str, Any]) -> AudioTrack | None:
    for stream in found.get("streams", []):
        if stream.get("codec_type") == "audio":
            return AudioTrack(
                codec=str(stream.get("codec_name", "unknown")),
                channels=int(stream.get("channels", 0)),
                sample_rate=int(stream.get("sample_rate", 0)),
            )
    return None


def _measured_duration(path: Path, stream: int, size: int, rate: Fraction) -> float:
    """From the first packet of the video stream to the end of the last; without times, by the number of packets."""
    first, last, packets = float("inf"), 0.0, 0

    def read(pipe: IO[bytes]) -> None:
        nonlocal first, last, packets
        for line in pipe:
            packets += 1
            parts = line.decode("ascii", "replace").strip().split(",")
            start = parse_number(parts[0])
            if start is None:
                continue
            length = parse_number(parts[1]) if len(parts) > 1 else None
            first, last = min(first, start), max(last, start + (length or 0.0))

    arguments = ["ffprobe", "-v", "error", "-select_streams", str(stream)]
    arguments += ["-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0", *input_arguments(path)]
    # Packets are read without decoding: a megabyte a second is a slow disk.
    run_tool(arguments, _PROBE_SECONDS + size / 1e6, read)
    if last > first:
        return last - first
    if not packets:
        raise MediaError("{path} is not a playable video: it has not one frame", path=printable(path.name))
    return float(packets / rate)


def parse_number(text: str | None) -> float | None:
    """A number in ffprobe's output; None if it is missing or `N/A`."""
    try:
        return float(text or "")
    except ValueError:
        return None
