"""Write to a library in MongoDB: its documents, its words, and upgrades from an older vidkit."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, OperationFailure

from vidkit.core.stores import absolute
from vidkit.library.documents import BEFORE, OWN, document_of, entry_of, pairs_in, texts_in
from vidkit.library.forms import KnownWords, stems_of
from vidkit.library.moments import LibraryEntry, has_whole_piece
from vidkit.library.mongodb.queries import dotted
from vidkit.library.mongodb.vectors import MongoVectors
from vidkit.library.vectors.protocol import made_of

log = logging.getLogger(__name__)
Document = dict[str, Any]

BATCH = 200  # records in one message


class MongoWriter:
    """Writes to the collection of records, and to its collections of words and vectors."""

    def __init__(self, collection: Collection[Document]) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._last_added = 0
        # All words, each with its stem (`forms.py`) if it has one. The document of the empty word says that all
        # words are there, and whether words of readings, and pairs of words in the documents, are too.
        self._words = collection.database[f"{collection.name}_words"]
        self._known = KnownWords()
        self.vectors = MongoVectors(collection, self.now)

    def upgrade(self, name: str) -> None:
        """Upgrade the index of a library from an older vidkit, once. A user who may not write reads it as it is.

        Args:
            name: the name of the library, for messages.
        """
        try:
            if self._words.find_one({"_id": ""}):
                self._index_readings()
                self._index_pairs(name)
                return
            older = self._collection.find_one({}, {"_id": 1}) is not None
            if older:
                log.warning("%s is of an older vidkit: its words are indexed again, once", name)
            for document in self._collection.find({}) if older else ():
                entry = entry_of(document)
                self._put_words(document[OWN]["words"])
                if has_whole_piece(entry.record):
                    self.put({document["_id"]: entry})
            self._words.create_index("stem")
            self._words.replace_one({"_id": ""}, {"_id": "", "stem": "", "readings": True}, upsert=True)
            self._index_pairs()
        except OperationFailure as error:
            log.debug("%s: words are not indexed by their stems: %s", name, error)

    def _index_readings(self) -> None:
        """Index the readings of records that an older vidkit has saved, once."""
        if self._words.find_one({"_id": "", "readings": True}):
            return
        for document in self._collection.find({"readings": {"$exists": True}}):
            self.put({document["_id"]: entry_of(document)})
        self._words.update_one({"_id": ""}, {"$set": {"readings": True}})

    def _index_pairs(self, name: str = "") -> None:
        """Save the pairs of words, and all words, of records that an older vidkit has saved, once."""
        if self._words.find_one({"_id": "", "pairs": True}):
            return
        asked = {dotted("pairs"): {"$exists": False}}
        if name and self._collection.find_one(asked, {"_id": 1}):
            log.warning("%s is of an older vidkit: its phrases are indexed, once", name)
        rest = iter(self._collection.find(asked, {dotted(name): 1 for name in ("texts", "shared", "words")}))
        while batch := list(islice(rest, BATCH)):
            self._put_words(word for document in batch for word in document[OWN]["words"])
            found = ((document["_id"], sorted(pairs_in(texts_in(document)))) for document in batch)
            updates = [UpdateOne({"_id": key}, {"$set": {dotted("pairs"): pairs}}) for key, pairs in found]
            self._collection.bulk_write(updates, ordered=False)
        self._words.update_one({"_id": ""}, {"$set": {"pairs": True}})

    def _put_words(self, words: Iterable[str]) -> None:
        new = self._known.without_known(words)
        if new:
            forms = {word: {"stem": stem} for stem, word in stems_of(new)}
            there = {each["_id"] for each in self._words.find({"_id": {"$in": list(new)}}, {"_id": 1})}
            added = [{"_id": word, **forms.get(word, {})} for word in new if word not in there]
            with suppress(BulkWriteError):  # another process has added one of them since
                if added:
                    self._words.insert_many(added, ordered=False)
        self._known.add(new)

    def words_of(self, stems: list[str]) -> list[tuple[str, str]]:
        """(stem, word) of each word in the library with one of these stems."""
        return [(each["stem"], each["_id"]) for each in self._words.find({"stem": {"$in": stems}})]

    def put(self, batch: dict[str, LibraryEntry]) -> None:
        """Save records by the `_id` of their documents."""
        known = self._collection.find({"_id": {"$in": list(batch)}}, {dotted(field): 1 for field in BEFORE})
        before = {document["_id"]: document[OWN] for document in known}
        replacements, words, made = [], set[str](), {}
        for key, entry in batch.items():
            whole = LibraryEntry(entry.record, absolute(entry.folder))
            had = before.get(key, {})
            document = document_of(whole, had.get("added") or self.now(), had)
            words.update(document[OWN]["words"])
            made[key] = partial(made_of, entry.record)
            replacements.append(ReplaceOne({"_id": key}, document, upsert=True))
        self._put_words(words)
        self._collection.bulk_write(replacements, ordered=False)
        if before:
            self.vectors.drop_older({key: made[key] for key in before})

    def forget(self, keys: Sequence[str]) -> None:
        """Erase documents, and the words that no other document has."""
        words: set[str] = set()
        for document in self._collection.find({"_id": {"$in": list(keys)}}, {dotted("words"): 1}):
            words.update(document[OWN]["words"])
        self._collection.delete_many({"_id": {"$in": list(keys)}})
        self.vectors.drop(keys)
        for word in words:
            if self._collection.find_one({dotted("words"): word}, {"_id": 1}) is None:
                self._words.delete_one({"_id": word})
        self._known.clear()

    def now(self) -> int:
        """Nanoseconds since 1970, never the same twice: the order in which videos were saved."""
        with self._lock:
            self._last_added = max(self._last_added + 1, time.time_ns())
            return self._last_added
