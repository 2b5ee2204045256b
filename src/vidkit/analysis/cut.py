"""Cut clips during a decode: the cut times and the ffmpeg arguments."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidkit.analysis.decode import DecodeOutput, Span, decode
from vidkit.analysis.encoders import AUDIO_ENCODING, encoding
from vidkit.analysis.probe import Metadata
from vidkit.ffmpeg import input_arguments, run_tool

_NEAR = 1e-6  # seconds; less than the length of any frame, more than a rounding error
_NEAR_LISTED = 1e-5  # the same for times in a list: they are rounded themselves
_AT_ONCE = 1000  # times for one ffmpeg: a command line has a maximum length
_TAIL = 0.1  # seconds by which audio may be longer than the video: encoders write it in blocks

ClipFile = tuple[float, float, Path]  # start and end in seconds, file


@dataclass(frozen=True)
class Plan:
    """Clips of `length` seconds that start every `step` seconds, or at the times in `starts`.

    One encoder cannot write clips that overlap. So the clips are divided between as few encoders ("tracks") as
    possible: clip number i goes to track i modulo `tracks`. Scene clips do not overlap.
    `fps` is the constant frame rate of the clips, or None. A last clip shorter than `min_length` seconds is merged
    into the previous one.
    """

    length: float
    step: float
    width: int
    height: int
    encoder: str
    fps: float | None = None
    starts: tuple[float, ...] | None = None
    min_length: float = 0.0

    @property
    def tracks(self) -> int:
        return 1 if self.starts is not None else math.ceil(self.length / self.step - 1e-9)

    @property
    def period(self) -> float:
        return self.tracks * self.step

    def splitting(self) -> list[str]:
        """ffmpeg's arguments to start a keyframe and a file with each clip of a track."""
        if self.starts is None:
            forced, times = f"expr:gte(t+{_NEAR},n_forced*{self.period:.6f})", f"{self.period:.6f}"
            return ["-force_key_frames", forced, "-f", "segment", "-segment_time", times]
        times = ",".join(f"{max(0.0, start - _NEAR_LISTED):.6f}" for start in self.starts[1:])
        if not times:
            return ["-f", "segment", "-segment_time", "1000000000"]
        return ["-force_key_frames", times, "-f", "segment", "-segment_times", times]

    def as_planned(self, clips: Sequence[tuple[float, float]]) -> bool:
        """Whether the n-th clip of a track starts at its planned time. It does not if a clip contains no frame."""
        if self.starts is not None:
            # A truncated video has fewer.
            ends = [*self.starts[1:], math.inf]
            return 0 < len(clips) <= len(self.starts) and all(
                begin - 2 * _NEAR_LISTED <= start < end
                for begin, end, (start, _) in zip(self.starts, ends, clips, strict=False)
            )
        period = self.period
        return all(n * period - _NEAR <= start < (n + 1) * period for n, (start, _) in enumerate(clips))


def cut(path: Path, folder: Path, metadata: Metadata, plan: Plan) -> list[ClipFile]:
    """Decode a video once and cut all clips of a plan.

    Args:
        path: the video.
        folder: for the clips, which get temporary names.
        metadata: the video's.
        plan: the clips.

    Returns:
        The clips in order; the last one ends with the last frame.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
    """
    if plan.starts is None or len(plan.starts) <= _AT_ONCE:
        clips = _cut(path, folder, metadata, plan)
    else:
        clips = _cut_in_parts(path, folder, metadata, plan, plan.starts)
    return finish_clips(path, folder, metadata, plan, clips)


def finish_clips(path: Path, folder: Path, metadata: Metadata, plan: Plan, clips: list[ClipFile]) -> list[ClipFile]:
    """Merge a last clip that is too short into the previous one, and cut off audio after the last frame.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
    """
    half = 0.5 / metadata.fps
    if len(clips) > 1 and clips[-1][1] - clips[-1][0] < plan.min_length - half:
        # The time of the last frame was not known before. Both clips are cut again, as one.
        begin, end = clips[-2][0], clips[-1][1]
        again = folder / "again"
        again.mkdir()
        one = replace(plan, starts=(0.0,), step=plan.length)
        whole = replace(metadata, duration=end - begin)
        found = _cut(path, again, whole, one, Span(max(0.0, begin - _NEAR_LISTED), None))
        if len(found) == 1 and abs(found[0][1] - (end - begin)) < _TAIL + 2 * half:
            joined = found[0][2].rename(folder / "joined.mp4")
            clips = [*clips[:-2], (begin, end, joined)]
    trim_audio(clips, metadata, plan)
    return clips


