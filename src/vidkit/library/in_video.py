"""Search in one video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vidkit.library.forms import stems_of, with_forms
from vidkit.library.moments import Kind, LibraryEntry, Moment, Text, moments_at, pieces_of, texts_of, words_in
from vidkit.library.query import Query
from vidkit.library.ranking import answers, has


def moments_in(entry: LibraryEntry, query: Query) -> list[Moment]:
    """The moments of one video that a query's words find, by time; its other conditions are not looked at.

    Args:
        entry: the video.
        query: without words, no moment is found.
    """
    if not query.words:
        return []
    texts = texts_of(entry.record)
    query = _with_own_forms(query, texts)
    found = moments_at({0: entry}, [(0, text.place, 0.0) for text in answers(query, texts)], query)
    return sorted(found, key=lambda moment: (moment.start_time, moment.number))


def moments_with_words(entry: LibraryEntry, query: Query) -> set[tuple[Kind, int]]:
    """The same by kind and number."""
    texts = texts_of(entry.record)
    found = {text.place for text in answers(_with_own_forms(query, texts), texts)} if query.words else set()
    pieces = pieces_of(entry.record) if found else []
    return {(piece.kind, piece.number) for place, piece in enumerate(pieces) if place in found}


def moments_allowed(entry: LibraryEntry, query: Query) -> set[tuple[Kind, int]]:
    """The moments of one video, by kind and number, that have a query's strict words and not what it leaves out.

    A moment without a text of its own, such as a scene that nobody has described, has the words of its video.
    """
    texts = texts_of(entry.record)
    query = _with_own_forms(replace(query, words=query.strict), texts)
    by_place = {text.place: text for text in texts}
    whole = by_place.get(0, Text(0, "", ""))
    allowed = set()
    for place, piece in enumerate(pieces_of(entry.record)):
        text = by_place.get(place, Text(place, "", whole.own))
        stands = all(any(has(term, text) for term in clause) for clause in query.words)
        if stands and not any(has(term, text) for term in query.without):
            allowed.add((piece.kind, piece.number))
    return allowed


def _with_own_forms(query: Query, texts: Sequence[Text]) -> Query:
    """A query whose words have the other forms that stand in a video."""
    words = words_in(texts).union(texts[1].shared.split() if len(texts) > 1 else ())

    def words_of(wanted: list[str]) -> list[tuple[str, str]]:
        # Only endings differ in English, and stemming takes longer than all else.
        starts = {stem[:2] for stem in wanted}
        near = (word for word in words if not word.isascii() or word[:2] in starts)
        return [each for each in stems_of(near) if each[0] in wanted]

    return with_forms(query, words_of)
