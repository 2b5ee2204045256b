"""Cut clips during a decode: the cut times and the ffmpeg arguments."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidkit.analysis.decode import DecodeOutput, Span, decode
from vidkit.analysis.encoders import SOUND, encoding
from vidkit.analysis.probe import Metadata
from vidkit.ffmpeg import input_arguments, run_tool

_NEAR = 1e-6  # seconds; less than any frame lasts, more than rounding does
_NEAR_LISTED = 1e-5  # the same for times that are told one by one: they are rounded themselves
_AT_ONCE = 1000  # times told to one ffmpeg: a command line has its limits
_TAIL = 0.1  # seconds by which sound may be longer than the pictures, as an encoder's blocks make it

Piece = tuple[float, float, Path]  # start and end in seconds, file


@dataclass(frozen=True)
class Plan:
    """Clips of `length` seconds that start every `step` seconds, or where `starts` says.

    Clips that overlap cannot come from one encoder, so the clips are dealt to as few encoders ("tracks") as they
    need: clip number i goes to track i modulo `tracks`, where it meets no other. Clips along scenes do not overlap.
    `fps` is the frame rate that the clips are evened out to, if they are. A last clip shorter than `least` seconds
    is joined to the one before it.
    """

    length: float
    step: float
    width: int
    height: int
    encoder: str
    fps: float | None = None
    starts: tuple[float, ...] | None = None
    least: float = 0.0

    @property
    def tracks(self) -> int:
        return 1 if self.starts is not None else math.ceil(self.length / self.step - 1e-9)

    @property
    def period(self) -> float:
        return self.tracks * self.step

    def splitting(self) -> list[str]:
        """The arguments that make one output start a keyframe and a file with each clip of a track."""
        if self.starts is None:
            forced, times = f"expr:gte(t+{_NEAR},n_forced*{self.period:.6f})", f"{self.period:.6f}"
            return ["-force_key_frames", forced, "-f", "segment", "-segment_time", times]
        times = ",".join(f"{max(0.0, start - _NEAR_LISTED):.6f}" for start in self.starts[1:])
        if not times:
            return ["-f", "segment", "-segment_time", "1000000000"]
        return ["-force_key_frames", times, "-f", "segment", "-segment_times", times]

    def as_planned(self, pieces: Sequence[tuple[float, float]]) -> bool:
        """Whether the n-th piece of a track begins where it should, as it does unless a clip holds no frame."""
        if self.starts is not None:
            # A video that was cut short has fewer.
            ends = [*self.starts[1:], math.inf]
            return 0 < len(pieces) <= len(self.starts) and all(
                begin - 2 * _NEAR_LISTED <= start < end
                for begin, end, (start, _) in zip(self.starts, ends, pieces, strict=False)
            )
        period = self.period
        return all(n * period - _NEAR <= start < (n + 1) * period for n, (start, _) in enumerate(pieces))


def cut(path: Path, folder: Path, metadata: Metadata, plan: Plan) -> list[Piece]:
    """Decode a video once and cut all clips of a plan.

    Args:
        path: the video.
        folder: the clips go here, under names of the moment.
        metadata: the video's.
        plan: where the clips are.

    Returns:
        The clips in order; the last ends where the pictures do.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    if plan.starts is None or len(plan.starts) <= _AT_ONCE:
        pieces = _cut(path, folder, metadata, plan)
    else:
        pieces = _cut_in_parts(path, folder, metadata, plan, plan.starts)
    return finished(path, folder, metadata, plan, pieces)


