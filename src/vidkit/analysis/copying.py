"""Copy clips without re-encoding: cut a video that meets the limits at its keyframes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from vidkit.analysis.cut import Piece, Plan, listed_pieces, pictures_end
from vidkit.analysis.probe import Metadata
from vidkit.core import printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.messages import message

NEAR_ENOUGH = 0.5  # seconds that a clip by time may begin beside where it should
# What an MP4 can hold and players play from it.
_VIDEO, _AUDIO = ("h264", "hevc", "av1", "vp9", "mpeg4"), ("aac", "mp3", "ac3", "eac3", "opus", "flac", "alac")


@dataclass
class Packets:
    """A video stream's packets: when the last picture is shown, until when, and keyframes to begin with.

    `joined`: the times go back, as where files were joined; ffmpeg lets them go on, so these are not the clips'.
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

    A keyframe that later packets are shown before ("open GOP") is left out: a clip that begins with it would
    begin with pictures that it cannot show.

    Raises:
        MediaError: ffprobe cannot read it, in its own words.
    """
    found = Packets()
    reordered = max(1.0, 20 / metadata.fps)  # seconds by which a packet can be shown sooner than those before it

    def read(pipe: IO[bytes]) -> None:
        for line in pipe:
            values = dict(part.split("=", 1) for part in line.decode("ascii", "replace").split("|") if "=" in part)
            if line.startswith(b"packet|"):
                length = _seconds(values.get("duration_time")) or 1 / metadata.fps
                time = _seconds(values.get("pts_time"))
                found.joined |= time is not None and time < found.last - reordered
                _add(found, time, length, values.get("flags", ""))
            elif line.startswith(b"stream|"):
                found.pixel_format = values.get("pix_fmt", "").strip()
                found.field_order = values.get("field_order", "").strip()
            elif line.startswith(b"format|"):
                found.start = _seconds(values.get("start_time")) or 0.0

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


def _seconds(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def why_not_copied(metadata: Metadata, plan: Plan) -> str | None:
    """Why a video's clips must be encoded to be inside their limits; None where they need not."""
    if metadata.codec != "h264":
        return message("its pictures are {codec}, not h264", codec=metadata.codec)
    if metadata.audio and metadata.audio.codec != "aac":
        return message("its sound is {codec}, not aac", codec=metadata.audio.codec)
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
    """Why a video's clips cannot be copied at all; None where they can."""
    if metadata.codec not in _VIDEO:
        return message("{codec} video does not go into an MP4 as it is", codec=printable(metadata.codec))
    if metadata.audio and metadata.audio.codec not in _AUDIO:
        return message("{codec} sound does not go into an MP4 as it is", codec=printable(metadata.audio.codec))
    return None


def plain_pictures(packets: Packets) -> bool:
    """Whether the pictures are such as clips have: 8 bits, 4:2:0, not interlaced, in one go."""
    if packets.joined:
        return False
    return packets.pixel_format in ("yuv420p", "yuvj420p") and packets.field_order in ("progressive", "unknown", "")


def nearest_keyframes(packets: Packets, starts: Sequence[float], tolerance: float | None) -> list[float] | None:
    """The keyframes that clips would begin with.

    Args:
        packets: the video's.
        starts: where the clips should begin, the first at 0.
        tolerance: seconds that a clip may begin beside that; None: any.

    Returns:
        Where the clips begin, the first at 0; fewer than asked where two would begin with one keyframe. None if
        one is farther off than the tolerance, or the video does not begin with a keyframe.
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


def copy_pieces(
    path: Path, folder: Path, metadata: Metadata, starts: Sequence[float], packets: Packets
) -> list[Piece] | None:
    """Cut a video at keyframes without decoding it.

    Args:
        path: the video.
        folder: a new one; the clips go here, under names of the moment.
        metadata: the video's.
        starts: the keyframes that clips begin with, in seconds, the first at 0.
        packets: the video's.

    Returns:
        The clips in order, with their true times: the last ends where the pictures do, and the sound with them.
        None, and the files removed, if other pieces came out.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    listing = folder / "copied.csv"
    target = str(folder.absolute()).replace("%", "%%") + "/copied_%06d.mp4"
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *input_arguments(path), "-map", f"0:{metadata.stream}"]
    arguments += ["-map", "0:a:0?", *([] if packets.joined else ["-t", f"{packets.end:.6f}"])]
    arguments += ["-c", "copy", "-sn", "-dn", "-avoid_negative_ts", "disabled", "-f", "segment"]
    # The segment muxer counts from the first picture, which need not be at 0.
    times = ",".join(f"{start - packets.keyframes[0] - 0.001:.3f}" for start in starts[1:])
    arguments += ["-segment_times", times] if times else ["-segment_time", "1000000000"]
    arguments += ["-reset_timestamps", "1", "-segment_format", "mp4"]
    arguments += ["-segment_format_options", "movflags=+faststart"]
    arguments += ["-segment_list", str(listing.absolute()), "-segment_list_type", "csv", target]
    run_tool(arguments, metadata.time_allowed)
    pieces = listed_pieces(listing)
    listing.unlink(missing_ok=True)
    files = sorted(folder.glob("copied_*.mp4"))
    if len(files) != len(starts) or any(
        abs(begin - start) > 0.01 for (begin, _), start in zip(pieces[1:], starts[1:], strict=True)
    ):
        for file in files:
            file.unlink()
        return None
    end = pictures_end(pieces, metadata)
    return list(zip(starts, [*starts[1:], end], files, strict=True))


def copy_error(path: Path, why: str) -> MediaError:
    """What a user is told who asked for copies that cannot be."""
    return MediaError(
        "{path} cannot be cut without encoding: {why}. ClipMode auto encodes where it must",
        path=printable(path.name),
        why=why,
    )
