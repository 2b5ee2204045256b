"""Where one shot ends and the next begins, from tiny frames: cuts, dissolves and fades, but not flashes.

A frame has 48x28 pixels in 12x7 cells. The change of a cell between two frames is the mean absolute difference of
its pixels, luma plus chroma. There are four rules:

- *A cut stands out.* The change of a cell from one frame to the next is divided by the largest change of the same
  cell in the quarter of a second before and after. The mean of these ratios over the picture is the strength of the
  cut. So a moving hand or a panning camera is compared with its own motion. To ignore flashes, the change across a
  position is the smallest one over several time spans: after a flash the picture comes back. The change of the
  tones of the whole picture, wherever they are in it, is compared with its neighbours in the same way, and weights
  the strength: motion keeps the tones, another shot seldom does.
- *A dissolve is a mixture.* Half way through, each pixel is the mean of its old and its new value. The strength is
  the part of the change between two frames that this explains, again compared with the cell's own motion before and
  after. Motion and cuts leave nothing: their middle frame is not the mean of the other two. A fade is a dissolve
  with black or white; a fade out and in again passes through a frame without a picture.
- *A boundary is also large by itself.* Where nothing moves, anything stands out: a keyframe of a bad encoder, a
  hand, a caption. A boundary must change many of the cells, and some of them by more than an encoder does.
- *What a moving camera or light explains does not count.* For each candidate, a shift, a zoom and a change of
  brightness are fitted by least squares, and only the rest counts.

Sources. The local ratio in place of a fixed threshold: B.-L. Yeo and B. Liu, "Rapid scene analysis on compressed
video", IEEE Trans. CSVT 5(6), 1995. Tones: the colour histograms of H. Zhang, A. Kankanhalli and S. Smoliar,
"Automatic partitioning of full-motion video", Multimedia Systems 1, 1993. Comparing across a place in several
spans: M. Cooper, T. Liu and E. Rieffel, "Video segmentation via temporal pattern classification", IEEE Trans.
Multimedia 9(3), 2007. Dissolves as linear mixtures: A. Hampapur, R. Jain and T. Weymouth, "Production model based
digital video segmentation", Multimedia Tools and Applications 1, 1995. Fades through frames without a picture: R.
Lienhart, "Comparison of automatic shot boundary detection algorithms", SPIE 3656, 1999. The fit of motion and
brightness: B. Lucas and T. Kanade, "An iterative image registration technique", IJCAI 1981. The constants were
chosen on films made for that purpose.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.analysis.likeness import CELLS, LUMA, SAMPLES, Cells, Floats, Samples, samples_of, unexplained

# Strengths at which a boundary scores 0.3, in the middle of broad plateaus of accuracy.
_CUT_STRENGTH = 1.3
_BLEND_STRENGTH = 0.2
_CAP = 10.0  # no cell counts for more than this
_NOISE = 1.25  # levels of change that compression makes on its own: added to what a cell knows as its motion

# What a cut counts for whose tones stay as they are, and at the most; 1 where they change as they do by motion.
_SAME_TONES = 0.6
_MOST_WEIGHT = 1.6
_TONE_NOISE = 0.5  # levels of 16 by which compression and light move the tones

# A boundary must also be large enough by itself, whatever its neighbours are. Below these it counts for less.
_CUT_SIZE = 12.0  # levels of change in the tenth of the cells that change most, less what the coder changes
_CODER = 8.0  # levels at most that the coder changes the whole picture by, at a keyframe
_CUT_SHARE = 0.4  # share of the cells that change by more than their own motion
_CUT_SHARE_BEYOND = 0.25  # share of those that do so by more than the coder changes them
_MOST_OFF = 0.41  # share of the whole picture's change that the middle of a dissolve may be off the mixture
_BLEND_SIZE = 1.5  # mean levels of change that a mixture explains
_BLEND_LEVELS = 3.0  # levels from which a cell counts as mixed
_BLEND_SHARE = 0.13  # share of the cells that are mixed

_CUT_JUMP, _BLEND_JUMP = 3, 1  # pixels by which a camera that is knocked may move the picture

_NEIGHBOURHOOD = 0.24  # seconds each side that a cut must stand out from
_FLASH = 0.16  # seconds that a flash may last
_HALF_BLENDS = (0.28, 0.56, 1.12)  # seconds: half of the spans in which dissolves and fades are looked for
_HOLD = 1.5  # seconds from the middle of a fade out to that of the fade in, for both to be one boundary
_FLAT = 3.0  # standard deviation of luma under which a frame shows nothing


@dataclass(frozen=True)
class Boundary:
    """The first frame of a new shot, or the middle frame of a dissolve or fade, and how sure it is, 0 to 1."""

    frame: int
    score: float


@dataclass(frozen=True)
class _Candidate:
    frame: int
    score: float
    reach: int  # frames each side within which it stands alone
    from_flat: bool = False
    to_flat: bool = False


def find_boundaries(
    frames: Iterable[NDArray[np.uint8]], threshold: float = 0.3, fps: float = 25.0
) -> list[Boundary]:
    """Find the shot boundaries of a video.

    Memory does not grow with the video's length; the work is some tens of microseconds a frame.

    Args:
        frames: all frames in order, in blocks of any length, each block an array of n x FRAME_BYTES: frames of
            FRAME_SIZE in PIXEL_FORMAT, as ffmpeg's rawvideo has them.
        threshold: the score that a boundary must be over, 0 to 1; lower finds more.
        fps: frames a second, the average where it varies.

    Returns:
        The boundaries in order; frames are counted from 0, and 0 is never one of them.
    """
    fps = min(max(fps, 1.0), 240.0)
    near = max(2, round(_NEIGHBOURHOOD * fps))
    lags = [k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32) if k <= max(1, round(_FLASH * fps))]
    halves = [half for half in (round(seconds * fps) for seconds in _HALF_BLENDS) if half >= 2]
    reach = max([near + lags[-1], *(3 * half for half in halves)])

    cuts: list[_Candidate] = []
    blends: list[_Candidate] = []
    held: Samples = np.empty((0, SAMPLES, CELLS), np.int16)
    end = -reach  # the number of the frame after those held; the padding before the video has negative ones
    next_cut, next_blend = 1, list(halves)
    for block in _padded(frames, reach):
        held = np.concatenate([held[-2 * reach :], block])
        end += len(block)
        first, stop = end - len(held), end - reach
        if next_cut < stop:
            cuts += _cuts(held, next_cut - first, stop - first, near, lags, threshold, first)
            next_cut = stop
        for n, half in enumerate(halves):
            middles = np.arange(next_blend[n], stop, max(1, half // 3))
            if len(middles):
                blends += _blends(held, middles - first, half, threshold, first)
                next_blend[n] = int(middles[-1]) + max(1, half // 3)
    total = end - reach
    blends = [blend for blend in blends if 0 < blend.frame < total - blend.reach]
    return _fades_joined(_strongest(blends, _strongest(cuts, [])), _HOLD * fps)


def _padded(frames: Iterable[NDArray[np.uint8]], reach: int) -> Iterator[Samples]:
    """The frames as samples, some hundreds at a time; `reach` copies of the first and last go before and after."""
    waiting: list[NDArray[np.uint8]] = []
    last: NDArray[np.uint8] | None = None
    for block in frames:
        if last is None and len(block):
            waiting.append(np.repeat(block[:1], reach, axis=0))
        for start in range(0, len(block), 256):
            waiting.append(block[start : start + 256])
            last = block[-1:]
            if sum(map(len, waiting)) >= 128:
                yield samples_of(np.concatenate(waiting))
                waiting.clear()
    if last is not None:
        yield samples_of(np.concatenate([*waiting, np.repeat(last, reach, axis=0)]))


def _change(one: Samples, other: Samples) -> Cells:
    """The change of each cell from frame to frame of two runs of the same length, in levels."""
    change: Cells = _sums(lambda part: one[part] - other[part], len(one)) / np.float32(LUMA)
    return change


def _sums(differences: Callable[[slice], Samples], length: int) -> Cells:
    """The absolute differences added up by cell; a few frames at a time, which stay in the processor's cache."""
    sums = np.empty((length, CELLS), np.float32)
    for start in range(0, length, 32):
        part = differences(slice(start, start + 32))
        sums[start : start + 32] = np.abs(part, out=part).sum(axis=1, dtype=np.int16)
    return sums


