"""The reader `quality`: what it measures is what was put into made videos, and what ffmpeg finds in real ones."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vidkit.ffmpeg import find_tool

from .test_readers import processed


def film(name: str, *parts: str, sound: str | None = None) -> Path:
    """A video of sources of ffmpeg, one after another, in 640x360 with 25 pictures a second."""
    inputs = [word for part in parts for word in ("-f", "lavfi", "-i", part)]
    inputs += ["-f", "lavfi", "-i", sound] if sound else []
    graph = "".join(f"[{n}:v]setsar=1,format=yuv420p[v{n}];" for n in range(len(parts)))
    graph += "".join(f"[v{n}]" for n in range(len(parts))) + f"concat=n={len(parts)}[v]"
    maps = ["-map", "[v]", *(["-map", f"{len(parts)}:a", "-c:a", "pcm_s16le"] if sound else [])]
    command = [
        find_tool("ffmpeg"),
        "-v",
        "error",
        *inputs,
        "-filter_complex",
        graph,
        *maps,
        "-c:v",
        "libx264",
        name,
    ]
    subprocess.run([*map(str, command)], check=True)
    return Path(name)


def quality(path: Path) -> dict[str, Any]:
    reading: dict[str, Any] = processed(path, "quality")[0]["readings"]["quality"]
    assert reading["error"] is None
    return reading


def parts(reading: dict[str, Any], label: str) -> list[tuple[float, float]]:
    return [(span["start_time"], span["end_time"]) for span in reading["spans"] if span["label"] == label]


def test_black_frozen_and_silent_parts_are_found_and_scenes_are_measured() -> None:
    size = "s=640x360:r=25"
    still = f"testsrc2={size}:d=0.04,loop=loop=74:size=1,setpts=N/25/TB"
    video = film(
        "parts.mkv",
        f"color=black:{size}:d=2",
        still,
        f"testsrc2={size}:d=3",
        sound="sine=440:r=48000:d=8,volume=enable='gt(t,4)':volume=0",
    )
    reading = quality(video)
    assert parts(reading, "black") == [(0.0, 2.0)]
    ((start, end),) = parts(reading, "frozen")[1:] or parts(reading, "frozen")
    assert (start, end) == (pytest.approx(2, abs=0.26), pytest.approx(5, abs=0.3))
    ((start, end),) = parts(reading, "silent")
    assert (start, end) == (pytest.approx(4, abs=0.11), 8.0)
    assert reading["black"] == pytest.approx(0.25, abs=0.01)
    assert reading["silent"] == pytest.approx(0.5, abs=0.02)
    scenes = [span for span in reading["spans"] if span["label"] == "scene"]
    assert scenes[0]["values"] == {"sharpness": 0.0, "brightness": pytest.approx(0, abs=0.01), "motion": 0.0}
    assert scenes[-1]["values"]["motion"] > 0.03


@pytest.mark.slow
def test_sharpness_brightness_and_motion_follow_the_picture_and_light_is_no_motion() -> None:
    source = "testsrc2=s=640x360:r=25:d=2"
    sharp, soft = quality(film("sharp.mp4", source)), quality(film("soft.mp4", f"{source},gblur=sigma=4"))
    slow = quality(film("slow.mp4", f"{source},setpts=5*PTS,trim=duration=2,fps=25"))
    dark = quality(film("dark.mp4", f"{source},eq=contrast=0.5:brightness=-0.2"))
    fade = quality(film("fade.mp4", "color=gray:s=640x360:r=25:d=2,fade=out:0:50"))
    assert sharp["sharpness"] > 5 * soft["sharpness"] > 0
    assert sharp["brightness"] > dark["brightness"] + 0.1
    assert sharp["motion"] > 1.5 * slow["motion"] > 0
    assert dark["motion"] == pytest.approx(sharp["motion"], rel=0.35)  # though its levels change half as much
    assert fade["motion"] < 0.02
    assert sharp["silent"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["city_720p_cuts_fades.mp4", "fades.mp4", "talk_720p.mp4"])
def test_black_and_silent_parts_of_real_footage_are_those_that_ffmpeg_finds(media: Path, name: str) -> None:
    reading = quality(media / name)
    command = [find_tool("ffmpeg"), "-hide_banner", "-i", media / name, "-vf", "blackdetect=d=0.5:pix_th=0.1"]
    command += ["-af", "silencedetect=n=-60dB:d=2", "-f", "null", "-"]
    said = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stderr
    black = re.findall(r"black_start:([\d.]+) black_end:([\d.]+)", said)
    silent = re.findall(r"silence_start: ([\d.]+)[^$]*?silence_end: ([\d.]+)", said)
    for label, expected in (("black", black), ("silent", silent)):
        if label == "silent" and not silent:
            continue  # the file has no sound
        found = parts(reading, label)
        for start, end in expected:
            assert any(abs(s - float(start)) <= 0.3 and abs(e - float(end)) <= 0.3 for s, e in found), (
                f"{label} from {start} to {end}, found {found}"
            )
