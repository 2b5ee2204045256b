"""The whole analysis of a video: scenes, thumbnails, contact sheet and clips, from one decode where that can be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from vidkit.analysis.clip_files import building
from vidkit.analysis.clips import ClipSettings, Segment, clip_plan, copied, make_clips, named_clips
from vidkit.analysis.cut import Plan, cut_pieces, cut_use, finished
from vidkit.analysis.decode import Use, decode
from vidkit.analysis.duration import decoded_duration
from vidkit.analysis.probe import Metadata
from vidkit.analysis.scenes import DETECTORS, Scene, scenes_between
from vidkit.analysis.sprites import Sprites, sprite_interval, sprites_use, write_vtt
from vidkit.analysis.thumbnails import candidates_use, choose_thumbnails
from vidkit.core import printable
from vidkit.core.settings import SceneDetection
from vidkit.errors import MediaError


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
class Analysis:
    """What was made of a video.

    `duration` is the video's, in seconds: where its header is wrong, of what was decoded. All times are inside it.
    `thumbnails` has a file, or None, for each scene; `unread` says how many seconds of the pictures could not be
    decoded; `segments` is None where no clips were wanted.
    """

    duration: float
    scenes: list[Scene]
    thumbnails: list[Path | None]
    sprites: Sprites | None
    unread: float
    segments: list[Segment] | None


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
    interval = sprite_interval(metadata.duration, scenes.sprite_interval) if scenes.sprite_interval else 0.0
    with building(scenes.folder) as candidates, building(clips.folder if clips else scenes.folder) as pieces:
        plan, copies = None, None
        if clips is not None and clips.settings.segment_by == "time":
            plan = clip_plan(metadata, clips.settings)
            copies = copied(path, pieces, metadata, clips.settings, plan)
        use = cut_use(metadata, plan, pieces) if plan is not None and copies is None else None
        try:
            found, unread, duration = _one_pass(path, metadata, scenes, interval, candidates, use)
            if duration != metadata.duration:
                metadata = replace(metadata, duration=duration)
                interval = _drawn_again(path, metadata, scenes) if interval else 0.0
        except MediaError as error:
            what = "decoded and cut into clips" if use else "decoded"
            raise MediaError(f"{printable(path.name)} cannot be {what}: {error}") from None
        pictures = choose_thumbnails(path, found, candidates, scenes.folder, metadata)
        sprites = write_vtt(metadata, scenes.folder, interval) if interval else None
        segments = None
        if clips is not None and use is not None and plan is not None:
            segments = _decoded_clips(path, metadata, clips, pieces, plan)
        elif clips is not None and copies is not None and not (unread and clips.settings.clip_mode == "auto"):
            segments = named_clips(copies, clips.folder, clips.stem, metadata)
        elif clips is not None:
            settings, damaged = clips.settings, unread > 0
            segments = make_clips(path, clips.folder, clips.stem, metadata, settings, found, damaged)
    return Analysis(metadata.duration, found, pictures, sprites, unread, segments)


def _drawn_again(path: Path, metadata: Metadata, wish: SceneWish) -> float:
    """Draw the contact sheet for another duration than the header said; what comes back is its interval."""
    for sheet in wish.folder.glob("sprites_*.jpg"):
        sheet.unlink()
    interval = sprite_interval(metadata.duration, wish.sprite_interval)
    decode(path, metadata, [sprites_use(metadata, wish.folder, interval)])
    return interval


def _decoded_clips(path: Path, metadata: Metadata, wish: ClipWish, folder: Path, plan: Plan) -> list[Segment]:
    """Name the clips that the one pass left in a folder."""
    pieces = finished(path, folder, metadata, plan, cut_pieces(path, metadata, plan, folder))
    return named_clips(pieces, wish.folder, wish.stem, metadata, plan)


def _one_pass(
    path: Path, metadata: Metadata, wish: SceneWish, interval: float, candidates: Path, clips: Use | None
) -> tuple[list[Scene], float, float]:
    """Decode the video for its scenes, their pictures and, where they are not copied, its clips.

    Returns:
        The scenes, the seconds that are unread, and the video's duration.
    """
    detection = DETECTORS[wish.detector](wish.threshold, metadata)
    uses = [detection.use, candidates_use(metadata, candidates)]
    if interval:
        uses.append(sprites_use(metadata, wish.folder, interval))
    if clips is not None:
        uses.append(clips)
    listener = decode(path, metadata, uses, (), detection.read, detection.listener)
    duration = decoded_duration(path, metadata, listener)
    unread = listener.unread(replace(metadata, duration=duration))
    return scenes_between(detection.cuts(), duration, wish.min_length), unread, duration
