"""The search of the command line, the REST API, the page and agents: by words, by meaning, or both.

From page to page, no result is repeated or missing. The head (see `hybrid.py`) is cached by its number, so that
later pages use the same one; a process without it computes it again. After the head, the results by words continue
from a position in the library, without those that were in the head.
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
    SearchModel,
    Wanted,
    head_of,
    moments_of,
)
from vidkit.meaning.similar import wanted_like
from vidkit.messages import message

# By words and by meaning if the library has vectors, only by words, or only by meaning.
Way = Literal["on", "off", "only"]
_KEPT = 64  # heads
_AT_ONCE = 500  # results in one page without a limit
# Seconds to wait for models that are still opening: if the search needs them, and if it can use only words.
_PATIENCE, _MOMENT = 30.0, 2.0


class Asked(NamedTuple):
    """A search: the query, by words or meaning, and the moment (`KEY@SECOND`) for results similar to it."""

    query: Query
    way: Way = "on"
    like: str | None = None

    @property
    def by_meaning(self) -> bool:
        """Whether the search uses models. With another sort than relevance it uses only words."""
        if self.like is not None:
            return True
        sorts = self.query.sort == "relevance" or self.way == "only"
        return bool(self.way != "off" and self.query.text and sorts)


@dataclass(frozen=True)
class MixedPosition:
    """Where a page ended: in the head with this number, after `at` results; then at a position by words."""

    head: int
    at: int
    words: Position | None


class Found(NamedTuple):
    """A page of results, the position of the next, and notes if a model was not used."""

    moments: list[Moment]
    next: MixedPosition | Position | None
    notes: tuple[str, ...] = ()


class AvailableModels(NamedTuple):
    """The models that can be used, and notes on those that cannot."""

    ready: Sequence[SearchModel]
    notes: tuple[str, ...] = ()


class Search:
    """Searches in one library. Threads share it."""

    def __init__(self, library: Library, models: Callable[[float], AvailableModels]) -> None:
        """Args:
        library: the library.
        models: returns the models; called with the seconds to wait for models that are still opening.
        """
        self._library = library
        self._models = models
        self._heads: OrderedDict[int, tuple[Head, frozenset[MomentKey]]] = OrderedDict()
        self._lock = threading.Lock()
        self._with_vectors: set[str] = set()

    def page(self, asked: Asked, after: MixedPosition | Position | None = None) -> Found:
        """A page of `asked.query.limit` results.

        Raises:
            QueryError: `like` matches no moment; or the search is only by meaning, and no model can be used.
            LibraryError: the library cannot be read.
        """
        if isinstance(after, Position) or (after is None and not asked.by_meaning):
            return self._by_words(asked.query, after)
        notes: tuple[str, ...] = ()
        known: dict[MomentKey, Moment] = {}
        kept = self._kept(after.head) if after else None
        records = Records(self._library)
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
        """All results, in pages of `asked.query.limit`. Each page is searched when it is needed."""
        page = self.page(asked)
        yield page
        while page.next is not None:
            page = self.page(asked, page.next)
            yield page

    def search(self, asked: Asked) -> Found:
        """The results from `asked.query.offset` on, at most `asked.query.limit`."""
        query = asked.query
        if not asked.by_meaning:
            return Found(self._library.search(query), None)
        notes: list[str] = []
        found = islice(self._all(asked, notes), query.offset, None)
        return Found(list(found if query.limit is None else islice(found, query.limit)), None, tuple(notes))

    def ways(self) -> list[str]:
        """The kinds of search by meaning for which the library has vectors: MEANING (of texts) and PICTURE."""
        models = [model.id for model in self._models(_MOMENT).ready if self._has_vectors(model.id)]
        return [MEANING if kind_of(model) == TEXT else PICTURE for model in models]

    def _all(self, asked: Asked, notes: list[str]) -> Iterator[Moment]:
        query = asked.query
        end = _AT_ONCE if query.limit is None else min(_AT_ONCE, query.offset + query.limit)
        asked = asked._replace(query=replace(query, limit=max(1, end), offset=0))
        for page in self.pages(asked):
            notes += page.notes
            yield from page.moments

    def _by_words(self, query: Query, after: Position | None) -> Found:
        page = self._library.page(query, after)
        return Found(page.moments, page.next)

    def _head(
        self, asked: Asked, records: Records, wait: bool
    ) -> tuple[tuple[Head, dict[MomentKey, Moment]] | None, tuple[str, ...]]:
        """The head of a search with its moments that were already read, or None if no model can be used; and
        notes."""
        only = asked.way == "only" or asked.like is not None
        ready, notes = self._models(_PATIENCE if only or wait else _MOMENT)
        usable = [model for model in ready if self._has_vectors(model.id)]
        if without := [model.id for model in ready if model not in usable]:
            notes = (*notes, _no_vectors(self._library, without))
        if not usable:
            if only:
                raise QueryError("; ".join(notes) or NOT_SET)
            return None, notes
        query = asked.query
        if asked.like is None:
            wanted = [Wanted(model.id, model.queries([query.text])[0], model.floor) for model in usable]
            return head_of(self._library, query, wanted, not only, records), notes
        wanted, is_same = wanted_like(self._library, usable, asked.like)
        if not wanted:
            raise QueryError("there are no vectors of {like}: run `vidkit index`", like=printable(asked.like))
        query = replace(query, strict=query.words or query.strict)
        return head_of(self._library, query, wanted, False, records, is_same), notes

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
        while at < len(head.ranked) and len(moments) < limit:
            some = head.ranked[at : at + limit - len(moments)]
            moments += moments_of(records, query, some, known, head.words is not None)
            at += len(some)
        while at >= len(head.ranked) and words is not None and len(moments) < limit:
            page = self._library.page(replace(query, limit=limit - len(moments)), words)
            moments += [replace(each, rank=0.0) for each in page.moments if each.key not in keys]
            words = page.next
        done = at >= len(head.ranked) and words is None
        return Found(moments, None if done else MixedPosition(after.head, at, words))

    def _has_vectors(self, model: str) -> bool:
        """Whether any video has vectors of a model. A positive result is cached."""
        if model not in self._with_vectors:
            if not any(each.found is not None for each in self._library.vectors(model)):
                return False
            self._with_vectors.add(model)
        return True

    def _kept(self, number: int) -> tuple[Head, frozenset[MomentKey]] | None:
        with self._lock:
            if number in self._heads:
                self._heads.move_to_end(number)
            return self._heads.get(number)

    def _keep(self, number: int, head: Head) -> tuple[Head, frozenset[MomentKey]]:
        kept = head, frozenset(result.key for result in head.ranked)
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
    """The number of a head: the same search with the same results has the same number."""
    named = repr((asked, head)).encode("utf-8", "backslashreplace")
    return int.from_bytes(hashlib.blake2b(named, digest_size=7).digest(), "big")


def _no_vectors(library: Library, models: Sequence[str]) -> str:
    """The note that the library has no vectors of these models, or only of others."""
    kinds = {model.partition(":")[0] for model in models}
    other = [model for model in library.vector_models() if model.partition(":")[0] in kinds and model not in models]
    has = message(", only of {models}", models=", ".join(map(printable, other))) if other else ""
    return message(
        "{library} has no vectors of {models}{has}: run `vidkit index`",
        library=library.name,
        models=", ".join(map(printable, models)),
        has=has,
    )
