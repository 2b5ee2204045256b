"""The parts of a sound in which somebody speaks, found while it comes: memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidkit.readers.protocol import SAMPLE_RATE, SoundBatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 28.0  # seconds that are transcribed at once: Whisper looks at 30
_WINDOW = 60.0  # seconds in which voices are looked for at once
_KEPT = 1.0  # seconds of a window without a voice that go into the next one: a voice may begin there
_PAD = 0.2  # seconds before and after a voice: it is soft there
_BETWEEN = 0.5  # seconds of silence between parts that are put together, so that no word is heard across them


@dataclass(frozen=True)
class Part:
    """Some sound with a voice: the second at which it starts, and the samples."""

    start_time: float
    samples: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def parts_with_voice(batches: Iterable[SoundBatch]) -> Iterator[Part]:
    """The parts in which somebody speaks, in order, none longer than `LONGEST`.

    The voice detector is Silero's, as faster-whisper brings it. It looks at a minute at once; a part that is not
    over at the end of the minute is left for the next one.
    """
    import numpy as np

    waiting: list[NDArray[np.float32]] = []
    start: float | None = None
    for batch in batches:
        start = batch.start_time if start is None else start
        waiting.append(batch.samples)
        if sum(map(len, waiting)) < _WINDOW * SAMPLE_RATE:
            continue
        window = np.concatenate(waiting)
        found = _voices(window)
        left = len(window) - round(_KEPT * SAMPLE_RATE)
        if found and found[-1][1] > left:
            left = found.pop()[0]
        yield from _cut(window, start, found)
        waiting = [window[left:].copy()]
        start += left / SAMPLE_RATE
    if start is not None:
        window = np.concatenate(waiting)
        yield from _cut(window, start, _voices(window))


class Group:
    """Some parts that are transcribed at once, with half a second of silence after each."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts

    @property
    def seconds(self) -> float:
        return sum(part.seconds + _BETWEEN for part in self.parts)

    def samples(self) -> NDArray[np.float32]:
        """All of its sound."""
        import numpy as np

        silence = np.zeros(round(_BETWEEN * SAMPLE_RATE), np.float32)
        return np.concatenate([some for part in self.parts for some in (part.samples, silence)])

    def times(self, start: float, end: float) -> tuple[float, float]:
        """The seconds of the video for two seconds of the group: both in the part that their middle is in."""
        middle, before = (start + end) / 2, 0.0
        for part in self.parts:
            if middle < before + part.seconds + _BETWEEN / 2 or part is self.parts[-1]:
                break
            before += part.seconds + _BETWEEN
        first, last = (min(max(time - before, 0.0), part.seconds) for time in (start, end))
        return part.start_time + first, part.start_time + last


def groups_of(parts: Iterable[Part]) -> Iterator[Group]:
    """Put parts together, up to `LONGEST` seconds: Whisper takes as long for one second as for thirty."""
    some: list[Part] = []
    for part in parts:
        if some and Group([*some, part]).seconds > LONGEST + _BETWEEN:
            yield Group(some)
            some = []
        some.append(part)
    if some:
        yield Group(some)


def _cut(window: NDArray[np.float32], start: float, found: Iterable[tuple[int, int]]) -> Iterator[Part]:
    for first, last in found:
        yield Part(start + first / SAMPLE_RATE, window[first:last].copy())


def _voices(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """First and last sample of each part with a voice."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_speech_duration_ms=250,
        max_speech_duration_s=LONGEST,
        min_silence_duration_ms=1000,
        speech_pad_ms=round(_PAD * 1000),
    )
    return [(part["start"], part["end"]) for part in get_speech_timestamps(samples, options)]
