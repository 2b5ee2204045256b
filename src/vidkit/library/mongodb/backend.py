"""The library in MongoDB, or in a server with its protocol: one document per record (`documents.py`).

It uses only basic features (equality, `$in`, an anchored `$regex`, `$nor`), because Cosmos DB has no `$text`. The
words of a search select documents; `ranking.matching_texts` then applies the same rules as FTS5 in SQLite.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from pymongo import IndexModel
from pymongo.collection import Collection
from pymongo.errors import OperationFailure
from pymongo.write_concern import WriteConcern

from vidkit.core import shown_url
from vidkit.core.stores import Address
from vidkit.library.documents import OWN, entry_of, key_of, pictures_in
from vidkit.library.facts import readers_in
from vidkit.library.forms import with_forms
from vidkit.library.moments import (
    LibraryEntry,
    Moment,
    Text,
    id_prefix,
    is_meant,
    is_video_key,
    layout_of,
    moments_at,
)
from vidkit.library.mongodb.facets import columns_of, facets_of, read_errors
from vidkit.library.mongodb.pages import MongoResults
from vidkit.library.mongodb.queries import GROUPED, INDEXES, ORDERS, counted, dotted, filter_of, matches_in
from vidkit.library.mongodb.server import connect_to_mongodb, get_mongodb_collection, reported, shown_server
from vidkit.library.mongodb.writing import BATCH, MongoWriter
from vidkit.library.paging import Page, PieceKey, Position, page_of, piece_at, place_of
from vidkit.library.protocol import ClosedAfterwards, Group, PicturesOf, Stats, closed_on_error, stats_of, streamed
from vidkit.library.query import Query
from vidkit.library.ranking import best_first
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import Near, StoredVectors, VideoVectors, allows_kind
from vidkit.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkit.library.vectors.indexes import VectorIndexes

log = logging.getLogger(__name__)
Document = dict[str, Any]

_ASKED = 10_000  # keys in one query


def open_mongodb(
    uri: str, database_name: str = "video_database", collection_name: str = "videos", timeout: float = 5.0
) -> MongoLibrary:
    """Open the library in a MongoDB collection, and create missing indexes.

    Args:
        uri: `mongodb://...` or `mongodb+srv://...`.
        database_name: the database; created if missing.
        collection_name: the collection; created if missing.
        timeout: the time to connect, in seconds.

    Raises:
        LibraryError: the server does not answer or rejects the login, or the URI is invalid.
    """
    client = connect_to_mongodb(uri, timeout)
    with closed_on_error(client):
        collection = get_mongodb_collection(client, database_name, collection_name)
        if client.write_concern.is_server_default:
            # In the journal, and on most members of a replica set: a saved record survives a power loss.
            collection = collection.with_options(write_concern=WriteConcern(w="majority", j=True))
        _make_indexes(collection, shown_server(uri))
    library = MongoLibrary(collection, shown_server(uri))
    with closed_on_error(library):
        library.upgrade()
    return library


def _make_indexes(collection: Collection[Document], name: str) -> None:
    # An index can be read backwards for the opposite order, so each order needs only one direction.
    models = [IndexModel([(dotted(field), 1) for field in fields]) for fields in INDEXES]
    with reported(name):
        try:
            collection.create_indexes(models)
        except OperationFailure as error:
            # The user may only read, or the server does not support one of them: everything works, but slower.
            log.debug("%s: indexes are not made: %s", name, error)
            for model in models:
                with suppress(OperationFailure):
                    collection.create_indexes([model])


class MongoLibrary(ClosedAfterwards):
    """A library in a MongoDB collection (see `protocol.Library`)."""

    def __init__(self, collection: Collection[Document], server: str) -> None:
        self._collection = collection
        self._server = server
        self._lock = threading.Lock()
        self._writer = MongoWriter(collection)
        self._vectors = self._writer.vectors
        self._indexes: VectorIndexes | None = None

    @property
    def name(self) -> str:
        return f"{self._server}/{self._collection.full_name}"

    def upgrade(self) -> None:
        """Upgrade the index of a library from an older vidkit, once."""
        with reported(self._server):
            self._writer.upgrade(self.name)

    def save(self, record: Record, folder: Address) -> None:
        self.save_all([LibraryEntry(record, folder)])

    def save_all(self, entries: Iterable[LibraryEntry]) -> int:
        rest, count = iter(entries), 0
        while batch := list(islice(rest, BATCH)):
            with reported(self._server):
                self._writer.put({key_of(each.record["source"]["url"]): each for each in batch})
            count += len(batch)
        return count

    def find(self, key: str) -> list[LibraryEntry]:
        asked: list[Document] = [
            {"_id": {"$in": [key_of(key), key_of(shown_url(key))]}},
            {dotted("filename"): storable(key)},
        ]
        if prefix := id_prefix(key):
            asked.append({dotted("content"): {"$gte": prefix, "$lt": prefix + "g"}})
        with reported(self._server):
            found = [entry_of(each) for each in self._collection.find({"$or": asked}).sort(dotted("added"), 1)]
        return [each for each in found if is_meant(each.record, key)]

    def by_key(self, key: str) -> LibraryEntry | None:
        if not is_video_key(key):
            return None
        with reported(self._server):  # an `_id` begins with the key
            document = self._collection.find_one({"_id": {"$gte": key, "$lt": key + "g"}})
        return entry_of(document) if document else None

    def entries(self, urls: Sequence[str]) -> dict[str, LibraryEntry]:
        asked = {key_of(url): url for url in urls}
        with reported(self._server):
            return {asked[key]: entry for key, entry in self._by_key(list(asked)).items()}

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        query = query or Query()
        order = ORDERS[query.sort] if query.sort != "relevance" else [("added", 1)]
        with reported(self._server):
            query = with_forms(query, self._writer.words_of)
            keys = list(self._videos(query, order))
        for at in range(0, len(keys), 100):
            with reported(self._server):
                found = self._by_key(keys[at : at + 100])
            yield from found.values()

    def search(self, query: Query) -> list[Moment]:
        order = ORDERS[query.order()]
        layouts: dict[str, Sequence[int]] = {}

        def found() -> Iterator[tuple[str, Text]]:
            for document, text in matches_in(self._collection, query, order):
                layouts[document["_id"]] = document[OWN].get("pieces", ())
                yield document["_id"], text

        with reported(self._server):
            query = with_forms(query, self._writer.words_of)
            if not query.words:
                return self._moments([(key, (0, 0), 0.0) for key in self._videos(query, order)], query)
            if query.sort == "relevance":
                matches = best_first(query, found())
            else:
                matches = [(key, text.place, 0.0) for key, text in islice(found(), query.offset, _end(query))]
            return self._moments(
                [(key, piece_at(layouts[key], place), rank) for key, place, rank in matches], query
            )

    def page(self, query: Query, after: Position | None = None) -> Page:
        with reported(self._server):
            query = with_forms(query, self._writer.words_of)
            results = MongoResults(self._collection, query)
            matches, following = page_of(query, after, results)
            found = [(results.keys[match.video], match.piece, match.rank) for match in matches]
            return Page(self._moments(found, query), following)

    def _moments(self, matches: Sequence[tuple[str, PieceKey, float]], query: Query) -> list[Moment]:
        """The moments of matches in the index. A record may have been replaced since the index was read."""
        entries = self._by_key(list(dict.fromkeys(key for key, _, _ in matches)))
        there = []
        for key, piece, rank in matches:
            layout = layout_of(entries[key].record) if key in entries else ()
            place = place_of(layout, piece)
            if piece_at(layout, place) == piece:
                there.append((key, place, rank))
        return moments_at(entries, there, query)

    def has_fact(self, beginning: str) -> bool:
        with reported(self._server):
            asked = {dotted("facts"): {"$regex": f"^{re.escape(beginning)}"}}
            return self._collection.find_one(asked, {"_id": 1}) is not None

    def pictures(self, after: int = 0) -> Iterator[tuple[int, PicturesOf]]:
        fields = ("source.url", *PicturesOf._fields[1:], dotted("added"), dotted("json"))
        asked = {dotted("added"): {"$gt": after}}
        with reported(self._server):
            cursor = self._collection.find(asked, dict.fromkeys(fields, 1)).sort(dotted("added"), 1)
            for document in cursor.allow_disk_use(True):
                yield document[OWN]["added"], pictures_in(document)

    def remove(self, url: str) -> bool:
        with reported(self._server):
            removed = self._collection.delete_one({"_id": key_of(url)}).deleted_count > 0
            self._vectors.drop([key_of(url)])
        return removed

    def forget(self, urls: Sequence[str]) -> list[str]:
        keys = [key_of(url) for url in urls]
        with reported(self._server):
            self._writer.forget(keys)
        return self._vector_indexes().erase()

    def stats(self, query: Query | None = None) -> Stats:
        query = replace(query or Query(), sort="relevance", limit=None, offset=0)
        with reported(self._server):
            query = with_forms(query, self._writer.words_of)
        asked = self._filters(query)
        groups: list[Group] = []
        tags: list[tuple[str, int]] = []
        with reported(self._server):
            for part in asked:
                rows = self._collection.aggregate(counted(part, [*GROUPED, "length"]))
                groups += [Group(**row.pop("_id"), **row) for row in rows]
                rows = self._collection.aggregate(counted(part, ["tags"]))
                tags += [(row["_id"]["tags"], row["videos"]) for row in rows]
        return stats_of(groups, tags)

    def readers(self, query: Query | None = None) -> dict[str, dict[str, int]]:
        query = replace(query or Query(), sort="relevance", limit=None, offset=0)
        counts = Counter[str]()
        with reported(self._server):
            for part in self._filters(with_forms(query, self._writer.words_of)):
                counts.update(read_errors(self._collection, part))
        return readers_in(counts.items())

    def columns(self, seconds: float) -> list[str] | None:
        with reported(self._server):
            return columns_of(self._collection, seconds)

    def facets(self, queries: Mapping[str, Query], seconds: float) -> dict[str, dict[str, int]]:
        with reported(self._server):
            widened = {name: with_forms(query, self._writer.words_of) for name, query in queries.items()}
            return facets_of(self._collection, widened, seconds)

    def save_vectors(self, model: str, found: Iterable[VideoVectors]) -> int:
        rest, count = iter(found), 0
        while batch := list(islice(rest, BATCH)):
            with reported(self._server):
                count += self._vectors.put(model, batch)
        return count

    def vectors(self, model: str, after: int = 0) -> Iterator[StoredVectors]:
        def read(position: int) -> Sequence[StoredVectors]:
            with reported(self._server):
                return self._vectors.after(model, position)

        return streamed(read, after)

    def vectors_of(self, model: str, url: str) -> VideoVectors | None:
        with reported(self._server):
            return self._vectors.of(model, url)

    def vectors_made_of(self, model: str, urls: Sequence[str]) -> dict[str, str]:
        with reported(self._server):
            return self._vectors.made_of(model, urls)

    def current_vectors(self, model: str, videos: Sequence[int]) -> dict[int, tuple[str, int, str]]:
        """See `index.VectorSource`."""
        with reported(self._server):
            return self._vectors.current(model, videos)

    def vector_models(self) -> dict[str, int]:
        with reported(self._server):
            return self._vectors.models()

    def remove_vectors(self, model: str) -> int:
        with reported(self._server):
            return self._vectors.remove(model)

    def nearest(self, model: str, vector: NDArray[np.floating[Any]], query: Query, limit: int) -> list[Near]:
        import numpy as np

        query = replace(query, sort="relevance", limit=None, offset=0)
        with reported(self._server):
            asked = self._filters(with_forms(query, self._writer.words_of)) if query != Query() else None
            fields = {dotted("added"): 1}
            found = None if asked is None else [self._collection.find(part, fields) for part in asked]
            numbers = None if found is None else [each[OWN]["added"] for part in found for each in part]
        allowed = None if numbers is None else np.array(numbers, np.int64)
        return (
            self._vector_indexes().of(model).nearest(vector, limit, allowed, lambda kind: allows_kind(kind, query))
        )

    def _vector_indexes(self) -> VectorIndexes:
        from vidkit.library.vectors.indexes import VectorIndexes  # numpy, which takes long to import

        with self._lock:
            if self._indexes is None:
                self._indexes = VectorIndexes(self, None)
            return self._indexes

    def close(self) -> None:
        self._collection.database.client.close()

    def _videos(self, query: Query, order: Sequence[tuple[str, int]]) -> Iterator[str]:
        """The keys of the videos that match, or have a moment that does."""
        if query.words or query.without:
            found = matches_in(self._collection, query, order)
            keys = dict.fromkeys(document["_id"] for document, _ in found)
            yield from islice(keys, query.offset, _end(query))
        elif query.limit != 0:  # to MongoDB, a limit of 0 is none
            cursor = self._collection.find(filter_of(query), {"_id": 1})
            cursor = cursor.sort([(dotted(field), way) for field, way in order])
            for document in cursor.skip(query.offset).limit(query.limit or 0).allow_disk_use(True):
                yield document["_id"]

    def _filters(self, query: Query) -> Iterator[Document]:
        """Filters that find the documents of a query, each of them once."""
        if query.words or query.without:
            keys = self._videos(query, ORDERS["relevance"])
            yield from ({"_id": {"$in": part}} for part in iter(lambda: list(islice(keys, _ASKED)), []))
        elif query != Query():
            yield filter_of(query)
        else:  # every document, by the index that has all that `stats` reads
            yield {dotted(GROUPED[0]): {"$gte": ""}}

    def _by_key(self, keys: Sequence[str]) -> dict[str, LibraryEntry]:
        """The records of these videos, in this order; those that are gone by now are left out."""
        found = {}
        for at in range(0, len(keys), 500):
            for document in self._collection.find({"_id": {"$in": keys[at : at + 500]}}):
                found[document["_id"]] = entry_of(document)
        return {key: found[key] for key in keys if key in found}


def _end(query: Query) -> int | None:
    return None if query.limit is None else query.offset + query.limit
