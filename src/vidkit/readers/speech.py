"""The reader `speech`: a transcript with the time of each word, by faster-whisper."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from vidkit.core.extras import install_command
from vidkit.messages import message
from vidkit.readers.checks import MOST_WORDS
from vidkit.readers.protocol import Batch, Needs, Option, Reader, Reading, SoundBatch, Span, Video, Word
from vidkit.readers.transcript import spans_of
from vidkit.readers.voice import Group, groups_of, parts_with_voice
from vidkit.readers.whisper_files import WhisperFiles, fetch_whisper, find_whisper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AUTO = "auto"
_PACKAGES = ("faster_whisper", "ctranslate2")
_MAX_THREADS = 4  # more threads gain little, and ffmpeg needs the others
_TEMPERATURES = (0.0, 0.4, 0.8)  # tried in order until the text is likely and not repetitive
_UNLIKELY = -1.0  # mean log probability below which a text is a hallucination
_REPETITIVE = 2.4  # compression ratio above which a text is a loop
_NO_SPEECH = 0.6  # probability
_SURE_LANGUAGE = 0.7  # minimum probability for a change of the language
_LANGUAGE_SECONDS = 5.0  # minimum seconds of speech for a change of the language


def _device(text: str) -> str:
    if text.lower() not in (AUTO, "cpu", "cuda"):
        raise ValueError(message("auto, cpu or cuda is possible"))
    return text.lower()


class Speech(Reader):
    """Transcribes the audio. Voice activity detection comes first; only parts with a voice go to the model."""

    version = 1
    meaning = "what is said, with the time of each word, and in which language"
    options: ClassVar[Mapping[str, Option]] = {
        "Model": Option(
            "small",
            "A folder with a Whisper model for CTranslate2, a size (tiny, base, small, medium, large-v3, turbo) or "
            "a name at the Hugging Face hub, from where it is fetched once.",
            counts=False,  # `model` says which one it is
        ),
        "Language": Option(AUTO, "Code of the language that is spoken, such as en; auto finds it out.", str.lower),
        "Device": Option(AUTO, "auto, cpu or cuda.", _device, counts=False),
    }
    needs = Needs(sound=True)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._files: WhisperFiles | None = None
        self._whisper: Any = None

    def fetch(self) -> None:
        """Download the model if it comes from the hub and is not on this machine."""
        if self._missing_package() is None:
            fetch_whisper(self.settings["Model"])

    def missing(self) -> str | None:
        """What is missing; sets `model` if the model is on this machine."""
        if package := self._missing_package():
            return f"{package} is not installed: {install_command('speech')}"
        self._files = find_whisper(self.settings["Model"])
        if self._files is None:
            return None  # `fetch` gets it
        self.model = self._files.identity
        language = self.settings["Language"]
        if language != AUTO and language not in self._files.languages:
            known = ", ".join(sorted(self._files.languages))
            return f"[Readers.speech] Language {language} is none that the model knows: {known}"
        return None

    def open(self) -> None:
        """Load the model."""
        _silence_libraries()
        from faster_whisper import WhisperModel

        if self._files is None:
            self._files = find_whisper(self.settings["Model"])
        if self._files is None:
            raise FileNotFoundError(f"the model {self.settings['Model']} is not here any more")
        self._whisper = WhisperModel(
            str(self._files.folder),
            device=self.settings["Device"],
            compute_type="auto",
            cpu_threads=min(_MAX_THREADS, os.cpu_count() or 1),
            local_files_only=True,
        )

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Transcribe a video; see `docs/readers.md`."""
        audio = (batch for batch in batches if isinstance(batch, SoundBatch))
        languages = _Languages(self._whisper, self.settings["Language"])
        words: list[Word] = []
        for group in groups_of(parts_with_voice(audio)):
            words += self._words(group, languages)
        inside = [word for word in words if word.start_time < video.duration]
        spans = _with_fewer_words(spans_of(inside))
        language, probability = languages.main_language() if spans else (None, None)
        heard = sum(len(span.text.split()) for span in spans if span.text)
        return Reading(spans, {"language": language, "language_probability": probability, "words": heard})

    def close(self) -> None:
        """Free the model."""
        self._whisper = None

    def _missing_package(self) -> str | None:
        return next((name for name in _PACKAGES if find_spec(name) is None), None)

    def _words(self, group: Group, languages: _Languages) -> list[Word]:
        """The words of a group of parts, with their times in the video."""
        samples = group.samples()
        segments, _ = self._whisper.transcribe(
            samples,
            language=languages.next(samples, group.seconds),
            temperature=_TEMPERATURES,
            compression_ratio_threshold=_REPETITIVE,
            log_prob_threshold=_UNLIKELY,
            no_speech_threshold=_NO_SPEECH,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=False,  # the group has already passed it
        )
        found = []
        for segment in segments:
            if segment.avg_logprob >= _UNLIKELY and segment.compression_ratio <= _REPETITIVE:
                for word in segment.words:
                    start, end = group.times(float(word.start), float(word.end))
                    found.append(Word(start, end, word.word, min(1.0, float(word.probability))))
        return found


class _Languages:
    """The spoken language: from the settings, or detected again for each group of parts, since speakers change."""

    def __init__(self, whisper: Any, configured: str) -> None:
        self._whisper = whisper
        multilingual = whisper.model.is_multilingual
        self._configured = configured if configured != AUTO else None if multilingual else "en"
        self._seconds: dict[str, float] = defaultdict(float)
        self._weighted: dict[str, float] = defaultdict(float)
        self._current: str | None = None

    def next(self, samples: NDArray[np.float32], seconds: float) -> str:
        """The language of the next group. A change needs a high probability and some seconds of speech."""
        if self._configured is not None:
            self._seconds[self._configured] += seconds
            return self._configured
        found: tuple[str, float, list[tuple[str, float]]] = self._whisper.detect_language(samples)
        language, probability, others = found
        doubtful = probability < _SURE_LANGUAGE or seconds < _LANGUAGE_SECONDS
        if self._current and language != self._current and doubtful:
            language, probability = self._current, dict(others)[self._current]
        self._current = language
        self._seconds[language] += seconds
        self._weighted[language] += seconds * probability
        return language

    def main_language(self) -> tuple[str, float | None]:
        """The language that is spoken most of the time, and its probability; None if it is from the settings."""
        language = max(self._seconds, key=lambda each: self._seconds[each])
        return language, None if self._configured else self._weighted[language] / self._seconds[language]


def _with_fewer_words(spans: Sequence[Span]) -> list[Span]:
    """The spans; if a video has more words with times than a record can hold, the later spans have no words."""
    kept, room = [], MOST_WORDS
    for span in spans:
        room -= len(span.words or ())
        kept.append(span if room >= 0 else Span(span.start_time, span.end_time, text=span.text, score=span.score))
    return kept


def _silence_libraries() -> None:
    """Keep the messages of libraries away from the screen."""
    import ctranslate2

    ctranslate2.set_log_level(logging.ERROR)
    logging.getLogger("faster_whisper").addHandler(logging.NullHandler())
