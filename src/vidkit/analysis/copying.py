"""Copy clips without re-encoding: cut a video that meets the limits at its keyframes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from vidkit.analysis.cut import ClipFile, Plan, frames_end, listed_clips
from vidkit.analysis.probe import Metadata, parse_number
from vidkit.core import printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.messages import message

NEAR_ENOUGH = 0.5  # maximum distance, in seconds, of a clip's keyframe from its planned start (clips by time)
# Codecs that an MP4 can hold and that players support.
_VIDEO, _AUDIO = ("h264", "hevc", "av1", "vp9", "mpeg4"), ("aac", "mp3", "ac3", "eac3", "opus", "flac", "alac")


@dataclass
class Packets:
    """The packets of a video stream: start and end of the last frame, and the keyframes that clips can start with.

    `joined`: the timestamps jump back, as in files that were joined. ffmpeg continues them, so those of the clips
    differ.
    """

    pixel_format: str = ""
    field_order: str = ""
    start: float = 0.0
    last: float = 0.0
    end: float = 0.0
    joined: bool = False
    keyframes: array[float] = field(default_factory=lambda: array("d"))


def read_packets(path: Path, metadata: Metadata) -> Packets:
    """Find the keyframes of a video without decoding it.

    Keyframes of an "open GOP" (later packets are shown before the keyframe) are left out: a clip that starts there
    would start with frames that cannot be decoded.

    Raises:
        MediaError: ffprobe cannot read it; the message is ffprobe's own.
    """
    found = Packets()
    reordered = max(1.0, 20 / metadata.fps)  # seconds by which a packet can be shown before an earlier packet

    def read(pipe: IO[bytes]) -> None:
        for line in pipe:
            values = dict(part.split("=", 1) for part in line.decode("ascii", "replace").split("|") if "=" in part)
            if line.startswith(b"packet|"):
                length = parse_number(values.get("duration_time")) or 1 / metadata.fps
                time = parse_number(values.get("pts_time"))
                found.joined |= time is not None and time < found.last - reordered
                _add(found, time, length, values.get("flags", ""))
            elif line.startswith(b"stream|"):
                found.pixel_format = values.get("pix_fmt", "").strip()
                found.field_order = values.get("field_order", "").strip()
            elif line.startswith(b"format|"):
                found.start = parse_number(values.get("start_time")) or 0.0

    entries = "packet=pts_time,duration_time,flags:stream=pix_fmt,field_order:format=start_time"
    arguments = ["ffprobe", "-v", "error", "-select_streams", str(metadata.stream), "-show_entries", entries]
    run_tool([*arguments, "-of", "compact", *input_arguments(path)], metadata.time_allowed, read)
    found.last -= found.start
    found.end -= found.start
    for at, time in enumerate(found.keyframes):
        found.keyframes[at] = time - found.start
    return found


def _add(found: Packets, time: float | None, length: float, flags: str) -> None:
    if time is None:
        return
    found.last = max(found.last, time)
    found.end = max(found.end, time + length)
    if found.keyframes and time < found.keyframes[-1]:
        found.keyframes.pop()
    elif flags.startswith("K"):
        found.keyframes.append(time)


def why_not_within_limits(metadata: Metadata, plan: Plan) -> str | None:
    """Why a video must be encoded to meet the limits of clips; None if it meets them."""
    if metadata.codec != "h264":
        return message("its video is {codec}, not h264", codec=metadata.codec)
    if metadata.audio and metadata.audio.codec != "aac":
        return message("its audio is {codec}, not aac", codec=metadata.audio.codec)
    if metadata.rotation:
        return message("it is stored turned")
    if not metadata.square_pixels:
        return message("its pixels are not square")
    if (plan.width, plan.height) != (metadata.width, metadata.height):
        return message("{resolution} is over the limit", resolution=metadata.resolution)
    if plan.fps is not None:
        return message("{fps:g} frames a second are over the limit", fps=metadata.fps)
    return None


def why_not_copyable(metadata: Metadata) -> str | None:
    """Why a video's clips cannot be copied at all; None if they can."""
    if metadata.codec not in _VIDEO:
        return message("{codec} video does not go into an MP4 as it is", codec=printable(metadata.codec))
    if metadata.audio and metadata.audio.codec not in _AUDIO:
        return message("{codec} audio does not go into an MP4 as it is", codec=printable(metadata.audio.codec))
    return None


