"""Count the videos of a MongoDB collection by facets, within a time limit."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from pymongo.collection import Collection
from pymongo.errors import ExecutionTimeout

from vidkit.library.facets import COLUMN, EXACTLY, counted_values, ordered
from vidkit.library.facts import ERRORS
from vidkit.library.mongodb.queries import ORDERS, Document, counted, dotted, filter_of, matches_in
from vidkit.library.protocol import LENGTHS
from vidkit.library.query import Query

_SAMPLE = 200  # latest records whose columns are listed
_ASKED = 10_000  # keys in one query
_FIELDS = {"class": "classification", "tag": "tags", "resolution": "resolution", "codec": "codec"}


def columns_of(collection: Collection[Document], seconds: float) -> list[str] | None:
    """See `protocol.Library.columns`."""
    fields = {"source.columns": 1}
    found = collection.find({}, fields).sort(dotted("added"), -1).limit(_SAMPLE).max_time_ms(_milliseconds(seconds))
    counts = Counter[str]()
    try:
        for document in found:
            counts.update(name for name, value in (document["source"]["columns"] or {}).items() if value)
    except ExecutionTimeout:
        return None
    # Without names that are not possible in a path of MongoDB.
    return [name for name in ordered(counts) if name and not set(name) & set(".$．＄\0")]


def read_errors(collection: Collection[Document], asked: Document) -> dict[str, int]:
    """The facts `readings.NAME.error=...` -> number of documents, of those that match a filter."""
    facts = f"${dotted('facts')}"
    pipeline: list[Document] = [
        {"$match": {**asked, "readings": {"$exists": True}}},
        {"$unwind": facts},
        {"$match": {dotted("facts"): {"$regex": rf"^{re.escape(ERRORS)}[a-z0-9_]+\.error="}}},
        {"$group": {"_id": facts, "videos": {"$sum": 1}}},
    ]
    return {row["_id"]: row["videos"] for row in collection.aggregate(pipeline)}


def facets_of(
    collection: Collection[Document], queries: Mapping[str, Query], seconds: float
) -> dict[str, dict[str, int]]:
    """See `protocol.Library.facets`. The queries already have the other forms of their words."""
    deadline = time.monotonic() + seconds
    found: dict[str, dict[str, int]] = {}
    known: dict[Query, _Matched] = {}
    for name, query in queries.items():
        try:
            if query not in known:
                known[query] = _matched(collection, query, deadline)
            matched = known[query]
            if name in ("videos", "moments"):
                found[name] = {"": matched.results if name == "moments" else matched.videos(collection, deadline)}
                continue
            found[name] = counted_values(name, matched.groups(collection, name, deadline))
        except (ExecutionTimeout, TimeoutError):
            continue
    return found


class _Matched:
    """The documents of a query: a filter, or the keys of the documents for a query with words."""

    def __init__(self, asked: Document | None, keys: Sequence[str], results: int) -> None:
        self._asked, self._keys, self.results = asked, keys, results

    def videos(self, collection: Collection[Document], deadline: float) -> int:
        if self._asked is None:
            return len(self._keys)
        return collection.count_documents(self._asked, maxTimeMS=_milliseconds(deadline - time.monotonic()))

    def groups(self, collection: Collection[Document], name: str, deadline: float) -> Iterator[tuple[str, int]]:
        for asked in self._parts():
            most = _milliseconds(deadline - time.monotonic())
            for row in collection.aggregate(_pipeline(name, asked), maxTimeMS=most):
                yield row["_id"], row["videos"]

    def _parts(self) -> Iterator[Document]:
        if self._asked is not None:
            yield self._asked
            return
        rest = iter(self._keys)
        while part := list(islice(rest, _ASKED)):
            yield {"_id": {"$in": part}}


def _matched(collection: Collection[Document], query: Query, deadline: float) -> _Matched:
    query = replace(query, sort="relevance", limit=None, offset=0)
    if not (query.words or query.without):
        matched = _Matched(filter_of(query), (), 0)
        matched.results = matched.videos(collection, deadline)
        return matched
    keys: dict[str, None] = {}
    results = 0
    for document, _ in matches_in(collection, query, ORDERS["relevance"]):
        keys[document["_id"]] = None
        results += 1
        if time.monotonic() > deadline:
            raise TimeoutError
    return _Matched(None, list(keys), results)


def _pipeline(name: str, asked: Document) -> list[Document]:
    if name == "length":
        match, group = counted(asked, ["length"])
        exactly = {"$cond": [{"$in": [f"${dotted('duration')}", list(LENGTHS)]}, EXACTLY, ""]}
        length = {"$concat": [{"$toString": group["$group"]["_id"]["length"]}, exactly]}
        return [match, {"$group": {"_id": length, "videos": {"$sum": 1}}}]
    field = f"source.columns.{name.removeprefix(COLUMN)}" if name.startswith(COLUMN) else dotted(_FIELDS[name])
    return [{"$match": asked}, {"$group": {"_id": f"${field}", "videos": {"$sum": 1}}}]


def _milliseconds(seconds: float) -> int:
    if seconds <= 0:
        raise TimeoutError
    return max(1, int(seconds * 1000))
