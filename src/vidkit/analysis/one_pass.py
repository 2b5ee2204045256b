"""Make scenes, thumbnails, contact sheet, clips and the outputs of other stages with one decode of a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vidkit.analysis.clip_files import building
from vidkit.analysis.clips import ClipSettings, Segment, clip_plan, cut_errors, make_clips, named_clips, try_copy
from vidkit.analysis.cut import ClipFile, Plan, cut_clips, cut_output, finish_clips
from vidkit.analysis.decode import DecodeLog, DecodeOutput, DecodeRequest, decode
from vidkit.analysis.duration import decoded_duration
from vidkit.analysis.probe import Metadata
from vidkit.analysis.scenes import DETECTORS, Detection, Scene, scenes_between
from vidkit.analysis.sprites import Sprites, sprite_interval, sprites_output, write_vtt
from vidkit.analysis.thumbnails import candidates_output, choose_thumbnails
from vidkit.core import printable
from vidkit.core.settings import SceneDetection
from vidkit.errors import MediaError
from vidkit.messages import message


@dataclass(frozen=True)
class SceneOptions:
    """How scenes are detected; thumbnails and contact sheet are written to `folder`, which must exist.

    `threshold`, `min_length` and `detector` are as in `detect_scenes`; `sprite_interval` is in seconds, 0 for no
    contact sheet.
    """

    folder: Path
    threshold: float = SceneDetection.default_threshold
    min_length: float = SceneDetection.min_scene_length
    detector: str = SceneDetection.detector
    sprite_interval: float = 0.0


@dataclass(frozen=True)
class ClipOptions:
    """How clips are made: in an existing folder, with names that begin with the stem."""

    folder: Path
    stem: str
    settings: ClipSettings = field(default_factory=ClipSettings)


@dataclass(frozen=True)
class SceneResult:
    """The scenes of a video, with thumbnails and contact sheet.

    `duration` is the video's, in seconds; the decoded duration if the header is wrong. All times are within it.
    `thumbnails` has a file, or None, for each scene; `unread` is the seconds that could not be decoded.
    """

    duration: float
    scenes: list[Scene]
    thumbnails: list[Path | None]
    sprites: Sprites | None
    unread: float


@dataclass(frozen=True)
class Analysis(SceneResult):
    """The result of `analyse_video`; `segments` is None if no clips were requested."""

    segments: list[Segment] | None


@dataclass(frozen=True)
class ClipRequest:
    """What clips need from a shared decode: no outputs if they are copied, or are scene clips.

    `finish` makes the clips after the decode. It takes the metadata with the decoded duration, the scenes, and the
    seconds of the video that could not be decoded.
    """

    outputs: Sequence[DecodeOutput]
    finish: Callable[[Metadata, Sequence[Scene], float], list[Segment]]


def analyse_video(
    path: Path, metadata: Metadata, scenes: SceneOptions, clips: ClipOptions | None = None
) -> Analysis:
    """Find the scenes of a video, make thumbnails and clips, with one decode; scene clips need another.

    Args:
        path: a local video file.
        metadata: the result of `extract_metadata`.
        scenes: how scenes are detected.
        clips: how clips are made, if any; the encoder must come from `choose_encoder`.

    Raises:
        MediaError: ffmpeg cannot decode the file or make the clips; the message is ffmpeg's own.
    """
    with requested_scenes(path, metadata, scenes) as request:
        if clips is None:
            return Analysis(**vars(request.finish(decode_once(path, metadata, [request]))), segments=None)
        with requested_clips(path, metadata, clips) as clip_request:
            also = DecodeRequest[None](clip_request.outputs, lambda decode_log: None, message("cut into clips"))
            found = request.finish(decode_once(path, metadata, [request, also]))
            measured = replace(metadata, duration=found.duration)
            return Analysis(**vars(found), segments=clip_request.finish(measured, found.scenes, found.unread))


def decode_once(path: Path, metadata: Metadata, requests: Sequence[DecodeRequest[Any]]) -> DecodeLog:
    """Decode a video once for all requests; not at all if no request has an output.

    Returns:
        The decode log, for the `finish` of each request.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
        Exception: raised by the first reader of an output that failed.
    """
    outputs = [output for request in requests for output in request.outputs]
    if not outputs:
        return DecodeLog()
    try:
        return decode(path, metadata, outputs)
    except MediaError as error:
        what = " and ".join(dict.fromkeys(request.purpose for request in requests if request.outputs))
        raise MediaError(
            "{path} cannot be {what}: {error}", path=printable(path.name), what=what, error=error
        ) from None


@contextmanager
def requested_scenes(path: Path, metadata: Metadata, options: SceneOptions) -> Iterator[DecodeRequest[SceneResult]]:
    """What scenes, their thumbnails and the contact sheet need from a decode. The context removes temporary files.

    Args:
        path: a local video file.
        metadata: the result of `extract_metadata`.
        options: how scenes are detected.

    Raises:
        MediaError: from `finish`: the duration in the header is wrong, and ffmpeg cannot make a new contact sheet.
    """
    interval = sprite_interval(metadata.duration, options.sprite_interval) if options.sprite_interval else 0.0
    detection = DETECTORS[options.detector](options.threshold, metadata)
    with building(options.folder) as candidates:
        outputs = [detection.output, candidates_output(metadata, candidates)]
        if interval:
            outputs.append(sprites_output(metadata, options.folder, interval))

        def finish(decode_log: DecodeLog) -> SceneResult:
            return _scenes_found(path, metadata, options, detection, decode_log, candidates)

        yield DecodeRequest(outputs, finish)


def _scenes_found(
    path: Path,
    metadata: Metadata,
    options: SceneOptions,
    detection: Detection,
    decode_log: DecodeLog,
    candidates: Path,
) -> SceneResult:
    duration = decoded_duration(path, metadata, decode_log)
    measured = replace(metadata, duration=duration)
    unread = decode_log.unread(measured)
    scenes = scenes_between(detection.cuts(decode_log), duration, options.min_length)
    interval = sprite_interval(duration, options.sprite_interval) if options.sprite_interval else 0.0
    if interval and duration != metadata.duration:
        _new_contact_sheet(path, measured, options, interval)
    thumbnails = choose_thumbnails(path, scenes, candidates, options.folder, measured)
    sprites = write_vtt(measured, options.folder, interval) if interval else None
    return SceneResult(duration, scenes, thumbnails, sprites, unread)


def _new_contact_sheet(path: Path, metadata: Metadata, options: SceneOptions, interval: float) -> None:
    """Make the contact sheet again, for the decoded duration."""
    for sheet in options.folder.glob("sprites_*.jpg"):
        sheet.unlink()
    try:
        decode(path, metadata, [sprites_output(metadata, options.folder, interval)])
    except MediaError as error:
        raise MediaError("{path} cannot be decoded: {error}", path=printable(path.name), error=error) from None


@contextmanager
def requested_clips(
    path: Path, metadata: Metadata, options: ClipOptions, damaged: bool = False
) -> Iterator[ClipRequest]:
    """What clips need from a decode. Clips without re-encoding are copied now. The context removes temporary files.

    Args:
        path: a local video file.
        metadata: the result of `extract_metadata`.
        options: how clips are made; the encoder must come from `choose_encoder`.
        damaged: whether frames are known to be lost: `auto` does not copy such a video.

    Raises:
        MediaError: the clips cannot be copied; from `finish`: they cannot be made.
    """
    settings = options.settings
    if settings.segment_by == "scenes":
        yield ClipRequest([], lambda known, scenes, unread: _make_clips(path, known, options, scenes, unread))
        return
    plan = clip_plan(metadata, settings)
    with building(options.folder) as temporary:
        skipped = damaged and settings.clip_mode == "auto"
        copies = None if skipped else try_copy(path, temporary, metadata, settings, plan)
        if copies is None:
            yield ClipRequest(
                [cut_output(metadata, plan, temporary)],
                lambda known, scenes, unread: _decoded_clips(path, known, options, temporary, plan),
            )
        else:
            yield ClipRequest(
                [], lambda known, scenes, unread: _copied_clips(path, known, options, copies, scenes, unread)
            )


def _decoded_clips(path: Path, metadata: Metadata, options: ClipOptions, folder: Path, plan: Plan) -> list[Segment]:
    """Name the clips that the decode wrote to a folder."""
    with cut_errors(path):
        clips = finish_clips(path, folder, metadata, plan, cut_clips(path, metadata, plan, folder))
    return named_clips(clips, options.folder, options.stem, metadata, plan)


def _copied_clips(
    path: Path,
    metadata: Metadata,
    options: ClipOptions,
    copies: Sequence[ClipFile],
    scenes: Sequence[Scene],
    unread: float,
) -> list[Segment]:
    """Name the copies; if the decode found damage, `auto` encodes the clips instead."""
    if unread and options.settings.clip_mode == "auto":
        return _make_clips(path, metadata, options, scenes, unread)
    return named_clips(copies, options.folder, options.stem, metadata)


def _make_clips(
    path: Path, metadata: Metadata, options: ClipOptions, scenes: Sequence[Scene], unread: float
) -> list[Segment]:
    """Copy the clips, or make them with a decode of their own."""
    return make_clips(path, options.folder, options.stem, metadata, options.settings, scenes, unread > 0)
