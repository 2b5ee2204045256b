"""Which pieces of a video match a query, and the order of results; the same for all backends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeVar

from vidkit.library.moments import Text
from vidkit.library.query import Query, Term
from vidkit.library.spans import SIGN, is_of
from vidkit.library.text import BETWEEN

K = TypeVar("K")
# Okapi BM25's constants (Robertson and Zaragoza 2009, section 3.4.2), and a usual length of a description in words.
_K1, _B, _USUAL_LENGTH = 1.2, 0.75, 30
# A word in tags, class or file name weighs more than one in a description; a word that only the video has, less.
_TAG_WEIGHT, _SHARED_WEIGHT = 2.0, 0.5
_FORM_WEIGHT = 0.02  # so small that a text with the word itself comes first
# Only this many matches are read and ranked; the others follow by age.
RANKED = 500


def matching_texts(query: Query, texts: Sequence[Text]) -> list[Text]:
    """The texts of one video that match a query: every clause is in their own or shared words, at least one in
    their own, and no `-word` is in either. Only texts of the query's sources count.

    For a query without words it is the text of the video, unless any text has a `-word`.
    """
    within = [text for text in texts if is_of(text.own, query.sources)] if query.sources else texts
    left_out = {text.place for text in within if any(has(term, text) for term in query.without)}
    if not query.words:
        return [*texts[:1]] if within and not left_out else []
    return [text for text in within if text.place not in left_out and _holds(query, text)]


def _holds(query: Query, text: Text) -> bool:
    own = f" {text.own} "
    if not any(_in(term, own) for clause in query.words for term in clause):
        return False
    return len(query.words) == 1 or all(any(has(term, text) for term in clause) for clause in query.words)


def has(term: Term, text: Text) -> bool:
    """Whether the own or the shared words of a piece have a term."""
    return _in(term, f" {text.own} ") or _in(term, f" {text.shared} ")


def _in(term: Term, words: str) -> bool:
    return term.needle in words or any(needle in words for needle in term.form_needles)


def best_first(query: Query, found: Iterable[tuple[K, Text]]) -> list[tuple[K, int, float]]:
    """One page of the matches of a query, as (video, place, rank).

    Args:
        query: its `limit` and `offset` select the page.
        found: (video, text), the latest video first. The first RANKED are ranked, the rest follow in their order.
    """
    rest = iter(found)
    ranked = list(islice(rest, RANKED))
    age = {video: at for at, video in enumerate(dict.fromkeys(video for video, _ in ranked))}
    matches = [
        (video, text.place, rank)
        for (video, text), rank in zip(ranked, ranks(query, [text for _, text in ranked]), strict=True)
    ]
    matches.sort(key=lambda match: (-match[2], age[match[0]], match[1]))
    end = None if query.limit is None else query.offset + query.limit
    more = islice(rest, None if end is None else max(0, end - len(matches)))
    return [*matches, *((video, text.place, 0.0) for video, text in more)][query.offset : end]


def ranks(query: Query, texts: Sequence[Text]) -> list[float]:
    """The rank of each text by Okapi BM25. A word that few texts have weighs more; another form of a word weighs
    much less than the word itself."""
    terms = list(dict.fromkeys(term for clause in query.words for term in clause))
    counts = [
        [(_weight((term.needle,), text), _weight(term.form_needles, text) if term.forms else 0.0) for term in terms]
        for text in texts
    ]
    having = [sum(1 for row in counts if any(row[column])) for column in range(len(terms))]
    rarity = [1 + math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for n in having]
    found = []
    for text, row in zip(texts, counts, strict=True):
        count = text.own.count(" ")
        if text.own.startswith(SIGN):  # a word of a short reading weighs no more than one of a description
            count = max(count, _USUAL_LENGTH)
        length = _K1 * (1 - _B + _B * count / _USUAL_LENGTH)
        each = (
            r * (c / (c + length) + _FORM_WEIGHT * f / (f + length)) for r, (c, f) in zip(rarity, row, strict=True)
        )
        found.append((_K1 + 1) * sum(each))
    return found


def _weight(needles: Sequence[str], text: Text) -> float:
    description, between, labels = f" {text.own} ".partition(BETWEEN)
    weight = 0.0
    for needle in needles:
        weight += description.count(needle) + (_TAG_WEIGHT * labels.count(needle) if between else 0.0)
        if text.shared:
            weight += _SHARED_WEIGHT * f" {text.shared} ".count(needle)
    return weight
