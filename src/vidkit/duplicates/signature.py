"""The signature of a video: hashes of some of its frames with their times, and its form in a record.

A video of up to 24 seconds is sampled eight times a second, a longer one four times. From each stretch (a 24th of
the video, but an eighth of a second to a second) the calmest frame is kept: the one that changes least from the
frame before and to the frame after. A copy that begins at another time has nearly the same one. With fast motion,
all frames that differ from those already kept are kept too. Flat frames are left out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.duplicates.pdq import BYTES, GreyImage, bits_of, distances, pdq, pdq_of_middle

TICKS = 8  # times are in eighths of a second
MIDDLE = 0.95  # share of width and height that a cropped copy has

# Under 10, re-encoding changes a hash by 17 bits and more on average; from 20 on by 2 (docs/benchmarks.md).
GOOD = 15
_SHORT = 24.0  # seconds
_MIN_STRETCHES = 24  # minimum number of stretches, if there are enough frames
_MIDDLES = 8, 4  # so many frames get a hash of their middle, but at least every fourth
_CHANGED = 20  # bits: a frame that differs more from those already kept is kept too
_UNCHANGED = 4  # bits: in a longer video, a frame that differs less from the one before is left out
_MAX_GAP = 10 * TICKS
_MAX_FRAMES = 1_000_000  # maximum frames in a record: more is damage

Bytes = NDArray[np.uint8]
_Sample = tuple[int, GreyImage, Bytes, int, float]  # number, image, hash, quality, change
Times = NDArray[np.int64]


@dataclass(frozen=True)
class Signature:
    """What a video looks like. `times` and `length` are in eighths of a second.

    `hashes` is n x 32; `middles` are hashes of the middles of the frames with `has_middle`.
    """

    length: int
    times: Times
    hashes: Bytes
    has_middle: NDArray[np.bool_]
    middles: Bytes

    def __len__(self) -> int:
        return len(self.times)


def rate_for(duration: float) -> int:
    """How many frames a second of a video with this duration are sampled."""
    return TICKS if duration <= _SHORT else TICKS // 2


class SignatureMaker:
    """Makes a signature from the frames of a video, one after the other."""

    def __init__(self, duration: float) -> None:
        """
        Args:
            duration: the video's, in seconds, before the decode.
        """
        self.rate = rate_for(duration)
        self._stretch = max(1, min(self.rate, round(duration * self.rate / _MIN_STRETCHES)))  # frames
        stretches = max(1, round(duration * self.rate / self._stretch))
        self._every = max(1, min(_MIDDLES[1], stretches // _MIDDLES[0]))
        self._thins = duration > _SHORT
        self._waiting: list[_Sample] = []
        self._times: list[int] = []
        self._hashes: list[Bytes] = []
        self._middles: dict[int, Bytes] = {}

    def take(self, number: int, image: GreyImage) -> None:
        """Hash the next frame, 512 x 512 of grey; `number` counts from 0."""
        found, quality = pdq(image)
        change = 0.0
        if self._waiting:
            last = self._waiting[-1]
            change = _bits_between(last[2], found)
            self._waiting[-1] = (*last[:4], max(last[4], change))
        if self._waiting and number % self._stretch == 0:
            self._choose()
        self._waiting.append((number, image, found, quality, change))

    def finish(self, duration: float) -> Signature:
        """The signature; `duration` is the video's, in seconds, after the decode."""
        self._choose()
        count = len(self._times)
        has_middle = np.zeros(count, np.bool_)
        has_middle[list(self._middles)] = True
        return Signature(
            round(duration * TICKS),
            np.array(self._times, np.int64),
            np.array(self._hashes, np.uint8).reshape(count, BYTES),
            has_middle,
            np.array(list(self._middles.values()), np.uint8).reshape(len(self._middles), BYTES),
        )

    def _choose(self) -> None:
        """Keep the calmest good frame of the finished stretch, and others that differ from it."""
        good = [each for each in self._waiting if each[3] >= GOOD]
        self._waiting.clear()
        if not good:
            return
        calmest = min(good, key=lambda each: each[4])
        for each in good:
            if each is calmest or self._is_new(each[2], calmest[2]):
                self._keep(each)

    def _is_new(self, found: Bytes, calmest: Bytes) -> bool:
        """Whether a frame differs from the calmest one of its stretch and from the one that was kept last."""
        near = [calmest, *self._hashes[-1:]]
        return all(_bits_between(other, found) > _CHANGED for other in near)

    def _keep(self, sample: _Sample) -> None:
        """Keep a frame, unless it is like the one before."""
        number, image, found, _, _ = sample
        time = number * TICKS // self.rate
        is_near = self._thins and self._times and time - self._times[-1] < _MAX_GAP
        if is_near and _bits_between(self._hashes[-1], found) <= _UNCHANGED:
            return
        if len(self._times) % self._every == 0:
            self._middles[len(self._times)] = pdq_of_middle(image, MIDDLE)
        self._times.append(time)
        self._hashes.append(found)


def _bits_between(one: Bytes, other: Bytes) -> float:
    return float(distances(bits_of(one[None]), bits_of(other[None]))[0, 0])


def to_record(signature: Signature) -> dict[str, Any]:
    """A signature in the form of a record (`record.PicturesEntry`).

    Four bytes for each frame, the least significant first: twice its time in eighths of a second, plus one if it
    has a hash of its middle. Then all hashes, then the hashes of the middles.
    """
    times = (signature.times * 2 + signature.has_middle).astype("<u4")
    data = times.tobytes() + signature.hashes.tobytes() + signature.middles.tobytes()
    return {"count": len(signature), "hashes": base64.b64encode(data).decode()}


def from_record(entry: object, duration: float) -> Signature | None:
    """The signature in a record; None if it has none, or a damaged one.

    Args:
        entry: the value of the record's key.
        duration: the video's, in seconds.
    """
    if not isinstance(entry, Mapping):
        return None
    count, text = entry.get("count"), entry.get("hashes")
    if not isinstance(count, int) or not isinstance(text, str) or not 0 <= count <= _MAX_FRAMES:
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) < count * (4 + BYTES):
        return None
    times = np.frombuffer(data, "<u4", count).astype(np.int64)
    has_middle = times % 2 == 1
    hashes = np.frombuffer(data, np.uint8)[count * 4 :]
    if len(hashes) != (count + int(has_middle.sum())) * BYTES or np.any(np.diff(times // 2) <= 0):
        return None
    hashes = hashes.reshape(-1, BYTES)
    return Signature(round(duration * TICKS), times // 2, hashes[:count], has_middle, hashes[count:])
