"""The reader `quality`: sharpness, brightness, motion, and when a video is black, frozen or silent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from vidkit.readers.protocol import (
    SAMPLE_RATE,
    Batch,
    Needs,
    PictureBatch,
    Pictures,
    Reader,
    Reading,
    Scene,
    SoundBatch,
    Span,
    Video,
)

_PER_SECOND = 4
_SIDE = 320
# Black as in ffmpeg's blackdetect: 98 % of the pixels are darker than a tenth of the full range.
_DARK = 25.5
_BLACK_SHARE = 0.98
_BLACK_FOR = 0.5  # seconds
_SAME = 0.5  # maximum mean difference of two frames of a frozen video, in levels
_SAME_CELL = 4.0  # the same for each part of the frame
_FROZEN_FOR = 2.0
_SILENT = 10 ** (-60 / 20)  # -60 dB of the full range, as in ffmpeg's silencedetect
_SILENT_FOR = 2.0
_AUDIO_STEP = 0.1
_NOISE = 4.0  # levels that are added to the contrast of a frame
_NAMES = ("sharpness", "brightness", "motion")


class Quality(Reader):
    """Measures frames and audio, for each scene and for the whole video, with numpy only."""

    version = 1
    meaning = "sharpness, brightness, motion; black, frozen and silent parts"
    needs = Needs(pictures=Pictures(_PER_SECOND, _SIDE, "all"), sound=True, scenes=True)

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video; see `docs/readers.md` for the values."""
        frames, audio = _FrameMeasures(), _AudioMeasures()
        for batch in batches:
            if isinstance(batch, PictureBatch):
                frames.take(batch)
            else:
                audio.take(batch)
        duration = video.duration
        spans = [*frames.by_scene(video.scenes)]
        times = [*frames.times, duration]
        black = _runs(frames.black, times, _BLACK_FOR)
        frozen = _runs(frames.same, times, _FROZEN_FOR, back=1)
        silent = audio.silence(duration) if video.has_sound else [(0.0, duration)]
        shares = {}
        for label, runs in (("black", black), ("frozen", frozen), ("silent", silent)):
            spans += [Span(start, end, label=label) for start, end in runs]
            shares[label] = sum(end - start for start, end in runs) / duration if duration else 0.0
        return Reading(spans, {**frames.whole(video.scenes), **shares})


class _FrameMeasures:
    """The measurements of each frame: three numbers, and whether it is black, or the same as the one before."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.numbers: list[tuple[float, float, float]] = []
        self.black: list[bool] = []
        self.same: list[bool] = []
        self._before: Any = None

    def take(self, batch: PictureBatch) -> None:
        import numpy as np

        weights = np.array([0.299, 0.587, 0.114], np.float32)
        for time, image in zip(batch.times, batch.images, strict=True):
            luma = image.astype(np.float32) @ weights
            motion, same = self._motion(luma)
            self.times.append(time)
            self.numbers.append((_sharpness(luma), float(luma.mean()) / 255, motion))
            self.black.append(float((luma < _DARK).mean()) >= _BLACK_SHARE)
            self.same.append(same)
            self._before = luma

    def _motion(self, luma: Any) -> tuple[float, bool]:
        """The difference from the frame before, 0 to 1, relative to the contrast; and whether they are the same."""
        import numpy as np

        from vidkit.readers.sampling import cells_of

        if self._before is None:
            return math.nan, False
        change = luma - self._before
        contrast = float(np.sqrt((luma.var() + self._before.var()) / 2))
        moved = float(np.abs(change - change.mean()).mean())  # a change of brightness is no motion
        change = np.abs(change)
        same = float(change.mean()) < _SAME and float(cells_of(change).max()) < _SAME_CELL
        return min(1.0, moved / (contrast + _NOISE)), same

    def by_scene(self, scenes: Sequence[Scene]) -> Iterator[Span]:
        """A span with the numbers of each scene that has a frame."""
        for scene in scenes:
            inside = [n for n, time in enumerate(self.times) if scene.start_time <= time < scene.end_time]
            if inside:
                values = self._typical(inside, {inside[0]})
                yield Span(scene.start_time, scene.end_time, label="scene", values=values)

    def whole(self, scenes: Sequence[Scene]) -> dict[str, float]:
        """The numbers of the video. The change from one scene to the next is no motion."""
        firsts = set()
        for scene in scenes:
            firsts |= {next((n for n, time in enumerate(self.times) if time >= scene.start_time), 0)}
        return self._typical(range(len(self.times)), firsts)

    def _typical(self, numbers: Sequence[int], firsts: set[int]) -> dict[str, float]:
        """The medians of sharpness and brightness, and the mean motion, of some frames."""
        import numpy as np

        if not len(numbers):
            return {}
        found = np.array([self.numbers[number] for number in numbers])
        moving = [self.numbers[number][2] for number in numbers if number not in firsts]
        motion = float(np.mean(moving)) if moving else 0.0
        sharpness, brightness = np.median(found[:, :2], axis=0)
        return dict(
            zip(_NAMES, (round(float(sharpness), 2), round(float(brightness), 4), round(motion, 4)), strict=True)
        )


class _AudioMeasures:
    """Which tenths of a second are silent."""

    def __init__(self) -> None:
        self._flags: list[bool] = []
        self._rest: Any = None

    def take(self, batch: SoundBatch) -> None:
        import numpy as np

        step = round(_AUDIO_STEP * SAMPLE_RATE)
        samples = batch.samples if self._rest is None else np.concatenate([self._rest, batch.samples])
        whole = len(samples) // step
        parts = samples[: whole * step].reshape(whole, step)
        self._flags += (np.sqrt((parts * parts).mean(axis=1)) < _SILENT).tolist()
        self._rest = samples[whole * step :]

    def silence(self, duration: float) -> list[tuple[float, float]]:
        """The silent spans. The time after the end of the audio is silent too."""
        flags = self._flags[: math.ceil(duration / _AUDIO_STEP)]
        times = [number * _AUDIO_STEP for number in range(len(flags))]
        end = len(flags) * _AUDIO_STEP
        if end < duration:
            flags, times = [*flags, True], [*times, end]
        return _runs(flags, [*times, duration], _SILENT_FOR)


def _runs(flags: Sequence[bool], times: Sequence[float], least: float, back: int = 0) -> list[tuple[float, float]]:
    """Spans of at least `least` seconds in which a flag is set, from `back` flags before the first.

    Each flag is valid from its time to the next one.
    """
    found: list[tuple[float, float]] = []
    start: float | None = None
    for number, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = times[number - back]
        elif not flag and start is not None:
            if times[number] - start >= least - 1e-6:
                found.append((start, times[number]))
            start = None
    return found


def _sharpness(luma: Any) -> float:
    """The variance of the Laplacian: large for sharp edges, small for blur.

    Source: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    if min(luma.shape) < 3:
        return 0.0
    edges = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * luma[1:-1, 1:-1]
    return float(edges.var())
