"""What is to be covered in each picture, as a stream that ffmpeg reads: grey pictures with the times of the video.

It is Matroska (RFC 9559, in EBML, RFC 8794) with uncompressed pictures: each of them has a time of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vidkit.readers.boxes import Box

LATER = 1_000_000  # microseconds by which the times in the stream are later: it holds none below 0
_EARLY = 3  # microseconds by which a mask comes before its picture: times are rounded
_CELLS = 8  # cells of a mosaic across a face, at the most
_SMALLEST = 4  # pixels of a cell, at the least
_UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"

Mask = NDArray[np.uint8]


def cell_of(box: Box, width: int, height: int) -> int:
    """Pixels of the side of a cell, by which a face of this size is made unrecognisable: a power of two."""
    side = max(box[2] * width, box[3] * height)
    return max(_SMALLEST, 1 << max(0, math.ceil(math.log2(max(side, 1) / _CELLS))))


def drawn(boxes: Sequence[tuple[Box, int]], levels: Mapping[int, int], width: int, height: int) -> Mask:
    """A mask: 0 where nothing is covered, else the level of the cells. Where two overlap, the coarser one counts.

    Args:
        boxes: what is covered, with the sides of the cells.
        levels: side of a cell -> level, from 1.
        width: of the mask in pixels.
        height: likewise.
    """
    mask = np.zeros((height, width), np.uint8)
    for (left, top, wide, high), cell in sorted(boxes, key=lambda each: each[1]):
        rows = slice(math.floor(top * height), math.ceil((top + high) * height))
        columns = slice(math.floor(left * width), math.ceil((left + wide) * width))
        mask[rows, columns] = levels[cell]
    return mask


def write_masks(pipe: IO[bytes], width: int, height: int, masks: Iterable[tuple[int, Mask]]) -> None:
    """Write masks, with the microseconds at which their pictures are shown, in order of time."""
    pipe.write(_head(width, height))
    for time, mask in masks:
        pipe.write(_cluster(max(0, time + LATER - _EARLY), mask))


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
    """A picture by itself: its block's own time, of 16 bits, is 0."""
    block = _element(0xA3, b"\x81\x00\x00\x80" + mask.tobytes())
    return _element(0x1F43B675, _element(0xE7, _number(time)) + block)


def _element(name: int, content: bytes) -> bytes:
    return _name(name) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _name(name: int) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big")


def _number(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def timed(
    times: Sequence[int],
    boxes: Mapping[int, Sequence[tuple[Box, int]]],
    levels: Mapping[int, int],
    width: int,
    height: int,
) -> Iterator[tuple[int, Mask]]:
    """The masks of all pictures of a video.

    Args:
        times: the microseconds of the pictures.
        boxes: what is covered in a picture, by its number.
        levels: as in `drawn`.
        width: of the masks in pixels.
        height: likewise.
    """  # fmt: skip
    nothing = np.zeros((height, width), np.uint8)
    for number, time in enumerate(times):
        yield time, drawn(boxes[number], levels, width, height) if number in boxes else nothing
