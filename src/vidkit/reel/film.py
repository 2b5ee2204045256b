"""Cut pieces out of videos of every kind and join them: one MP4 that browsers play.

Each cut is encoded alone, with a fixed number of pictures and of sound samples. They are joined one after the other
and put into the file without another encoding of the pictures, so nothing shifts.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from vidkit.analysis.clips import clip_size
from vidkit.analysis.encoders import SOUND, picture_encoding
from vidkit.analysis.pictures import has_sound
from vidkit.errors import MediaError
from vidkit.ffmpeg import file_url, input_arguments, run_tool
from vidkit.reel.sources import Source
from vidkit.reel.titles import title_filter

SAMPLE_RATE = 48_000
_SAMPLE = 4  # bytes: 16 bits, stereo
_RATES = [Fraction(n, d) for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1))]
_RATES += [Fraction(60000, 1001), Fraction(60)]
_USUAL = Fraction(30)
# A picture counts as shown from so many seconds before its time: containers round times to milliseconds.
_ROUNDED = 0.002
_BEFORE = 1.0  # seconds that are decoded before a cut: the picture that it begins with may be shown since then
_WIDE = 1280  # pixels: without a note, the colours of a picture so wide are coded by BT.709 (as players take it)
_HDR = ("smpte2084", "arib-std-b67")


class Form(NamedTuple):
    """What all of a film is like: pixels, pictures a second, ffmpeg's encoder."""

    width: int
    height: int
    rate: Fraction
    encoder: str

    def samples(self, frames: int) -> int:
        """How many samples of sound the first pictures of the film last."""
        return round(frames * SAMPLE_RATE / self.rate)


class Cut(NamedTuple):
    """What is cut: from which second on, how many pictures of the film, and the file with its title."""

    source: Source
    start: float
    frames: int
    title: Path | None = None


def form_of(pieces: Sequence[tuple[Source, float]], max_resolution: str, max_fps: float, encoder: str) -> Form:
    """The form for a film of some pieces, with the seconds of each.

    Its shape and its frame rate are those that most seconds have; it is as large as the largest of this shape.
    """
    shapes: dict[float, float] = {}
    rates: dict[Fraction, float] = {}
    for source, seconds in pieces:
        shape, rate = _shape(source), _rate(source, max_fps)
        shapes[shape] = shapes.get(shape, 0.0) + seconds
        rates[rate] = rates.get(rate, 0.0) + seconds
    shape = max(shapes, key=lambda each: shapes[each])
    sizes = [clip_size(source.metadata, max_resolution) for source, _ in pieces if _shape(source) == shape]
    return Form(*max(sizes), max(rates, key=lambda each: rates[each]), encoder)


def _shape(source: Source) -> float:
    return round(source.metadata.width / source.metadata.height, 1)


def _rate(source: Source, most: float) -> Fraction:
    own = Fraction(source.metadata.frame_rate)
    rate = next((each for each in _RATES if abs(each / own - 1) < 0.0005), _USUAL)
    while rate > most * 1.001:
        rate /= 2
    return rate


