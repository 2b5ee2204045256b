"""Cut a video into clips, by time or by scenes, within limits on size and frame rate."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from vidkit.analysis.clip_files import building, clip_name, remove_older_clips
from vidkit.analysis.copying import (
    NEAR_ENOUGH,
    copy_clips,
    copy_error,
    has_clip_format,
    nearest_keyframes,
    read_packets,
    why_not_copyable,
    why_not_within_limits,
)
from vidkit.analysis.cut import ClipFile, Plan, cut, video_filters
from vidkit.analysis.encoders import choose_encoder, encoding
from vidkit.analysis.probe import Metadata, extract_metadata
from vidkit.analysis.scenes import Scene, detect_scenes
from vidkit.core import ensure_directory, printable
from vidkit.core.settings import Processing
from vidkit.core.units import parse_resolution
from vidkit.errors import MediaError
from vidkit.ffmpeg import input_arguments, run_tool
from vidkit.messages import message


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


@dataclass(frozen=True)
class ClipSettings:
    """How clips are made; `segment_video` explains each field."""

    segment_length: float = Processing.segment_length
    max_resolution: str = Processing.max_resolution
    max_fps: float = Processing.max_fps
    segment_overlap: float = Processing.segment_overlap
    segment_by: str = Processing.segment_by
    clip_mode: str = Processing.clip_mode
    encoder: str = Processing.encoder
    min_segment_length: float = Processing.min_segment_length

    @classmethod
    def from_processing(cls, processing: Processing) -> ClipSettings:
        """The clip settings in the user's configuration.

        Raises:
            ConfigError: the encoder does not work here.
        """
        values = {each.name: getattr(processing, each.name) for each in fields(cls)}
        return cls(**{**values, "encoder": choose_encoder(processing.encoder)})


def segment_video(
    input_video: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    segment_length: float = ClipSettings.segment_length,
    max_resolution: str = ClipSettings.max_resolution,
    max_fps: float = ClipSettings.max_fps,
    segment_overlap: float = ClipSettings.segment_overlap,
    metadata: Metadata | None = None,
    stem: str | None = None,
    *,
    segment_by: str = ClipSettings.segment_by,
    scenes: Sequence[Scene] | None = None,
    clip_mode: str = ClipSettings.clip_mode,
    encoder: str = ClipSettings.encoder,
    min_segment_length: float = ClipSettings.min_segment_length,
) -> list[Segment]:
    """Cut a video into clips, H.264 and AAC in MP4, with one ffmpeg process and one decode, or none.

    Args:
        input_video: a local video file.
        output_dir: the folder for `<stem>_clip_001.mp4` and so on; created if missing. Clips with higher numbers,
            from earlier settings, are deleted.
        segment_length: seconds; the last clip may be shorter, or longer by `min_segment_length`.
        max_resolution: maximum size; `720p` is 1280x720, or 720x1280 for portrait. Never enlarged.
        max_fps: maximum frame rate; lower frame rates are kept.
        segment_overlap: overlap between two clips, in seconds.
        metadata: the result of `extract_metadata`, if known.
        stem: start of the clip names; by default the stem of the video.
        segment_by: `time`, or `scenes`: one clip per scene; a scene longer than `segment_length`
            is divided equally.
        scenes: the scenes for `segment_by`, if known.
        clip_mode: `encode`; `copy`: cut at the nearest keyframes without re-encoding, whatever the limits; `auto`:
            copy if the video meets the limits and has keyframes near the cuts, else encode.
        encoder: `libx264`, the ffmpeg name of a hardware encoder, or `auto`: a hardware encoder if one works.
        min_segment_length: seconds; a shorter last clip is merged into the previous one. Scene clips are never
            merged.

    Returns:
        The clips in order. A clip contains the frames with timestamps in [start, end); its own time starts at 0.
        The last clip ends with the last frame.

    Raises:
        ValueError: the overlap is not less than the length.
        ConfigError: the encoder does not work here.
        MediaError: ffmpeg failed (with its message), or the video cannot be copied.
        OutputError: the folder cannot be created or written.
    """
    path = Path(input_video)
    settings = ClipSettings(
        segment_length,
        max_resolution,
        max_fps,
        segment_overlap,
        segment_by,
        clip_mode,
        choose_encoder(encoder),
        min_segment_length,
    )
    check_clips(settings)
    folder = ensure_directory(output_dir)
    metadata = metadata or extract_metadata(path)
    if segment_by == "scenes" and scenes is None:
        scenes = detect_scenes(path, metadata=metadata)
    stem = stem or path.stem
    segments = make_clips(path, folder, stem, metadata, settings, scenes)
    remove_older_clips(folder, stem, len(segments), path)
    return segments


def make_clips(
    path: Path,
    folder: Path,
    stem: str,
    metadata: Metadata,
    settings: ClipSettings,
    scenes: Sequence[Scene] | None = None,
    damaged: bool = False,
) -> list[Segment]:
    """Like `segment_video`, but with checked settings, and without removing older clips.

    `scenes` are needed for scene clips. `auto` does not copy a video that is known to be `damaged`.
    """
    plan = clip_plan(metadata, settings, scenes)
    with building(folder) as new:
        if not (damaged and settings.clip_mode == "auto"):
            clips = try_copy(path, new, metadata, settings, plan)
            if clips is not None:
                return named_clips(clips, folder, stem, metadata)
        with cut_errors(path):
            clips = cut(path, new, metadata, plan)
        return named_clips(clips, folder, stem, metadata, plan)


def check_clips(settings: ClipSettings) -> None:
    """Refuse settings that contradict each other.

    Raises:
        ValueError: the overlap is not less than the length, or copied clips would overlap.
    """
    length, overlap = settings.segment_length, settings.segment_overlap
    if not 0 <= overlap < length:
        raise ValueError(
            message("an overlap of {overlap} s needs clips longer than {length} s", overlap=overlap, length=length)
        )
    if overlap and settings.segment_by == "time" and settings.clip_mode == "copy":
        raise ValueError(message("clips that overlap cannot be copied"))


def clip_plan(metadata: Metadata, settings: ClipSettings, scenes: Sequence[Scene] | None = None) -> Plan:
    """Where the clips of a video start, and their size, frame rate and encoder."""
    width, height = clip_size(metadata, settings.max_resolution)
    along = settings.segment_by == "scenes"
    return Plan(
        length=settings.segment_length,
        step=settings.segment_length - settings.segment_overlap,
        width=width,
        height=height,
        encoder=settings.encoder,
        fps=reduced_frame_rate(metadata, settings.max_fps),
        starts=tuple(scene_starts(scenes or [], settings.segment_length)) if along else None,
        min_length=0.0 if along else settings.min_segment_length,
    )


def reduced_frame_rate(metadata: Metadata, max_fps: float) -> float | None:
    """The frame rate to which a video is reduced; None if its own is within the limit, or hardly over it."""
    return max_fps if metadata.fps > max_fps * 1.001 else None


def scene_starts(scenes: Sequence[Scene], longest: float) -> list[float]:
    """Where scene clips start: with each scene; a scene longer than `longest` is divided equally."""
    starts = []
    for scene in scenes:
        length = scene.end_time - scene.start_time
        parts = max(1, math.ceil(length / longest - 1e-6))
        starts += [round(scene.start_time + length * part / parts, 6) for part in range(parts)]
    return starts or [0.0]


@contextmanager
def cut_errors(path: Path) -> Iterator[None]:
    """Name the video in the errors of ffmpeg and ffprobe."""
    try:
        yield
    except MediaError as error:
        raise MediaError(
            "{path} cannot be cut into clips: {error}", path=printable(path.name), error=error
        ) from None


def try_copy(
    path: Path, folder: Path, metadata: Metadata, settings: ClipSettings, plan: Plan
) -> list[ClipFile] | None:
    """Copy the clips without re-encoding; None if the settings or the video need encoding.

    Raises:
        MediaError: the clip mode is `copy`, and the video cannot be copied; the message says why.
    """
    if settings.clip_mode == "encode":
        return None
    forced = settings.clip_mode == "copy"
    why = why_not_copyable(metadata)
    if not forced:
        why = why or why_not_within_limits(metadata, plan)
        why = why or (message("clips overlap") if plan.tracks > 1 else None)
    if why and forced:
        raise copy_error(path, why)
    if why:
        return None
    with cut_errors(path):
        packets = read_packets(path, metadata)
    end = max(metadata.duration, packets.end)  # the duration in a header may be too short
    starts = plan.starts or [n * plan.step for n in range(max(1, math.ceil(end / plan.step - 1e-6)))]
    if not forced and not has_clip_format(packets):
        return None
    # A scene clip must not contain frames of another scene.
    near = NEAR_ENOUGH if plan.starts is None else 0.5 / metadata.fps
    keyframes = nearest_keyframes(packets, starts, None if forced else near)
    if keyframes is None:
        if forced:
            raise copy_error(path, message("it does not begin with a keyframe"))
        return None
    try:
        if len(keyframes) > 1 and packets.end - keyframes[-1] < plan.min_length - 0.5 / metadata.fps:
            keyframes.pop()
        clips = copy_clips(path, folder, metadata, keyframes, packets)
    except MediaError as error:
        if forced:
            raise copy_error(path, str(error)) from None
        return None
    if clips is None and forced:
        raise copy_error(path, message("ffmpeg does not cut it at its keyframes"))
    return clips


def named_clips(
    clips: Sequence[ClipFile], folder: Path, stem: str, metadata: Metadata, plan: Plan | None = None
) -> list[Segment]:
    """Name the clips in order. Without a plan they are copies, with the video's own size and frame rate."""
    like = plan or metadata
    rate = round((plan and plan.fps) or metadata.fps, 6)
    segments = []
    for index, (start, end, file) in enumerate(clips, 1):
        clip = folder / clip_name(stem, index)
        os.replace(file, clip)
        segments.append(Segment(index, round(start, 6), round(end, 6), clip, like.width, like.height, rate))
    return segments


