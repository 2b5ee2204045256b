"""Whether two videos show the same: most frames of the shorter one are in the longer one.

At one shift in time, at least 60 % of the shorter video's frames, and at least three, are the same as in the longer
one: they differ by at most 31 of 256 bits, as PDQ defines it, and by at most 24 bits on average. So a shared intro
is too little, and another take of a scene is too different. A cropped copy is found by hashes of the middle of the
other video's frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vidkit.duplicates.pdq import SAME, bits_between, bits_of, distances
from vidkit.duplicates.signature import TICKS, Bytes, Signature, Times

SHARE = 0.6
MEAN = 24.0
LEAST = 3  # frames

_SHIFTS = 8  # number of shifts that are tried: those with the most votes
_NEAR = 1  # eighths of a second
_HELD = 10 * TICKS  # a frame stands for the time until the next one, but for at most ten seconds
_ROWS = 2000  # frames that are compared with all others at once
_STEPS = np.array([-2, -1, 0, 1])  # from the frame that follows a time: the two before it, itself, the next one

Bits = NDArray[np.float32]


class Match(NamedTuple):
    """Where two videos show the same.

    `share` of the shorter one's frames are in the longer one (0 to 1), `shift` seconds later there than here, and
    differ by `bits` on average.
    """

    share: float
    shift: float
    bits: float

    @property
    def is_copy(self) -> bool:
        """Whether that is enough for a copy."""
        return self.share >= SHARE and self.bits <= MEAN


NOTHING = Match(0.0, 0.0, 256.0)


class _Track(NamedTuple):
    """Frames of a video with their times; times and length are in eighths of a second."""

    times: Times
    hashes: Bytes
    bits: Bits
    length: int


def match(one: Signature, other: Signature) -> Match:
    """How much of the shorter of two videos is in the longer one."""
    short, long = (one, other) if one.length <= other.length else (other, one)
    shown, whole = _track(short), _track(long)
    found = _best_match(shown, whole)
    if found.is_copy:
        return found
    return max(found, _best_match(_middles(short), whole), _best_match(_middles(long), shown), key=_is_better)


def _is_better(found: Match) -> tuple[bool, float, float]:
    return found.is_copy, found.share, -found.bits


def _track(signature: Signature) -> _Track:
    return _Track(signature.times, signature.hashes, bits_of(signature.hashes), signature.length)


def _middles(signature: Signature) -> _Track:
    times = signature.times[signature.has_middle]
    return _Track(times, signature.middles, bits_of(signature.middles), signature.length)


def _best_match(one: _Track, other: _Track) -> Match:
    """How much of one track is in another one. If `one` is the longer video, only the part that overlaps the other
    counts; the share is then of the shorter one's length."""
    if len(one.times) < LEAST or not len(other.times):
        return NOTHING
    found = [_shifts(one, other, at) for at in range(0, len(one.times), _ROWS)]
    shifts, votes = np.unique(np.concatenate(found), return_counts=True)
    if not len(shifts):
        return NOTHING
    near = votes + sum(_votes_at(shifts, votes, shifts + step) for step in (-1, 1)) / 2
    likely = np.argsort(-near, kind="stable")[:_SHIFTS]
    best = NOTHING
    for place in likely:
        if best.is_copy and near[place] * 2 < near[likely[0]]:
            break
        best = max(best, _at_shift(one, other, int(shifts[place])), key=_is_better)
    return best


def _shifts(one: _Track, other: _Track, at: int) -> NDArray[np.int64]:
    """The shifts between the same frames of two tracks, for some frames of the first from `at` on."""
    here, there = np.nonzero(distances(one.bits[at : at + _ROWS], other.bits) <= SAME)
    return other.times[there] - one.times[at + here]


def _votes_at(shifts: NDArray[np.int64], votes: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    place = np.minimum(np.searchsorted(shifts, wanted), len(shifts) - 1)
    return np.where(shifts[place] == wanted, votes[place], 0)


def _at_shift(one: _Track, other: _Track, shift: int) -> Match:
    """How much of one track is in the other at a shift."""
    times = one.times + shift
    beside = np.nonzero((times >= -_NEAR) & (times < other.length + _NEAR))[0]
    overlap = min(one.length + shift, other.length) - max(0, shift)
    if not len(beside) or overlap <= 0:
        return NOTHING
    times = times[beside]
    place = np.searchsorted(other.times, times, "right")[:, None] + _STEPS
    place = np.minimum(np.maximum(place, 0), len(other.times) - 1)
    ends = np.minimum(np.append(other.times[1:], other.times[-1] + _HELD), other.times + _HELD)
    is_shown = (times[:, None] >= other.times[place] - _NEAR) & (times[:, None] <= ends[place] + _NEAR)
    bits = bits_between(one.hashes[beside][:, None], other.hashes[place])
    least = np.where(is_shown, bits, 256).min(axis=1)
    same = least <= SAME
    if same.sum() < LEAST:
        return NOTHING
    share = float(same.mean()) * min(1.0, overlap / min(one.length, other.length))
    return Match(share, shift / TICKS, float(least[same].mean()))
