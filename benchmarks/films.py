"""Films with exact ground truth, made by ffmpeg: shots of moving patterns, joined by cuts, dissolves and fades.

The same seed gives the same film with one version of ffmpeg. A film is kept in `benchmarks/.films` with its truth
beside it as JSON: `fps`, `frames`, `cuts` (the first frame of each new shot), `gradual` (the first and last frame of
each dissolve or fade) and `flashes` (frames).

`still_films` are of one shot each, by a camera that stands still: things come into the picture and go, captions
show, and half of the films are coded badly, with a keyframe every half a second.

Many shots show the place of the one before them from another side, in the same colours. Some have a flash, a
thing that moves past fast, a lamp that flickers; the camera stands still, pans slowly or fast, zooms or shakes.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from measure import run
from vidkit.ffmpeg import find_tool, tool_version

HERE = Path(__file__).parent / ".films"
FPS = 25

_Frames = NDArray[np.uint8]  # frames x bytes, yuv420p


@dataclass
class Truth:
    """Where the shots of a film part, in frames from 0."""

    frames: int = 0
    cuts: list[int] = field(default_factory=list)
    gradual: list[tuple[int, int]] = field(default_factory=list)
    flashes: list[int] = field(default_factory=list)
    fps: float = FPS


@dataclass(frozen=True)
class Film:
    """A video file and what is known of it."""

    path: Path
    truth: Truth


# What x264 is told: as for a video on the web, and badly, with keyframes that pulse.
_CODED_WELL = ("-crf", "26")
_CODED_BADLY = ("-crf", "40", "-g", "12", "-sc_threshold", "0")


def make_film(size: str, seconds: float, seed: int) -> Film:
    """Make a film, or take the one that was made before."""

    def shots(truth: Truth) -> Iterator[_Frames]:
        return _film(size, round(seconds * FPS), Random(seed), truth)

    return _made(f"film_{size}_{seconds:g}s", [size, seconds, seed], size, shots)


def still_films(number: int, seconds: float) -> list[Film]:
    """Make films of one shot each, or take those that were made before; every other one is coded badly."""
    return [_still_film(seed, seconds) for seed in range(number)]


def _still_film(seed: int, seconds: float, size: str = "640x360") -> Film:
    def shots(truth: Truth) -> Iterator[_Frames]:
        truth.frames = round(seconds * FPS)
        yield _rendered(_still_view(Random(seed), seconds), size, truth.frames)

    coding = _CODED_BADLY if seed % 2 else _CODED_WELL
    return _made(f"still_{seed}_{seconds:g}s", [size, seconds, seed, coding], size, shots, coding)


def _made(
    name: str,
    recipe: Sequence[object],
    size: str,
    shots: Callable[[Truth], Iterator[_Frames]],
    coding: Sequence[str] = _CODED_WELL,
) -> Film:
    """The film of a recipe: the shots are asked for where the same was not made before."""
    recipe = [Path(__file__).read_text(), tool_version("ffmpeg"), *recipe]
    path = HERE / f"{name}_{hashlib.sha256(repr(recipe).encode()).hexdigest()[:8]}.mp4"
    if not path.with_suffix(".json").exists():
        HERE.mkdir(exist_ok=True)
        truth = Truth()
        with _encoder(path, size, coding) as encoder:
            assert encoder.stdin
            for frames in shots(truth):
                encoder.stdin.write(frames.tobytes())
        if encoder.returncode:
            raise RuntimeError(f"ffmpeg cannot write {path}")
        path.with_suffix(".json").write_text(json.dumps(vars(truth)))
    return Film(path, read_truth(path.with_suffix(".json")))


def with_sound(film: Film) -> Path:
    """The film again, with a sound track of tones and noise."""
    path = film.path.with_name(film.path.stem + "_sound.mp4")
    if not path.exists():
        sound = (
            "sine=f=220:b=4:r=48000,aformat=channel_layouts=stereo[a];anoisesrc=r=48000:a=0.05:seed=1[b];[a][b]amix"
        )
        half_made = path.with_suffix(".part.mp4")
        run(find_tool("ffmpeg"), "-v", "error", "-y", "-i", film.path, "-f", "lavfi", "-i", sound,
            "-shortest", "-c:v", "copy", "-c:a", "aac", "-b:a", "128k", half_made)  # fmt: skip
        half_made.rename(path)
    return path


def films_in(folder: Path) -> list[Film]:
    """The films of a folder that have their truth beside them."""
    truths = sorted(folder.rglob("*.json"))
    return [
        Film(video, read_truth(path)) for path in truths for video in path.parent.glob(f"{path.stem}.m[pko][4v]*")
    ]


def read_truth(path: Path) -> Truth:
    """The truth as `make_film` writes it."""
    values = json.loads(path.read_text())
    gradual = [(first, last) for first, last in values["gradual"]]
    return Truth(values["frames"], values["cuts"], gradual, values.get("flashes", []), values["fps"])


def _encoder(path: Path, size: str, coding: Sequence[str]) -> subprocess.Popen[bytes]:
    words = [find_tool("ffmpeg"), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size]
    words += ["-r", FPS, "-i", "-", "-c:v", "libx264", "-preset", "veryfast", *coding, "-threads", 2, path]
    return subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE)


def _film(size: str, length: int, chance: Random, truth: Truth) -> Iterator[_Frames]:
    """The frames of a film, shot by shot; notes down the truth."""
    look, views, tail = _look(chance), 0, None
    while truth.frames < length:
        views += 1
        if views > 3 or chance.random() < 0.5:
            look, views = _look(chance), 1
        shot = _rendered(_view(look, chance), size, chance.randint(40, 5 * FPS))
        mixed = 0 if tail is None else len(tail)
        if tail is not None:
            shot[:mixed] = _mixed(tail, shot[:mixed], through_black=chance.random() < 0.4)
            truth.gradual.append((truth.frames, truth.frames + mixed - 1))
        elif truth.frames:
            truth.cuts.append(truth.frames)
        kept = chance.choice((10, 12, 16, 24)) if chance.random() < 0.25 else 0
        body, tail = (shot[:-kept], shot[-kept:]) if kept else (shot, None)
        if chance.random() < 0.17 and len(body) > mixed + 30:
            at = chance.randint(mixed + 12, len(body) - 15)
            flash = slice(at, at + chance.randint(1, 3))
            body[flash] = _flashed(body[flash])
            truth.flashes.append(truth.frames + at)
        truth.frames += len(body)
        yield body


# Gives another view of one place, as an ffmpeg graph of 800x450.
_Look = Callable[[Random], str]

_TONES = ((10, 90), (60, 170), (150, 250))
_MANDELBROT = ((-0.743, 0.131), (-0.1, 0.651), (-1.25, 0.02), (0.275, 0.006), (-0.748, 0.1))


def _look(chance: Random, still: bool = False) -> _Look:
    """A place: what its shots have in common; a still one has nothing that moves by itself."""
    dark, middle, light = (f"0x{''.join(f'{chance.randint(*tones):02x}' for _ in 'rgb')}" for tones in _TONES)
    hue, x, y = chance.randint(0, 359), *chance.choice(_MANDELBROT)

    def landscape(view: Random) -> str:
        """Still; large forms and small ones in the colours of the place, as 1/f noise."""
        large, medium, small = (
            f"color={colour}:s={size}:r={FPS},format=yuv444p,noise=c0s={deep}:c1s={deep // 4}:c2s={deep // 4}"
            f":all_seed={_seed(view)},scale=s=800x450:flags=bicubic"
            for colour, size, deep in ((middle, "6x4", 90), ("gray", "22x12", 60), ("gray", "90x50", 36))
        )
        joined = f"{large}[l];{medium}[m];{small}[s];[l][m]blend=all_mode=grainmerge[lm];[lm][s]blend=all_mode=grainmerge"
        return f"{joined},trim=end_frame=1,loop=-1:1,setpts=N/{FPS}/TB"

    def fractal(view: Random) -> str:
        place = (
            f"start_x={x + view.uniform(-0.02, 0.02):.4f}:start_y={y:.4f}:start_scale={view.uniform(0.03, 0.3):.4f}"
        )
        return f"mandelbrot=s=400x225:r={FPS}:{place}:end_scale=0.002:end_pts=400,hue=h={hue}:s=0.6,scale=s=800x450"

    def crowd(view: Random) -> str:
        """Cells that live and die; the first seconds, in which most of them die at once, are left out."""
        colours = f"death_color={dark}:life_color={light}:mold_color={middle}"
        cells = f"life=s=48x27:r={FPS / 3}:mold={view.randint(5, 20)}:ratio=0.3:seed={_seed(view)}:{colours}"
        return f"{cells},trim=start_frame=40,setpts=PTS-STARTPTS,scale=s=800x450:flags=bilinear,fps={FPS}"

    def pattern(view: Random) -> str:
        """A fabric that is drawn past."""
        rule, speed = view.choice((18, 30, 45, 90, 110, 150)), view.uniform(-0.015, 0.015)
        cells = (
            f"cellauto=s=64x36:r={FPS}:rule={rule}:seed={_seed(view)},trim=end_frame=1,loop=-1:1,setpts=N/{FPS}/TB"
        )
        tones = [(int(dark[at : at + 2], 16), int(light[at : at + 2], 16)) for at in (2, 4, 6)]
        tint = ":".join(f"{c}={low}+val*{high - low}/255" for c, (low, high) in zip("rgb", tones, strict=True))
        return f"{cells},format=gbrp,lutrgb={tint},scale=s=800x450,scroll=v={speed:.4f}"

    def sky(view: Random) -> str:
        c0, c1, c2 = view.sample((dark, middle, light), 3)
        colours = f"c0={c0}:c1={c1}:c2={c2}:speed={view.uniform(0.001, 0.02):.4f}"
        return f"gradients=s=800x450:r={FPS}:seed={_seed(view)}:n=3:{colours}"

    def chart(view: Random) -> str:
        return f"testsrc2=s=800x450:r={FPS},hue=h={view.randint(0, 359)}:s=0.6"

    if still:
        return landscape
    return chance.choice((landscape, landscape, landscape, fractal, crowd, pattern, sky, chart))


def _seed(chance: Random) -> int:
    return chance.randint(1, 99_999)


def _view(look: _Look, chance: Random) -> str:
    """A shot of a place: from one side, by a camera, in a light, perhaps with something that moves past fast."""
    speed, zoom = chance.uniform(-1, 1), chance.uniform(1, 1.6)
    side = f"crop=iw/{zoom:.2f}:ih/{zoom:.2f}:{chance.randint(0, 100)}:{chance.randint(0, 60)},scale=s=800x450"
    still = "crop=640:360"
    camera = chance.choice((
        still,
        still,
        f"{still}:x='80*(1+{speed:.3f}*sin(n/25))'",  # a slow pan
        f"scroll=h={speed / 50:.4f}:v=0.002,{still}",  # a fast one
        f"{still}:x='80+25*sin(n*0.9)':y='45+15*sin(n*1.1)'",  # a hand
        f"zoompan=z='1.1+0.004*on':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d=1:s=800x450:fps={FPS},{still}",
    ))  # fmt: skip
    grain = f"noise=alls={chance.choice((0, 2, 8))}:allf=t:all_seed={_seed(chance)}"
    lamp = chance.choice(("null", "null", f"eq=brightness='{chance.uniform(0.02, 0.07):.3f}*sin(n/3)':eval=frame"))
    shot = f"{look(chance)},{side}{',hflip' * chance.randint(0, 1)},{camera},format=yuv420p,{lamp},{grain}"
    if chance.random() < 0.3:
        thing = (
            f"color=0x{chance.randint(0, 0xFFFFFF):06x}:s=160x160:r={FPS},noise=alls=40:all_seed={_seed(chance)}"
        )
        way = f"x='(W+w)*mod(n*{chance.uniform(0.02, 0.09):.3f},1)-w':y='(H-h)*(0.5+0.4*sin(n/7))'"
        shot = f"{shot}[place];{thing}[thing];[place][thing]overlay={way}"
    return shot


def _still_view(chance: Random, seconds: float) -> str:
    """A shot by a camera that stands still: things come in, stay and go; a caption shows; the lamp may flicker."""
    grain = f"noise=alls={chance.choice((2, 6, 12))}:allf=t:all_seed={_seed(chance)}"
    lamp = chance.choice(("null", "null", f"eq=brightness='{chance.uniform(0.01, 0.03):.3f}*sin(n/2)':eval=frame"))
    shot = f"{_look(chance, still=True)(chance)},crop=640:360,format=yuv420p"
    starts = [seconds * part + chance.uniform(0, 1) for part in (0.1, 0.4, 0.7)]
    for number, start in enumerate(starts):
        width, height, speed = (
            chance.randint(60, 420),
            chance.randint(120, 360),
            chance.choice((150, 400, 900, 1800)),
        )
        thing = f"color=0x{chance.randint(0, 0xFFFFFF):06x}:s={width}x{height}:r={FPS},noise=alls=40:all_seed={_seed(chance)}"
        stops = chance.randint(0, 640 - width)
        way = f"min(-w+{speed}*(t-{start:.2f}),{stops})+{speed}*max(t-{start + seconds * 0.15:.2f},0)"
        shot += f"[place{number}];{thing}[thing{number}];[place{number}][thing{number}]overlay=x='{way}':y=H-h"
    caption = f"color=black:s={chance.randint(200, 400)}x40:r={FPS},noise=alls=60:all_seed={_seed(chance)}"
    shown = f"enable='between(t,{seconds * 0.3:.2f},{seconds * 0.6:.2f})'"
    return f"{shot}[bare];{caption}[caption];[bare][caption]overlay=x=(W-w)/2:y=H-h-20:{shown},{lamp},{grain}"


def _rendered(graph: str, size: str, length: int) -> _Frames:
    """The frames of a graph."""
    words = ["-f", "lavfi", "-i", f"{graph},scale=s={size},format=yuv420p", "-frames:v", str(length)]
    command = [str(find_tool("ffmpeg")), "-v", "error", *words, "-f", "rawvideo", "-"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    frames: _Frames = np.frombuffer(done.stdout, np.uint8).reshape(length, -1).copy()
    return frames


def _mixed(old: _Frames, new: _Frames, through_black: bool) -> _Frames:
    """A dissolve, or a fade out and in."""
    part = np.linspace(0, 1, len(old) + 2, dtype=np.float32)[1:-1, None]
    if through_black:
        black = np.full(old.shape[1], 128, np.float32)
        black[: old.shape[1] * 2 // 3] = 16
        mixed = black + (old - black) * np.maximum(1 - 2 * part, 0) + (new - black) * np.maximum(2 * part - 1, 0)
    else:
        mixed = old * (1 - part) + new * part
    frames: _Frames = (mixed + 0.5).astype(np.uint8)
    return frames


def _flashed(frames: _Frames) -> _Frames:
    """The frames in a flash light: what is light is white."""
    luma = frames.shape[1] * 2 // 3
    lit: _Frames = frames.copy()
    lit[:, :luma] = 235 - (235 - np.minimum(frames[:, :luma], 235)) // 4
    return lit
