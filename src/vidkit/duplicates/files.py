"""The signature of a video file, from a separate decode."""

from __future__ import annotations

import os
from pathlib import Path

from vidkit.analysis.decode import decode
from vidkit.analysis.frames import square_frames_output
from vidkit.analysis.probe import extract_metadata
from vidkit.duplicates.pdq import SIDE
from vidkit.duplicates.signature import Signature, SignatureMaker


def signature_of(path: str | os.PathLike[str]) -> Signature:
    """Hash frames of a video file, like `vidkit process`; `compare.match` compares two signatures.

    Raises:
        MediaError: ffmpeg cannot decode the file.
    """
    file = Path(path)
    metadata = extract_metadata(file)
    maker = SignatureMaker(metadata.duration)
    decode(file, metadata, [square_frames_output(metadata, maker.rate, SIDE, maker.take)])
    return maker.finish(metadata.duration)
