"""Readers turn a video into readings: spans of time with a text, a label, a box or numbers.

They are plug-ins: each comes by an entry point of the group `vidkit.readers`, those of this package too.
"""

from vidkit.readers.protocol import (
    Batch,
    Needs,
    Option,
    PictureBatch,
    Pictures,
    Reader,
    Reading,
    Scene,
    SoundBatch,
    Span,
    Text,
    Video,
    Word,
)

__all__ = [
    "Batch",
    "Needs",
    "Option",
    "PictureBatch",
    "Pictures",
    "Reader",
    "Reading",
    "Scene",
    "SoundBatch",
    "Span",
    "Text",
    "Video",
    "Word",
]
