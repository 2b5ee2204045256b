"""Sample evenly spaced frames of a clip with ffmpeg, and cut a part of a video to a file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidkit.core.units import parse_pixel_aspect, parse_resolution
from vidkit.errors import DescribeError, MediaError
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.qwen_model.question import Clip

_PROBE_SECONDS = 60.0
_FAR_APART = 4.0  # seconds between frames; with longer gaps, seeking to each frame is faster than decoding all
_MANY = 5  # if a video has this many times the needed frame rate, non-reference frames are not decoded
_STILL_IMAGES = ("attached_pic", "still_image", "timed_thumbnails")
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class Budget:
    """How much of a clip a model gets: frames per second, frames in total, pixels of each frame."""

    frames_per_second: float
    max_frames: int
    max_pixels: int


@dataclass(frozen=True)
class ClipInfo:
    """A clip by ffprobe: duration in seconds, display size in pixels, index of the video stream, frame rate (0.0 if
    unknown).
    """

    duration: float
    width: int
    height: int
    stream: int
    fps: float


@dataclass(frozen=True)
class RawFrames:
    """Frames as bytes, (count, height, width, 3) of RGB, and their number per second."""

    pixels: bytes
    count: int
    height: int
    width: int
    fps: float


def probe_clip(clip: Clip) -> ClipInfo:
    """Probe a clip.

    Raises:
        DescribeError: it is not a playable video.
    """
    path = clip.file()
    arguments = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", *input_arguments(path)]
    try:
        found = json.loads(run_tool(arguments, _PROBE_SECONDS) or b"{}")
    except (MediaError, ValueError) as error:
        raise DescribeError("{clip_name} cannot be read: {error}", clip_name=clip.name, error=error) from None
    streams = [stream for stream in found.get("streams", []) if _is_video(stream)]
    if not streams:
        raise DescribeError("{clip_name} cannot be read: it has no video stream", clip_name=clip.name)
    video = streams[0]
    stored = _seconds(found.get("format", {}).get("duration")) or _seconds(video.get("duration"))
    duration = clip.duration or stored
    end = clip.end if clip.end is not None else duration
    if not end or end <= clip.start:
        raise DescribeError("{clip_name} cannot be read: its duration is not known", clip_name=clip.name)
    width, height = int(video.get("width", 0)), int(video.get("height", 0))
    width = round(width * parse_pixel_aspect(video.get("sample_aspect_ratio")))
    rotated = any(round(float(data.get("rotation", 0))) % 180 for data in video.get("side_data_list", []))
    if not width or not height:
        raise DescribeError("{clip_name} cannot be read: its video stream has no size", clip_name=clip.name)
    fps = _rate(video.get("avg_frame_rate"))
    return ClipInfo(end - clip.start, *((height, width) if rotated else (width, height)), int(video["index"]), fps)


def frame_count(duration: float, budget: Budget) -> int:
    """How many frames of a clip to use: an even number, because models use pairs, and at least two.

    As `smart_nframes` of qwen-vl-utils, but without its minimum of four, for which a clip of one second would
    repeat frames.
    """
    most = max(2, budget.max_frames // 2 * 2)
    return min(most, max(2, round(duration * budget.frames_per_second / 2) * 2))


def raw_frames(clip: Clip, budget: Budget, fit: Callable[[int, int], tuple[int, int]]) -> RawFrames:
    """Frames of a clip for a local model.

    Args:
        clip: the clip; its file is read.
        budget: how many at most.
        fit: (height, width) of the video -> (height, width) of the frames for the model.

    Raises:
        DescribeError: ffmpeg cannot decode it, or there is no frame.
    """
    info = probe_clip(clip)
    count = frame_count(info.duration, budget)
    try:
        height, width = fit(info.height, info.width)
    except ValueError as error:
        raise DescribeError(
            "{clip_name} cannot be shown to the model: {error}", clip_name=clip.name, error=error
        ) from None
    size = f"scale={width}:{height}:flags=bicubic"
    pixels = _sampled(clip, info, count, size, ["-f", "rawvideo", "-pix_fmt", "rgb24"])
    found = len(pixels) // (height * width * 3)
    if not found:
        raise DescribeError("{clip_name} cannot be read: it has no frame that can be decoded", clip_name=clip.name)
    return RawFrames(pixels[: found * height * width * 3], found, height, width, count / info.duration)


def jpeg_frames(clip: Clip, budget: Budget) -> tuple[list[bytes], float]:
    """Frames of a clip as JPEG files, and their number per second.

    Raises:
        DescribeError: ffmpeg cannot decode it, or there is no frame.
    """
    info = probe_clip(clip)
    count = frame_count(info.duration, budget)
    scale = min(1.0, math.sqrt(budget.max_pixels / (info.width * info.height)))
    width, height = (max(2, int(side * scale) // 2 * 2) for side in (info.width, info.height))
    output = ["-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"]
    stream = _sampled(clip, info, count, f"scale={width}:{height}", output)
    # In a JPEG, FF D9 is only at the end.
    frames = [part + _JPEG_END for part in stream.split(_JPEG_END) if part.startswith(_JPEG_START)]
    if not frames:
        raise DescribeError("{clip_name} cannot be read: it has no frame that can be decoded", clip_name=clip.name)
    return frames, count / info.duration


def cut_part(clip: Clip, target: Path, max_resolution: str) -> None:
    """Write the part of a video that is the clip, without audio, as H.264 in MP4.

    Raises:
        DescribeError: ffmpeg cannot decode or encode it.
    """
    info = probe_clip(clip)
    long_side, short_side = parse_resolution(max_resolution)
    if info.height > info.width:
        long_side, short_side = short_side, long_side
    scale = min(1.0, long_side / info.width, short_side / info.height)
    width, height = (max(2, int(side * scale) // 2 * 2) for side in (info.width, info.height))
    arguments: list[Any] = ["ffmpeg", "-v", "error", "-y", "-nostdin", *_span(clip, info.duration)]
    arguments += ["-map", f"0:{info.stream}", "-vf", f"scale={width}:{height},setsar=1,format=yuv420p"]
    arguments += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-movflags", "+faststart", target]
    try:
        run_tool(arguments, 120 + 20 * info.duration)
    except MediaError as error:
        raise DescribeError("{clip_name} cannot be cut out: {error}", clip_name=clip.name, error=error) from None


def _sampled(clip: Clip, info: ClipInfo, count: int, size: str, output: list[str]) -> bytes:
    """Decode `count` frames: the middle frame of each of `count` intervals of equal length."""
    step = info.duration / count
    try:
        if step > _FAR_APART:
            times = (clip.start + (number + 0.5) * step for number in range(count))
            return b"".join(_frame_at(clip, info, time, size, output) for time in times)
        rate = f"fps={count / info.duration:.9f}:start_time=0:round=near"
        skipped = ["-skip_frame", "noref"] if info.fps >= _MANY * count / info.duration else []
        arguments: list[Any] = ["ffmpeg", "-v", "error", "-nostdin", *skipped, *_span(clip, info.duration)]
        arguments += ["-map", f"0:{info.stream}", "-vf", f"{rate},{size}", "-frames:v", count, *output, "-"]
        return run_tool(arguments, 60 + 10 * info.duration)
    except MediaError as error:
        raise DescribeError("{clip_name} cannot be read: {error}", clip_name=clip.name, error=error) from None


def _frame_at(clip: Clip, info: ClipInfo, time: float, size: str, output: list[str]) -> bytes:
    arguments: list[Any] = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-ss",
        f"{time:.6f}",
        *input_arguments(clip.file()),
    ]
    arguments += ["-map", f"0:{info.stream}", "-vf", size, "-frames:v", 1, *output, "-"]
    return run_tool(arguments, _PROBE_SECONDS)


def _span(clip: Clip, duration: float) -> list[str]:
    """The input arguments, from the clip's start to its end."""
    source = input_arguments(clip.file())
    if not clip.is_part:
        return source
    return ["-ss", f"{clip.start:.6f}", "-t", f"{duration:.6f}", *source]


def _rate(text: object) -> float:
    try:
        return float(Fraction(str(text)))
    except (ValueError, ArithmeticError):
        return 0.0


def _is_video(stream: dict[str, Any]) -> bool:
    still_image = any(stream.get("disposition", {}).get(kind) for kind in _STILL_IMAGES)
    return stream.get("codec_type") == "video" and not still_image


def _seconds(text: object) -> float | None:
    if not re.fullmatch(r"\d+(\.\d+)?", str(text)):
        return None
    return float(str(text)) or None
