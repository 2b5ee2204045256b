"""Search in one video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vidkit.library.forms import stems_of, with_forms
from vidkit.library.moments import Kind, LibraryEntry, Moment, Text, moments_at, pieces_of, texts_of, words_in
from vidkit.library.query import Query
from vidkit.library.ranking import has, matching_texts


def moments_in(entry: LibraryEntry, query: Query) -> list[Moment]:
    """The moments of one video that have the words of a query, by time. Its other conditions are ignored.

    Args:
        entry: the video.
        query: a query without words finds nothing.
    """
    if not query.words:
        return []
    texts = texts_of(entry.record)
    query = _with_own_forms(query, texts)
    found = moments_at({0: entry}, [(0, text.place, 0.0) for text in matching_texts(query, texts)], query)
    return sorted(found, key=lambda moment: (moment.start_time, moment.number))


def moments_with_words(entry: LibraryEntry, query: Query) -> set[tuple[Kind, int]]:
    """Kind and number of the moments of one video that have the words of a query."""
    texts = texts_of(entry.record)
    found = {text.place for text in matching_texts(_with_own_forms(query, texts), texts)} if query.words else set()
    pieces = pieces_of(entry.record) if found else []
    return {(piece.kind, piece.number) for place, piece in enumerate(pieces) if place in found}


def moments_allowed(entry: LibraryEntry, query: Query) -> set[tuple[Kind, int]]:
    """Kind and number of the moments of one video that have a query's strict words and none of its `-words`.

    A moment without its own text, such as a scene without a description, has the words of its video.
    """
    texts = texts_of(entry.record)
    query = _with_own_forms(replace(query, words=query.strict), texts)
    by_place = {text.place: text for text in texts}
    whole = by_place.get(0, Text(0, "", ""))
    allowed = set()
    for place, piece in enumerate(pieces_of(entry.record)):
        text = by_place.get(place, Text(place, "", whole.own))
        found = all(any(has(term, text) for term in clause) for clause in query.words)
        if found and not any(has(term, text) for term in query.without):
            allowed.add((piece.kind, piece.number))
    return allowed


def _with_own_forms(query: Query, texts: Sequence[Text]) -> Query:
    """Add the other forms of its words that a video has to a query."""
    words = words_in(texts).union(texts[1].shared.split() if len(texts) > 1 else ())

    def words_of(wanted: list[str]) -> list[tuple[str, str]]:
        # Stemming is slow. In English only endings differ, so the beginning selects the words to stem.
        starts = {stem[:2] for stem in wanted}
        candidates = (word for word in words if not word.isascii() or word[:2] in starts)
        return [each for each in stems_of(candidates) if each[0] in wanted]

    return with_forms(query, words_of)
