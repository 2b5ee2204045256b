"""The found words of a search in the text around them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from vidkit.library.query import Term
from vidkit.library.text import words_with_places

_CONTEXT = 160  # characters
Marks = tuple[tuple[int, int], ...]


def in_context(description: str, labels: Sequence[str], terms: Sequence[Term]) -> tuple[str, Marks]:
    """The found words in context: from the description if they are in it, else from tags, class, file name.

    Returns:
        The text, and the (start, end) of each found word in it.
    """
    text, marks = _marked(description, terms)
    if not marks and labels:
        joined, label_marks = _marked(", ".join(dict.fromkeys(labels)), terms)
        if label_marks or not text:
            text, marks = joined, label_marks
    return _cut(text, marks)


def _marked(text: str, terms: Sequence[Term]) -> tuple[str, list[tuple[int, int]]]:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text, _marks(text, terms)


def _marks(text: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    if not terms or not text:
        return []
    found = words_with_places(text)
    places = {place for term in terms for place in _places(found, term)}
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def first_second(words: Sequence[tuple[str, float]], terms: Sequence[Term]) -> float | None:
    """The second of the first word that matches one of the terms; None if no word matches."""
    found = [(word, place, place) for place, (word, _) in enumerate(words)]
    places = [start for term in terms for start, _ in _places(found, term)]
    return words[min(places)][1] if places else None


def _places(found: Sequence[tuple[str, int, int]], term: Term) -> Iterator[tuple[int, int]]:
    """The (start, end) of each match of a term among the words of a text."""
    first, last, length = term.words[0], term.words[-1], len(term.words)
    if length == 1:
        forms = {first, *term.forms}
        for word, start, end in found:
            if word in forms or (term.prefix and word.startswith(first)):
                yield start, end
        return
    for at in range(len(found) - length + 1):
        if found[at][0] == first:
            here = [word for word, _, _ in found[at : at + length]]
            if term.prefix and here[-1].startswith(last):
                here[-1] = last
            if tuple(here) == term.words:
                yield found[at][1], found[at + length - 1][2]


def _cut(text: str, marks: Sequence[tuple[int, int]]) -> tuple[str, Marks]:
    """The part of a text around its first marks, cut at a space if one is near."""
    if len(text) <= _CONTEXT:
        return text, tuple(marks)
    start = max(0, min(marks[0][0] - _CONTEXT // 3, len(text) - _CONTEXT)) if marks else 0
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if 0 <= space < marks[0][0] else start
    end = min(len(text), start + _CONTEXT)
    if end < len(text):
        space = text.rfind(" ", end - 20, end)
        end = space if space > start else end
    head, tail = "… " if start else "", " …" if end < len(text) else ""
    shift = len(head) - start
    inside = tuple((a + shift, b + shift) for a, b in marks if a >= start and b <= end)
    return f"{head}{text[start:end]}{tail}", inside
