"""Find where one scene ends and the next begins, from tiny frames: cuts, dissolves and fades, but not flashes.

A frame has 48x28 pixels in 12x7 cells. The change of a cell between two frames is the mean absolute difference of
its pixels, luma plus chroma. There are four rules:

- *A cut stands out.* The change of a cell from one frame to the next is divided by the largest change of the same
  cell in the quarter of a second before and after. The mean of these ratios over the frame is the strength of the
  cut. So a moving hand or a panning camera is compared with its own motion. To ignore flashes, the change across a
  position is the smallest one over several time spans: after a flash the old image comes back. The change of the
  tones of the whole frame, wherever they are in it, is compared with its neighbours in the same way, and weights
  the strength: motion keeps the tones, a new scene seldom does.
- *A dissolve is a mixture.* Half way through, each pixel is the mean of its old and its new value. The strength is
  the part of the change between two frames that this explains, again compared with the cell's own motion before and
  after. Motion and cuts leave nothing: their middle frame is not the mean of the other two. A fade is a dissolve
  with black or white; a fade out and in again passes through an empty frame.
- *A boundary is also large by itself.* Where nothing moves, anything stands out: a keyframe of a bad encoder, a
  hand, a caption. A boundary must change many of the cells, and some of them by more than an encoder does.
- *What a moving camera or light explains does not count.* For each candidate, a shift, a zoom and a change of
  brightness are fitted by least squares, and only the rest counts.

Sources. The local ratio in place of a fixed threshold: B.-L. Yeo and B. Liu, "Rapid scene analysis on compressed
video", IEEE Trans. CSVT 5(6), 1995. Tones: the colour histograms of H. Zhang, A. Kankanhalli and S. Smoliar,
"Automatic partitioning of full-motion video", Multimedia Systems 1, 1993. Comparing across a place in several
spans: M. Cooper, T. Liu and E. Rieffel, "Video segmentation via temporal pattern classification", IEEE Trans.
Multimedia 9(3), 2007. Dissolves as linear mixtures: A. Hampapur, R. Jain and T. Weymouth, "Production model based
digital video segmentation", Multimedia Tools and Applications 1, 1995. Fades through empty frames: R.
Lienhart, "Comparison of automatic shot boundary detection algorithms", SPIE 3656, 1999. The fit of motion and
brightness: B. Lucas and T. Kanade, "An iterative image registration technique", IJCAI 1981. The constants were
chosen on videos made for that purpose.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.analysis.similarity import CELLS, LUMA, SAMPLES, Cells, Floats, Samples, samples_of, unexplained

# Strengths at which a boundary scores 0.3, in the middle of broad plateaus of accuracy.
_CUT_STRENGTH = 1.3
_DISSOLVE_STRENGTH = 0.2
_MAX_RATIO = 10.0  # maximum ratio of a cell
_NOISE = 1.25  # levels of change that compression causes: added to each cell's own motion

# Weight of a cut where the tones do not change, and its maximum; it is 1 where they change as much as by motion.
_SAME_TONES = 0.6
_MAX_WEIGHT = 1.6
_TONE_NOISE = 0.5  # levels of 16 by which compression and light move the tones

# A boundary must also be large enough by itself, whatever its neighbours are. Below these it has less weight.
_CUT_SIZE = 12.0  # levels of change in the tenth of the cells that change most, less what the encoder changes
_ENCODER_CHANGE = 8.0  # maximum levels by which the encoder changes the whole frame at a keyframe
_CUT_SHARE = 0.4  # share of the cells that change by more than their own motion
_CUT_SHARE_BEYOND = 0.25  # share of the cells that do so by more than the encoder changes them
_MAX_MIXTURE_ERROR = 0.41  # distance of a dissolve's middle frame from the mixture, as a share of the change
_DISSOLVE_SIZE = 1.5  # mean levels of change that a mixture explains
_DISSOLVE_LEVELS = 3.0  # levels from which a cell counts as mixed
_DISSOLVE_SHARE = 0.13  # share of the cells that are mixed

_CUT_JUMP, _DISSOLVE_JUMP = 3, 1  # pixels by which a knock to the camera may move the image

_NEIGHBOURHOOD = 0.24  # seconds on each side that a cut must stand out from
_FLASH = 0.16  # maximum length of a flash in seconds
_HALF_DISSOLVES = (0.28, 0.56, 1.12)  # seconds: half of the spans that are searched for dissolves and fades
_HOLD = 1.5  # maximum seconds from the middle of a fade out to the middle of the fade in: both are one boundary
_FLAT = 3.0  # standard deviation of luma below which a frame is empty


@dataclass(frozen=True)
class Boundary:
    """The first frame of a new scene, or the middle frame of a dissolve or fade, with its score, 0 to 1."""

    frame: int
    score: float


@dataclass(frozen=True)
class _Candidate:
    frame: int
    score: float
    reach: int  # frames on each side without another boundary
    from_flat: bool = False
    to_flat: bool = False


def find_boundaries(
    frames: Iterable[NDArray[np.uint8]], threshold: float = 0.3, fps: float = 25.0
) -> list[Boundary]:
    """Find the scene boundaries of a video.

    Memory does not grow with the video's length. A frame takes some tens of microseconds.

    Args:
        frames: all frames in order, in blocks of any length. Each block is an array of n x FRAME_BYTES: frames of
            FRAME_SIZE in PIXEL_FORMAT, as in ffmpeg's rawvideo.
        threshold: a boundary must have a higher score than this, 0 to 1; lower finds more.
        fps: frames a second; the average if it varies.

    Returns:
        The boundaries in order; frames are counted from 0, and 0 is never one of them.
    """
    fps = min(max(fps, 1.0), 240.0)
    near = max(2, round(_NEIGHBOURHOOD * fps))
    lags = [k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32) if k <= max(1, round(_FLASH * fps))]
    halves = [half for half in (round(seconds * fps) for seconds in _HALF_DISSOLVES) if half >= 2]
    reach = max([near + lags[-1], *(3 * half for half in halves)])

    cuts: list[_Candidate] = []
    dissolves: list[_Candidate] = []
    held: Samples = np.empty((0, SAMPLES, CELLS), np.int16)
    end = -reach  # the number of the frame after those held; the padding before the video has negative numbers
    next_cut, next_dissolve = 1, list(halves)
    for block in _padded_samples(frames, reach):
        held = np.concatenate([held[-2 * reach :], block])
        end += len(block)
        first, stop = end - len(held), end - reach
        if next_cut < stop:
            cuts += _cuts(held, next_cut - first, stop - first, near, lags, threshold, first)
            next_cut = stop
        for n, half in enumerate(halves):
            middles = np.arange(next_dissolve[n], stop, max(1, half // 3))
            if len(middles):
                dissolves += _dissolves(held, middles - first, half, threshold, first)
                next_dissolve[n] = int(middles[-1]) + max(1, half // 3)
    total = end - reach
    dissolves = [dissolve for dissolve in dissolves if 0 < dissolve.frame < total - dissolve.reach]
    return _merge_fades(_strongest(dissolves, _strongest(cuts, [])), _HOLD * fps)


def _padded_samples(frames: Iterable[NDArray[np.uint8]], reach: int) -> Iterator[Samples]:
    """The frames as samples, some hundreds at a time. The first and last frame are repeated `reach` times."""
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
    """The change of each cell between the frames of two sequences of the same length, in levels."""
    change: Cells = _sums(lambda part: one[part] - other[part], len(one)) / np.float32(LUMA)
    return change


def _sums(differences: Callable[[slice], Samples], length: int) -> Cells:
    """The sum of absolute differences of each cell. A few frames at a time fit into the processor's cache."""
    sums = np.empty((length, CELLS), np.float32)
    for start in range(0, length, 32):
        part = differences(slice(start, start + 32))
        sums[start : start + 32] = np.abs(part, out=part).sum(axis=1, dtype=np.int16)
    return sums


