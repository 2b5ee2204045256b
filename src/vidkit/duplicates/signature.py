"""The signature of a video: hashes of some of its pictures with their times, and how a record keeps it.

Pictures are looked at eight times a second in a video of up to 24 seconds, and four times in a longer one. Of each
stretch (a 24th of the video, an eighth of a second to a second) the picture stays that changes least from the one
before to the one after: a copy that begins at another moment has nearly the same one. Where the picture moves fast,
all pictures stay that are unlike those that were kept. Flat pictures are left out.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.duplicates.pdq import BYTES, Picture, bits_of, distances, pdq, pdq_of_middle

TICKS = 8  # times are in eighths of a second
MIDDLE = 0.95  # of width and height: the hash that a cropped copy has

# Under 10, re-encoding changes a hash by 17 bits and more on average; from 20 on by 2 (docs/benchmarks.md).
GOOD = 15
_SHORT = 24.0  # seconds
_PARTS = 24  # a video has so many stretches at least, as long as there are pictures
_MIDDLES = 8, 4  # so many pictures have a hash of their middle, and then every fourth
_CHANGED = 20  # bits: a picture that is so unlike those that were kept is kept too
_UNCHANGED = 4  # bits; in a longer video a picture is left out that is so like the one before
_MOST_APART = 10 * TICKS
_MOST = 1_000_000  # pictures in a record: more is damage

Bytes = NDArray[np.uint8]
_LookedAt = tuple[int, Picture, Bytes, int, float]  # number, picture, hash, quality, change
Times = NDArray[np.int64]


@dataclass(frozen=True)
class Signature:
    """What a video looks like. `times` and `length` are in eighths of a second.

    `hashes` is n x 32; `middles` are hashes of the middles of the pictures that `has_middle` says.
    """

    length: int
    times: Times
    hashes: Bytes
    has_middle: NDArray[np.bool_]
    middles: Bytes

    def __len__(self) -> int:
        return len(self.times)


def rate_for(duration: float) -> int:
    """How many pictures a second of a video with this duration are looked at."""
    return TICKS if duration <= _SHORT else TICKS // 2


class SignatureMaker:
    """Makes a signature from the pictures of a video, one after the other."""

    def __init__(self, duration: float) -> None:
        """
        Args:
            duration: the video's, in seconds, as far as it is known.
        """
        self.rate = rate_for(duration)
        self._stretch = max(1, min(self.rate, round(duration * self.rate / _PARTS)))  # pictures
        stretches = max(1, round(duration * self.rate / self._stretch))
        self._every = max(1, min(_MIDDLES[1], stretches // _MIDDLES[0]))
        self._thins = duration > _SHORT
        self._waiting: list[_LookedAt] = []
        self._times: list[int] = []
        self._hashes: list[Bytes] = []
        self._middles: dict[int, Bytes] = {}

    def take(self, number: int, picture: Picture) -> None:
        """Look at the next picture, 512 x 512 of grey; `number` counts from 0."""
        found, quality = pdq(picture)
        change = 0.0
        if self._waiting:
            last = self._waiting[-1]
            change = _bits_between(last[2], found)
            self._waiting[-1] = (*last[:4], max(last[4], change))
        if self._waiting and number % self._stretch == 0:
            self._choose()
        self._waiting.append((number, picture, found, quality, change))

    def finish(self, duration: float) -> Signature:
        """The signature; `duration` is the video's, in seconds, as it is known now."""
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
        """Keep the calmest good picture of the stretch that is over, and others that are unlike it."""
        good = [each for each in self._waiting if each[3] >= GOOD]
        self._waiting.clear()
        if not good:
            return
        calmest = min(good, key=lambda each: each[4])
        for each in good:
            if each is calmest or self._is_new(each[2], calmest[2]):
                self._keep(each)

    def _is_new(self, found: Bytes, calmest: Bytes) -> bool:
        """Whether a picture is unlike the calmest one of its stretch and the one that was kept last."""
        near = [calmest, *self._hashes[-1:]]
        return all(_bits_between(other, found) > _CHANGED for other in near)

    def _keep(self, looked_at: _LookedAt) -> None:
        """Keep a picture, unless it is like the one before."""
        number, picture, found, _, _ = looked_at
        time = number * TICKS // self.rate
        is_near = self._thins and self._times and time - self._times[-1] < _MOST_APART
        if is_near and _bits_between(self._hashes[-1], found) <= _UNCHANGED:
            return
        if len(self._times) % self._every == 0:
            self._middles[len(self._times)] = pdq_of_middle(picture, MIDDLE)
        self._times.append(time)
        self._hashes.append(found)


def _bits_between(one: Bytes, other: Bytes) -> float:
    return float(distances(bits_of(one[None]), bits_of(other[None]))[0, 0])


def to_record(signature: Signature) -> dict[str, Any]:
    """A signature as a record keeps it (`record.PicturesEntry`).

    For each picture four bytes, the least significant first: its time, in eighths of a second, twice, and one more
    where it has a hash of its middle; then all hashes; then those of the middles.
    """
    times = (signature.times * 2 + signature.has_middle).astype("<u4")
    data = times.tobytes() + signature.hashes.tobytes() + signature.middles.tobytes()
    return {"count": len(signature), "hashes": base64.b64encode(data).decode()}


def from_record(entry: object, duration: float) -> Signature | None:
    """The signature that a record has; None where it has none, or a damaged one.

    Args:
        entry: the value of the record's key.
        duration: the video's, in seconds.
    """
    if not isinstance(entry, Mapping):
        return None
    count, text = entry.get("count"), entry.get("hashes")
    if not isinstance(count, int) or not isinstance(text, str) or not 0 <= count <= _MOST:
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