def has_clip_format(packets: Packets) -> bool:
    """Whether the frames have the format of clips: 8 bits, 4:2:0, not interlaced, timestamps without jumps."""
    if packets.joined:
        return False
    return packets.pixel_format in ("yuv420p", "yuvj420p") and packets.field_order in ("progressive", "unknown", "")


def nearest_keyframes(packets: Packets, starts: Sequence[float], tolerance: float | None) -> list[float] | None:
    """The keyframes that clips would start with.

    Args:
        packets: the video's.
        starts: the planned starts of the clips, the first at 0.
        tolerance: maximum distance of a keyframe from the planned start, in seconds; None: any.

    Returns:
        Where the clips start, the first at 0; fewer than planned if two would start with the same keyframe. None if
        a keyframe is farther away than the tolerance, or the video does not start with a keyframe.
    """
    keys = packets.keyframes
    if not keys or abs(keys[0]) > NEAR_ENOUGH:
        return None
    found = [0.0]
    for start in starts[1:]:
        if start > packets.last:
            break
        at = bisect_left(keys, start)
        nearest = min(keys[max(0, at - 1) : at + 1], key=lambda key: abs(key - start))
        if tolerance is not None and (abs(nearest - start) > tolerance or nearest <= max(found[-1], keys[0])):
            return None
        if nearest > max(found[-1], keys[0]):
            found.append(nearest)
    return found


def copy_clips(
    path: Path, folder: Path, metadata: Metadata, starts: Sequence[float], packets: Packets
) -> list[ClipFile] | None:
    """Cut a video at keyframes without decoding it.

    Args:
        path: the video.
        folder: a new folder for the clips, which get temporary names.
        metadata: the video's.
        starts: the keyframes that clips start with, in seconds, the first at 0.
        packets: the video's.

    Returns:
        The clips in order, with their real times; the last one ends with the last frame, and so does its audio.
        None if ffmpeg made other clips; these are removed.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
    """
    listing = folder / "copied.csv"
    target = str(folder.absolute()).replace("%", "%%") + "/copied_%06d.mp4"
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *input_arguments(path), "-map", f"0:{metadata.stream}"]
    arguments += ["-map", "0:a:0?", *([] if packets.joined else ["-t", f"{packets.end:.6f}"])]
    arguments += ["-c", "copy", "-sn", "-dn", "-avoid_negative_ts", "disabled", "-f", "segment"]
    # The segment muxer counts from the first frame, which need not be at 0.
    times = ",".join(f"{start - packets.keyframes[0] - 0.001:.3f}" for start in starts[1:])
    arguments += ["-segment_times", times] if times else ["-segment_time", "1000000000"]
    arguments += ["-reset_timestamps", "1", "-segment_format", "mp4"]
    arguments += ["-segment_format_options", "movflags=+faststart"]
    arguments += ["-segment_list", str(listing.absolute()), "-segment_list_type", "csv", target]
    run_tool(arguments, metadata.time_allowed)
    clips = listed_clips(listing)
    listing.unlink(missing_ok=True)
    files = sorted(folder.glob("copied_*.mp4"))
    if len(files) != len(starts) or any(
        abs(begin - start) > 0.01 for (begin, _), start in zip(clips[1:], starts[1:], strict=True)
    ):
        for file in files:
            file.unlink()
        return None
    end = frames_end(clips, metadata)
    return list(zip(starts, [*starts[1:], end], files, strict=True))


def copy_error(path: Path, why: str) -> MediaError:
    """The error for clip mode `copy` if the video cannot be copied."""
    return MediaError(
        "{path} cannot be cut without encoding: {why}. ClipMode auto encodes where it must",
        path=printable(path.name),
        why=why,
    )