def extract_scene_segment(
    video_path: str | os.PathLike[str],
    start_time: float,
    end_time: float,
    output_dir: str | os.PathLike[str] = "scene_segments",
    max_resolution: str = "720p",
    max_fps: float = 30,
) -> Path:
    """Cut one frame-accurate clip out of a video: `<stem>_<start>-<end>.mp4`, H.264 and AAC.

    Raises:
        ValueError: the end is not after the start.
        MediaError: ffmpeg failed, or the clip contains no frame.
        OutputError: the folder cannot be created.
    """
    if not 0 <= start_time < end_time:
        raise ValueError(
            message(
                "a clip from {start_time} to {end_time} s cannot be cut", start_time=start_time, end_time=end_time
            )
        )
    path = Path(video_path)
    metadata = extract_metadata(path)
    folder = ensure_directory(output_dir)
    target = folder / f"{path.stem}_{start_time:.2f}-{end_time:.2f}.mp4"
    size = clip_size(metadata, max_resolution)
    arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", f"{start_time:.6f}", *input_arguments(path)]
    arguments += ["-t", f"{end_time - start_time:.6f}", "-map", f"0:{metadata.stream}", "-map", "0:a:0?"]
    arguments += [
        "-vf",
        ",".join(video_filters(*size, reduced_frame_rate(metadata, max_fps))),
        *encoding("libx264", *size),
    ]
    arguments += ["-movflags", "+faststart", "-f", "mp4"]
    with building(folder) as new:
        clip = new / "clip.mp4"
        try:
            run_tool([*arguments, str(clip.absolute())], metadata.time_allowed)
        except MediaError as error:
            raise MediaError("{path} cannot be cut: {error}", path=printable(path.name), error=error) from None
        try:
            extract_metadata(clip)
        except MediaError:
            what = message(
                "no frame from {start_time:g} to {end_time:g} s, of {duration:g} s",
                start_time=start_time,
                end_time=end_time,
                duration=metadata.duration,
            )
            raise MediaError("{path} has {what}", path=printable(path.name), what=what) from None
        os.replace(clip, target)
    return target


def clip_size(metadata: Metadata, max_resolution: str) -> tuple[int, int]:
    """The size of a video's clips: within the limit (turned for portrait), same aspect ratio, even, never enlarged.

    Returns:
        Width and height in pixels; at least 2, the minimum of H.264 in 4:2:0.
    """
    long, short = sorted(parse_resolution(max_resolution), reverse=True)
    limit = (long, short) if metadata.width >= metadata.height else (short, long)
    scale = min(1.0, limit[0] / metadata.width, limit[1] / metadata.height)
    if scale == 1.0:
        return max(2, metadata.width // 2 * 2), max(2, metadata.height // 2 * 2)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (metadata.width, metadata.height))
    return min(width, limit[0] // 2 * 2 or 2), min(height, limit[1] // 2 * 2 or 2)
