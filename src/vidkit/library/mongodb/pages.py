"""The results of a query in a MongoDB collection, for `paging.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from pymongo.collection import Collection

from vidkit.library.documents import OWN, was_sorted_by
from vidkit.library.moments import Text
from vidkit.library.mongodb.queries import ORDERS, Document, dotted, filter_of, matches_in
from vidkit.library.paging import Match, Position, follows, merged, piece_at
from vidkit.library.query import SORT_COLUMNS, Query
from vidkit.library.ranking import RANKED


class MongoResults:
    """The results of one query (see `paging.Results`). A video's number is the time when it was first saved.

    `keys` is number -> key of the document, for each number in a match.
    """

    def __init__(self, collection: Collection[Document], query: Query) -> None:
        self._collection = collection
        self._query = query
        self.keys: dict[int, str] = {}
        # Read before the first result: a record that is replaced while the page is read counts as replaced later.
        self._now = self._last("added"), self._last("moved")

    def now(self) -> tuple[int, int]:
        return self._now

    def ranked(self, after: Position | None) -> list[tuple[Match, Text]]:
        if after is None:
            return list(islice(self._by_age([]), RANKED))
        rows = self._by_age([{dotted("added"): {"$gte": after.video, "$lte": after.newest}}])
        rows = (row for row in rows if row[0].video != after.video or row[0].piece <= after.piece)
        return list(islice(rows, 2 * RANKED))

    def older(self, after: Position, count: int) -> list[Match]:
        rows = self._by_age([{dotted("added"): {"$lte": after.video}}])
        matches = (match for match, _ in rows if match.video != after.video or match.piece > after.piece)
        return list(islice(matches, count))

    def sorted(self, after: Position | None, count: int) -> list[Match]:
        sort = self._query.order()
        column, down = SORT_COLUMNS[sort]
        newest, moves = (after.newest, after.moves) if after else self._now
        there: Document = {dotted("added"): {"$lte": newest}}
        here: list[Document] = [there, {dotted("moved"): {"$not": {"$gt": moves}}}]
        if after is not None:
            before = "$lt" if down else "$gt"
            nearer = [{dotted(column): {before: after.value}}, {dotted("added"): {f"{before}e": after.video}}]
            here += [{dotted(column): {f"{before}e": after.value}}, {"$or": nearer}]
        stayed = self._sorted(here)
        parts = [
            list(
                islice(
                    stayed if after is None else (match for match in stayed if follows(match, after, sort)), count
                )
            )
        ]
        # Read after the others: a record that is replaced in between is in one of the two, or in both.
        moved = self._sorted([there, {dotted("moved"): {"$gt": moves}}], moves)
        parts.append([match for match in moved if after is None or follows(match, after, sort)])
        return merged(sort, parts, count)

    def _by_age(self, also: Sequence[Document]) -> Iterator[tuple[Match, Text]]:
        for document, text in matches_in(self._collection, self._query, ORDERS["relevance"], also):
            yield self._match(document, text.place, None), text

    def _sorted(self, also: Sequence[Document], since: int | None = None) -> Iterator[Match]:
        """Results by a column; with `since`, each with its value at that time."""
        order = self._query.order()
        column = SORT_COLUMNS[order][0]
        if self._query.words or self._query.without:
            found = matches_in(self._collection, self._query, ORDERS[order], also)
            places = ((document, text.place) for document, text in found)
        else:
            fields = {dotted(field): 1 for field in ("added", "moves", column)}
            most = self._most() if since is None else 0
            documents = self._collection.find(filter_of(self._query, also), fields).limit(most)
            documents = documents.sort([(dotted(field), way) for field, way in ORDERS[order]])
            places = ((document, 0) for document in documents.allow_disk_use(True))
        for document, place in places:
            own = document[OWN]
            yield self._match(document, place, own[column] if since is None else was_sorted_by(own, column, since))

    def _most(self) -> int:
        """The number of documents that a page may need; 0 for all. The document of the position itself is
        skipped."""
        return 0 if self._query.limit is None else self._query.limit + 2

    def _match(self, document: Document, place: int, value: Any) -> Match:
        own = document[OWN]
        self.keys[own["added"]] = document["_id"]
        return Match(own["added"], piece_at(own.get("pieces", ()), place), place, value)

    def _last(self, field: str) -> int:
        asked = {dotted(field): {"$gt": 0}}
        found = self._collection.find_one(asked, {dotted(field): 1}, sort=[(dotted(field), -1)])
        return int(found[OWN][field]) if found else 0
