"""Moments: the video itself, its scenes, its clips and its readings, as indexed texts and as search results.

All backends share these functions. They say which texts are indexed, and put found words in context. `ranking.py`
decides which texts match, and their order.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast

from vidkit.core import shown_url
from vidkit.core.stores import Address, within
from vidkit.library.context import first_second, in_context
from vidkit.library.query import Query
from vidkit.library.spans import DESCRIPTION, ReadMoment, read_moments, signs_of, words_with_seconds
from vidkit.library.text import BETWEEN, joined, storable
from vidkit.record import Record, record_name

K = TypeVar("K")
# The parts of a video that are moments: kind -> the record's key with their entries. An entry has `index`,
# `start_time`, `end_time` and `description`. It can have `tags` and a `thumbnail`; without one it gets the
# thumbnail of its scene.
MOMENT_KEYS = {"scene": "scenes", "segment": "segments"}
Kind = str  # "video", one of these, or the name of a reader
_WHOLE = 0.9  # of a video's duration: a container is often longer than its frames


@dataclass(frozen=True)
class LibraryEntry:
    """A record, and the base of its paths: an absolute folder, or the address of another store."""

    record: Record
    folder: Address


class MomentKey(NamedTuple):
    """The key of a moment: the source URL of its video, its kind, and its index among the moments of this kind.

    It stays valid when the record gets other scenes, clips or texts, as long as such a moment exists.
    """

    url: str
    kind: Kind
    number: int


@dataclass(frozen=True)
class Moment:
    """One search result: a part of a video, in seconds, or the whole video.

    `text` is the words in context, and `marks` the (start, end) of each found word in it. A greater `rank` is a
    better result. `number` is the index of the scene, the clip or the reading, 0 for the video. `source` is
    `description`, or the reader of the text. `second` is the time of the first found word if the reader knows the
    time of each word, else `start_time`. `why` is what found the moment: `words`, `meaning` (of its text) and
    `picture`; empty for a search without words.
    """

    kind: Kind
    number: int
    filename: str
    url: str
    id: str
    source: str
    start_time: float
    end_time: float
    second: float
    text: str
    marks: tuple[tuple[int, int], ...]
    thumbnail: Address | None
    record_path: Address
    rank: float
    tags: tuple[str, ...]
    classification: str
    why: tuple[str, ...] = ()

    @property
    def key(self) -> MomentKey:
        return MomentKey(self.url, self.kind, self.number)

    def marked(self, before: str = "[", after: str = "]") -> str:
        """The text with something before and after each found word."""
        parts, at = [], 0
        for start, end in self.marks:
            parts += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*parts, self.text[at:]])


@dataclass(frozen=True)
class Piece:
    """A part of a record that can become a moment: the video, a scene, a clip or a reading."""

    kind: Kind
    number: int
    start_time: float
    end_time: float
    description: str
    labels: tuple[str, ...]
    thumbnail: str | None
    source: str = DESCRIPTION
    words: Sequence[tuple[float, str]] = ()


@dataclass(frozen=True)
class Text:
    """The indexed words of one piece: its `own`, and the `shared` words of all pieces of the video.

    `place` is the index of the piece in `pieces_of(record)`. It can change with the record, so only an index uses
    it to number its rows; other code uses kind and number. Words are joined by single spaces.
    """

    place: int
    own: str
    shared: str


def moment_as_json(moment: Moment) -> dict[str, Any]:
    """A moment as JSON: its fields by name, paths as texts."""
    values = dict(vars(moment))  # not `asdict`, which would copy every mark
    values["thumbnail"] = str(moment.thumbnail) if moment.thumbnail else None
    values["record_path"] = str(moment.record_path)
    return values


def video_key(url: str) -> str:
    """The key of a video in addresses: 20 hex digits of the SHA-256 of its source URL."""
    return hashlib.sha256(storable(url).encode()).hexdigest()[:20]


def is_video_key(text: str) -> bool:
    """Whether a text may be a `video_key`."""
    return re.fullmatch("[0-9a-f]{20}", text) is not None


def id_prefix(key: str) -> str | None:
    """A key as the beginning of an id, at most 16 digits; None if it is not at least six hexadecimal digits."""
    return key.lower()[:16] if re.fullmatch("[0-9a-fA-F]{6,64}", key) else None


def is_meant(record: Record, key: str) -> bool:
    """Whether a key is the beginning of the record's hash or id, its file name or its source URL."""
    if id_prefix(key) and record["sha256"].startswith(key.lower()):
        return True
    return record["filename"] == key or record["source"]["url"] in (key, shown_url(key))


