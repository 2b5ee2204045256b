"""Turn spoken words into the spans of a transcript: sentences, without hallucinations of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vidkit.readers.protocol import Span, Word

_PAUSE = 1.0  # seconds without a word that end a span
_LONGEST = 15.0  # maximum seconds of a span
_SENTENCE_ENDS = re.compile(r"[.!?…。！？।؟][\"'”’)\]]*$")
_UNSURE = 0.45  # minimum mean score of a span: Whisper's words for music are below, speech is above
_MOST_REPEATS = 3  # maximum repeats of the same words: a model that is stuck repeats them more often
_LONGEST_REPEAT = 12  # words


def spans_of(words: Sequence[Word]) -> list[Span]:
    """The spans of some words: each ends with a sentence, at a pause, or after 15 seconds.

    Args:
        words: in order of time, with their spaces (`" and"`), as from Whisper.
    """
    spans = []
    for sentence in _sentences(_without_repeats([word for word in words if any(map(str.isalnum, word.text))])):
        score = sum(word.score for word in sentence) / len(sentence)
        if score >= _UNSURE:
            text = "".join(word.text for word in sentence).strip()
            kept = [Word(word.start_time, word.end_time, word.text.strip(), word.score) for word in sentence]
            spans.append(Span(sentence[0].start_time, sentence[-1].end_time, text=text, score=score, words=kept))
    return spans


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and (
            word.start_time - sentence[-1].end_time > _PAUSE
            or _SENTENCE_ENDS.search(sentence[-1].text)
            or word.end_time - sentence[0].start_time > _LONGEST
        ):
            yield sentence
            sentence = []
        sentence.append(word)
    if sentence:
        yield sentence


def _without_repeats(words: Sequence[Word]) -> list[Word]:
    """The words; a sequence of up to twelve that comes more than three times in a row is kept once."""
    plain = [re.sub(r"\W", "", word.text).casefold() for word in words]
    kept: list[Word] = []
    at = 0
    while at < len(words):
        for length in range(1, _LONGEST_REPEAT + 1):
            again = at + length
            while plain[again : again + length] == plain[at : at + length] and again + length <= len(words):
                again += length
            if again - at > _MOST_REPEATS * length:
                kept += words[at : at + length]
                at = again
                break
        else:
            kept.append(words[at])
            at += 1
    return kept
