"""Everything that one decode of a video makes: scenes, thumbnails, contact sheet, clips, and what others want."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vidkit.analysis.clip_files import building
from vidkit.analysis.clips import ClipSettings, Segment, clip_plan, copied, make_clips, named_clips
from vidkit.analysis.cut import Piece, Plan, cut_output, cut_pieces, finished
from vidkit.analysis.decode import DecodeOutput, DecodeRequest, Listener, decode
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
class SceneWish:
    """Scenes that are wanted, with their thumbnails and the contact sheet in an existing folder.

    `threshold`, `min_length` and `detector` are as in `detect_scenes`; `sprite_interval` is in seconds, 0 for no
    contact sheet.
    """

    folder: Path
    threshold: float = SceneDetection.default_threshold
    min_length: float = SceneDetection.min_scene_length
    detector: str = SceneDetection.detector
    sprite_interval: float = 0.0


@dataclass(frozen=True)
class ClipWish:
    """Clips that are wanted, in an existing folder under names that begin with a stem."""

    folder: Path
    stem: str
    settings: ClipSettings = field(default_factory=ClipSettings)


@dataclass(frozen=True)
class SceneResult:
    """What was found and drawn.

    `duration` is the video's, in seconds: where its header is wrong, of what was decoded. All times are inside it.
    `thumbnails` has a file, or None, for each scene; `unread` says how many seconds of the pictures could not be
    decoded.
    """

    duration: float
    scenes: list[Scene]
    thumbnails: list[Path | None]
    sprites: Sprites | None
    unread: float


@dataclass(frozen=True)
class Analysis(SceneResult):
    """What was made of a video; `segments` is None where no clips were wanted."""

    segments: list[Segment] | None


@dataclass(frozen=True)
class ClipRequest:
    """What clips want of a decode that others share: nothing where they are copied, or lie along scenes.

    `finish` makes the clips once all is decoded. It takes the metadata with the duration that is known by then, the
    scenes, and the seconds whose pictures could not be decoded.
    """

    outputs: Sequence[DecodeOutput]
    finish: Callable[[Metadata, Sequence[Scene], float], list[Segment]]


def analyse_video(path: Path, metadata: Metadata, scenes: SceneWish, clips: ClipWish | None = None) -> Analysis:
    """Find the scenes of a video, draw it, and cut it into clips, with one decode; clips along scenes need another.

    Args:
        path: a local video file.
        metadata: what `extract_metadata` said of it.
        scenes: what is to be found and drawn.
        clips: the clips, if they are wanted; the encoder is one that `choose_encoder` gave.

    Raises:
        MediaError: ffmpeg cannot decode the file or make the clips, in its own words.
    """
    with requested_scenes(path, metadata, scenes) as request:
        if clips is None:
            return Analysis(**vars(request.finish(decode_once(path, metadata, [request]))), segments=None)
        with requested_clips(path, metadata, clips) as cutting:
            also = DecodeRequest[None](cutting.outputs, lambda heard: None, message("cut into clips"))
            found = request.finish(decode_once(path, metadata, [request, also]))
            measured = replace(metadata, duration=found.duration)
            return Analysis(**vars(found), segments=cutting.finish(measured, found.scenes, found.unread))


def decode_once(path: Path, metadata: Metadata, requests: Sequence[DecodeRequest[Any]]) -> Listener:
    """Decode a video once for all that is requested; not at all where no request has an output.

    Returns:
        What was heard, for the `finish` of each request.

    Raises:
        MediaError: ffmpeg failed, in its own words.
        Exception: what the first reader of an output that failed raised.
    """
    outputs = [output for request in requests for output in request.outputs]
    if not outputs:
        return Listener()
    try:
        return decode(path, metadata, outputs)
    except MediaError as error:
        what = " and ".join(dict.fromkeys(request.purpose for request in requests if request.outputs))
        raise MediaError(
            "{path} cannot be {what}: {error}", path=printable(path.name), what=what, error=error
        ) from None


@contextmanager
def requested_scenes(path: Path, metadata: Metadata, wish: SceneWish) -> Iterator[DecodeRequest[SceneResult]]:
    """What scenes, their thumbnails and the contact sheet want of a decode, as long as the context lasts.

    Args:
        path: a local video file.
        metadata: what `extract_metadata` said of it.
        wish: what is to be found and drawn.

    Raises:
        MediaError: from `finish`: ffmpeg cannot draw the contact sheet again, where the header's duration is wrong.
    """
    interval = sprite_interval(metadata.duration, wish.sprite_interval) if wish.sprite_interval else 0.0
    detection = DETECTORS[wish.detector](wish.threshold, metadata)
    with building(wish.folder) as candidates:
        outputs = [detection.output, candidates_output(metadata, candidates)]
        if interval:
            outputs.append(sprites_output(metadata, wish.folder, interval))

        def finish(heard: Listener) -> SceneResult:
            return _scenes_found(path, metadata, wish, detection, heard, candidates)

        yield DecodeRequest(outputs, finish)


def _scenes_found(
    path: Path, metadata: Metadata, wish: SceneWish, detection: Detection, heard: Listener, candidates: Path
) -> SceneResult:
    duration = decoded_duration(path, metadata, heard)
    measured = replace(metadata, duration=duration)
    unread = heard.unread(measured)
    scenes = scenes_between(detection.cuts(heard), duration, wish.min_length)
    interval = sprite_interval(duration, wish.sprite_interval) if wish.sprite_interval else 0.0
    if interval and duration != metadata.duration:
        _draw_again(path, measured, wish, interval)
    thumbnails = choose_thumbnails(path, scenes, candidates, wish.folder, measured)
    sprites = write_vtt(measured, wish.folder, interval) if interval else None
    return SceneResult(duration, scenes, thumbnails, sprites, unread)


def _draw_again(path: Path, metadata: Metadata, wish: SceneWish, interval: float) -> None:
    """Draw the contact sheet for another duration than the header said."""
    for sheet in wish.folder.glob("sprites_*.jpg"):
        sheet.unlink()
    try:
        decode(path, metadata, [sprites_output(metadata, wish.folder, interval)])
    except MediaError as error:
        raise MediaError("{path} cannot be decoded: {error}", path=printable(path.name), error=error) from None


@contextmanager
def requested_clips(path: Path, metadata: Metadata, wish: ClipWish, damaged: bool = False) -> Iterator[ClipRequest]:
    """What clips want of a decode, as long as the context lasts. Clips that need no encoding are copied at once.

    Args:
        path: a local video file.
        metadata: what `extract_metadata` said of it.
        wish: the clips; the encoder is one that `choose_encoder` gave.
        damaged: whether some of the pictures are known to be lost: such a video is not copied by `auto`.

    Raises:
        MediaError: the clips cannot be copied, or, from `finish`, not be made.
    """
    settings = wish.settings
    if settings.segment_by == "scenes":
        yield ClipRequest([], lambda known, scenes, unread: _clips_alone(path, known, wish, scenes, unread))
        return
    plan = clip_plan(metadata, settings)
    with building(wish.folder) as pieces:
        skipped = damaged and settings.clip_mode == "auto"
        copies = None if skipped else copied(path, pieces, metadata, settings, plan)
        if copies is None:
            yield ClipRequest(
                [cut_output(metadata, plan, pieces)],
                lambda known, scenes, unread: _decoded_clips(path, known, wish, pieces, plan),
            )
        else:
            yield ClipRequest(
                [], lambda known, scenes, unread: _copied_clips(path, known, wish, copies, scenes, unread)
            )


def _decoded_clips(path: Path, metadata: Metadata, wish: ClipWish, folder: Path, plan: Plan) -> list[Segment]:
    """Name the clips that the decode left in a folder."""
    try:
        pieces = finished(path, folder, metadata, plan, cut_pieces(path, metadata, plan, folder))
    except MediaError as error:
        raise MediaError(
            "{path} cannot be cut into clips: {error}", path=printable(path.name), error=error
        ) from None
    return named_clips(pieces, wish.folder, wish.stem, metadata, plan)


def _copied_clips(
    path: Path,
    metadata: Metadata,
    wish: ClipWish,
    copies: Sequence[Piece],
    scenes: Sequence[Scene],
    unread: float,
) -> list[Segment]:
    """Name the copies; where the decode has found damage, `auto` encodes the clips instead."""
    if unread and wish.settings.clip_mode == "auto":
        return _clips_alone(path, metadata, wish, scenes, unread)
    return named_clips(copies, wish.folder, wish.stem, metadata)


def _clips_alone(
    path: Path, metadata: Metadata, wish: ClipWish, scenes: Sequence[Scene], unread: float
) -> list[Segment]:
    """Make the clips, by a decode of their own where they are not copied."""
    return make_clips(path, wish.folder, wish.stem, metadata, wish.settings, scenes, unread > 0)