def pieces_of(record: Record) -> list[Piece]:
    """The video, its scenes and clips (in the order of `MOMENT_KEYS`), then its readings."""
    return [_video_piece(record), *_parts(record)]


def _parts(record: Record) -> Iterator[Piece]:
    for kind, entry in _entries(record):
        yield _part(record, kind, entry)
    for read in read_moments(record):
        yield _reading(record, read)


def _piece_at(record: Record, place: int) -> Piece | None:
    """`pieces_of(record)[place]`, without making the others."""
    if place == 0:
        return _video_piece(record)
    found = next(islice(_entries(record), place - 1, None), None)
    if found is not None:
        return _part(record, *found)
    read = next(islice(read_moments(record), place - 1 - sum(1 for _ in _entries(record)), None), None)
    return None if read is None else _reading(record, read)


def _video_piece(record: Record) -> Piece:
    description, labels = next(_described(record))
    return Piece(
        kind="video",
        number=0,
        start_time=0.0,
        end_time=record["duration"],
        description=description or "",
        labels=tuple(labels),
        thumbnail=record["scenes"][0]["thumbnail"] if record["scenes"] else None,
    )


def _part(record: Record, kind: Kind, entry: Mapping[str, Any]) -> Piece:
    thumbnail = entry["thumbnail"] if "thumbnail" in entry else _thumbnail_at(record, entry["start_time"])
    return Piece(
        kind=kind,
        number=entry["index"],
        start_time=entry["start_time"],
        end_time=entry["end_time"],
        description=entry["description"] or "",
        labels=tuple(entry.get("tags", ())),
        thumbnail=thumbnail,
    )


def _reading(record: Record, read: ReadMoment) -> Piece:
    return Piece(
        kind=read.source,
        number=read.index,
        start_time=read.start_time,
        end_time=read.end_time,
        description=read.text,
        labels=(),
        thumbnail=_thumbnail_at(record, read.start_time),
        source=read.source,
        words=read.words,
    )


def _thumbnail_at(record: Record, second: float) -> str | None:
    """The thumbnail of the scene at a second."""
    scenes = record["scenes"]
    started = bisect_right(scenes, second, key=lambda scene: scene["start_time"])
    return scenes[started - 1]["thumbnail"] if started else None


def _entries(record: Record) -> Iterator[tuple[Kind, Mapping[str, Any]]]:
    """The entries of a record that are moments, with their kind. A record may lack some keys."""
    for kind, key in MOMENT_KEYS.items():
        for entry in cast(Mapping[str, Any], record).get(key, ()):
            yield kind, entry


def layout_of(record: Record) -> tuple[int, ...]:
    """The number of moments of each kind after the video in `pieces_of(record)`: in the order of `MOMENT_KEYS`,
    then of readings if there are any."""
    layout = tuple(len(cast(Mapping[str, Any], record).get(key, ())) for key in MOMENT_KEYS.values())
    return (*layout, sum(1 for _ in read_moments(record))) if record.get("readings") else layout


def _labels(record: Record) -> Iterator[str]:
    """The words of the whole video other than its description."""
    yield from record["tags"]
    yield from record["ai_generated_tags"]
    yield record["classification"]
    yield record["filename"]
    if name := record["source"]["file_name"]:
        yield name


def texts_of(record: Record) -> list[Text]:
    """The indexed texts of a record: the video, each scene and clip with a text, and the readings."""
    shared = joined(dict.fromkeys(_labels(record)))
    texts = []
    for place, (description, labels) in enumerate(_described(record)):
        own = joined([description or "", *dict.fromkeys(labels)]) if description or labels else ""
        if place == 0 or own.strip(f"{BETWEEN} "):
            texts.append(Text(place, own, "" if place == 0 else shared))
    first = 1 + sum(1 for _ in _entries(record)) if record.get("readings") else 0
    for place, read in enumerate(read_moments(record), first):
        if own := joined([read.text]):
            texts.append(Text(place, f"{signs_of(read.source)} {own}", shared))
    return texts


