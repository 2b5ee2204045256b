"""The cutting of clips out of a video that is being decoded: where, and by which ffmpeg arguments."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vidkit.analysis.decode import Span, Use, decode
from vidkit.analysis.encoders import encoding
from vidkit.analysis.probe import Metadata

_NEAR = 1e-6  # seconds; less than any frame lasts, more than rounding does
_NEAR_LISTED = 1e-5  # the same for times that are told one by one: they are rounded themselves
_AT_ONCE = 1000  # times told to one ffmpeg: a command line has its limits

Piece = tuple[float, float, Path]  # start and end in seconds, file


@dataclass(frozen=True)
class Plan:
    """Clips of `length` seconds that start every `step` seconds, or where `starts` says.

    Clips that overlap cannot come from one encoder, so the clips are dealt to as few encoders ("tracks") as they
    need: clip number i goes to track i modulo `tracks`, where it meets no other. Clips along scenes do not overlap.
    `fps` is the frame rate that the clips are evened out to, if they are.
    """

    length: float
    step: float
    width: int
    height: int
    encoder: str
    fps: float | None = None
    starts: tuple[float, ...] | None = None

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
        The clips in order.

    Raises:
        MediaError: ffmpeg failed, in its own words.
    """
    if plan.starts is None or len(plan.starts) <= _AT_ONCE:
        return _cut(path, folder, metadata, plan)
    found: list[Piece] = []
    for first in range(0, len(plan.starts), _AT_ONCE):
        begin, *others = plan.starts[first : first + _AT_ONCE]
        end = next(iter(plan.starts[first + _AT_ONCE :]), None)
        part = replace(plan, starts=(0.0, *(start - begin for start in others)))
        whole = replace(metadata, duration=(metadata.duration if end is None else end) - begin)
        from_, to = max(0.0, begin - _NEAR_LISTED), None if end is None else end - _NEAR_LISTED
        for number, piece in enumerate(_cut(path, folder, whole, part, Span(from_, to)), first):
            named = piece[2].rename(folder / f".piece_{number:06d}.mp4")
            found.append((piece[0] + begin, piece[1] + begin, named))
    return found


def _cut(path: Path, folder: Path, metadata: Metadata, plan: Plan, span: Span | None = None) -> list[Piece]:
    decode(path, metadata, [cut_use(metadata, plan, folder)], span=span)
    pieces = cut_pieces(metadata, plan, folder)
    if pieces is None:
        # Times too irregular to cut by (a picture that stands for longer than a clip): even them out.
        plan = replace(plan, fps=plan.fps or metadata.fps)
        decode(path, metadata, [cut_use(metadata, plan, folder)], span=span)
        pieces = cut_pieces(metadata, plan, folder)
    return pieces or []


def cut_use(metadata: Metadata, plan: Plan, folder: Path) -> Use:
    """What cuts all clips of a plan, under names of the moment, as pictures are decoded."""
    arguments = []
    for track in range(plan.tracks):
        arguments += ["-map", f"[v{track}]"]
        arguments += ["-map", f"[a{track}]"] if metadata.audio else []
        arguments += [*encoding(plan.encoder, plan.width, plan.height), *plan.splitting()]
        # Negative times (an encoder's priming) stay, so that no clip's start is moved.
        arguments += ["-avoid_negative_ts", "disabled", "-reset_timestamps", "1", "-segment_format", "mp4"]
        arguments += ["-segment_format_options", "movflags=+faststart"]
        arguments += ["-segment_list", str((folder / f".track{track}.csv").absolute()), "-segment_list_type", "csv"]
        arguments += [str(folder.absolute()).replace("%", "%%") + f"/.track{track}_%06d.mp4"]
    return Use(lambda source: _chains(source, metadata, plan), arguments)


def cut_pieces(metadata: Metadata, plan: Plan, folder: Path) -> list[Piece] | None:
    """What `cut_use` left, in order; None, and the files removed, if they are not the planned ones."""
    made: list[Piece] = []
    for track in range(plan.tracks):
        listing = folder / f".track{track}.csv"
        pieces = listed_pieces(listing)
        if not plan.as_planned(pieces):
            for leftover in folder.glob(".track*"):
                leftover.unlink()
            return None
        listing.unlink(missing_ok=True)
        for number in range(len(pieces)):
            start, end = _span(plan, number, track, metadata)
            piece = folder / f".track{track}_{number:06d}.mp4"
            if plan.starts is not None or _adds_something(start, plan, metadata):
                made.append((start, end, piece))
            else:
                piece.unlink(missing_ok=True)
    return sorted(made)


def _span(plan: Plan, number: int, track: int, metadata: Metadata) -> tuple[float, float]:
    if plan.starts is not None:
        return plan.starts[number], [*plan.starts[1:], metadata.duration][number]
    start = (number * plan.tracks + track) * plan.step
    return start, min(start + plan.length, metadata.duration)


def _adds_something(start: float, plan: Plan, metadata: Metadata) -> bool:
    """Whether a clip is the first, or holds a frame that the one before it does not."""
    seen = start - plan.step + plan.length
    return start == 0 or seen < metadata.duration - 0.5 / metadata.fps


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
    video = video_filters(metadata, plan.width, plan.height, plan.fps)
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


def video_filters(metadata: Metadata, width: int, height: int, fps: float | None) -> list[str]:
    """What makes a picture as large, and frames as many, as a clip may have."""
    filters = [f"fps={fps:.6f}"] if fps else []
    if (width, height) != (metadata.width, metadata.height):
        filters.append(f"scale={width}:{height}")
    return [*filters, "format=yuv420p"]
