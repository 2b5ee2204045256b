"""Choose the encoder of clips: libx264, or a hardware encoder if one works."""

from __future__ import annotations

import functools
import logging
import tempfile
from pathlib import Path

from vidkit.errors import ConfigError, MediaError
from vidkit.ffmpeg import run_tool
from vidkit.messages import message

log = logging.getLogger(__name__)

# No B-frames: audio and video are then cut at the same time, and seeking in a clip is cheap for a training loader.
# Preset and CRF are chosen by the table in docs/clips.md; the hardware encoders have settings of similar quality.
_CODECS = {
    "libx264": "-preset veryfast -crf 23 -pix_fmt yuv420p",
    "h264_nvenc": "-preset p4 -rc vbr -cq 25 -b:v 0 -forced-idr 1 -pix_fmt yuv420p",
    "h264_qsv": "-preset fast -global_quality 25 -forced_idr 1 -pix_fmt nv12",
    "h264_videotoolbox": "-q:v 60 -pix_fmt yuv420p",
}
ENCODERS = tuple(_CODECS)
# Hardware encoders refuse smaller frames; the limit differs between vendors.
_LEAST_SIDE = 160
AUDIO_ENCODING = ["-c:a", "aac", "-b:a", "128k"]


def encoding(encoder: str, width: int, height: int) -> list[str]:
    """ffmpeg's arguments for clips of a size.

    The timestamps are the video's own: not rounded to a constant frame rate.
    """
    times = ["-fps_mode", "vfr", "-enc_time_base", "1:90000"]
    return [*times, *video_encoding(encoder, width, height), *AUDIO_ENCODING, "-sn", "-dn"]


def video_encoding(encoder: str, width: int, height: int) -> list[str]:
    """ffmpeg's arguments for the video stream, without those for its timestamps."""
    if min(width, height) < _LEAST_SIDE:
        encoder = "libx264"
    return ["-c:v", encoder, *_CODECS[encoder].split(), "-bf", "0"]


def choose_encoder(name: str) -> str:
    """The encoder for a name. Each encoder is tried once in a process.

    Args:
        name: one of `ENCODERS`, or `auto`: a hardware encoder that works, else libx264.

    Raises:
        ConfigError: the encoder does not work here; the message contains ffmpeg's own.
        ToolMissingError: there is no ffmpeg.
    """
    if name == "auto":
        return next((hardware for hardware in ENCODERS[1:] if _failure(hardware) is None), ENCODERS[0])
    failure = _failure(name) if name != ENCODERS[0] else None
    if failure is not None:
        raise ConfigError(
            "the encoder {name} ([Processing] Encoder) does not work here: {failure}. "
            "auto takes a hardware encoder only where one works; libx264 works everywhere",
            name=name,
            failure=failure,
        )
    return name


def try_encoders() -> dict[str, str | None]:
    """Each of `ENCODERS`, and why it does not work here; None if it does.

    Raises:
        ToolMissingError: there is no ffmpeg.
    """
    return {name: _failure(name) for name in ENCODERS}


@functools.cache
def _failure(name: str) -> str | None:
    """Why an encoder cannot cut clips here; None if it can. It is tried with two clips of half a second."""
    if name.encode() not in run_tool(["ffmpeg", "-v", "error", "-encoders"], 30).split():
        return message("this ffmpeg is built without it")
    with tempfile.TemporaryDirectory(prefix="vidkit-") as folder:
        arguments = ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=1"]
        arguments += [*encoding(name, 320, 240), "-force_key_frames", "0.5", "-f", "segment"]
        arguments += ["-segment_time", "0.5", "-segment_format", "mp4"]
        try:
            run_tool([*arguments, str(Path(folder).absolute()).replace("%", "%%") + "/%d.mp4"], 30)
        except MediaError as error:
            log.debug("the encoder %s does not work", name, exc_info=True)
            return str(error)
        made = len(list(Path(folder).iterdir()))
    return None if made == 2 else message("it does not start a clip at the time that is set")
