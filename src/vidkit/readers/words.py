"""The readers `keywords` and `language`: the keywords and the language of a video's texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from vidkit.core.extras import missing_of
from vidkit.core.setting_values import number
from vidkit.readers.protocol import Batch, Needs, Option, Reader, Reading, Span, Text, Video

_DESCRIPTIONS = frozenset({"description", "summary"})  # sources whose words are the model's, not the video's
_LEAST_LETTERS = 20  # minimum letters for detecting a language
_MOST_CHARACTERS = 200_000  # maximum characters of all texts of a video: three seconds of work
_NO_LANGUAGE = "zxx"  # py3langid's code for a text without a language, such as `qwrt zzpf` (ISO 639-2)
_WITHOUT_SPACES = frozenset({"ja", "km", "lo", "my", "th", "zh"})  # yake finds words by their spaces


class Language(Reader):
    """Detects the language of the texts of each source with py3langid."""

    version = 1
    meaning = "the language of what is said, shown and described"
    needs = Needs(text=True)

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self._languages = _Languages()

    def missing(self) -> str | None:
        """Whether a package is missing."""
        return missing_of("words")

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Detect the languages of a video; see `docs/readers.md`."""
        by_source: dict[str, list[Text]] = {}
        for text in video.texts:
            by_source.setdefault(text.source, []).append(text)
        spans = []
        for texts in by_source.values():
            language, probability = self._languages.of(texts)
            if language:
                start, end = min(text.start_time for text in texts), max(text.end_time for text in texts)
                spans.append(Span(start, end, label=language, score=probability))
        # A description is in the language of the question, so it counts only if the video has no texts of its own.
        own = [text for text in video.texts if text.source not in _DESCRIPTIONS]
        language, probability = self._languages.of(own)
        if language is None:
            language, probability = self._languages.of(video.texts)
        return Reading(spans, {"language": language, "probability": probability})


class Keywords(Reader):
    """Finds the keywords of a video with yake."""

    version = 1
    meaning = "keywords of what is said, shown and described"
    needs = Needs(text=True)
    options: ClassVar = {
        "Most": Option(10, "Most keywords of a video.", number(int, 1, 100, "a number of keywords")),
        "Words": Option(3, "Most words of a keyword.", number(int, 1, 5, "a number of words")),
    }

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self._languages = _Languages()

    def missing(self) -> str | None:
        """Whether a package is missing."""
        return missing_of("words")

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Find the keywords of a video; see `docs/readers.md`."""
        from yake import KeywordExtractor

        language, _ = self._languages.of(video.texts)
        text = joined(video.texts)
        if not text or language in _WITHOUT_SPACES:
            return Reading((), {"keywords": None})
        extractor = KeywordExtractor(
            lan=language or "en", n=self.settings["Words"], top=self.settings["Most"], dedup_lim=0.8
        )
        found = [(word, float(score)) for word, score in extractor.extract_keywords(text) if _has_letters(word)]
        spans = []
        for word, score in found:
            start, end = _where(word, video.texts) or (0.0, video.duration)
            # yake's scores begin at 0 for the best, and have no maximum.
            spans.append(Span(start, end, label=word, score=1 / (1 + max(0.0, score))))
        return Reading(spans, {"keywords": ", ".join(word for word, _ in found) or None})


class _Languages:
    """Detects languages; loads the model on first use."""

    def __init__(self) -> None:
        self._identifier: Any = None

    def of(self, texts: Sequence[Text]) -> tuple[str | None, float | None]:
        """The language (ISO 639-1) and its probability; None if there are too few letters, or it is no language."""
        text = joined(texts)
        if sum(letter.isalpha() for letter in text) < _LEAST_LETTERS:
            return None, None
        if self._identifier is None:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier

            self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        language, probability = self._identifier.classify(text)
        if language == _NO_LANGUAGE:
            return None, None
        return str(language), min(1.0, float(probability))


def joined(texts: Sequence[Text], most: int = _MOST_CHARACTERS) -> str:
    """The texts as lines, each once, without words that have no letter, such as the time on a clock."""
    lines = dict.fromkeys(" ".join(filter(_has_letters, text.text.split())) for text in texts)
    return "\n".join(line for line in lines if line)[:most]


def _has_letters(word: str) -> bool:
    return any(letter.isalpha() for letter in word)


def _where(words: str, texts: Sequence[Text]) -> tuple[float, float] | None:
    """The time from the first to the last text that contains the words one after the other."""
    pattern = re.compile(r"\W+".join(map(re.escape, words.casefold().split())))
    inside = [text for text in texts if pattern.search(text.text.casefold())]
    return (min(text.start_time for text in inside), max(text.end_time for text in inside)) if inside else None