def _described(record: Record) -> Iterator[tuple[str | None, Sequence[str]]]:
    """The description and the labels of each of `pieces_of(record)`, without the readings.

    A video with only one scene or clip is one moment, not two: the video gets the text of the scene or clip.
    """
    parts = [cast(Mapping[str, Any], record).get(key, ()) for key in MOMENT_KEYS.values()]
    whole = [part[0] for part in parts if _is_whole(record, part)]
    descriptions = [record["qwen_description"], *(piece["description"] for piece in whole)]
    tags = [tag for piece in whole for tag in piece.get("tags", ())]
    yield " ".join(dict.fromkeys(filter(None, descriptions))) or None, (*_labels(record), *tags)
    for _, entry in _entries(record):
        yield (None, ()) if entry in whole else (entry["description"], entry.get("tags", ()))


def own_texts(record: Record) -> list[tuple[Kind, int, str]]:
    """The moments with their own description or reading: kind, number, and that text."""
    pieces = pieces_of(record)
    descriptions = [text for text, _ in _described(record)]
    texts = [*descriptions, *(piece.description for piece in pieces[len(descriptions) :])]
    found = zip(pieces, texts, strict=True)
    return [(piece.kind, piece.number, text) for piece, text in found if text and text.strip()]


def own_pictures(record: Record) -> list[tuple[Kind, int, str]]:
    """The moments with their own image: kind, number, and the thumbnail's path in the record. A scene that is the
    whole video counts as the video."""
    whole = _is_whole(record, record["scenes"])
    found = ((scene["index"], scene["thumbnail"]) for scene in record["scenes"])
    return [("video", 0, name) if whole else ("scene", index, name) for index, name in found if name]


def words_in(texts: Sequence[Text]) -> set[str]:
    """All words of a video, and the signs of its readers."""
    words = {word for text in texts for word in text.own.split()}
    words.discard(BETWEEN)
    return words


def has_whole_piece(record: Record) -> bool:
    """Whether a scene or a clip is not a separate moment, because it is the whole video."""
    return _is_whole(record, record["scenes"]) or _is_whole(record, record["segments"])


def _is_whole(record: Record, pieces: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is one piece, and it covers the video or has the same description."""
    if len(pieces) != 1:
        return False
    length: float = pieces[0]["end_time"] - pieces[0]["start_time"]
    return length >= _WHOLE * record["duration"] or bool(pieces[0]["description"] == record["qwen_description"])


def moments_at(
    entries: Mapping[K, LibraryEntry], matches: Iterable[tuple[K, int, float]], query: Query
) -> list[Moment]:
    """The moments of matches in an index, (video, place, rank), without those that no longer exist."""
    moments = []
    for video, place, rank in matches:
        piece = _piece_at(entries[video].record, place) if video in entries else None
        if piece is not None:
            moments.append(_moment(entries[video], piece, query, rank))
    return moments


def moment_of(entry: LibraryEntry, kind: Kind, number: int, query: Query, rank: float = 0.0) -> Moment | None:
    """One moment of a record; None if the record has no such moment.

    Args:
        entry: the record.
        kind: the kind of the moment.
        number: its index, 0 for the video.
        query: its words are marked in the text.
        rank: the rank of the result.
    """
    found = (piece for piece in pieces_of(entry.record) if (piece.kind, piece.number) == (kind, number))
    piece = next(found, None)
    return None if piece is None else _moment(entry, piece, query, rank)


def _moment(entry: LibraryEntry, piece: Piece, query: Query, rank: float) -> Moment:
    record = entry.record
    terms = [term for clause in query.words for term in clause]
    text, marks = in_context(piece.description, piece.labels, terms)
    second = first_second(words_with_seconds(piece.words), terms) if piece.words else None
    return Moment(
        kind=piece.kind,
        number=piece.number,
        filename=record["filename"],
        url=record["source"]["url"],
        id=record["id"],
        source=piece.source,
        start_time=piece.start_time,
        end_time=piece.end_time,
        second=piece.start_time if second is None else second,
        text=text,
        marks=marks,
        thumbnail=within(entry.folder, piece.thumbnail) if piece.thumbnail else None,
        record_path=within(entry.folder, record_name(record["filename"])),
        rank=rank,
        tags=tuple(record["tags"]),
        classification=record["classification"],
        why=("words",) if terms else (),
    )