def _strength(change: Cells, motion: Cells) -> Floats:
    """How much a change stands out from each cell's own motion: the mean over the frame."""
    strength: Floats = np.minimum(change / (motion + _NOISE), _MAX_RATIO).mean(axis=-1)
    return strength


def _score(strength: Floats, usual: float) -> Floats:
    """A strength -> a score, 0 to 1: 0.3 at the usual strength, 0.51 at twice that."""
    score: Floats = 1 - 0.7 ** (strength / usual)
    return score


def _cuts(
    held: Samples, start: int, stop: int, near: int, lags: list[int], threshold: float, first: int
) -> list[_Candidate]:
    """The cuts before the frames `start` to `stop` of `held`; `first` is the number of `held`'s first frame."""
    margin = lags[-1]
    here = held[start - near - margin : stop + near + margin]
    change = _lasting_change(_change, here, margin, lags)
    motion = _largest_nearby(change, near)
    change = change[near:-near]
    strength = _strength(change, motion)
    found = []
    for at in np.flatnonzero(_score(_MAX_WEIGHT * strength, _CUT_STRENGTH) > threshold):
        if strength[at] < strength[max(0, at - near) : at + near + 1].max():
            continue
        weight = _size_weight(change[at], motion[at])
        if _score(_MAX_WEIGHT * weight * strength[at], _CUT_STRENGTH) <= threshold:
            continue
        weight *= _tone_weight(here[at : at + 2 * (near + margin) + 1], near, margin, lags)
        if _score(weight * strength[at], _CUT_STRENGTH) <= threshold:
            continue
        left, dissimilarity = unexplained(held[start + at - 1], held[start + at], _CUT_JUMP)
        rest = _strength(np.minimum(change[at], left), motion[at])
        score = float(_score(dissimilarity * weight * rest, _CUT_STRENGTH))
        if score > threshold:
            found.append(_Candidate(first + start + int(at), score, near))
    return found


