"""Masks of what to cover in each frame, as a video stream that ffmpeg reads: grey frames with the video's times.

It is Matroska (RFC 9559, in EBML, RFC 8794) with uncompressed frames: each of them has its own time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vidkit.readers.boxes import Box

TIME_OFFSET = 1_000_000  # microseconds that are added to the times in the stream, so that none is below 0
_EARLY = 3  # microseconds by which a mask comes before its frame: times are rounded
_CELLS = 8  # maximum cells of a mosaic across a face
_MIN_CELL = 4  # minimum pixels of a cell
_UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"

Mask = NDArray[np.uint8]


def cell_of(box: Box, width: int, height: int) -> int:
    """The side of a cell, in pixels, that makes a face of this size unrecognisable: a power of two."""
    side = max(box[2] * width, box[3] * height)
    return max(_MIN_CELL, 1 << max(0, math.ceil(math.log2(max(side, 1) / _CELLS))))


def draw_mask(boxes: Sequence[tuple[Box, int]], levels: Mapping[int, int], width: int, height: int) -> Mask:
    """A mask: 0 where nothing is covered, else the level of the cells. The larger cells win an overlap.

    Args:
        boxes: the boxes to cover, with the sides of their cells.
        levels: side of a cell -> level, from 1.
        width: width of the mask in pixels.
        height: height of the mask in pixels.
    """
    mask = np.zeros((height, width), np.uint8)
    for (left, top, wide, high), cell in sorted(boxes, key=lambda each: each[1]):
        rows = slice(math.floor(top * height), math.ceil((top + high) * height))
        columns = slice(math.floor(left * width), math.ceil((left + wide) * width))
        mask[rows, columns] = levels[cell]
    return mask


def write_masks(pipe: IO[bytes], width: int, height: int, masks: Iterable[tuple[int, Mask]]) -> None:
    """Write masks with the times of their frames in microseconds, in order of time."""
    pipe.write(_head(width, height))
    for time, mask in masks:
        pipe.write(_cluster(max(0, time + TIME_OFFSET - _EARLY), mask))


def _head(width: int, height: int) -> bytes:
    video = _element(0xB0, _number(width)) + _element(0xBA, _number(height)) + _element(0x2EB524, b"Y800")
    track = b"".join(
        (
            _element(0xD7, _number(1)),  # number
            _element(0x73C5, _number(1)),  # UID
            _element(0x83, _number(1)),  # type: video
            _element(0x86, b"V_UNCOMPRESSED"),
            _element(0xE0, video),
        )
    )
    info = _element(0x2AD7B1, _number(1000)) + _element(0x4D80, b"vidkit") + _element(0x5741, b"vidkit")
    kind = _element(0x4282, b"matroska") + _element(0x4287, _number(4)) + _element(0x4285, _number(2))
    tracks = _element(0x1654AE6B, _element(0xAE, track))
    return _element(0x1A45DFA3, kind) + _name(0x18538067) + _UNKNOWN + _element(0x1549A966, info) + tracks


def _cluster(time: int, mask: Mask) -> bytes:
    """A cluster with one frame: the relative time of its block, which has 16 bits, is 0."""
    block = _element(0xA3, b"\x81\x00\x00\x80" + mask.tobytes())
    return _element(0x1F43B675, _element(0xE7, _number(time)) + block)


def _element(name: int, content: bytes) -> bytes:
    return _name(name) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _name(name: int) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big")


def _number(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def frame_masks(
    times: Sequence[int],
    boxes: Mapping[int, Sequence[tuple[Box, int]]],
    levels: Mapping[int, int],
    width: int,
    height: int,
) -> Iterator[tuple[int, Mask]]:
    """The masks of all frames of a video.

    Args:
        times: the times of the frames in microseconds.
        boxes: the boxes to cover, by the number of the frame.
        levels: as in `draw_mask`.
        width: width of the masks in pixels.
        height: height of the masks in pixels.
    """  # fmt: skip
    nothing = np.zeros((height, width), np.uint8)
    for number, time in enumerate(times):
        yield time, draw_mask(boxes[number], levels, width, height) if number in boxes else nothing