def _strength(change: Cells, motion: Cells) -> Floats:
    """How much a change stands out from each cell's own motion, as mean over the picture."""
    strength: Floats = np.minimum(change / (motion + _NOISE), _CAP).mean(axis=-1)
    return strength


def _score(strength: Floats, usual: float) -> Floats:
    """Any strength -> 0 to 1: 0.3 at the usual strength, 0.51 at twice that."""
    score: Floats = 1 - 0.7 ** (strength / usual)
    return score


def _cuts(
    held: Samples, start: int, stop: int, near: int, lags: list[int], threshold: float, first: int
) -> list[_Candidate]:
    """The cuts before the frames `start` to `stop` that are held; `first` is the number of the first one."""
    margin = lags[-1]
    here = held[start - near - margin : stop + near + margin]
    change = _lasting(_change, here, margin, lags)
    motion = _largest_around(change, near)
    change = change[near:-near]
    strength = _strength(change, motion)
    found = []
    for at in np.flatnonzero(_score(_MOST_WEIGHT * strength, _CUT_STRENGTH) > threshold):
        if strength[at] < strength[max(0, at - near) : at + near + 1].max():
            continue
        weight = _size_weight(change[at], motion[at])
        if _score(_MOST_WEIGHT * weight * strength[at], _CUT_STRENGTH) <= threshold:
            continue
        weight *= _tone_weight(here[at : at + 2 * (near + margin) + 1], near, margin, lags)
        if _score(weight * strength[at], _CUT_STRENGTH) <= threshold:
            continue
        left, unlike = unexplained(held[start + at - 1], held[start + at], _CUT_JUMP)
        rest = _strength(np.minimum(change[at], left), motion[at])
        sure = float(_score(unlike * weight * rest, _CUT_STRENGTH))
        if sure > threshold:
            found.append(_Candidate(first + start + int(at), sure, near))
    return found