def _size_weight(change: Cells, motion: Cells) -> float:
    """The weight of a cut, 0 to 1: how much it changes the frame, and how many cells.

    A keyframe of a bad encoder changes all cells a little. A caption, or something that enters the frame, changes a
    few of them a lot. A cut changes many cells, and some of them a lot.
    """
    middle, most = np.quantile(change, (0.5, 0.9))
    encoder_change = min(middle, _ENCODER_CHANGE)
    beyond = change - motion - _NOISE
    size = (most - encoder_change) / _CUT_SIZE
    # A keyframe with something that moves is no cut either.
    share = min(np.mean(beyond > 0) / _CUT_SHARE, np.mean(beyond > encoder_change) / _CUT_SHARE_BEYOND)
    return float((min(size, 1.0) * min(share, 1.0)) ** 3)


def _lasting_change(
    change: Callable[[NDArray[Any], NDArray[Any]], Floats], frames: NDArray[Any], margin: int, lags: list[int]
) -> Floats:
    """The change before each frame, without `margin` frames at both ends: the smallest over several time spans."""
    end = len(frames) - margin
    lasting = change(frames[margin:end], frames[margin - 1 : end - 1])
    for lag in lags[1:]:
        over = change(frames[margin : end + lag - 1], frames[margin - lag : end - 1])
        # From `lag` frames before to this frame, and from the frame before this to `lag` frames on.
        np.minimum(lasting, over[: len(lasting)], out=lasting)
        np.minimum(lasting, over[lag - 1 :], out=lasting)
    return lasting


def _largest_nearby(change: Floats, near: int) -> Floats:
    """The largest change in the `near` frames on each side of a frame, without the frame itself."""
    length = len(change) - 2 * near
    largest = np.zeros((length, *change.shape[1:]), np.float32)
    for away in range(1, near + 1):
        np.maximum(largest, change[near - away : near - away + length], out=largest)
        np.maximum(largest, change[near + away : near + away + length], out=largest)
    return largest


def _tone_weight(around: Samples, near: int, margin: int, lags: list[int]) -> float:
    """The weight of a cut before the middle one of these frames: how much the change of tones stands out."""
    change = _lasting_change(_tone_distance, _tones(around), margin, lags)
    stands_out = float(change[near] / (_largest_nearby(change, near)[0] + _TONE_NOISE))
    return min(_SAME_TONES + (1 - _SAME_TONES) * stands_out, _MAX_WEIGHT)