def _cut_in_parts(
    path: Path, folder: Path, metadata: Metadata, plan: Plan, starts: Sequence[float]
) -> list[ClipFile]:
    found: list[ClipFile] = []
    for first in range(0, len(starts), _AT_ONCE):
        begin, *others = starts[first : first + _AT_ONCE]
        end = next(iter(starts[first + _AT_ONCE :]), None)
        part = replace(plan, starts=(0.0, *(start - begin for start in others)))
        whole = replace(metadata, duration=(metadata.duration if end is None else end) - begin)
        from_, to = max(0.0, begin - _NEAR_LISTED), None if end is None else end - _NEAR_LISTED
        for number, clip in enumerate(_cut(path, folder, whole, part, Span(from_, to)), first):
            named = clip[2].rename(folder / f"clip_{number:06d}.mp4")
            found.append((starts[number], clip[1] + begin, named))
    # The last frame of a part is shown until the first frame of the next part.
    ends = [*(start for start, _, _ in found[1:]), *(end for _, end, _ in found[-1:])]
    return [(start, end, clip) for (start, _, clip), end in zip(found, ends, strict=True)]


def _cut(path: Path, folder: Path, metadata: Metadata, plan: Plan, span: Span | None = None) -> list[ClipFile]:
    decode(path, metadata, [cut_output(metadata, plan, folder)], span=span)
    return cut_clips(path, metadata, plan, folder, span)


def cut_clips(path: Path, metadata: Metadata, plan: Plan, folder: Path, span: Span | None = None) -> list[ClipFile]:
    """The clips that `cut_output` wrote, in order. If they are not the planned ones, they are cut again.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
    """
    clips = _planned_clips(metadata, plan, folder, span)
    if clips is None:
        # The timestamps are too irregular (a frame is shown for longer than a clip): use a constant frame rate.
        plan = replace(plan, fps=plan.fps or metadata.fps)
        decode(path, metadata, [cut_output(metadata, plan, folder)], span=span)
        clips = _planned_clips(metadata, plan, folder, span)
    return clips or []


def cut_output(metadata: Metadata, plan: Plan, folder: Path) -> DecodeOutput:
    """The output that cuts all clips of a plan during the decode; the clips get temporary names."""
    arguments = []
    for track in range(plan.tracks):
        arguments += ["-map", f"[v{track}]"]
        arguments += ["-map", f"[a{track}]"] if metadata.audio else []
        arguments += [*encoding(plan.encoder, plan.width, plan.height), *plan.splitting()]
        # Negative times (encoder priming) stay, so that the start of no clip moves.
        arguments += ["-avoid_negative_ts", "disabled", "-reset_timestamps", "1", "-segment_format", "mp4"]
        arguments += ["-segment_format_options", "movflags=+faststart"]
        arguments += ["-segment_list", str((folder / f"track{track}.csv").absolute()), "-segment_list_type", "csv"]
        arguments += [str(folder.absolute()).replace("%", "%%") + f"/track{track}_%06d.mp4"]
    return DecodeOutput(lambda source: _chains(source, metadata, plan), arguments)


def _planned_clips(metadata: Metadata, plan: Plan, folder: Path, span: Span | None) -> list[ClipFile] | None:
    """The clips that `cut_output` wrote, in order. If they are not the planned ones, they are removed: None."""
    listed = [listed_clips(folder / f"track{track}.csv") for track in range(plan.tracks)]
    for listing in folder.glob("track*.csv"):
        listing.unlink()
    if span and span.start and listed == [[(0.0, 0.0)]]:
        return []  # a part without a frame, only with audio
    if not all(map(plan.as_planned, listed)):
        for leftover in folder.glob("track*"):
            leftover.unlink()
        return None
    shown = [
        (start + track * plan.step, end + track * plan.step)
        for track, clips in enumerate(listed)
        for start, end in clips
        if not track or end > start  # an empty track is listed as one clip without a frame
    ]
    end = frames_end(shown, metadata)
    written: list[ClipFile] = []
    for track, clips in enumerate(listed):
        for number in range(len(clips)):
            begin, until = _span(plan, number, track)
            if plan.starts is not None or _adds_a_frame(begin, plan, end - 0.5 / metadata.fps):
                written.append((begin, min(until, end), folder / f"track{track}_{number:06d}.mp4"))
    return sorted(written)