def _size_weight(change: Cells, motion: Cells) -> float:
    """What a cut counts for by how much and how widely it changes the picture, 0 to 1.

    A keyframe of a bad encoder changes all cells by a little; a caption, or something that comes into the picture,
    changes a few of them by much. A cut changes many, and some of these by much.
    """
    middle, most = np.quantile(change, (0.5, 0.9))
    coder = min(middle, _CODER)
    beyond = change - motion - _NOISE
    size = (most - coder) / _CUT_SIZE
    # Both together, at a keyframe at which something moves, are no cut either.
    share = min(np.mean(beyond > 0) / _CUT_SHARE, np.mean(beyond > coder) / _CUT_SHARE_BEYOND)
    return float((min(size, 1.0) * min(share, 1.0)) ** 3)


def _lasting(
    change: Callable[[NDArray[Any], NDArray[Any]], Floats], frames: NDArray[Any], margin: int, lags: list[int]
) -> Floats:
    """The change before each frame, but for `margin` at both ends: the smallest over several spans of time."""
    end = len(frames) - margin
    lasting = change(frames[margin:end], frames[margin - 1 : end - 1])
    for lag in lags[1:]:
        over = change(frames[margin : end + lag - 1], frames[margin - lag : end - 1])
        # From `lag` frames before to this frame, and from the frame before this to `lag` frames on.
        np.minimum(lasting, over[: len(lasting)], out=lasting)
        np.minimum(lasting, over[lag - 1 :], out=lasting)
    return lasting


def _largest_around(change: Floats, near: int) -> Floats:
    """The largest change among the `near` frames each side of each frame but the outermost, itself left out."""
    length = len(change) - 2 * near
    largest = np.zeros((length, *change.shape[1:]), np.float32)
    for away in range(1, near + 1):
        np.maximum(largest, change[near - away : near - away + length], out=largest)
        np.maximum(largest, change[near + away : near + away + length], out=largest)
    return largest


def _tone_weight(around: Samples, near: int, margin: int, lags: list[int]) -> float:
    """What a cut before the middle one of these frames counts for, by how far the tones' change stands out."""
    change = _lasting(_toned, _tones(around), margin, lags)
    stands_out = float(change[near] / (_largest_around(change, near)[0] + _TONE_NOISE))
    return min(_SAME_TONES + (1 - _SAME_TONES) * stands_out, _MOST_WEIGHT)


def _tones(frames: Samples) -> Floats:
    """How the pixels of each frame are distributed over levels, at any position: frames x 48 cumulated shares.

    There are 16 levels each of luma and of the middle half of both chromas; a pixel is dealt to the nearest two.
    """
    numbers = np.arange(len(frames), dtype=np.int32)[:, None] * 16
    found = []
    for part, lowest, step in ((slice(0, 16), 0, 16), (slice(16, 20), 64 * 4, 32), (slice(20, 24), 64 * 4, 32)):
        levels = (frames[:, part].reshape(len(frames), -1) - np.float32(lowest)) / np.float32(step)
        levels = np.clip(levels - np.float32(0.5), 0, 14.999)
        whole = levels.astype(np.int32)
        upper = (levels - whole).ravel()
        place = (whole + numbers).ravel()
        shares = np.bincount(place, 1 - upper, len(frames) * 16)
        shares[1:] += np.bincount(place, upper, len(frames) * 16)[:-1]
        found.append(shares.reshape(-1, 16).cumsum(axis=1) / levels.shape[1])
    tones: Floats = np.concatenate(found, axis=1).astype(np.float32)
    return tones