def _tones(frames: Samples) -> Floats:
    """Cumulative histograms of each frame, whatever the positions of the pixels: frames x 48 shares.

    There are 16 levels each of luma and of the middle half of both chromas. A pixel counts for the nearest two.
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


def _tone_distance(one: Floats, other: Floats) -> Floats:
    """The earth mover's distance between the tones of two sequences of frames, in levels."""
    apart: Floats = np.abs(one - other).sum(axis=1)
    return apart


def _dissolves(
    held: Samples, middles: NDArray[np.intp], half: int, threshold: float, first: int
) -> list[_Candidate]:
    """The dissolves and fades around these frames of `held`; `first` is the number of `held`'s first frame."""
    before, middle, after = held[middles - half], held[middles], held[middles + half]
    change = _change(before, after)
    # How far the middle frame is from the mean of the other two. Three times that is subtracted: a cut, where it is
    # half of the change, then leaves less than nothing.
    off = _sums(lambda part: 2 * middle[part] - before[part] - after[part], len(middles)) / np.float32(2 * LUMA)
    mixed = change - 3 * off
    # If something moves past, half of the frame has already changed, and the other half has not.
    mixed[off.sum(axis=1) > _MAX_MIXTURE_ERROR * change.sum(axis=1)] = 0
    empty = np.flatnonzero(_is_flat(middle))
    if len(empty):  # a fade out and in: each side differs from the empty frame and from the other side
        sides = np.minimum(_change(before[empty], middle[empty]), _change(middle[empty], after[empty]))
        mixed[empty] = np.maximum(mixed[empty], np.minimum(change[empty], sides))
    motion = np.maximum(_change(held[middles - 3 * half], before), _change(after, held[middles + 3 * half]))
    mixed -= 0.75 * motion  # a slow pan mixes neighbouring pixels, but goes on as it was
    strength = _strength(np.maximum(mixed, 0), motion)
    found = []
    for at in np.flatnonzero(_score(strength, _DISSOLVE_STRENGTH) > threshold):
        if strength[at] < strength[max(0, at - 2) : at + 3].max():
            continue
        left, dissimilarity = unexplained(before[at], after[at], _DISSOLVE_JUMP)
        left = np.clip(mixed[at], 0, np.maximum(left - 0.75 * motion[at], 0))
        rest = float(_strength(left, motion[at]))
        # Large enough by itself, as a cut must be. If light explains most of it, the rest is light too.
        size, share = left.mean() / _DISSOLVE_SIZE, np.mean(left > _DISSOLVE_LEVELS) / _DISSOLVE_SHARE
        weight = dissimilarity * min(size, 1.0) * min(share, 1.0) ** 2 * rest / strength[at]
        score = float(_score(weight * rest, _DISSOLVE_STRENGTH))
        if score > threshold:
            place = int(middles[at])
            flat_before = _is_flat(held[place - 3 * half : place])
            flat_after = _is_flat(held[place : place + 3 * half])
            if flat_after[0]:  # to the middle of the empty frames
                place += (_leading_flags(flat_after) - _leading_flags(flat_before[::-1])) // 2
            found.append(_Candidate(first + place, score, half, bool(flat_before.any()), bool(flat_after.any())))
    return found


def _is_flat(frames: Samples) -> NDArray[np.bool_]:
    """Which frames are empty: black, white, or any other single brightness."""
    flat: NDArray[np.bool_] = frames[:, :LUMA:5].std(axis=(1, 2), dtype=np.float32) < _FLAT
    return flat


def _leading_flags(flags: NDArray[np.bool_]) -> int:
    """How many flags are set before the first one that is not."""
    return len(flags) if flags.all() else int(flags.argmin())


def _strongest(candidates: list[_Candidate], standing: list[_Candidate]) -> list[_Candidate]:
    """In order: those in `standing`, and the others without a stronger one nearby."""
    kept = list(standing)
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        place = bisect_left(kept, candidate.frame, key=lambda other: other.frame)
        neighbours = kept[max(0, place - 1) : place + 1]
        if all(abs(o.frame - candidate.frame) > max(o.reach, candidate.reach) for o in neighbours):
            kept.insert(place, candidate)
    return kept


def _merge_fades(candidates: list[_Candidate], hold: float) -> list[Boundary]:
    """The boundaries. A fade out and a fade in within `hold` frames after it are one boundary, in the middle."""
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
