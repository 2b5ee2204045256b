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

# No B-frames: sound is then cut where the picture is, and seeking in a clip is cheap for a training loader. Preset
# and CRF are chosen by the table in docs/clips.md; the hardware encoders' qualities are their makers' counterparts.
_CODECS = {
    "libx264": "-preset veryfast -crf 23 -pix_fmt yuv420p",
    "h264_nvenc": "-preset p4 -rc vbr -cq 25 -b:v 0 -forced-idr 1 -pix_fmt yuv420p",
    "h264_qsv": "-preset fast -global_quality 25 -forced_idr 1 -pix_fmt nv12",
    "h264_videotoolbox": "-q:v 60 -pix_fmt yuv420p",
}
ENCODERS = tuple(_CODECS)
# Hardware encoders refuse pictures smaller than this; it differs by maker.
_LEAST_SIDE = 160
SOUND = ["-c:a", "aac", "-b:a", "128k"]


def encoding(encoder: str, width: int, height: int) -> list[str]:
    """ffmpeg's arguments for clips of a size.

    The times are the video's own, finely told: neither evened out nor rounded to a frame rate.
    """
    times = ["-fps_mode", "vfr", "-enc_time_base", "1:90000"]
    return [*times, *picture_encoding(encoder, width, height), *SOUND, "-sn", "-dn"]


def picture_encoding(encoder: str, width: int, height: int) -> list[str]:
    """Those of them that are for pictures alone, and not for their times."""
    if min(width, height) < _LEAST_SIDE:
        encoder = "libx264"
    return ["-c:v", encoder, *_CODECS[encoder].split(), "-bf", "0"]


def choose_encoder(name: str) -> str:
    """The encoder of a name, tried out once in this process.

    Args:
        name: one of `ENCODERS`, or `auto`: a hardware encoder that works, else libx264.

    Raises:
        ConfigError: the named encoder does not work here; ffmpeg's own words say why.
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
    """Each of `ENCODERS`, and why it does not work here; None where it does.

    Raises:
        ToolMissingError: there is no ffmpeg.
    """
    return {name: _failure(name) for name in ENCODERS}


@functools.cache
def _failure(name: str) -> str | None:
    """Why an encoder cannot cut clips here, None if it can: two pieces of half a second are cut with it."""
    if name.encode() not in run_tool(["ffmpeg", "-v", "error", "-encoders"], 30).output.split():
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
    return None if made == 2 else message("it does not start a clip where it is told to")
