"""Made-up videos that look different, with words as a model would find them: for tests of pages and pictures."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vidkit.ffmpeg import find_tool

# Name of a shot -> a source of ffmpeg, a description, a tag.
SHOTS = {
    "sunset": ("gradients=c0=0xffb347:c1=0x7a1f5c:c2=0x1b1b4b:n=3:speed=0.015:seed=1",
               "Orange and violet light drifts over the frame like a sunset over calm water", "Sunset"),
    "ocean": ("gradients=c0=0x023e8a:c1=0x48cae4:c2=0xcaf0f8:n=3:speed=0.03:seed=2",
              "Deep blue and pale blue waves of light move slowly", "Water"),
    "forest": ("gradients=c0=0x081c15:c1=0x52b788:c2=0xd8f3dc:n=3:speed=0.02:seed=3",
               "Soft green light, as if the sun shone through leaves", "Nature"),
    "night": ("gradients=c0=0x03045e:c1=0x240046:c2=0x10002b:n=3:speed=0.02:seed=4",
              "A dark sky in violet and blue, a night shot without a moon", "Night"),
    "fractal": ("mandelbrot=start_scale=0.6:end_scale=0.02:end_pts=120:start_x=-0.743643:start_y=-0.131825",
                "The camera dives into the edge of a fractal, full of action", "Fractal"),
    "spirals": ("mandelbrot=start_scale=0.02:end_scale=0.002:end_pts=120:start_x=-0.7463:start_y=0.1102",
                "Spirals of a fractal grow out of one another", "Fractal"),
    "cells": ("life=mold=12:ratio=0.12:death_color=#5a189a:life_color=#ffd60a:mold_color=#10002b:seed=7",
              "Yellow cells live and die on a dark field", "Simulation"),
    "triangles": ("sierpinski=type=triangle:seed=5", "A pattern of triangles is drawn point by point", "Pattern"),
    "chart": ("testsrc2", "A test chart with a clock and a moving line", "Test chart"),
    "bars": ("smptehdbars", "Colour bars of a television station", "Test chart"),
}  # fmt: skip
# Name of a video -> its shots, and what the CSV says of it.
VIDEOS: dict[str, tuple[Sequence[str], str]] = {
    "closing-titles": (["night", "bars", "sunset"], "technical"),
    "night-drive": (["night", "cells", "sunset"], "landscape"),
    "line-up": (["bars", "ocean", "chart"], "technical"),
    "broadcast-test": (["chart", "bars", "chart"], "technical"),
    "triangles": (["triangles", "forest", "spirals"], "mathematics"),
    "game-of-life": (["cells", "triangles", "cells"], "mathematics"),
    "deep-water": (["ocean", "night", "ocean"], "landscape"),
    "spirals": (["spirals", "fractal", "sunset"], "mathematics"),
    "a-walk-in-the-woods": (["forest", "sunset", "forest"], "landscape"),
    "colours-of-the-day": (["sunset", "forest", "ocean"], "landscape"),
    "into-the-fractal": (["fractal", "spirals", "night"], "mathematics"),
    "evening-at-the-bay": (["sunset", "ocean", "night"], "landscape"),
}
_SHOT = 3  # seconds
RULES = {
    "rules": [
        {"ai_generated_tags": ["Sunset", "Water", "Nature"], "tags": ["Outdoors"]},
        {"ai_generated_tags": ["Fractal", "Simulation", "Pattern"], "tags": ["Mathematics"]},
        {"ai_generated_tags": ["Test chart"], "tags": ["Test chart"]},
        {"description_keywords": ["slowly", "drifts", "soft"], "tags": ["Calm"]},
    ],
    "classifications": [
        {"name": "Test chart", "tags_present": ["Test chart"]},
        {"name": "Computed", "tags_present": ["Mathematics"]},
        {"name": "Landscape", "tags_present": ["Outdoors"]},
    ],
}


def make_videos(folder: Path, count: int = len(VIDEOS)) -> list[tuple[Path, dict[str, Any]]]:
    """Make videos of nine seconds in a folder.

    Args:
        folder: where they go.
        count: how many of VIDEOS.

    Returns:
        Each file with what its record gets, as `tests.web_pages.site_of` takes them.
    """
    folder.mkdir(exist_ok=True)
    made = []
    for name, (shots, topic) in list(VIDEOS.items())[:count]:
        path = folder / f"{name}.mp4"
        make_shots(path, shots)
        tags = list(dict.fromkeys(SHOTS[shot][2] for shot in shots))
        words = [SHOTS[shot][1] for shot in shots]
        made.append((path, {
            "scene_words": words,
            "qwen_description": ". ".join(words) + ".",
            "ai_generated_tags": tags,
            "columns": {"topic": topic},
        }))  # fmt: skip
    return made


def make_shots(path: Path, shots: Sequence[str]) -> None:
    """A silent video of some SHOTS, three seconds each, in 640x360."""
    inputs, graph = [], ""
    for at, shot in enumerate(shots):
        source = SHOTS[shot][0]
        inputs += ["-f", "lavfi", "-t", str(_SHOT), "-i", f"{source}{':' if '=' in source else '='}s=640x360:r=25"]
        graph += f"[{at}:v]format=yuv420p,setsar=1[v{at}];"
    graph += "".join(f"[v{at}]" for at in range(len(shots))) + f"concat=n={len(shots)}:v=1[v]"
    command = [find_tool("ffmpeg"), "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[v]"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "25", path]
    subprocess.run([*map(str, command)], check=True, capture_output=True)
