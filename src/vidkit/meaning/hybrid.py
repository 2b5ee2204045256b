"""Hybrid search: one list of results from several: by words, by the meaning of texts and by images.

The lists are combined by reciprocal rank fusion (Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion
outperforms Condorcet and individual rank learning methods"). Moments with the words come before those that are
found only by meaning. Only the first results, the head, are combined; after them the results by words continue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vidkit.library.facts import summary_of
from vidkit.library.in_video import moments_allowed, moments_in, moments_with_words
from vidkit.library.moments import LibraryEntry, Moment, MomentKey, moment_of
from vidkit.library.paging import Position
from vidkit.library.protocol import Library
from vidkit.library.query import SORT_COLUMNS, Query
from vidkit.library.vectors.protocol import TEXT, kind_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOP = 200  # results of each list by meaning, and results in the head that are found only by meaning
FIRST_WORDS = 100  # results by words that are ranked together with them
WORDS, MEANING, PICTURE = "words", "meaning", "picture"  # why a moment is found
_K = 60  # from the paper
_CHECKED = 50  # results by meaning that are checked for the words, if more have the words than are ranked
_WIDER = (1, 4, 16)  # times TOP: how many moments are read if phrases and `-words` leave some out


class Records:
    """The records of a library by source URL, each read once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._read: dict[str, LibraryEntry | None] = {}

    def read(self, urls: Iterable[str]) -> None:
        """Read several records that are needed next."""
        if missing := [url for url in dict.fromkeys(urls) if url not in self._read]:
            self._read |= dict.fromkeys(missing) | self._library.entries(missing)

    def of(self, url: str) -> LibraryEntry | None:
        """The record of a source URL; None if it was removed."""
        self.read([url])
        return self._read[url]


class SearchModel(Protocol):
    """A model for searching: one of `models.Models`."""

    id: str

    @property
    def floor(self) -> float: ...

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Wanted(NamedTuple):
    """A search for moments with a vector similar to this one of a model; `floor` is the minimum similarity."""

    model: str
    vector: NDArray[Any]
    floor: float


class Ranked(NamedTuple):
    """A moment in the head. `score` is the sum of its reciprocal ranks, plus 1 if it has the words."""

    key: MomentKey
    why: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Head:
    """The first results of a search, the best first; `words` is the position of the next results by words."""

    ranked: tuple[Ranked, ...]
    words: Position | None


def head_of(
    library: Library,
    query: Query,
    wanted: Sequence[Wanted],
    with_words: bool,
    records: Records,
    left_out: Callable[[MomentKey], bool] = lambda _: False,
) -> tuple[Head, dict[MomentKey, Moment]]:
    """The first results of a search.

    Args:
        library: the library.
        query: the query. Its filters, sources, phrases and `-words` apply to all lists.
        wanted: the search by each model.
        with_words: whether moments with the words are results too.
        records: the records of the library.
        left_out: whether to leave out a moment.

    Returns:
        The head, and those of its moments that were already read.

    Raises:
        LibraryError: the library cannot be read, or has vectors of another size.
    """
    by_words = library.page(replace(query, limit=FIRST_WORDS)) if with_words and query.words else None
    first = by_words.moments if by_words else []
    lists: list[tuple[str, list[MomentKey]]] = [(WORDS, [moment.key for moment in first])]
    for each in wanted:
        why = MEANING if kind_of(each.model) == TEXT else PICTURE
        lists.append((why, _nearest(library, query, each, records, left_out)))
    fused = fuse(lists)
    meant = [result for result in fused if WORDS not in result.why][:TOP]
    fused = [result for result in fused if WORDS in result.why] + meant
    more = by_words.next if by_words else None
    if more is not None:  # later results by words may be in the list by meaning too
        records.read(each.key.url for each in meant[:_CHECKED])
        near = [_with_words(each, query, records) for each in meant[:_CHECKED]]
        fused = [*fused[: len(fused) - len(meant)], *near, *meant[_CHECKED:]]
    fused.sort(key=lambda result: -result.score)
    if query.sort != "relevance":
        fused = _sorted(fused, query.sort, records)
    return Head(tuple(fused), more), {moment.key: moment for moment in first}


