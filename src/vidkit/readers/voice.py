"""Find the parts of the audio with a voice, during the decode: memory does not grow with the video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vidkit.readers.protocol import SAMPLE_RATE, SoundBatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 28.0  # maximum seconds that are transcribed at once: Whisper's window has 30
_WINDOW = 60.0  # seconds that are searched for voices at once
_OVERLAP = 1.0  # last seconds of a window that are searched again with the next one: a voice may begin there
_PAD = 0.2  # seconds that are added before and after a voice, where it is soft
_GAP = 0.5  # seconds of silence after each part of a group, so that no word goes across two parts


@dataclass(frozen=True)
class Part:
    """Audio with a voice: its start in seconds, and its samples."""

    start_time: float
    samples: NDArray[np.float32]

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def parts_with_voice(batches: Iterable[SoundBatch]) -> Iterator[Part]:
    """The parts with a voice, in order, none longer than `LONGEST`.

    The voice detector is Silero VAD from faster-whisper. It gets a minute at once; a part that continues at the end
    of the minute is searched again with the next one.
    """
    import numpy as np

    pending: list[NDArray[np.float32]] = []
    start: float | None = None
    for batch in batches:
        start = batch.start_time if start is None else start
        pending.append(batch.samples)
        if sum(map(len, pending)) < _WINDOW * SAMPLE_RATE:
            continue
        window = np.concatenate(pending)
        found = _voices(window)
        left = len(window) - round(_OVERLAP * SAMPLE_RATE)
        if found and found[-1][1] > left:
            left = found.pop()[0]
        yield from _parts_of(window, start, found)
        pending = [window[left:].copy()]
        start += left / SAMPLE_RATE
    if start is not None:
        window = np.concatenate(pending)
        yield from _parts_of(window, start, _voices(window))


class Group:
    """Parts that are transcribed together, with half a second of silence after each."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts

    @property
    def seconds(self) -> float:
        return sum(part.seconds + _GAP for part in self.parts)

    def samples(self) -> NDArray[np.float32]:
        """All of its samples."""
        import numpy as np

        silence = np.zeros(round(_GAP * SAMPLE_RATE), np.float32)
        return np.concatenate([some for part in self.parts for some in (part.samples, silence)])

    def times(self, start: float, end: float) -> tuple[float, float]:
        """Two times of the group -> times of the video, both in the part that contains their middle."""
        middle, before = (start + end) / 2, 0.0
        for part in self.parts:
            if middle < before + part.seconds + _GAP / 2 or part is self.parts[-1]:
                break
            before += part.seconds + _GAP
        first, last = (min(max(time - before, 0.0), part.seconds) for time in (start, end))
        return part.start_time + first, part.start_time + last


def groups_of(parts: Iterable[Part]) -> Iterator[Group]:
    """Group parts, up to `LONGEST` seconds: Whisper takes as long for one second as for thirty."""
    some: list[Part] = []
    for part in parts:
        if some and Group([*some, part]).seconds > LONGEST + _GAP:
            yield Group(some)
            some = []
        some.append(part)
    if some:
        yield Group(some)


def _parts_of(window: NDArray[np.float32], start: float, found: Iterable[tuple[int, int]]) -> Iterator[Part]:
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
