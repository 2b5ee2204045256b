"""The contact sheet of a video: small images at intervals, and a WebVTT file for players."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from vidkit.analysis.decode import DecodeOutput
from vidkit.analysis.probe import Metadata

SIDE = 160  # pixels of an image's longer side
_ACROSS = _DOWN = 10  # images of a sheet
_MAX_IMAGES = 1000  # maximum images of a video: a longer video gets a longer interval


@dataclass(frozen=True)
class Sprites:
    """The sheets of a video in order, the WebVTT with the place of each image, the seconds between two images."""

    vtt: Path
    images: list[Path]
    interval: float


def sprite_interval(duration: float, interval: float) -> float:
    """Seconds between two images: `interval`, but longer for a video that would need too many."""
    return max(interval, math.ceil(duration * 1000 / _MAX_IMAGES) / 1000)


def sprites_output(metadata: Metadata, folder: Path, interval: float) -> DecodeOutput:
    """The output that writes the sheets, `sprites_001.jpg` and so on, to a folder during the decode."""
    width, height = _size(metadata)
    sheets = math.ceil(_count(metadata, interval) / (_ACROSS * _DOWN))
    # The image of each interval is the frame in its middle: the last one that is rounded to its number.
    graph = f"fps=fps=1/{interval:.6f}:start_time=0:round=near:eof_action=pass,scale={width}:{height},setsar=1"
    graph += f",format=yuvj420p,tile={_ACROSS}x{_rows(metadata, interval)}"
    target = str(folder.absolute()).replace("%", "%%") + "/sprites_%03d.jpg"
    arguments = ["-map", "[sprites]", "-frames:v", str(sheets), "-fps_mode", "passthrough", "-c:v", "mjpeg"]
    arguments += ["-q:v", "5", "-f", "image2", target]
    return DecodeOutput(lambda source: [f"[{source}]{graph}[sprites]"], arguments)


def write_vtt(metadata: Metadata, folder: Path, interval: float) -> Sprites | None:
    """Write `sprites.vtt` beside the sheets; None if there are no sheets."""
    images = sorted(folder.glob("sprites_*.jpg"))
    if not images:
        return None
    width, height = _size(metadata)
    each = _ACROSS * _rows(metadata, interval)
    lines = ["WEBVTT", ""]
    for number in range(min(_count(metadata, interval), len(images) * each)):
        sheet, place = divmod(number, each)
        left, top = place % _ACROSS * width, place // _ACROSS * height
        end = min((number + 1) * interval, metadata.duration)
        lines.append(f"{_timestamp(number * interval)} --> {_timestamp(end)}")
        lines += [f"{images[sheet].name}#xywh={left},{top},{width},{height}", ""]
    vtt = folder / "sprites.vtt"
    vtt.write_text("\n".join(lines), encoding="utf-8")
    return Sprites(vtt, images, interval)


def _count(metadata: Metadata, interval: float) -> int:
    return max(1, math.ceil(metadata.duration / interval - 1e-6))


def _rows(metadata: Metadata, interval: float) -> int:
    return min(_DOWN, math.ceil(_count(metadata, interval) / _ACROSS))


def _size(metadata: Metadata) -> tuple[int, int]:
    scale = SIDE / max(metadata.width, metadata.height)
    return max(2, round(metadata.width * scale / 2) * 2), max(2, round(metadata.height * scale / 2) * 2)


def _timestamp(seconds: float) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{thousandths:03d}"
