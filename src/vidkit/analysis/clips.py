"""Clips: a video cut into pieces of one length, small enough for a model, playable alone, exact to a frame."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkit.analysis.probe import Metadata, extract_metadata
from vidkit.core import ensure_directory, printable
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.units import parse_resolution

# No B-frames: audio is then cut where the picture is, and seeking in a clip is cheap for a training loader.
VIDEO_CODEC = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-bf", "0", "-pix_fmt", "yuv420p"]
AUDIO_CODEC = ["-c:a", "aac", "-b:a", "128k"]
_NEAR = 1e-6  # seconds; less than any frame lasts, more than rounding does


@dataclass(frozen=True)
class Segment:
    """One clip: its number from 1, its times in the video in seconds, its file, its size in pixels, its rate."""

    index: int
    start_time: float
    end_time: float
    path: Path
    width: int
    height: int
    fps: float


def segment_video(
    input_video: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    segment_length: float = 15,
    max_resolution: str = "720p",
    max_fps: float = 30,
    segment_overlap: float = 0,
    metadata: Metadata | None = None,
    stem: str | None = None,
) -> list[Segment]:
    """Cut a video into clips, H.264 and AAC in MP4, with one ffmpeg process and one decode.

    Args:
        input_video: a local video file.
        output_dir: the clips go here, as `<stem>_clip_001.mp4` and on; made if missing.
        segment_length: seconds; the last clip may be shorter.
        max_resolution: clips fit inside it, held as the video is; `720p` is 1280x720 or 720x1280. Never enlarged.
        max_fps: frames a second, at most; never raised.
        segment_overlap: seconds of a clip that the next one repeats.
        metadata: what `extract_metadata` said of the file, where it is known already.
        stem: how the clips' names begin; by default as the video's.

    Returns:
        The clips in order. A clip holds the frames whose time is in [start, end), and starts at 0 itself.

    Raises:
        ValueError: the overlap is not less than the length.
        MediaError: ffmpeg cannot make them; the message is ffmpeg's own.
        OutputError: the folder cannot be made.
    """
    if not 0 <= segment_overlap < segment_length:
        raise ValueError(f"an overlap of {segment_overlap} s needs clips longer than {segment_length} s")
    path = Path(input_video)
    folder = ensure_directory(output_dir)
    metadata = metadata or extract_metadata(path)
    plan = _Plan(segment_length, segment_length - segment_overlap, *clip_size(metadata, max_resolution))
    stem = stem or path.stem
    fps = max_fps if metadata.fps > max_fps * 1.001 else None
    try:
        pieces = _cut(path, folder, metadata, plan, fps)
        if pieces is None:
            # Times too irregular to cut by (a picture that stands for longer than a clip): even them out.
            pieces = _cut(path, folder, metadata, plan, min(max_fps, metadata.fps)) or {}
    except MediaError as error:
        raise MediaError(f"{printable(path.name)} cannot be cut into clips: {error}") from None
    segments = []
    for index, start in enumerate(sorted(pieces), 1):
        clip = folder / clip_name(stem, index)
        os.replace(pieces[start], clip)
        end = min(start + segment_length, metadata.duration)
        rate = round(fps or metadata.fps, 6)
        segments.append(Segment(index, round(start, 6), round(end, 6), clip, plan.width, plan.height, rate))
    return segments


def extract_scene_segment(
    video_path: str | os.PathLike[str],
    start_time: float,
    end_time: float,
    output_dir: str | os.PathLike[str] = "scene_segments",
    max_resolution: str = "720p",
    max_fps: float = 30,
) -> Path:
    """Cut one piece out of a video, exact to a frame: `<stem>_<start>-<end>.mp4`, H.264 and AAC.

    Raises:
        ValueError: the end is not after the start.
        MediaError: ffmpeg cannot make it, or the piece holds no frame.
        OutputError: the folder cannot be made.
    """
    if not 0 <= start_time < end_time:
        raise ValueError(f"a piece from {start_time} to {end_time} s cannot be cut")
    path = Path(video_path)
    metadata = extract_metadata(path)
    target = ensure_directory(output_dir) / f"{path.stem}_{start_time:.2f}-{end_time:.2f}.mp4"
    fps = max_fps if metadata.fps > max_fps * 1.001 else None
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", f"{start_time:.6f}", *input_arguments(path)]
    arguments += ["-t", f"{end_time - start_time:.6f}", "-map", f"0:{metadata.stream}", "-map", "0:a:0?"]
    arguments += ["-vf", ",".join(_filters(metadata, *clip_size(metadata, max_resolution), fps))]
    arguments += [*_encoding(), "-movflags", "+faststart", "-f", "mp4", str(target.absolute())]
    try:
        run_tool(arguments, metadata.time_allowed)
    except MediaError as error:
        raise MediaError(f"{printable(path.name)} cannot be cut: {error}") from None
    return target


def clip_name(stem: str, index: int) -> str:
    """`<stem>_clip_001.mp4`: clips are numbered from 001."""
    return f"{stem}_clip_{index:03d}.mp4"


def clip_size(metadata: Metadata, max_resolution: str) -> tuple[int, int]:
    """The size of a video's clips: inside the limit held as the video is, aspect kept, even, never enlarged.

    Returns:
        Width and height in pixels; at least 2, which is the least that H.264 in 4:2:0 can hold.
    """
    long, short = sorted(parse_resolution(max_resolution), reverse=True)
    limit = (long, short) if metadata.width >= metadata.height else (short, long)
    scale = min(1.0, limit[0] / metadata.width, limit[1] / metadata.height)
    if scale == 1.0:
        return max(2, metadata.width // 2 * 2), max(2, metadata.height // 2 * 2)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (metadata.width, metadata.height))
    return min(width, limit[0] // 2 * 2 or 2), min(height, limit[1] // 2 * 2 or 2)


@dataclass(frozen=True)
class _Plan:
    """Clips of `length` seconds that start every `step` seconds.

    Clips that overlap cannot come from one encoder, so the clips are dealt to as few encoders ("tracks") as they
    need: clip number i goes to track i modulo `tracks`, where it meets no other.
    """

    length: float
    step: float
    width: int
    height: int

    @property
    def tracks(self) -> int:
        return math.ceil(self.length / self.step - 1e-9)

    @property
    def period(self) -> float:
        return self.tracks * self.step


def _cut(path: Path, folder: Path, metadata: Metadata, plan: _Plan, fps: float | None) -> dict[float, Path] | None:
    """Make all clips, under names of the moment.

    Returns:
        Start in seconds -> file, or None if the pieces that came out are not the planned ones.
    """
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *input_arguments(path)]
    arguments += ["-filter_complex", _graph(metadata, plan, fps)]
    for track in range(plan.tracks):
        arguments += ["-map", f"[v{track}]"]
        arguments += ["-map", f"[a{track}]"] if metadata.audio else []
        arguments += [*_encoding(), "-force_key_frames", f"expr:gte(t+{_NEAR},n_forced*{plan.period:.6f})"]
        # Negative times (an encoder's priming) stay, so that no clip's start is moved.
        arguments += ["-avoid_negative_ts", "disabled", "-f", "segment", "-segment_time", f"{plan.period:.6f}"]
        arguments += ["-reset_timestamps", "1", "-segment_format", "mp4"]
        arguments += ["-segment_format_options", "movflags=+faststart"]
        arguments += ["-segment_list", str((folder / f".track{track}.csv").absolute()), "-segment_list_type", "csv"]
        arguments += [str(folder.absolute()).replace("%", "%%") + f"/.track{track}_%06d.mp4"]
    for leftover in folder.glob(".track*"):
        leftover.unlink()
    run_tool(arguments, metadata.time_allowed)
    made: dict[float, Path] = {}
    for track in range(plan.tracks):
        pieces = _pieces(folder / f".track{track}.csv")
        if not _as_planned(pieces, plan.period):
            return None
        (folder / f".track{track}.csv").unlink(missing_ok=True)
        for number in range(len(pieces)):
            start = (number * plan.tracks + track) * plan.step
            piece = folder / f".track{track}_{number:06d}.mp4"
            if _adds_something(start, plan, metadata):
                made[start] = piece
            else:
                piece.unlink(missing_ok=True)
    return made


def _adds_something(start: float, plan: _Plan, metadata: Metadata) -> bool:
    """Whether a clip is the first, or holds a frame that the one before it does not."""
    seen = start - plan.step + plan.length
    return start == 0 or seen < metadata.duration - 0.5 / metadata.fps


def _pieces(listing: Path) -> list[tuple[float, float]]:
    """Start and end of each piece, in seconds of its track, as ffmpeg listed them."""
    try:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:  # a track that no clip fell to
        return []
    found = (re.search(r",([\d.]+),([\d.]+)$", line) for line in lines)
    return [(float(match[1]), float(match[2])) for match in found if match]


def _as_planned(pieces: Sequence[tuple[float, float]], period: float) -> bool:
    """Whether the n-th piece lies in the n-th period, as it does unless a period holds no frame at all."""
    return all(number * period - _NEAR <= start < (number + 1) * period for number, (start, _) in enumerate(pieces))


def _graph(metadata: Metadata, plan: _Plan, fps: float | None) -> str:
    """Each frame scaled once, then handed to the tracks whose clip it is in."""
    video = _filters(metadata, plan.width, plan.height, fps)
    streams = [("v", f"0:{metadata.stream}", ",".join(video), "split", "select", "setpts")]
    if metadata.audio:
        streams.append(("a", "0:a:0", "anull", "asplit", "aselect", "asetpts"))
    chains = []
    for kind, source, first, split, select, setpts in streams:
        if plan.tracks == 1:
            chains.append(f"[{source}]{first}[{kind}0]")
            continue
        outputs = "".join(f"[{kind}in{track}]" for track in range(plan.tracks))
        chains.append(f"[{source}]{first},{split}={plan.tracks}{outputs}")
        for track in range(plan.tracks):
            offset = f"{track * plan.step:.6f}"
            inside = f"gte(t+{_NEAR},{offset})*lt(mod(t-{offset}+{_NEAR},{plan.period:.6f}),{plan.length:.6f})"
            chains.append(f"[{kind}in{track}]{select}='{inside}',{setpts}=PTS-{offset}/TB[{kind}{track}]")
    return ";".join(chains)


def _filters(metadata: Metadata, width: int, height: int, fps: float | None) -> list[str]:
    filters = [f"fps={fps:.6f}"] if fps else []
    if (width, height) != (metadata.width, metadata.height):
        filters.append(f"scale={width}:{height}")
    return [*filters, "format=yuv420p"]


def _encoding() -> list[str]:
    # The video's own times, in its own time base: neither evened out nor rounded to a frame rate.
    return ["-fps_mode", "vfr", "-enc_time_base", "-1", *VIDEO_CODEC, *AUDIO_CODEC, "-sn", "-dn"]
