"""A record as a MongoDB document, and back.

The document is the record itself, so any MongoDB program finds `tags` and `classification` in their usual place.
The key `_vidkit` has everything else that the library needs: the indexed words and facts, the summary, the folder,
the order.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast
from zlib import crc32

from vidkit.core.stores import kept_address
from vidkit.library.facts import facts_of, numbers_of, summary_of
from vidkit.library.moments import LibraryEntry, Text, layout_of, texts_of, words_in
from vidkit.library.protocol import PicturesOf, pictures_of
from vidkit.library.text import BETWEEN, storable
from vidkit.record import Record

OWN = "_vidkit"
SORTED_BY = ("finished", "duration", "size", "name")
BEFORE = ("added", "moves", *SORTED_BY)
_MOST_MOVES = 8
# Characters that MongoDB or Cosmos DB does not allow in a key, and their replacements from MongoDB's manual.
_KEY_CHARACTERS = str.maketrans({".": "．", "$": "＄", "\0": ""})
_LARGEST = 2**63


def key_of(url: str) -> str:
    """The `_id` of the document of a source URL: a hash, because Cosmos DB limits the length. The first 20 digits
    are `moments.video_key`."""
    return hashlib.sha256(storable(url).encode()).hexdigest()[:32]


def document_of(entry: LibraryEntry, added: int, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The document of a record.

    Args:
        entry: the record.
        added: when the video was first saved, in nanoseconds since 1970.
        before: `_vidkit` of the record that this one replaces; only the keys in BEFORE are used.
    """
    record = entry.record
    texts = texts_of(record)
    own: dict[str, Any] = {
        **summary_of(record)._asdict(),
        "added": added,
        "folder": storable(str(entry.folder)),
        "facts": facts_of(record),
        "words": sorted(words_in(texts)),
        "pairs": sorted(pairs_in(texts)),
        "shared": next((text.shared for text in texts[1:]), ""),
        "pieces": list(layout_of(record)),
        "texts": [{"place": text.place, "own": text.own} for text in texts],
    }
    if numbers := numbers_of(record):
        own["numbers"] = [{"key": key, "value": value} for key, value in numbers.items()]
    own |= _moves(own, before or {})
    shown = {key: value for key, value in _plain(record).items() if key not in ("_id", OWN)}
    if shown != record:
        own["json"] = json.dumps(record)
    return {"_id": key_of(record["source"]["url"]), **shown, OWN: own}


def pairs_in(texts: Sequence[Text]) -> set[int]:
    """The numbers (`pair_of`) of all pairs of neighbouring words of a video."""
    found: set[int] = set()
    for text in texts:
        words = text.own.split()
        found.update(pair_of(*two) for two in pairwise(words) if BETWEEN not in two)
    return found


def pair_of(first: str, second: str) -> int:
    """The number of two neighbouring words in the index: 32 bits of a hash. The texts decide whether they match."""
    return crc32(f"{first} {second}".encode()) - 2**31


def _moves(own: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The sort values of a video before its latest replacements, and the time of the last one."""
    moves = list(before.get("moves", ()))
    was = {column: before[column] for column in SORTED_BY if column in before}
    if was and was != {column: own[column] for column in SORTED_BY}:
        moves.append({"until": time.time_ns(), **was})
    return {"moves": moves[-_MOST_MOVES:], "moved": moves[-1]["until"]} if moves else {}


def was_sorted_by(own: Mapping[str, Any], column: str, since: int) -> Any:
    """The sort value of a video at an earlier time.

    Args:
        own: `_vidkit` of its document.
        column: one of SORTED_BY.
        since: the time, in nanoseconds since 1970.
    """
    return next((move[column] for move in own.get("moves", ()) if move["until"] > since), own[column])


def entry_of(document: Mapping[str, Any]) -> LibraryEntry:
    """The record in a document, exactly as it was saved."""
    own = document[OWN]
    if "json" in own:
        record = json.loads(own["json"])
    else:
        record = {key: value for key, value in document.items() if key not in ("_id", OWN)}
    return LibraryEntry(cast(Record, record), kept_address(own["folder"]))


def pictures_in(document: Mapping[str, Any]) -> PicturesOf:
    """The hashes of a document's frames, to find duplicates."""
    record = json.loads(document[OWN]["json"]) if "json" in document[OWN] else document
    return pictures_of(record)


def texts_in(document: Mapping[str, Any]) -> list[Text]:
    """The indexed texts of a document, as `texts_of` returned them."""
    own = document[OWN]
    return [Text(text["place"], text["own"], own["shared"] if text["place"] else "") for text in own["texts"]]


def _plain(value: Any) -> Any:
    """A value that BSON can hold. Only some keys, half characters and huge numbers change."""
    if isinstance(value, Mapping):
        return {storable(key).translate(_KEY_CHARACTERS): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return str(value)
    return value
