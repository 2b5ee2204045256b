"""Cut pieces out of videos of any format and join them into one MP4 that browsers can play.

Each cut is encoded separately, with a fixed number of frames and audio samples. The cuts are joined without
encoding the frames again, so audio and video stay in sync.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from vidkit.analysis.clips import clip_size
from vidkit.analysis.encoders import AUDIO_ENCODING, video_encoding
from vidkit.analysis.frames import has_audio
from vidkit.errors import MediaError
from vidkit.ffmpeg import file_url, input_arguments, run_tool
from vidkit.reel.sources import Source
from vidkit.reel.titles import title_filter

SAMPLE_RATE = 48_000
_SAMPLE = 4  # bytes: 16 bits, stereo
_RATES = [Fraction(n, d) for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1))]
_RATES += [Fraction(60000, 1001), Fraction(60)]
_USUAL = Fraction(30)
# A frame counts as shown from this many seconds before its time: containers round times to milliseconds.
_ROUNDED = 0.002
_BEFORE = 1.0  # seconds that are decoded before a cut: its first frame may be shown since then
_WIDE = 1280  # pixels: frames this wide have BT.709 colours if the file does not say it, as players assume
_HDR = ("smpte2084", "arib-std-b67")


class Form(NamedTuple):
    """The format of a reel: width and height in pixels, frame rate, ffmpeg's encoder."""

    width: int
    height: int
    rate: Fraction
    encoder: str

    def samples(self, frames: int) -> int:
        """The number of audio samples for the first frames of the reel."""
        return round(frames * SAMPLE_RATE / self.rate)


class Cut(NamedTuple):
    """A cut: its source, the second where it starts, its number of frames in the reel, and the file with its
    title."""

    source: Source
    start: float
    frames: int
    title: Path | None = None


def form_of(pieces: Sequence[tuple[Source, float]], max_resolution: str, max_fps: float, encoder: str) -> Form:
    """The format for a reel.

    The aspect ratio and the frame rate are those of the most seconds. The size is the largest with this aspect
    ratio.

    Args:
        pieces: the source of each piece, and its seconds.
        max_resolution: the maximum resolution.
        max_fps: the maximum frame rate.
        encoder: ffmpeg's encoder.
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


class ReelFile:
    """A reel while it is made, in its own folder."""

    def __init__(self, folder: Path, form: Form) -> None:
        self.form = form
        self.frames = 0
        self._folder = folder
        self._video, self._audio = folder / "reel.h264", folder / "reel.pcm"
        self._video.touch()
        self._audio.touch()

    def add(self, cut: Cut) -> None:
        """Add a cut at the end.

        Raises:
            MediaError: ffmpeg cannot decode it; the reel is unchanged.
        """
        samples = self.form.samples(self.frames + cut.frames) - self.form.samples(self.frames)
        video, audio = self._folder / "cut.h264", self._folder / "cut.pcm"
        audio.unlink(missing_ok=True)
        try:
            self._encode(cut, samples, video, audio if has_audio(cut.source.metadata) else None)
        except MediaError:
            if not has_audio(cut.source.metadata):
                raise
            self._encode(cut, samples, video, None)  # audio that cannot be decoded is replaced by silence
        if not video.stat().st_size:
            raise MediaError("there is no frame at {start} s", start=f"{cut.start:.1f}")
        heard = audio.read_bytes()[: samples * _SAMPLE] if audio.is_file() else b""
        with self._video.open("ab") as file:
            file.write(video.read_bytes())
        with self._audio.open("ab") as file:
            file.write(heard.ljust(samples * _SAMPLE, b"\0"))
        self.frames += cut.frames

    def finish(self) -> Path:
        """Write the MP4 with all cuts.

        Raises:
            MediaError: ffmpeg failed, or the file has a wrong number of frames.
        """
        rate, fine = self.form.rate, 1 if self.form.rate.numerator > 1000 else 1000
        duration, scale = rate.denominator * fine, rate.numerator * fine
        times = ["-bsf:v", f"setts=ts=N*{duration}:duration={duration}:time_base=1/{scale}"]
        times += ["-video_track_timescale", f"{scale}"]
        made = self._folder / "reel.mp4"
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
        arguments += ["-framerate", f"{rate}", "-f", "h264", "-i", file_url(self._video)]
        arguments += ["-f", "s16le", "-ar", f"{SAMPLE_RATE}", "-ac", "2", "-i", file_url(self._audio)]
        arguments += ["-map", "0:v", "-c:v", "copy", *times, "-map", "1:a", *AUDIO_ENCODING]
        run_tool([*arguments, "-movflags", "+faststart", "-f", "mp4", file_url(made)], 120.0 + self.frames)
        arguments = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=nb_frames"]
        there = run_tool([*arguments, "-of", "csv=p=0", file_url(made)], 60)
        if there.strip() != str(self.frames).encode():
            found = there.decode().strip()
            raise MediaError("the reel has {found} frames and not {wanted}", found=found, wanted=self.frames)
        return made

    def _encode(self, cut: Cut, samples: int, video: Path, audio: Path | None) -> None:
        metadata = cut.source.metadata
        seek = max(0.0, cut.start - max(_BEFORE, 2 / metadata.fps))
        before = cut.start - seek
        length = before + float(cut.frames / self.form.rate) + 1.0
        chains = [f"[0:{metadata.stream}]{','.join(self._filters(cut, before))}[video]"]
        if audio is not None:
            first = round(before * SAMPLE_RATE)
            chains.append(
                f"[0:a:0]aresample={SAMPLE_RATE}:async=1:first_pts=0,"
                "aformat=sample_fmts=s16:channel_layouts=stereo,"
                f"atrim=start_sample={first}:end_sample={first + samples},asetpts=PTS-STARTPTS[audio]"
            )
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-reinit_filter", "0"]
        arguments += ["-ss", f"{seek:.6f}", "-t", f"{length:.6f}", *input_arguments(cut.source.path)]
        arguments += ["-filter_complex", ";".join(chains), "-map", "[video]", "-frames:v", f"{cut.frames}"]
        arguments += ["-fps_mode", "passthrough"]
        arguments += video_encoding(self.form.encoder, self.form.width, self.form.height)
        arguments += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
        arguments += ["-color_range", "tv", "-f", "h264", file_url(video)]
        if audio is not None:
            arguments += ["-map", "[audio]", "-c:a", "pcm_s16le", "-f", "s16le", file_url(audio)]
        run_tool(arguments, metadata.time_allowed)

    def _filters(self, cut: Cut, before: float) -> list[str]:
        """The filters that convert the frames of a cut to frames of the reel: what is shown at the time of each."""
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
    """The filters that convert HDR to SDR."""
    given = f"zscale=tin={transfer}:min=bt2020nc:pin=bt2020:rin=tv:t=linear:npl=100"
    return [given, "format=gbrpf32le", "zscale=p=bt709", "tonemap=hable:desat=0", "zscale=t=bt709:m=bt709:r=tv"]


@functools.cache
def _has_filter(name: str) -> bool:
    return name.encode() in run_tool(["ffmpeg", "-v", "error", "-filters"], 30).split()
