"""Encode a video with parts of its frames covered. Audio, number of frames, times, colours and rotation stay."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vidkit.analysis.probe import Metadata
from vidkit.blur.masks import TIME_OFFSET
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool, tool_version
from vidkit.pipes import InputPipe

# Extension -> ffmpeg's muxer, the encoder, and the subtitle codec.
_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
_VP9 = ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1", "-deadline", "good", "-cpu-used", "4")
CONTAINERS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    ".mp4": ("mp4", _H264, "mov_text"),
    ".m4v": ("mp4", _H264, "mov_text"),
    ".mov": ("mov", _H264, "mov_text"),
    ".mkv": ("matroska", _H264, "copy"),
    ".webm": ("webm", _VP9, "copy"),
}
_TEXTS = {"mov_text", "subrip", "webvtt", "ass", "ssa", "text"}
_STORES_ROTATION = ("mp4", "mov")  # muxers that can store the rotation of a video
# Pixel formats that are kept -> their names in the filter `overlay`.
_PIXEL_FORMATS = {
    "yuv420p": "yuv420", "yuvj420p": "yuv420", "yuv422p": "yuv422", "yuvj422p": "yuv422", "yuv444p": "yuv444",
    "yuvj444p": "yuv444", "yuv420p10le": "yuv420p10", "yuv422p10le": "yuv422p10",
}  # fmt: skip
_COLOURS = {
    "color_range": "-color_range", "color_space": "-colorspace", "color_primaries": "-color_primaries",
    "color_transfer": "-color_trc",
}  # fmt: skip
KEEP_TIMES = ("-copyts",)  # keep the timestamps of the file: they need not start at 0
_MAX_START = 1.0  # maximum start of a video in seconds; one that starts later, such as MPEG-TS, is moved to 0
_BACK = {0: "", 90: "transpose=cclock,", 180: "hflip,vflip,", 270: "transpose=clock,"}


@dataclass(frozen=True)
class VideoStream:
    """The properties of a video stream that are kept: its stored size, pixel format, colours and time base."""

    width: int
    height: int
    pixel_format: str
    colours: tuple[str, ...]
    time_base: str
    mirrored: bool
    subtitles: tuple[int, ...]
    start: float
    """The first timestamp of the file in seconds."""


def read_stream(path: Path, metadata: Metadata) -> VideoStream:
    """Read the properties of a video's streams with ffprobe.

    Raises:
        MediaError: ffprobe cannot read it.
    """
    arguments = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", *input_arguments(path)]
    found = json.loads(run_tool(arguments, 60))
    streams = found["streams"]
    video: dict[str, Any] = streams[metadata.stream]
    width, height = int(video["width"]), int(video["height"])
    pixel_format = video.get("pix_fmt", "")
    if pixel_format not in _PIXEL_FORMATS:
        pixel_format = "yuv420p10le" if "10" in pixel_format or "12" in pixel_format else "yuv420p"
    if (width % 2 and "444" not in pixel_format) or (height % 2 and "420" in pixel_format):
        # The other formats allow even sizes only.
        pixel_format = "yuvj444p" if pixel_format.startswith("yuvj") else "yuv444p"
    known = {key: video[key] for key in _COLOURS if video.get(key) not in (None, "unknown", "reserved")}
    colours = tuple(word for key, value in known.items() for word in (_COLOURS[key], value))
    text_streams = [each["index"] for each in streams if each.get("codec_name") in _TEXTS]
    mirrored = any(_is_mirrored(data.get("displaymatrix", "")) for data in video.get("side_data_list", []))
    start = float(found["format"].get("start_time", 0))
    return VideoStream(
        width, height, pixel_format, colours, video["time_base"], mirrored, tuple(text_streams), start
    )


def _is_mirrored(matrix: str) -> bool:
    rows = [[int(number) for number in line.split(":")[1].split()] for line in matrix.splitlines() if ":" in line]
    return len(rows) == 3 and rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0] < 0


def cover(
    path: Path,
    target: Path,
    kind: str,
    metadata: Metadata,
    levels: Mapping[int, int],
    style: str,
    write: Callable[[IO[bytes]], None],
) -> None:
    """Encode a video again, with the parts covered that a stream of masks marks.

    Args:
        path: the video.
        target: the file to write.
        kind: a key of `CONTAINERS`.
        metadata: the video's.
        levels: side of a mosaic's cells in pixels -> its value in the masks.
        style: `pixelate`, or `box`.
        write: writes the masks (`write_masks`).

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
    """
    stream = read_stream(path, metadata)
    muxer, encoder, _ = CONTAINERS[kind]
    rotation = metadata.rotation if muxer in _STORES_ROTATION and not stream.mirrored else 0
    keeps_rotation = bool(rotation) or not (metadata.rotation or stream.mirrored)
    with InputPipe(write) as pipe:
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *KEEP_TIMES]
        arguments += ["-noautorotate"] if keeps_rotation else []
        arguments += [*input_arguments(path), "-protocol_whitelist", "pipe", "-f", "matroska", "-i", pipe.target]
        size = (stream.width, stream.height)
        if not keeps_rotation and metadata.rotation in (90, 270):
            size = (stream.height, stream.width)
        graph = _graph(f"0:{metadata.stream}", size, stream.pixel_format, levels, style, _BACK[rotation])
        arguments += ["-filter_complex", graph, "-map", "[out]", "-map", "0:a?", "-c:a", "copy"]
        arguments += [*_subtitles(stream, kind), "-map_metadata:s:v:0", f"0:s:{metadata.stream}"]
        arguments += [*encoder, "-pix_fmt", stream.pixel_format, *stream.colours]
        arguments += ["-fps_mode", "passthrough", "-enc_time_base", stream.time_base.replace("/", ":")]
        arguments += ["-max_muxing_queue_size", "100000", "-dn"]
        arguments += ["-output_ts_offset", f"{-stream.start:.6f}"] if stream.start > _MAX_START else []
        if muxer in _STORES_ROTATION:
            arguments += ["-video_track_timescale", stream.time_base.partition("/")[2], "-movflags", "+faststart"]
        made = target.with_name(f"turned-{target.name}") if rotation else target
        run_tool([*arguments, "-f", muxer, str(made.absolute())], metadata.time_allowed * 2, pipes=[pipe])
    if rotation:
        _store_rotation(made, target, muxer, rotation, metadata)


def _graph(
    source: str, size: tuple[int, int], pixel_format: str, levels: Mapping[int, int], style: str, back: str
) -> str:
    """The filters: for each level the frame as a mosaic, laid over the frame where the mask has that level."""
    width, height = size
    whole = f"scale={width}:{height}:flags=neighbor"
    cells = list(levels) if style == "pixelate" else [max(levels)]
    many = len(cells)
    parts = [f"[{source}]format={pixel_format},split={many + 1}[plain]" + "".join(f"[in{n}]" for n in range(many))]
    mask = f"[1:v]setpts=PTS-{TIME_OFFSET}*1e-6/TB,{back}{whole},format=gray"
    parts.append(f"{mask},split={many}" + "".join(f"[mask{n}]" for n in range(many)))
    before = "plain"
    for n, cell in enumerate(cells):
        level = f"eq(val,{levels[cell]})" if style == "pixelate" else "gt(val,0)"
        small = f"scale={-(-width // cell)}:{-(-height // cell)}:flags=area"
        hidden = (
            f"{small},{whole}" if style == "pixelate" else "lutyuv=y=minval:u=(maxval+minval)/2:v=(maxval+minval)/2"
        )
        parts.append(f"[in{n}]{hidden}[hidden{n}]")
        parts.append(f"[mask{n}]lut=c0='255*{level}'[alpha{n}]")
        parts.append(f"[hidden{n}][alpha{n}]alphamerge[over{n}]")
        after = "out" if n == many - 1 else f"done{n}"
        parts.append(f"[{before}][over{n}]overlay=format={_PIXEL_FORMATS[pixel_format]}[{after}]")
        before = after
    return ";".join(parts)


def _subtitles(stream: VideoStream, kind: str) -> list[str]:
    """Text subtitles are kept; image subtitles are not."""
    arguments = [word for index in stream.subtitles for word in ("-map", f"0:{index}")]
    how = "webvtt" if kind == ".webm" else CONTAINERS[kind][2]
    return [*arguments, "-c:s", how] if arguments else []


def _store_rotation(made: Path, target: Path, muxer: str, degrees: int, metadata: Metadata) -> None:
    """Store the clockwise rotation in a copy of the file: ffmpeg drops it if it uses filters."""
    old = tool_version("ffmpeg").lstrip("n")[:2] in ("5.", "4.")
    turning = [] if old else ["-display_rotation:v:0", str(-degrees)]
    noted = ["-metadata:s:v:0", f"rotate={360 - degrees}"] if old else []
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *turning, *input_arguments(made), "-map", "0"]
    arguments += ["-c", "copy", *noted, "-movflags", "+faststart", "-f", muxer, str(target.absolute())]
    run_tool(arguments, metadata.time_allowed)
    with contextlib.suppress(OSError):
        made.unlink()


def count_frames(path: Path, metadata: Metadata) -> int:
    """How many frames the first video stream of a file has.

    Raises:
        MediaError: ffprobe cannot read it.
    """
    arguments = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets"]
    arguments += ["-show_entries", "stream=nb_read_packets", "-of", "json", *input_arguments(path)]
    streams: Sequence[dict[str, str]] = json.loads(run_tool(arguments, metadata.time_allowed))["streams"]
    if not streams:
        raise MediaError("ffmpeg wrote no frames")
    return int(streams[0]["nb_read_packets"])