def _toned(one: Floats, other: Floats) -> Floats:
    """How far the tones of two runs of frames are apart: the earth mover's distance, in levels."""
    apart: Floats = np.abs(one - other).sum(axis=1)
    return apart


def _blends(held: Samples, middles: NDArray[np.intp], half: int, threshold: float, first: int) -> list[_Candidate]:
    """The dissolves and fades around these of the frames that are held; `first` is the number of the first one."""
    before, middle, after = held[middles - half], held[middles], held[middles + half]
    change = _change(before, after)
    # Twice what the middle frame is off the mean of the other two. Three times that off is counted against it,
    # so that a cut, which is off by half the change, leaves less than nothing.
    off = _sums(lambda part: 2 * middle[part] - before[part] - after[part], len(middles)) / np.float32(2 * LUMA)
    mixed = change - 3 * off
    # Where something moves past, half of the picture is as it will be by then, and the other half as it was.
    mixed[off.sum(axis=1) > _MOST_OFF * change.sum(axis=1)] = 0
    empty = np.flatnonzero(_is_flat(middle))
    if len(empty):  # out and in again: each side differs from the empty frame and from the other side
        sides = np.minimum(_change(before[empty], middle[empty]), _change(middle[empty], after[empty]))
        mixed[empty] = np.maximum(mixed[empty], np.minimum(change[empty], sides))
    motion = np.maximum(_change(held[middles - 3 * half], before), _change(after, held[middles + 3 * half]))
    mixed -= 0.75 * motion  # a slow pan mixes neighbouring pixels, but goes on as it was
    strength = _strength(np.maximum(mixed, 0), motion)
    found = []
    for at in np.flatnonzero(_score(strength, _BLEND_STRENGTH) > threshold):
        if strength[at] < strength[max(0, at - 2) : at + 3].max():
            continue
        left, unlike = unexplained(before[at], after[at], _BLEND_JUMP)
        left = np.clip(mixed[at], 0, np.maximum(left - 0.75 * motion[at], 0))
        rest = float(_strength(left, motion[at]))
        # Large enough by itself, as a cut must be; and where light explains most of it, the rest is light, too.
        size, share = left.mean() / _BLEND_SIZE, np.mean(left > _BLEND_LEVELS) / _BLEND_SHARE
        weight = unlike * min(size, 1.0) * min(share, 1.0) ** 2 * rest / strength[at]
        sure = float(_score(weight * rest, _BLEND_STRENGTH))
        if sure > threshold:
            place = int(middles[at])
            flat_before = _is_flat(held[place - 3 * half : place])
            flat_after = _is_flat(held[place : place + 3 * half])
            if flat_after[0]:  # to the middle of the time that nothing is shown
                place += (_length_of_run(flat_after) - _length_of_run(flat_before[::-1])) // 2
            found.append(_Candidate(first + place, sure, half, bool(flat_before.any()), bool(flat_after.any())))
    return found


def _is_flat(frames: Samples) -> NDArray[np.bool_]:
    """Which frames show nothing: black, white, any one brightness."""
    flat: NDArray[np.bool_] = frames[:, :LUMA:5].std(axis=(1, 2), dtype=np.float32) < _FLAT
    return flat


def _length_of_run(flags: NDArray[np.bool_]) -> int:
    """How many flags are set before the first that is not."""
    return len(flags) if flags.all() else int(flags.argmin())


def _strongest(candidates: list[_Candidate], standing: list[_Candidate]) -> list[_Candidate]:
    """In order: those that are fixed already, and the others without a stronger one nearby."""
    kept = list(standing)
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        place = bisect_left(kept, candidate.frame, key=lambda other: other.frame)
        neighbours = kept[max(0, place - 1) : place + 1]
        if all(abs(o.frame - candidate.frame) > max(o.reach, candidate.reach) for o in neighbours):
            kept.insert(place, candidate)
    return kept


def _fades_joined(candidates: list[_Candidate], hold: float) -> list[Boundary]:
    """The boundaries; a fade out and the fade in that follows it within `hold` frames are one, at the middle."""
    boundaries: list[Boundary] = []
    fading: _Candidate | None = None
    for candidate in candidates:
        if fading and candidate.from_flat and candidate.frame - fading.frame <= hold:
            middle = (fading.frame + candidate.frame) // 2
            boundaries[-1] = Boundary(middle, max(fading.score, candidate.score))
            fading = None
        else:
            boundaries.append(Boundary(candidate.frame, candidate.score))
            fading = candidate if candidate.to_flat else None
    return boundaries
