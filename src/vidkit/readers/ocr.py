"""The reader `ocr`: the text in the frames, by RapidOCR."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from vidkit.core import printable
from vidkit.core.extras import missing_of
from vidkit.core.setting_values import number
from vidkit.messages import message
from vidkit.readers.checks import MOST_CHARACTERS, MOST_SPANS
from vidkit.readers.ocr_files import OcrFiles, OcrFilesError, find_models, opencv_fault
from vidkit.readers.protocol import (
    RATES,
    Batch,
    Needs,
    Option,
    PictureBatch,
    Pictures,
    Reader,
    Reading,
    Span,
    Video,
)
from vidkit.readers.text_spans import Line, TextSpans

_MAX_THREADS = 4  # more threads gain little, and ffmpeg needs the others
_LARGEST = 0.5  # share of the frame: a larger box is no line of text
_DETECTION_SIDE = 0.75  # share of the side at which text is detected; it is recognised at full size


def _rate(text: str) -> float:
    rate = number(float, 0, 16, "a number of frames")(text)
    if rate not in RATES:
        raise ValueError(message("one of {rates} is possible", rates=", ".join(f"{each:g}" for each in RATES)))
    return rate


class Ocr(Reader):
    """Reads the text in frames that differ from the one before. Each text has one span while it is visible."""

    version = 1
    meaning = "the text in the frames, such as titles, signs, subtitles"
    options: ClassVar = {
        "PerSecond": Option(1.0, "Frames a second to read, a power of two from 1/16 (0.0625) to 16.", _rate),
        "Side": Option(
            1280,
            "Pixels of the longer side of the frames. More find smaller text and take longer.",
            number(int, 320, 4096, "a number of pixels"),
        ),
        "Score": Option(0.8, "Least score of a text, 0 to 1.", number(float, 0, 1, "a number")),
        "ModelDir": Option(
            "",
            "Folder with models of PP-OCR for another script: NAMErec.onnx, and NAMEdet.onnx if it has one.",
            counts=False,  # `model` says which they are
        ),
        "Threads": Option(
            0,
            f"Threads of the models; 0: one for each core, at most {_MAX_THREADS}.",
            number(int, 0, 512, "a number of threads"),
            counts=False,
        ),
    }

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.needs = Needs(Pictures(settings["PerSecond"], settings["Side"]))
        self._engine: Any = None

    def missing(self) -> str | None:
        """What is missing; sets `model` if nothing is."""
        if reason := missing_of("ocr") or opencv_fault():
            return reason
        try:
            self.model = self._files().identity
        except OcrFilesError as error:
            return str(error)
        return None

    def open(self) -> None:
        """Load the models."""
        from rapidocr import RapidOCR

        files = self._files()
        settings = self.settings
        threads = settings["Threads"] or min(_MAX_THREADS, os.cpu_count() or 1)
        self._engine = RapidOCR(
            params={
                # Its own log handler writes to the screen. With these paths it does not download anything.
                "Global.log_level": "critical",
                "Global.use_cls": False,  # it detects upside-down text, but frames are already rotated
                "Global.text_score": settings["Score"],
                "Global.max_side_len": settings["Side"],
                "Det.model_path": str(files.detector),
                "Det.limit_type": "max",
                "Det.limit_side_len": round(_DETECTION_SIDE * settings["Side"]),
                "Rec.model_path": str(files.recogniser),
                "Rec.rec_batch_num": 1,  # more are no faster on a CPU, and need more memory
                "Rec.rec_keys_path": files.letters and str(files.letters),
                "EngineConfig.onnxruntime.intra_op_num_threads": min(threads, os.cpu_count() or 1),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video; see `docs/readers.md` for the values."""
        found = TextSpans(1 / self.settings["PerSecond"])
        for batch in batches:
            if isinstance(batch, PictureBatch):
                for time, image in zip(batch.times, batch.images, strict=True):
                    found.add(time, self._lines(image))
        spans = found.spans(video.duration)
        words = sum(len(span.text.split()) for span in spans if span.text)
        share = _seconds_with_text(spans) / video.duration if video.duration else 0.0
        return Reading(_best_spans(spans), {"words": words, "share": min(share, 1.0)})

    def close(self) -> None:
        """Free the models."""
        self._engine = None

    def _files(self) -> OcrFiles:
        return find_models(self.settings["ModelDir"])

    def _lines(self, image: Any) -> list[Line]:
        """The lines of text in a frame (height x width x 3, RGB)."""
        import numpy as np

        height, width = image.shape[:2]
        found = self._engine(np.ascontiguousarray(image[:, :, ::-1]))  # BGR
        if found.boxes is None or not found.txts:
            return []
        lines = []
        for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True):
            text = printable(text).strip()
            if not any(letter.isalnum() for letter in text):
                continue
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            left, right = (min(max(float(each) / width, 0.0), 1.0) for each in (left, right))
            top, bottom = (min(max(float(each) / height, 0.0), 1.0) for each in (top, bottom))
            if (right - left) * (bottom - top) > _LARGEST:
                continue
            lines.append(Line(text, float(score), (left, top, right - left, bottom - top)))
        return lines


def _seconds_with_text(spans: Sequence[Span]) -> float:
    """Seconds with text."""
    seconds, until = 0.0, 0.0
    for span in sorted(spans, key=lambda each: each.start_time):
        seconds += max(0.0, span.end_time - max(span.start_time, until))
        until = max(until, span.end_time)
    return seconds


def _best_spans(spans: Sequence[Span]) -> list[Span]:
    """At most as many spans and characters as a record can have: the texts with the lowest scores are dropped."""
    kept, characters = [], 0
    for span in sorted(spans, key=lambda each: -(each.score or 0.0))[:MOST_SPANS]:
        characters += len(span.text or "")
        if characters > MOST_CHARACTERS:
            break
        kept.append(span)
    return kept
