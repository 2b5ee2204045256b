"""Compare two tiny frames, apart from camera motion and changes of light.

A frame is 48x28 pixels, seen as 12x7 cells.

Source of the fit of motion and brightness: B. Lucas and T. Kanade, "An iterative image registration technique",
IJCAI 1981.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_SIZE = (48, 28)
PIXEL_FORMAT = "yuv420p"
FRAME_BYTES = 48 * 28 * 3 // 2

_COLUMNS, _ROWS = 12, 7  # cells of 4x4 pixels luma and 2x2 of each chroma
_CHROMA = np.int16(4)  # weight: a cell has 16 samples of luma, but only 4 of each chroma
CELLS = _COLUMNS * _ROWS
SAMPLES, LUMA = 24, 16  # samples of a cell, and how many of them are luma; these come first

_SAME_LUMA = 0.01  # share of the luma's variance that differs if one image is encoded twice
_SAME_COLOURS = 0.2  # the same for the colours, which light changes more
_GREY = 4.0  # mean levels of chroma below which a frame counts as grey

Samples = NDArray[np.int16]  # frames x 24 samples x 84 cells
Floats = NDArray[np.float32]
Cells = NDArray[np.float32]  # frames x 84 cells, or one frame's 84


def samples_of(frames: NDArray[np.uint8]) -> Samples:
    """Frames as ffmpeg writes them -> frames x samples x cells, chroma weighted."""
    luma = frames[:, : CELLS * LUMA].reshape(-1, _ROWS, 4, _COLUMNS, 4)
    chroma = frames[:, CELLS * LUMA :].reshape(-1, 2, _ROWS, 2, _COLUMNS, 2)
    cells = (len(frames), -1, CELLS)
    parts = [
        luma.transpose(0, 2, 4, 1, 3).reshape(cells),
        chroma.transpose(0, 1, 3, 5, 2, 4).reshape(cells) * _CHROMA,
    ]
    return np.concatenate(parts, axis=1, dtype=np.int16)


def _planes(samples: Samples) -> Floats:
    """One frame's samples -> luma and both chroma planes, all of 28 x 48."""
    luma = samples[:LUMA].reshape(4, 4, _ROWS, _COLUMNS).transpose(2, 0, 3, 1).reshape(28, 48)
    chroma = (samples[LUMA:] // _CHROMA).reshape(2, 2, 2, _ROWS, _COLUMNS).transpose(0, 3, 1, 4, 2)
    return np.stack([luma, *chroma.reshape(2, 14, 24).repeat(2, axis=1).repeat(2, axis=2)]).astype(np.float32)


def unexplained(before: Samples, after: Samples, jump: int) -> tuple[Cells, float]:
    """The change between two frames that neither a move of the camera nor a change of light explains.

    Args:
        before: the samples of one frame.
        after: the samples of a later one.
        jump: the largest shift that is tried, in pixels.

    Returns:
        The change of each cell that is left, and how different the frames are: from 0 (one image, encoded twice)
        to 1 (different images).
    """
    old, new = _planes(before), _planes(after)
    luma_old, luma_new = old[0] - old[0].mean(), new[0] - new[0].mean()
    dissimilarity = _dissimilarity(luma_old, luma_new) / _SAME_LUMA
    colours_old, colours_new = old[1:] - 128, new[1:] - 128
    if min(np.abs(colours_old).mean(), np.abs(colours_new).mean()) > _GREY:
        dissimilarity = max(dissimilarity, _dissimilarity(colours_old, colours_new) / _SAME_COLOURS)

    padded = np.pad(old, ((0, 0), (jump, jump), (jump, jump)), "edge")
    span = range(2 * jump + 1)
    shifts = (padded[:, y : y + 28, x : x + 48] for y in span for x in span)
    moved = min(shifts, key=lambda shifted: float(np.abs(new - shifted).sum()))
    difference = new - moved
    left = np.minimum(_cell_means(new - old), _cell_means(difference))

    slope_y, slope_x = np.gradient(moved, axis=(1, 2))
    y, x = np.mgrid[-13.5:14, -23.5:24].astype(np.float32)
    luma, chroma, offset = np.zeros((3, *moved.shape), np.float32)
    luma[0], chroma[1:], offset[0] = moved[0], moved[1:] - 128, 1
    causes = np.stack([slope_x, slope_y, slope_x * x + slope_y * y, luma, chroma, offset], axis=-1).reshape(-1, 6)
    # All causes, and light alone: the slopes of a plain image tell nothing about motion, and spoil the fit.
    for used in (causes, causes[:, 3:]):
        fit = np.linalg.solve(used.T @ used + np.eye(used.shape[1]), used.T @ difference.ravel())
        shift_x, shift_y, zoom, gain = np.concatenate([np.zeros(3), fit])[-6:-2]
        # The slopes are valid for small moves only, and a light that goes out is a fade.
        if max(abs(shift_x), abs(shift_y)) < 1.5 and abs(zoom) < 0.1 and 0.4 < 1 + gain < 2.5:
            rest = difference - (used @ fit).reshape(difference.shape)
            left = np.minimum(left, _cell_means(rest))
    return left.astype(np.float32), min(1.0, dissimilarity)


def _dissimilarity(old: Floats, new: Floats) -> float:
    """How different two frames are, 0 to 1, whatever their contrast: 1 less the squared correlation."""
    power = float((old**2).sum() * (new**2).sum())
    return 1 - max(0.0, float((old * new).sum())) ** 2 / power if power > LUMA else 1.0


def _cell_means(difference: Floats) -> Cells:
    """Planes of differences -> the change of each cell, in levels: the sum of luma and chroma."""
    means = np.abs(difference).reshape(3, _ROWS, 4, _COLUMNS, 4).mean(axis=(2, 4))
    cells: Cells = means.sum(axis=0).ravel()
    return cells
