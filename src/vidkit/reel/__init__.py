"""Moments of a search, or of one long video -> one film: `make_reel`."""

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
from vidkit.reel.film import Cut, Film, Form, form_of
from vidkit.reel.look import Look, look_at
from vidkit.reel.pieces import LEAST, Candidate, candidates
from vidkit.reel.sources import Source, Sources
from vidkit.reel.titles import check_titles, title_of

_MOST = 500  # pieces that are looked at

# Told what is done, how much of it is done, and of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ReelOptions:
    """What a film is to be like: its seconds, those of each moment at most, and whether titles are drawn.

    `overwrite`: whether an older file is replaced. The others are settings of `[Processing]`.
    """

    length: float = 60.0
    longest: float = 6.0
    titles: bool = False
    overwrite: bool = False
    max_resolution: str = Processing.max_resolution
    max_fps: float = Processing.max_fps
    encoder: str = Processing.encoder


@dataclass(frozen=True)
class Shot:
    """A part of a film: which moment, from where to where in its video and in the film, in seconds.

    `dull` is `black`, `still` or `short` where it is that, else empty.
    """

    moment: Moment
    start_time: float
    end_time: float
    film_start: float
    film_end: float
    dull: str


@dataclass(frozen=True)
class Reel:
    """A film: its file, None where nothing could be shown; its parts; source URL -> why a video is not in it.

    `alike` is how many pieces were left out because they look like others.
    """

    out: Path | None
    form: Form | None
    shots: tuple[Shot, ...]
    skipped: dict[str, str]
    alike: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.shots[-1].film_end if self.shots else 0.0


@dataclass(frozen=True)
class _Chosen:
    """A piece that was looked at. `seconds` of it are shown, if no more are needed."""

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
        """What is said or read there, where the moment is that."""
        moment = self.candidate.moment
        return None if moment.kind == "video" or moment.kind in MOMENT_KEYS else fold(moment.text)

    def repeats(self, other: _Chosen) -> bool:
        """Whether it shows, and says, the same."""
        return self.words in (None, other.words) and self.look.shows_the_same(other.look)


def check_reel(target: Path, options: ReelOptions) -> None:
    """See that a film can be written there.

    Raises:
        ConfigError: it cannot, or the lengths are none.
        OutputError: it is not on this machine.
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
    """Cut the best of some moments together.

    Of each moment one piece is shown, then, if there is room, a second one of each, and so on. A piece that looks
    like one that is shown already is left out. What is black, still or shorter than half a second is taken only
    where nothing else is left.

    Args:
        moments: what was found, the best first, each with its video. No more are read than are needed.
        out: the file to write, whole or not at all: H.264 and AAC in MP4.
        options: what the film is to be like.
        progress: receives the progress.

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
        film = Film(folder, form)
        shots = tuple(_cut(film, chosen, options, folder, sources, progress))
        if not shots:
            return Reel(None, None, (), sources.skipped, alike)
        made = film.finish()
        os.replace(made, target)
    return Reel(target, form, shots, sources.skipped, alike)


def _choose(
    found: Iterator[Candidate], length: float, sources: Sources, progress: Progress
) -> tuple[list[_Chosen], int]:
    """The pieces that are shown, in the order in which they are shown, and how many others look like them."""
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
    film: Film,
    chosen: list[_Chosen],
    options: ReelOptions,
    folder: Path,
    sources: Sources,
    progress: Progress,
) -> Iterator[Shot]:
    """Add the pieces to a film."""
    rate = film.form.rate
    frames = _frames(chosen, rate, max(1, round(options.length * rate)))
    for number, (each, count) in enumerate(zip(chosen, frames, strict=True)):
        progress("cutting", number, len(chosen))
        moment, began = each.candidate.moment, film.frames
        cut = Cut(each.source, each.start, count)
        if options.titles:
            title, record = folder / "title.txt", each.candidate.entry.record
            text = title_of(moment, record, each.start, film.form.width, film.form.height)
            title.write_text(text, encoding="utf-8", errors="replace")
            cut = cut._replace(title=title)
        try:
            film.add(cut)
        except MediaError as error:
            sources.failed(each.candidate.entry, str(error))
            continue
        end = each.start + float(count / rate)
        film_times = round(float(began / rate), 6), round(float(film.frames / rate), 6)
        yield Shot(moment, round(each.start, 6), round(end, 6), *film_times, each.look.dull)


def _frames(chosen: list[_Chosen], rate: Fraction, wanted: int) -> list[int]:
    """How many pictures of the film each piece lasts: as many as are wanted in all, if there are as many."""
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
    # What is too much is taken from the last, and what it cannot spare from the longest.
    for number in [len(counts) - 1, *sorted(range(len(counts)), key=lambda each: -counts[each])]:
        spared = max(0, min(over, counts[number] - least))
        counts[number] -= spared
        over -= spared
    return counts
