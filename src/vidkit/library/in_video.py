"""Search in one video."""

from __future__ import annotations

from vidkit.library.forms import stems_of, with_forms
from vidkit.library.moments import LibraryEntry, Moment, moments_at, texts_of, words_in
from vidkit.library.query import Query
from vidkit.library.ranking import answers


def moments_in(entry: LibraryEntry, query: Query) -> list[Moment]:
    """The moments of one video that a query's words find, by time; its other conditions are not looked at.

    Args:
        entry: the video.
        query: without words, no moment is found.
    """
    if not query.words:
        return []
    texts = texts_of(entry.record)
    stems = stems_of(words_in(texts)) + stems_of(texts[1].shared.split() if len(texts) > 1 else ())
    query = with_forms(query, lambda wanted: [each for each in dict.fromkeys(stems) if each[0] in set(wanted)])
    found = moments_at({0: entry}, [(0, text.place, 0.0) for text in answers(query, texts)], query)
    return sorted(found, key=lambda moment: (moment.start_time, moment.number))