def finished(path: Path, folder: Path, metadata: Metadata, plan: Plan, pieces: list[Piece]) -> list[Piece]:
    """Clips by their end: a rest too short to be one is joined to the clip before it, and the sound ends with them.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    half = 0.5 / metadata.fps
    if len(pieces) > 1 and pieces[-1][1] - pieces[-1][0] < plan.least - half:
        # Only here is it known when the pictures end. Both are cut once more, as one.
        begin, end = pieces[-2][0], pieces[-1][1]
        again = folder / "again"
        again.mkdir()
        one = replace(plan, starts=(0.0,), step=plan.length)
        whole = replace(metadata, duration=end - begin)
        found = _cut(path, again, whole, one, Span(max(0.0, begin - _NEAR_LISTED), None))
        if len(found) == 1 and abs(found[0][1] - (end - begin)) < _TAIL + 2 * half:
            joined = found[0][2].rename(folder / "joined.mp4")
            pieces = [*pieces[:-2], (begin, end, joined)]
    end_sound(pieces, metadata, plan)
    return pieces


def _cut_in_parts(path: Path, folder: Path, metadata: Metadata, plan: Plan, starts: Sequence[float]) -> list[Piece]:
    found: list[Piece] = []
    for first in range(0, len(starts), _AT_ONCE):
        begin, *others = starts[first : first + _AT_ONCE]
        end = next(iter(starts[first + _AT_ONCE :]), None)
        part = replace(plan, starts=(0.0, *(start - begin for start in others)))
        whole = replace(metadata, duration=(metadata.duration if end is None else end) - begin)
        from_, to = max(0.0, begin - _NEAR_LISTED), None if end is None else end - _NEAR_LISTED
        for number, piece in enumerate(_cut(path, folder, whole, part, Span(from_, to)), first):
            named = piece[2].rename(folder / f"piece_{number:06d}.mp4")
            found.append((starts[number], piece[1] + begin, named))
    # A part ends with its last picture, which is shown until the next part's first.
    ends = [*(start for start, _, _ in found[1:]), *(end for _, end, _ in found[-1:])]
    return [(start, end, piece) for (start, _, piece), end in zip(found, ends, strict=True)]


def _cut(path: Path, folder: Path, metadata: Metadata, plan: Plan, span: Span | None = None) -> list[Piece]:
    decode(path, metadata, [cut_output(metadata, plan, folder)], span=span)
    return cut_pieces(path, metadata, plan, folder, span)


def cut_pieces(path: Path, metadata: Metadata, plan: Plan, folder: Path, span: Span | None = None) -> list[Piece]:
    """What `cut_output` left, in order; cut once more where the times of the pictures make other clips of it.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    pieces = _pieces(metadata, plan, folder, span)
    if pieces is None:
        # Times too irregular to cut by (a picture that stands for longer than a clip): even them out.
        plan = replace(plan, fps=plan.fps or metadata.fps)
        decode(path, metadata, [cut_output(metadata, plan, folder)], span=span)
        pieces = _pieces(metadata, plan, folder, span)
    return pieces or []


def cut_output(metadata: Metadata, plan: Plan, folder: Path) -> DecodeOutput:
    """What cuts all clips of a plan, under names of the moment, as pictures are decoded."""
    arguments = []
    for track in range(plan.tracks):
        arguments += ["-map", f"[v{track}]"]
        arguments += ["-map", f"[a{track}]"] if metadata.audio else []
        arguments += [*encoding(plan.encoder, plan.width, plan.height), *plan.splitting()]
        # Negative times (an encoder's priming) stay, so that no clip's start is moved.
        arguments += ["-avoid_negative_ts", "disabled", "-reset_timestamps", "1", "-segment_format", "mp4"]
        arguments += ["-segment_format_options", "movflags=+faststart"]
        arguments += ["-segment_list", str((folder / f"track{track}.csv").absolute()), "-segment_list_type", "csv"]
        arguments += [str(folder.absolute()).replace("%", "%%") + f"/track{track}_%06d.mp4"]
    return DecodeOutput(lambda source: _chains(source, metadata, plan), arguments)


