"""Readers turn a video into readings: time spans with a text, a label, a box or numbers.

They are plug-ins: each has an entry point in the group `vidkit.readers`, also the readers of this package.
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