class Film:
    """A film that is being made in a folder of its own."""

    def __init__(self, folder: Path, form: Form) -> None:
        self.form = form
        self.frames = 0
        self._folder = folder
        self._pictures, self._sound = folder / "film.h264", folder / "film.pcm"
        self._pictures.touch()
        self._sound.touch()

    def add(self, cut: Cut) -> None:
        """Put a cut at the end.

        Raises:
            MediaError: ffmpeg cannot decode it; the film is as before.
        """
        samples = self.form.samples(self.frames + cut.frames) - self.form.samples(self.frames)
        pictures, sound = self._folder / "cut.h264", self._folder / "cut.pcm"
        sound.unlink(missing_ok=True)
        try:
            self._encode(cut, samples, pictures, sound if has_sound(cut.source.metadata) else None)
        except MediaError:
            if not has_sound(cut.source.metadata):
                raise
            self._encode(cut, samples, pictures, None)  # sound that cannot be decoded is silent
        if not pictures.stat().st_size:
            raise MediaError("there is no picture at {start} s", start=f"{cut.start:.1f}")
        heard = sound.read_bytes()[: samples * _SAMPLE] if sound.is_file() else b""
        with self._pictures.open("ab") as film:
            film.write(pictures.read_bytes())
        with self._sound.open("ab") as film:
            film.write(heard.ljust(samples * _SAMPLE, b"\0"))
        self.frames += cut.frames

    def finish(self) -> Path:
        """Make the MP4 of what was added.

        Raises:
            MediaError: ffmpeg failed, or the file has not as many pictures as it should have.
        """
        rate, fine = self.form.rate, 1 if self.form.rate.numerator > 1000 else 1000
        lasts, scale = rate.denominator * fine, rate.numerator * fine
        times = ["-bsf:v", f"setts=ts=N*{lasts}:duration={lasts}:time_base=1/{scale}"]
        times += ["-video_track_timescale", f"{scale}"]
        made = self._folder / "film.mp4"
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
        arguments += ["-framerate", f"{rate}", "-f", "h264", "-i", file_url(self._pictures)]
        arguments += ["-f", "s16le", "-ar", f"{SAMPLE_RATE}", "-ac", "2", "-i", file_url(self._sound)]
        arguments += ["-map", "0:v", "-c:v", "copy", *times, "-map", "1:a", *SOUND]
        run_tool([*arguments, "-movflags", "+faststart", "-f", "mp4", file_url(made)], 120.0 + self.frames)
        arguments = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=nb_frames"]
        there = run_tool([*arguments, "-of", "csv=p=0", file_url(made)], 60).output
        if there.strip() != str(self.frames).encode():
            found = there.decode().strip()
            raise MediaError("the film has {found} pictures and not {wanted}", found=found, wanted=self.frames)
        return made

    def _encode(self, cut: Cut, samples: int, pictures: Path, sound: Path | None) -> None:
        metadata = cut.source.metadata
        seek = max(0.0, cut.start - max(_BEFORE, 2 / metadata.fps))
        before = cut.start - seek
        length = before + float(cut.frames / self.form.rate) + 1.0
        chains = [f"[0:{metadata.stream}]{','.join(self._filters(cut, before))}[pictures]"]
        if sound is not None:
            first = round(before * SAMPLE_RATE)
            chains.append(
                f"[0:a:0]aresample={SAMPLE_RATE}:async=1:first_pts=0,"
                "aformat=sample_fmts=s16:channel_layouts=stereo,"
                f"atrim=start_sample={first}:end_sample={first + samples},asetpts=PTS-STARTPTS[sound]"
            )
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-reinit_filter", "0"]
        arguments += ["-ss", f"{seek:.6f}", "-t", f"{length:.6f}", *input_arguments(cut.source.path)]
        arguments += ["-filter_complex", ";".join(chains), "-map", "[pictures]", "-frames:v", f"{cut.frames}"]
        arguments += ["-fps_mode", "passthrough"]
        arguments += picture_encoding(self.form.encoder, self.form.width, self.form.height)
        arguments += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
        arguments += ["-color_range", "tv", "-f", "h264", file_url(pictures)]
        if sound is not None:
            arguments += ["-map", "[sound]", "-c:a", "pcm_s16le", "-f", "s16le", file_url(sound)]
        run_tool(arguments, metadata.time_allowed)

    def _filters(self, cut: Cut, before: float) -> list[str]:
        """What makes the pictures of a cut those of the film: what a viewer sees at the time of each."""
        form, source = self.form, cut.source
        metadata = source.metadata
        scale = min(form.width / metadata.width, form.height / metadata.height)
        sides = (metadata.width * scale, metadata.height * scale)
        width, height = (max(2, round(side / 2) * 2) for side in sides)
        filters = [
            f"setpts=PTS-{before + _ROUNDED:.6f}/TB",
            f"fps=fps={form.rate}:start_time=0:round=up",
            f"tpad=stop={cut.frames}:stop_mode=clone",
            f"trim=end_frame={cut.frames}",
        ]
        size = f"scale={min(width, form.width)}:{min(height, form.height)}"
        if source.transfer in _HDR and _has_filter("zscale"):
            filters += [f"{size},setsar=1", *_to_sdr(source.transfer)]
        else:
            coded = "bt709" if source.matrix == "unknown" and metadata.width >= _WIDE else "auto"
            filters += [f"{size}:in_color_matrix={coded}:out_color_matrix=bt709:out_range=tv", "setsar=1"]
        filters += ["format=yuv420p", f"pad={form.width}:{form.height}:-1:-1:black"]
        return [*filters, *([title_filter(cut.title, form.width, form.height)] if cut.title else [])]


def _to_sdr(transfer: str) -> list[str]:
    """HDR as a screen without HDR shows it."""
    given = f"zscale=tin={transfer}:min=bt2020nc:pin=bt2020:rin=tv:t=linear:npl=100"
    return [given, "format=gbrpf32le", "zscale=p=bt709", "tonemap=hable:desat=0", "zscale=t=bt709:m=bt709:r=tv"]


@functools.cache
def _has_filter(name: str) -> bool:
    return name.encode() in run_tool(["ffmpeg", "-v", "error", "-filters"], 30).output.split()
