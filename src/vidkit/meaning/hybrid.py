"""Hybrid search: one list of answers from several, by words, by the meaning of texts and by pictures.

The lists are combined by reciprocal rank fusion (Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion
outperforms Condorcet and individual rank learning methods"). Moments that have the words come before those that are
found by meaning alone. Only the first answers are combined, the head; behind them the answers by words go on.
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

TOP = 200  # answers of each list by meaning, and of the head that are found by meaning alone
FIRST_WORDS = 100  # answers by words that are ranked together with them
WORDS, MEANING, PICTURE = "words", "meaning", "picture"  # why a moment is found
_K = 60  # of the paper
_LOOKED_AT = 50  # answers by meaning that are looked at for the words, where more have these than are ranked
_WIDER = (1, 4, 16)  # times TOP: how many are looked at where the query's words leave some out


class Records:
    """The records of a library by their source URLs, each read once."""

    def __init__(self, home: Library) -> None:
        self._home = home
        self._read: dict[str, LibraryEntry | None] = {}

    def read(self, urls: Iterable[str]) -> None:
        """Read some at once: those that will be asked for next."""
        if missing := [url for url in dict.fromkeys(urls) if url not in self._read]:
            self._read |= dict.fromkeys(missing) | self._home.entries(missing)

    def of(self, url: str) -> LibraryEntry | None:
        """The record of a source URL; None where it is gone."""
        self.read([url])
        return self._read[url]


class Sense(Protocol):
    """A model that a search asks: one of `models.Models`."""

    id: str

    @property
    def floor(self) -> float: ...

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Wanted(NamedTuple):
    """Moments that are near to a vector of a model, from a similarity on."""

    model: str
    vector: NDArray[Any]
    floor: float


class Answer(NamedTuple):
    """A moment of the head. `score` is the sum of what its ranks count, and 1 more where it has the words."""

    key: MomentKey
    why: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Head:
    """The first answers of a search, the best first; `words` is where the other answers by words go on."""

    answers: tuple[Answer, ...]
    words: Position | None


def head_of(
    home: Library,
    query: Query,
    wanted: Sequence[Wanted],
    with_words: bool,
    records: Records,
    left_out: Callable[[MomentKey], bool] = lambda _: False,
) -> tuple[Head, dict[MomentKey, Moment]]:
    """The first answers of a search.

    Args:
        home: the library.
        query: what is looked for. Its filters, sources, phrases and `-words` hold for all lists.
        wanted: what is asked of each model.
        with_words: whether moments that have the words are answers too.
        records: those of the library.
        left_out: which moments are no answers.

    Returns:
        The head, and those of its moments that were read already.

    Raises:
        LibraryError: the library cannot be read, or has vectors of another size.
    """
    by_words = home.page(replace(query, limit=FIRST_WORDS)) if with_words and query.words else None
    first = by_words.moments if by_words else []
    lists: list[tuple[str, list[MomentKey]]] = [(WORDS, [moment.key for moment in first])]
    for each in wanted:
        why = MEANING if kind_of(each.model) == TEXT else PICTURE
        lists.append((why, _nearest(home, query, each, records, left_out)))
    fused = fuse(lists)
    meant = [answer for answer in fused if WORDS not in answer.why][:TOP]
    fused = [answer for answer in fused if WORDS in answer.why] + meant
    more = by_words.next if by_words else None
    if more is not None:  # answers by words that are behind the first ones may be found by meaning as well
        records.read(each.key.url for each in meant[:_LOOKED_AT])
        near = [_with_words(each, query, records) for each in meant[:_LOOKED_AT]]
        fused = [*fused[: len(fused) - len(meant)], *near, *meant[_LOOKED_AT:]]
    fused.sort(key=lambda answer: -answer.score)
    if query.sort != "relevance":
        fused = _sorted(fused, query.sort, records)
    return Head(tuple(fused), more), {moment.key: moment for moment in first}


def fuse(lists: Iterable[tuple[str, Sequence[MomentKey]]]) -> list[Answer]:
    """Lists of moments, each the best first, as one; of moments with the same score, the one of an earlier list."""
    found: dict[MomentKey, Answer] = {}
    for why, keys in lists:
        for rank, key in enumerate(keys, 1):
            before = found.get(key, Answer(key, (), 0.0))
            score = before.score + 1 / (_K + rank) + (1.0 if why == WORDS else 0.0)
            found[key] = Answer(key, tuple(dict.fromkeys((*before.why, why))), score)
    return sorted(found.values(), key=lambda answer: -answer.score)


def moments_of(
    records: Records, query: Query, answers: Sequence[Answer], known: dict[MomentKey, Moment], more: bool
) -> Iterator[Moment]:
    """The moments of answers, without those that are no longer there. Words are marked in those that have them.

    Args:
        records: those of the library.
        query: the words.
        answers: some of a head.
        known: those that were read already.
        more: whether there are more moments with the words than the head was made of.
    """
    records.read(answer.key.url for answer in answers if answer.key not in known)
    for answer in answers:
        why = answer.why
        moment = known.get(answer.key)
        if moment is None:
            url, kind, number = answer.key
            entry = records.of(url)
            if entry is None:
                continue
            if more or WORDS in why:
                moment = next((each for each in moments_in(entry, query) if each.key == answer.key), None)
                why = tuple(dict.fromkeys((WORDS, *why))) if moment else why
            moment = moment or moment_of(entry, kind, number, Query())
        if moment is not None:
            yield replace(moment, why=why, rank=round(answer.score, 6))


def _nearest(
    home: Library,
    query: Query,
    wanted: Wanted,
    records: Records,
    left_out: Callable[[MomentKey], bool],
) -> list[MomentKey]:
    """The nearest moments that a query allows.

    The home leaves out videos, by the query's filters and phrases. Which moments have the phrases and the `-words`
    is seen in the records; where these leave out many, more are asked for.
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
        near = home.nearest(wanted.model, wanted.vector, narrowed, limit)
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


def _with_words(answer: Answer, query: Query, records: Records) -> Answer:
    """An answer that says so where it has the words too."""
    if WORDS in answer.why:
        return answer
    entry = records.of(answer.key.url)
    if entry is None or answer.key[1:] not in moments_with_words(entry, query):
        return answer
    return Answer(answer.key, (WORDS, *answer.why), answer.score + 1.0)


def _sorted(answers: list[Answer], sort: str, records: Records) -> list[Answer]:
    """Answers in the order of a column, as the home sorts by it."""
    column, down = SORT_COLUMNS[sort]
    records.read(answer.key.url for answer in answers)
    entries = [(answer, records.of(answer.key.url)) for answer in answers]
    there = [(answer, getattr(summary_of(entry.record), column)) for answer, entry in entries if entry]
    return [answer for answer, _ in sorted(there, key=lambda each: each[1], reverse=down)]
