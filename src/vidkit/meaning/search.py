"""Search as the command line, the REST API, the page and agents do it: by words, by meaning, or by both.

Page by page, no answer comes twice and none is missing. The head (see `hybrid.py`) is remembered by its number, so
that later pages show the same one; a process that has forgotten it makes it anew. Behind the head, the answers by
words go on from a position of the home, without those that the head had.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, NamedTuple

from vidkit.core import printable
from vidkit.errors import QueryError
from vidkit.library.moments import Moment, MomentKey
from vidkit.library.paging import Position
from vidkit.library.protocol import Library
from vidkit.library.query import Query
from vidkit.library.vectors.protocol import TEXT, kind_of
from vidkit.meaning.hybrid import (
    MEANING,
    PICTURE,
    Head,
    Records,
    Sense,
    Wanted,
    head_of,
    moments_of,
)
from vidkit.meaning.likeness import wanted_like
from vidkit.messages import message

# By words and by meaning where the library has vectors, by words alone, or by meaning alone.
Way = Literal["on", "off", "only"]
_KEPT = 64  # heads
_AT_ONCE = 500  # answers by words
# Seconds to wait for models that are being opened: without them there is no answer, or there is one by words.
_PATIENCE, _MOMENT = 30.0, 2.0


class Asked(NamedTuple):
    """A search: what is looked for, which way, and which moment (`KEY@SECOND`) the answers are like."""

    query: Query
    way: Way = "on"
    like: str | None = None

    @property
    def by_meaning(self) -> bool:
        """Whether models are asked at all. Another order than relevance is one of answers by words."""
        if self.like is not None:
            return True
        sorts = self.query.sort == "relevance" or self.way == "only"
        return bool(self.way != "off" and self.query.text and sorts)


@dataclass(frozen=True)
class MixedPosition:
    """Where a page ended: in the head with this number, after so many answers; then at a position by words."""

    head: int
    at: int
    words: Position | None


class Found(NamedTuple):
    """A page of answers, where the next begins, and why a model was not asked, where that is so."""

    moments: list[Moment]
    next: MixedPosition | Position | None
    notes: tuple[str, ...] = ()


class Senses(NamedTuple):
    """The models that can be asked, and what is to be said of those that cannot."""

    ready: Sequence[Sense]
    notes: tuple[str, ...] = ()


class Search:
    """Searches in one library. Threads share it."""

    def __init__(self, home: Library, senses: Callable[[float], Senses]) -> None:
        """Searches in a library.

        Args:
            home: the library.
            senses: the models; it is told how many seconds to wait for those that are being opened.
        """
        self._home = home
        self._senses = senses
        self._heads: OrderedDict[int, tuple[Head, frozenset[MomentKey]]] = OrderedDict()
        self._lock = threading.Lock()
        self._with_vectors: set[str] = set()

    def page(self, asked: Asked, after: MixedPosition | Position | None = None) -> Found:
        """A page of `asked.query.limit` answers.

        Raises:
            QueryError: `like` means no moment; or it is asked by meaning alone, and there is nothing for that.
            LibraryError: the library cannot be read.
        """
        if isinstance(after, Position) or (after is None and not asked.by_meaning):
            return self._by_words(asked.query, after)
        notes: tuple[str, ...] = ()
        known: dict[MomentKey, Moment] = {}
        kept = self._kept(after.head) if after else None
        records = Records(self._home)
        if kept is None:
            made, notes = self._head(asked, records, wait=after is not None)
            if made is None and after is not None:
                raise QueryError(GONE)
            if made is None:
                return self._by_words(asked.query, None)._replace(notes=notes)
            head, known = made
            number = after.head if after else _number(asked, head)
            kept = self._keep(number, head)
            after = after or MixedPosition(number, 0, head.words)
        assert after is not None
        return self._mixed(asked.query, *kept, after, known, records)._replace(notes=notes)

    def pages(self, asked: Asked) -> Iterator[Found]:
        """All answers, a page of `asked.query.limit` after the other; each is found when it is asked for."""
        page = self.page(asked)
        yield page
        while page.next is not None:
            page = self.page(asked, page.next)
            yield page

    def search(self, asked: Asked) -> Found:
        """The answers from `asked.query.offset` on, as many as its limit says."""
        query = asked.query
        if not asked.by_meaning:
            return Found(self._home.search(query), None)
        notes: list[str] = []
        found = islice(self._all(asked, notes), query.offset, None)
        return Found(list(found if query.limit is None else islice(found, query.limit)), None, tuple(notes))

    def ways(self) -> list[str]:
        """What a search by meaning can look at: MEANING (of texts) and PICTURE, where the library has vectors."""
        senses = self._senses(_MOMENT)
        models = [sense.id for sense in senses.ready if self._has_vectors(sense.id)]
        return [MEANING if kind_of(model) == TEXT else PICTURE for model in models]

    def _all(self, asked: Asked, notes: list[str]) -> Iterator[Moment]:
        query = asked.query
        end = _AT_ONCE if query.limit is None else min(_AT_ONCE, query.offset + query.limit)
        asked = asked._replace(query=replace(query, limit=max(1, end), offset=0))
        for page in self.pages(asked):
            notes += page.notes
            yield from page.moments

    def _by_words(self, query: Query, after: Position | None) -> Found:
        page = self._home.page(query, after)
        return Found(page.moments, page.next)

    def _head(
        self, asked: Asked, records: Records, wait: bool
    ) -> tuple[tuple[Head, dict[MomentKey, Moment]] | None, tuple[str, ...]]:
        """The head of a search with what was read of it, or None where no model can be asked; and notes."""
        only = asked.way == "only" or asked.like is not None
        senses = self._senses(_PATIENCE if only or wait else _MOMENT)
        there = [sense for sense in senses.ready if self._has_vectors(sense.id)]
        notes = senses.notes
        if without := [sense.id for sense in senses.ready if sense not in there]:
            notes = (*notes, _no_vectors(self._home, without))
        if not there:
            if only:
                raise QueryError("; ".join(notes) or NOT_SET)
            return None, notes
        query = asked.query
        if asked.like is None:
            wanted = [Wanted(sense.id, sense.queries([query.text])[0], sense.floor) for sense in there]
            return head_of(self._home, query, wanted, not only, records), notes
        wanted, is_same = wanted_like(self._home, there, asked.like)
        if not wanted:
            raise QueryError("there are no vectors of {like}: run `vidkit index`", like=printable(asked.like))
        query = replace(query, strict=query.words or query.strict)
        return head_of(self._home, query, wanted, False, records, is_same), notes

    def _mixed(
        self,
        query: Query,
        head: Head,
        keys: frozenset[MomentKey],
        after: MixedPosition,
        known: dict[MomentKey, Moment],
        records: Records,
    ) -> Found:
        limit = _AT_ONCE if query.limit is None else query.limit
        moments: list[Moment] = []
        at, words = after.at, after.words
        while at < len(head.answers) and len(moments) < limit:
            some = head.answers[at : at + limit - len(moments)]
            moments += moments_of(records, query, some, known, head.words is not None)
            at += len(some)
        while at >= len(head.answers) and words is not None and len(moments) < limit:
            page = self._home.page(replace(query, limit=limit - len(moments)), words)
            moments += [replace(each, rank=0.0) for each in page.moments if each.key not in keys]
            words = page.next
        done = at >= len(head.answers) and words is None
        return Found(moments, None if done else MixedPosition(after.head, at, words))

    def _has_vectors(self, model: str) -> bool:
        """Whether some video has vectors of a model; where one had, it is not asked again."""
        if model not in self._with_vectors:
            if not any(each.found is not None for each in self._home.vectors(model)):
                return False
            self._with_vectors.add(model)
        return True

    def _kept(self, number: int) -> tuple[Head, frozenset[MomentKey]] | None:
        with self._lock:
            if number in self._heads:
                self._heads.move_to_end(number)
            return self._heads.get(number)

    def _keep(self, number: int, head: Head) -> tuple[Head, frozenset[MomentKey]]:
        kept = head, frozenset(answer.key for answer in head.answers)
        with self._lock:
            self._heads[number] = kept
            while len(self._heads) > _KEPT:
                self._heads.popitem(last=False)
        return kept


GONE = message("the models cannot be asked now, so this list cannot go on: search again")
NOT_SET = message(
    "no model for search by meaning is set: set TextModel or ImageModel under [Meaning] in config.ini, then run "
    "`vidkit index`"
)


def _number(asked: Asked, head: Head) -> int:
    """What a head is known by: the same search with the same answers has the same number."""
    named = repr((asked, head)).encode("utf-8", "backslashreplace")
    return int.from_bytes(hashlib.blake2b(named, digest_size=7).digest(), "big")


def _no_vectors(home: Library, models: Sequence[str]) -> str:
    """What to say where the library has no vectors of some models, or only those of others."""
    kinds = {model.partition(":")[0] for model in models}
    other = [model for model in home.vector_models() if model.partition(":")[0] in kinds and model not in models]
    has = message(", only of {models}", models=", ".join(map(printable, other))) if other else ""
    return message(
        "{library} has no vectors of {models}{has}: run `vidkit index`",
        library=home.name,
        models=", ".join(map(printable, models)),
        has=has,
    )