def frames_end(shown: Sequence[tuple[float, float]], metadata: Metadata) -> float:
    """When the last frame of these clips ends, in seconds; the video's duration if it is about the same.

    The duration in the file may be longer (the file is truncated, or its audio continues) or shorter (files were
    joined).
    """
    latest = max((start for start, _ in shown), default=0.0)
    end = max([latest + 1 / metadata.fps, *(end for _, end in shown)])
    return min(end, metadata.duration) if end < metadata.duration + _TAIL else end


def trim_audio(clips: Sequence[ClipFile], metadata: Metadata, plan: Plan) -> None:
    """Cut off the audio after the last frame: the last clip of each track contains all the rest of it.

    Raises:
        MediaError: ffmpeg failed; the message is ffmpeg's own.
    """
    ends = [end for _, end, _ in clips]
    if not metadata.audio or not ends or metadata.duration - max(ends) <= _TAIL:
        return
    for start, end, clip in clips[-plan.tracks :]:
        ended = clip.with_name("ended.mp4")
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", *input_arguments(clip), "-map", "0"]
        # The audio is encoded again: the last block of a copy could reach into the track's next clip.
        arguments += ["-c:v", "copy", *AUDIO_ENCODING, "-t", f"{end - start:.6f}", "-avoid_negative_ts", "disabled"]
        arguments += ["-movflags", "+faststart"]
        run_tool([*arguments, "-f", "mp4", str(ended.absolute())], metadata.time_allowed)
        os.replace(ended, clip)


def _span(plan: Plan, number: int, track: int) -> tuple[float, float]:
    """The planned start and end of a clip; the last scene clip has no planned end."""
    if plan.starts is not None:
        return plan.starts[number], [*plan.starts[1:], math.inf][number]
    start = (number * plan.tracks + track) * plan.step
    return start, start + plan.length


def _adds_a_frame(start: float, plan: Plan, last: float) -> bool:
    """Whether a clip is the first or contains a frame that the previous one does not; `last` is in the last one."""
    return start == 0 or start - plan.step + plan.length < last


def listed_clips(listing: Path) -> list[tuple[float, float]]:
    """Start and end of each clip, in seconds of its track, as listed by ffmpeg."""
    try:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:  # a track without clips
        return []
    found = (re.search(r",([\d.]+),([\d.]+)$", line) for line in lines)
    return [(float(match[1]), float(match[2])) for match in found if match]


def _chains(source: str, metadata: Metadata, plan: Plan) -> list[str]:
    """The filters: each frame is scaled once, then goes to each track with a clip that contains it."""
    video = video_filters(plan.width, plan.height, plan.fps)
    streams = [("v", source, ",".join(video), "split", "select", "setpts")]
    if metadata.audio:
        streams.append(("a", "0:a:0", "anull", "asplit", "aselect", "asetpts"))
    chains = []
    for kind, label, first, split, select, setpts in streams:
        # The segment muxer counts from the first frame: that one gets time 0.
        start = "if(eq(N,0),0,PTS{})" if kind == "v" else "PTS{}"
        if plan.tracks == 1:
            chains.append(f"[{label}]{first},{setpts}='{start.format('')}'[{kind}0]")
            continue
        outputs = "".join(f"[{kind}in{track}]" for track in range(plan.tracks))
        chains.append(f"[{label}]{first},{split}={plan.tracks}{outputs}")
        for track in range(plan.tracks):
            offset = f"{track * plan.step:.6f}"
            inside = f"gte(t+{_NEAR},{offset})*lt(mod(t-{offset}+{_NEAR},{plan.period:.6f}),{plan.length:.6f})"
            moved = start.format(f"-{offset}/TB")
            chains.append(f"[{kind}in{track}]{select}='{inside}',{setpts}='{moved}'[{kind}{track}]")
    return chains


def video_filters(width: int, height: int, fps: float | None) -> list[str]:
    """The filters for the size and the frame rate of a clip.

    The scale filter does not change frames of the right size. It keeps the clips' pixel format away from the other
    outputs of the same decode.
    """
    filters = [f"fps={fps:.6f}"] if fps else []
    return [*filters, f"scale={width}:{height}", "setsar=1", "format=yuv420p"]
