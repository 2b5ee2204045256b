"""Vectors in MongoDB: a collection beside the records, one document for each video and model.

A replaced document gets a new `change`, the time in nanoseconds, so that an index (`vectors/index.py`) can read
newer documents. A removed video leaves a document without vectors, for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.collection import Collection

from vidkit.library.documents import OWN, key_of
from vidkit.library.mongodb.queries import dotted
from vidkit.library.text import storable
from vidkit.library.vectors.protocol import StoredVectors, VideoVectors, checked, packed_keys, unpacked

Document = dict[str, Any]
Clock = Callable[[], int]  # a greater number with each call

READ_AT_ONCE = 500  # videos whose vectors are in memory at a time
_THERE = {"made_of": {"$ne": ""}}


class MongoVectors:
    """The vectors of a library in a collection."""

    def __init__(self, records: Collection[Document], clock: Clock) -> None:
        self._records = records
        self._vectors = records.database[f"{records.name}_vectors"]
        self._clock = clock

    def put(self, model: str, found: Sequence[VideoVectors]) -> int:
        """Save vectors. Returns the number of videos."""
        videos = {key_of(each.url): each for each in map(checked, found)}
        fields = {dotted("added"): 1}
        numbers = {
            document["_id"]: document[OWN]["added"]
            for document in self._records.find({"_id": {"$in": list(videos)}}, fields)
        }
        if not numbers:
            return 0
        for fields_of_index in (("model", "change"), ("video", "model"), ("key",)):
            self._vectors.create_index([(field, 1) for field in fields_of_index])
        changes = []
        for key, number in numbers.items():
            each = videos[key]
            kept = {
                "key": key,
                "video": number,
                "model": storable(model),
                "url": storable(each.url),
                "made_of": each.made_of,
                "keys": packed_keys(each.keys),
                "vectors": each.vectors.astype("<f2", copy=False).tobytes(),
                "change": self._clock(),
            }
            changes.append(ReplaceOne({"_id": _id(number, model)}, kept, upsert=True))
        self._vectors.bulk_write(changes, ordered=False)
        return len(changes)

    def drop(self, keys: Sequence[str], only: Mapping[str, Sequence[str]] | None = None) -> None:
        """Drop the vectors of videos by the `_id` of their records, of all models or `only` some for each.
        Documents without vectors stay, so that an index sees it."""
        changes = [
            UpdateOne(
                {"_id": document["_id"]},
                {"$set": {"url": "", "made_of": "", "keys": "[]", "vectors": b"", "change": self._clock()}},
            )
            for document in self._vectors.find({"key": {"$in": list(keys)}, **_THERE}, {"key": 1, "model": 1})
            if only is None or document["model"] in only[document["key"]]
        ]
        if changes:
            self._vectors.bulk_write(changes, ordered=False)

    def drop_older(self, made: Mapping[str, Callable[[str], str]]) -> None:
        """Drop vectors of records that have other texts or images now.

        Args:
            made: `_id` of a record -> (model -> fingerprint of the model's input).
        """
        fields = {"key": 1, "model": 1, "made_of": 1}
        older: dict[str, list[str]] = {}
        for document in self._vectors.find({"key": {"$in": list(made)}, **_THERE}, fields):
            if made[document["key"]](document["model"]) != document["made_of"]:
                older.setdefault(document["key"], []).append(document["model"])
        if older:
            self.drop(list(older), older)

    def after(self, model: str, change: int) -> list[StoredVectors]:
        """The next changes of a model after a change, in order."""
        asked = {"model": storable(model), "change": {"$gt": change}}
        rows = self._vectors.find(asked).sort("change", 1).limit(READ_AT_ONCE)
        return [StoredVectors(each["change"], each["video"], _unpacked(each)) for each in rows]

    def of(self, model: str, url: str) -> VideoVectors | None:
        """The vectors of one video; None if there are none."""
        found = self._vectors.find_one({"key": key_of(url), "model": storable(model), **_THERE})
        return _unpacked(found) if found else None

    def made_of(self, model: str, urls: Sequence[str]) -> dict[str, str]:
        """Source URL -> `made_of`, for those videos that have vectors."""
        keys = {url: key_of(url) for url in urls}
        asked = {"key": {"$in": list(keys.values())}, "model": storable(model), **_THERE}
        found = {each["key"]: each["made_of"] for each in self._vectors.find(asked, {"key": 1, "made_of": 1})}
        return {url: found[key] for url, key in keys.items() if key in found}

    def current(self, model: str, videos: Sequence[int]) -> dict[int, tuple[str, int, str]]:
        """See `index.VectorSource`."""
        asked = {"video": {"$in": [int(video) for video in videos]}, "model": storable(model), **_THERE}
        rows = self._vectors.find(asked, {"video": 1, "url": 1, "change": 1, "made_of": 1})
        return {each["video"]: (each["url"], each["change"], each["made_of"]) for each in rows}

    def models(self) -> dict[str, int]:
        """Model -> number of videos with vectors of it, sorted by model."""
        counted: list[Document] = [{"$match": _THERE}, {"$group": {"_id": "$model", "videos": {"$sum": 1}}}]
        return dict(sorted((each["_id"], each["videos"]) for each in self._vectors.aggregate(counted)))

    def remove(self, model: str) -> int:
        """Remove all vectors of a model. Returns the number of videos."""
        count = self._vectors.count_documents({"model": storable(model), **_THERE})
        self._vectors.delete_many({"model": storable(model)})
        return count


def _id(video: int, model: str) -> str:
    return f"{video} {storable(model)}"


def _unpacked(document: Document) -> VideoVectors | None:
    if not document["made_of"]:
        return None
    return unpacked(document["url"], document["made_of"], document["keys"], document["vectors"])
