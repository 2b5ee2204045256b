"""Moments of a search, or of one long video -> a reel: `make_reel`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

from vidkit.analysis.clip_files import building
from vidkit.analysis.encoders import choose_encoder
from vidkit.core import ensure_directory, printable
from vidkit.core.files import check_local
from vidkit.core.settings import Processing
from vidkit.errors import ConfigError, MediaError
from vidkit.library.moments import MOMENT_KEYS, LibraryEntry, Moment
from vidkit.library.text import fold
from vidkit.reel.cutting import Cut, Form, ReelFile, form_of
from vidkit.reel.look import Look, look_at
from vidkit.reel.pieces import LEAST, Candidate, candidates
from vidkit.reel.sources import Source, Sources
from vidkit.reel.titles import check_titles, title_of

_MOST = 500  # pieces that are examined

# Called with the step, how much of it is done, and the total.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ReelOptions:
    """Options of a reel: its length and the maximum length of a moment in seconds, and whether to draw titles.

    `overwrite`: whether to replace an existing file. The others are settings of `[Processing]`.
    """

    length: float = 60.0
    longest: float = 6.0
    titles: bool = False
    overwrite: bool = False
    max_resolution: str = Processing.max_resolution
    max_fps: float = Processing.max_fps
    encoder: str = Processing.encoder


@dataclass(frozen=True)
class ReelPart:
    """A part of a reel: its moment, and its start and end in the video and in the reel, in seconds.

    `dull` is `black`, `still`, `short` or empty.
    """

    moment: Moment
    start_time: float
    end_time: float
    reel_start: float
    reel_end: float
    dull: str


@dataclass(frozen=True)
class Reel:
    """A reel. `out` is its file, None if nothing could be shown; `skipped` is source URL -> why a video is missing.

    `alike` is the number of pieces that were left out because they look like others.
    """

    out: Path | None
    form: Form | None
    parts: tuple[ReelPart, ...]
    skipped: dict[str, str]
    alike: int

    @property
    def seconds(self) -> float:
        """The length of the reel."""
        return self.parts[-1].reel_end if self.parts else 0.0


@dataclass(frozen=True)
class _Chosen:
    """An examined piece. `seconds` of it are shown, or more if the reel needs them."""

    candidate: Candidate
    source: Source
    look: Look

    @property
    def start(self) -> float:
        return self.candidate.piece.start

    @property
    def seconds(self) -> float:
        return self.look.seconds

    @property
    def words(self) -> str | None:
        """The text of a reading; None for other moments."""
        moment = self.candidate.moment
        return None if moment.kind == "video" or moment.kind in MOMENT_KEYS else fold(moment.text)

    def repeats(self, other: _Chosen) -> bool:
        """Whether it shows the same as another piece, with the same words."""
        return self.words in (None, other.words) and self.look.shows_the_same(other.look)


def check_reel(target: Path, options: ReelOptions) -> None:
    """Check that a reel can be written to a file.

    Raises:
        ConfigError: it cannot, or a length is invalid.
        OutputError: the file is not on this machine.
    """
    check_local(target)
    if target.suffix.lower() != ".mp4":
        raise ConfigError("--out {path}: the name has to end with .mp4", path=printable(target))
    if target.is_dir():
        raise ConfigError("--out {path} is a folder: name a file", path=printable(target))
    if os.path.lexists(target) and not options.overwrite:
        raise ConfigError(
            "--out {path} is there already: say --overwrite, or give another name", path=printable(target)
        )
    for name, seconds in (("length", options.length), ("moment", options.longest)):
        if not LEAST <= seconds < math.inf:
            raise ConfigError(
                "--{name}: {seconds} s is too short: give {least} s or more",
                name=name,
                seconds=f"{seconds:g}",
                least=f"{LEAST:g}",
            )
    if options.titles:
        check_titles()


def make_reel(
    moments: Iterable[tuple[Moment, LibraryEntry]],
    out: str | os.PathLike[str],
    options: ReelOptions | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Reel:
    """Cut the best parts of moments and join them.

    Each moment gets one piece in the reel; if there is room, each gets a second piece, and so on. A piece that
    looks like another one in the reel is left out. Pieces that are black, still or shorter than half a second are
    used only if nothing else is left.

    Args:
        moments: the moments, the best first, each with its video. Only as many as needed are read.
        out: the file to write, completely or not at all: H.264 and AAC in MP4.
        options: the options of the reel.
        progress: called with the progress.

    Raises:
        ConfigError: the file cannot be written there; see `check_reel`.
        MediaError: ffmpeg failed.
        OutputError: a folder or file cannot be written.
    """
    options, target = options or ReelOptions(), Path(out)
    check_reel(target, options)
    encoder = choose_encoder(options.encoder)
    sources = Sources()
    found = candidates(moments, min(options.longest, options.length))
    chosen, alike = _choose(found, options.length, sources, progress)
    if not chosen:
        return Reel(None, None, (), sources.skipped, alike)
    for each in chosen:
        if target.exists() and target.samefile(each.source.path):
            raise ConfigError("--out {path} is one of the videos: give another name", path=printable(target))
    form = form_of(
        [(each.source, each.seconds) for each in chosen], options.max_resolution, options.max_fps, encoder
    )
    with building(ensure_directory(target.parent)) as folder:
        file = ReelFile(folder, form)
        parts = tuple(_cut(file, chosen, options, folder, sources, progress))
        if not parts:
            return Reel(None, None, (), sources.skipped, alike)
        made = file.finish()
        os.replace(made, target)
    return Reel(target, form, parts, sources.skipped, alike)


def _choose(
    found: Iterator[Candidate], length: float, sources: Sources, progress: Progress
) -> tuple[list[_Chosen], int]:
    """The pieces for the reel, in the order of the reel, and how many others look like them."""
    chosen: list[_Chosen] = []
    dull: list[_Chosen] = []
    alike = 0

    def is_full() -> bool:
        return sum(each.seconds for each in chosen) >= length

    for candidate in islice(found, _MOST):
        if is_full():
            break
        progress("looking", round(sum(each.seconds for each in chosen)), round(length))
        source = sources.of(candidate.entry)
        if source is None or any(_overlap(candidate, each.candidate) for each in chosen):
            continue
        piece = candidate.piece
        try:
            each = _Chosen(candidate, source, look_at(source, piece.start, piece.end))
        except MediaError as error:
            sources.failed(candidate.entry, str(error))
            continue
        if each.look.dull:
            dull.append(each)
        elif any(each.repeats(other) for other in chosen):
            alike += 1
        else:
            chosen.append(each)
    for each in dull:
        if is_full():
            break
        if any(each.repeats(other) for other in chosen):
            alike += 1
        elif not any(_overlap(each.candidate, other.candidate) for other in chosen):
            chosen.append(each)
    return sorted(chosen, key=lambda each: (each.candidate.place, each.start)), alike


def _overlap(one: Candidate, other: Candidate) -> bool:
    if one.entry.record["sha256"] != other.entry.record["sha256"]:
        return False
    return one.piece.start < other.piece.end - 0.001 and other.piece.start < one.piece.end - 0.001


def _cut(
    file: ReelFile,
    chosen: list[_Chosen],
    options: ReelOptions,
    folder: Path,
    sources: Sources,
    progress: Progress,
) -> Iterator[ReelPart]:
    """Add the pieces to a reel."""
    rate = file.form.rate
    frames = _frames(chosen, rate, max(1, round(options.length * rate)))
    for number, (each, count) in enumerate(zip(chosen, frames, strict=True)):
        progress("cutting", number, len(chosen))
        moment, began = each.candidate.moment, file.frames
        cut = Cut(each.source, each.start, count)
        if options.titles:
            title, record = folder / "title.txt", each.candidate.entry.record
            text = title_of(moment, record, each.start, file.form.width, file.form.height)
            title.write_text(text, encoding="utf-8", errors="replace")
            cut = cut._replace(title=title)
        try:
            file.add(cut)
        except MediaError as error:
            sources.failed(each.candidate.entry, str(error))
            continue
        end = each.start + float(count / rate)
        reel_times = round(float(began / rate), 6), round(float(file.frames / rate), 6)
        yield ReelPart(moment, round(each.start, 6), round(end, 6), *reel_times, each.look.dull)


def _frames(chosen: list[_Chosen], rate: Fraction, wanted: int) -> list[int]:
    """The number of frames of each piece in the reel: `wanted` in total, if the pieces have as many."""
    most = []
    for each in chosen:
        piece = each.candidate.piece
        room = piece.limit - piece.start if each.seconds >= piece.end - piece.start else each.seconds
        most.append(max(1, math.floor(room * rate + 1e-3)))
    counts = [
        min(limit, max(1, math.ceil(each.seconds * rate - 1e-3))) for each, limit in zip(chosen, most, strict=True)
    ]
    least = max(1, round(LEAST * rate))
    over = sum(counts) - wanted
    # If there are too many frames, shorten the last piece, then the longest ones.
    for number in [len(counts) - 1, *sorted(range(len(counts)), key=lambda each: -counts[each])]:
        spared = max(0, min(over, counts[number] - least))
        counts[number] -= spared
        over -= spared
    return counts