def _pieces(metadata: Metadata, plan: Plan, folder: Path, span: Span | None) -> list[Piece] | None:
    """What `cut_output` left, in order; None, and the files removed, if they are not the planned ones."""
    listed = [listed_pieces(folder / f"track{track}.csv") for track in range(plan.tracks)]
    for listing in folder.glob("track*.csv"):
        listing.unlink()
    if span and span.start and listed == [[(0.0, 0.0)]]:
        return []  # a part without a picture, only with sound
    if not all(map(plan.as_planned, listed)):
        for leftover in folder.glob("track*"):
            leftover.unlink()
        return None
    shown = [
        (start + track * plan.step, end + track * plan.step)
        for track, pieces in enumerate(listed)
        for start, end in pieces
        if not track or end > start  # a track that no clip fell to is listed as one piece without a picture
    ]
    end = pictures_end(shown, metadata)
    made: list[Piece] = []
    for track, pieces in enumerate(listed):
        for number in range(len(pieces)):
            begin, until = _span(plan, number, track)
            if plan.starts is not None or _adds_something(begin, plan, end - 0.5 / metadata.fps):
                made.append((begin, min(until, end), folder / f"track{track}_{number:06d}.mp4"))
    return sorted(made)


def pictures_end(shown: Sequence[tuple[float, float]], metadata: Metadata) -> float:
    """When the last picture of these pieces is no longer shown, in seconds; about then, the video's end.

    A file may say that it lasts longer: it was cut short, or its sound goes on. Or shorter: two that were joined.
    """
    latest = max((start for start, _ in shown), default=0.0)
    end = max([latest + 1 / metadata.fps, *(end for _, end in shown)])
    return min(end, metadata.duration) if end < metadata.duration + _TAIL else end


def end_sound(pieces: Sequence[Piece], metadata: Metadata, plan: Plan) -> None:
    """Cut off the sound that goes on after the pictures: the last clip of each track has all that is left of it.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    ends = [end for _, end, _ in pieces]
    if not metadata.audio or not ends or metadata.duration - max(ends) <= _TAIL:
        return
    for start, end, piece in pieces[-plan.tracks :]:
        ended = piece.with_name("ended.mp4")
        arguments = [
            "ffmpeg",
            "-v",
            "error",
            "-nostdin",
            "-y",
            *input_arguments(piece),
            "-map",
            "0",
            "-c:v",
            "copy",
        ]
        # The sound is encoded again: copied, its last block could reach on to where the track's next clip would be.
        arguments += [*SOUND, "-t", f"{end - start:.6f}", "-avoid_negative_ts", "disabled"]
        arguments += ["-movflags", "+faststart"]
        run_tool([*arguments, "-f", "mp4", str(ended.absolute())], metadata.time_allowed)
        os.replace(ended, piece)


def _span(plan: Plan, number: int, track: int) -> tuple[float, float]:
    """Where a clip is planned to begin and end; the last along scenes has no end of its own."""
    if plan.starts is not None:
        return plan.starts[number], [*plan.starts[1:], math.inf][number]
    start = (number * plan.tracks + track) * plan.step
    return start, start + plan.length


def _adds_something(start: float, plan: Plan, last: float) -> bool:
    """Whether a clip is the first, or holds a frame that the one before does not; `last` is in the last frame."""
    return start == 0 or start - plan.step + plan.length < last


def listed_pieces(listing: Path) -> list[tuple[float, float]]:
    """Start and end of each piece, in seconds of its track, as ffmpeg listed them."""
    try:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:  # a track that no clip fell to
        return []
    found = (re.search(r",([\d.]+),([\d.]+)$", line) for line in lines)
    return [(float(match[1]), float(match[2])) for match in found if match]


def _chains(source: str, metadata: Metadata, plan: Plan) -> list[str]:
    """Each frame scaled once, then handed to the tracks whose clip it is in."""
    video = video_filters(plan.width, plan.height, plan.fps)
    streams = [("v", source, ",".join(video), "split", "select", "setpts")]
    if metadata.audio:
        streams.append(("a", "0:a:0", "anull", "asplit", "aselect", "asetpts"))
    chains = []
    for kind, label, first, split, select, setpts in streams:
        # The segment muxer counts from the first picture: that one is shown from 0 on.
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
    """What makes a picture as large, and frames as many, as a clip may have.

    The scale, which passes on pictures that are right already, keeps the pixel format of the clips from the other
    outputs of the same decode.
    """
    filters = [f"fps={fps:.6f}"] if fps else []
    return [*filters, f"scale={width}:{height}", "setsar=1", "format=yuv420p"]