def fuse(lists: Iterable[tuple[str, Sequence[MomentKey]]]) -> list[Ranked]:
    """Combine lists of moments, each the best first. If scores are equal, moments of an earlier list come first."""
    found: dict[MomentKey, Ranked] = {}
    for why, keys in lists:
        for rank, key in enumerate(keys, 1):
            before = found.get(key, Ranked(key, (), 0.0))
            score = before.score + 1 / (_K + rank) + (1.0 if why == WORDS else 0.0)
            found[key] = Ranked(key, tuple(dict.fromkeys((*before.why, why))), score)
    return sorted(found.values(), key=lambda result: -result.score)


def moments_of(
    records: Records, query: Query, ranked: Sequence[Ranked], known: dict[MomentKey, Moment], more: bool
) -> Iterator[Moment]:
    """The moments of a part of the head, without those that no longer exist. Words are marked in moments with them.

    Args:
        records: the records of the library.
        query: the query with the words.
        ranked: a part of the head.
        known: the moments that were already read.
        more: whether more moments have the words than were ranked for the head.
    """
    records.read(result.key.url for result in ranked if result.key not in known)
    for result in ranked:
        why = result.why
        moment = known.get(result.key)
        if moment is None:
            url, kind, number = result.key
            entry = records.of(url)
            if entry is None:
                continue
            if more or WORDS in why:
                moment = next((each for each in moments_in(entry, query) if each.key == result.key), None)
                why = tuple(dict.fromkeys((WORDS, *why))) if moment else why
            moment = moment or moment_of(entry, kind, number, Query())
        if moment is not None:
            yield replace(moment, why=why, rank=round(result.score, 6))


def _nearest(
    library: Library,
    query: Query,
    wanted: Wanted,
    records: Records,
    left_out: Callable[[MomentKey], bool],
) -> list[MomentKey]:
    """The most similar moments that match a query.

    The backend filters videos by the query's filters and phrases. The records show which moments have the phrases
    and `-words`; if these leave out many moments, more are read.
    """
    narrowed = replace(query, words=query.strict, without=(), sort="relevance", limit=None, offset=0)
    strict = bool(query.strict or query.without)

    @cache
    def allowed(url: str) -> set[tuple[str, int]]:
        entry = records.of(url)
        return moments_allowed(entry, query) if entry else set()

    found: list[MomentKey] = []
    for times in _WIDER:
        limit = times * TOP
        near = library.nearest(wanted.model, wanted.vector, narrowed, limit)
        high = [each for each in near if each.similarity >= wanted.floor]
        found = []
        for place, each in enumerate(high):
            if strict and place % TOP == 0:
                records.read(every.url for every in high[place : place + TOP])
            key = MomentKey(each.url, each.kind, each.number)
            if not left_out(key) and (not strict or key[1:] in allowed(each.url)):
                found.append(key)
                if len(found) == TOP:
                    return found
        if len(high) < limit:
            break
    return found


def _with_words(result: Ranked, query: Query, records: Records) -> Ranked:
    """The same result, with WORDS in `why` if the moment has the words too."""
    if WORDS in result.why:
        return result
    entry = records.of(result.key.url)
    if entry is None or result.key[1:] not in moments_with_words(entry, query):
        return result
    return Ranked(result.key, (WORDS, *result.why), result.score + 1.0)


def _sorted(ranked: list[Ranked], sort: str, records: Records) -> list[Ranked]:
    """Results in the order of a column, as a backend sorts."""
    column, down = SORT_COLUMNS[sort]
    records.read(result.key.url for result in ranked)
    entries = [(result, records.of(result.key.url)) for result in ranked]
    there = [(result, getattr(summary_of(entry.record), column)) for result, entry in entries if entry]
    return [result for result, _ in sorted(there, key=lambda each: each[1], reverse=down)]
