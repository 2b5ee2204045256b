"""Moments: the video itself, its scenes and its clips, as indexed texts and as search results.

All backends share these functions: what is indexed, and the words in context. `ranking.py` decides what matches and
in which order it is shown.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast

from vidkit.core import shown_url
from vidkit.core.stores import Address, within
from vidkit.library.query import Query, Term
from vidkit.library.text import BETWEEN, joined, storable, words_with_places
from vidkit.record import Record, record_name

K = TypeVar("K")
# The parts of a video that are moments: kind -> the record's key with their entries. An entry has `index`,
# `start_time`, `end_time` and `description`; it may have `tags` and a `thumbnail`, else it gets its scene's.
MOMENT_KEYS = {"scene": "scenes", "segment": "segments"}
Kind = str  # "video", or one of these
_CONTEXT = 160  # characters
_WHOLE = 0.9  # of a video: a container often lasts longer than its pictures


@dataclass(frozen=True)
class LibraryEntry:
    """A record, and where its paths start: an absolute folder, or another store's address."""

    record: Record
    folder: Address


class MomentKey(NamedTuple):
    """What a moment is known by: its video (the source URL), what it is, and the scene's or clip's index.

    It stays the same when the record gets other scenes, clips or texts, as long as there is such a piece.
    """

    url: str
    kind: Kind
    number: int


@dataclass(frozen=True)
class Moment:
    """One answer to a search: a piece of a video, in seconds, or the whole video.

    `text` is the words in context, and `marks` the positions of the found words in it, (start, end)
    each. A greater `rank` is a better answer. `number` is the scene's or the segment's index, 0 for the video.
    """

    kind: Kind
    number: int
    filename: str
    url: str
    id: str
    start_time: float
    end_time: float
    text: str
    marks: tuple[tuple[int, int], ...]
    thumbnail: Address | None
    record_path: Address
    rank: float
    tags: tuple[str, ...]
    classification: str

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
    """What may become a moment: a part of a record with its own texts."""

    kind: Kind
    number: int
    start_time: float
    end_time: float
    description: str
    labels: tuple[str, ...]
    thumbnail: str | None


@dataclass(frozen=True)
class Text:
    """The words of one piece as they are indexed: `own`, and `shared`, which all pieces of the video have.

    `place` is the piece's place in `pieces_of(record)`, which may change with the record: an index may number its
    rows by it, all others know a piece by its kind and number. Words are joined by single spaces.
    """

    place: int
    own: str
    shared: str


def moment_as_json(moment: Moment) -> dict[str, Any]:
    """A moment as JSON has it: its fields by their names, paths as texts."""
    values = dict(vars(moment))  # all of it is plain: `asdict` would copy every mark
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
    """The beginning of an id that a key may be: six hexadecimal digits or more, cut to an id's 16."""
    return key.lower()[:16] if re.fullmatch("[0-9a-fA-F]{6,64}", key) else None


def is_meant(record: Record, key: str) -> bool:
    """Whether a key is the record's id or hash, or begins it, or is its file name or its source URL."""
    if id_prefix(key) and record["sha256"].startswith(key.lower()):
        return True
    return record["filename"] == key or record["source"]["url"] in (key, shown_url(key))


def pieces_of(record: Record) -> list[Piece]:
    """The video, then its parts in the order of `MOMENT_KEYS`: scenes, segments."""
    return [_video_piece(record), *(_part(record, kind, entry) for kind, entry in _entries(record))]


def _piece_at(record: Record, place: int) -> Piece | None:
    """`pieces_of(record)[place]`, without the others."""
    if place == 0:
        return _video_piece(record)
    found = next(islice(_entries(record), place - 1, None), None)
    return None if found is None else _part(record, *found)


def _video_piece(record: Record) -> Piece:
    description, labels = next(_said(record))
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
    thumbnail = entry.get("thumbnail")
    if "thumbnail" not in entry:  # that of the scene in which it starts
        scenes = record["scenes"]
        shown = bisect_right(scenes, entry["start_time"], key=lambda scene: scene["start_time"])
        thumbnail = scenes[shown - 1]["thumbnail"] if shown else None
    return Piece(
        kind=kind,
        number=entry["index"],
        start_time=entry["start_time"],
        end_time=entry["end_time"],
        description=entry["description"] or "",
        labels=tuple(entry.get("tags", ())),
        thumbnail=thumbnail,
    )


def _entries(record: Record) -> Iterator[tuple[Kind, Mapping[str, Any]]]:
    """The entries of a record that are moments, with their kind; a record need not have every key."""
    for kind, key in MOMENT_KEYS.items():
        for entry in cast(Mapping[str, Any], record).get(key, ()):
            yield kind, entry


def layout_of(record: Record) -> tuple[int, ...]:
    """How many moments of each kind follow the video in `pieces_of(record)`, in the order of `MOMENT_KEYS`."""
    return tuple(len(cast(Mapping[str, Any], record).get(key, ())) for key in MOMENT_KEYS.values())


def _labels(record: Record) -> Iterator[str]:
    """The words of the whole video besides its description."""
    yield from record["tags"]
    yield from record["ai_generated_tags"]
    yield record["classification"]
    yield record["filename"]
    if name := record["source"]["file_name"]:
        yield name


def texts_of(record: Record) -> list[Text]:
    """What is indexed of a record: the video, and each scene and segment with a text."""
    shared = joined(dict.fromkeys(_labels(record)))
    texts = []
    for place, (description, labels) in enumerate(_said(record)):
        own = joined([description or "", *dict.fromkeys(labels)]) if description or labels else ""
        if place == 0 or own.strip(f"{BETWEEN} "):
            texts.append(Text(place, own, "" if place == 0 else shared))
    return texts


def _said(record: Record) -> Iterator[tuple[str | None, Sequence[str]]]:
    """The description and the labels of each of `pieces_of(record)`.

    A video of one scene or one clip is one moment, not two: the text of the scene or clip is that of the video.
    """
    parts = [cast(Mapping[str, Any], record).get(key, ()) for key in MOMENT_KEYS.values()]
    whole = [part[0] for part in parts if _is_whole(record, part)]
    told = [record["qwen_description"], *(piece["description"] for piece in whole)]
    tags = [tag for piece in whole for tag in piece.get("tags", ())]
    yield " ".join(dict.fromkeys(filter(None, told))) or None, (*_labels(record), *tags)
    for _, entry in _entries(record):
        yield (None, ()) if entry in whole else (entry["description"], entry.get("tags", ()))


def words_in(texts: Sequence[Text]) -> set[str]:
    """All words of a video."""
    words = {word for text in texts for word in text.own.split()}
    words.discard(BETWEEN)
    return words


def has_whole_piece(record: Record) -> bool:
    """Whether a scene or a clip is no moment of its own, because it is the whole video."""
    return _is_whole(record, record["scenes"]) or _is_whole(record, record["segments"])


def _is_whole(record: Record, pieces: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is one piece, and it is the video or its whole description."""
    if len(pieces) != 1:
        return False
    length: float = pieces[0]["end_time"] - pieces[0]["start_time"]
    return length >= _WHOLE * record["duration"] or bool(pieces[0]["description"] == record["qwen_description"])


def moments_at(
    entries: Mapping[K, LibraryEntry], hits: Iterable[tuple[K, int, float]], query: Query
) -> list[Moment]:
    """The moments of hits in an index, (video, place, rank); without those that no longer exist."""
    moments = []
    for video, place, rank in hits:
        piece = _piece_at(entries[video].record, place) if video in entries else None
        if piece is not None:
            moments.append(_moment(entries[video], piece, query, rank))
    return moments


def moment_of(entry: LibraryEntry, kind: Kind, number: int, query: Query, rank: float = 0.0) -> Moment | None:
    """The answer that one piece of a record is; None where the record has no such piece.

    Args:
        entry: the record.
        kind: what the piece is.
        number: the scene's or the segment's index, 0 for the video.
        query: the words that are marked in the text.
        rank: how good an answer it is.
    """
    found = (piece for piece in pieces_of(entry.record) if (piece.kind, piece.number) == (kind, number))
    piece = next(found, None)
    return None if piece is None else _moment(entry, piece, query, rank)


def _moment(entry: LibraryEntry, piece: Piece, query: Query, rank: float) -> Moment:
    record = entry.record
    terms = [term for clause in query.words for term in clause]
    text, marks = _context(piece, terms)
    return Moment(
        kind=piece.kind,
        number=piece.number,
        filename=record["filename"],
        url=record["source"]["url"],
        id=record["id"],
        start_time=piece.start_time,
        end_time=piece.end_time,
        text=text,
        marks=marks,
        thumbnail=within(entry.folder, piece.thumbnail) if piece.thumbnail else None,
        record_path=within(entry.folder, record_name(record["filename"])),
        rank=rank,
        tags=tuple(record["tags"]),
        classification=record["classification"],
    )


def _context(piece: Piece, terms: Sequence[Term]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The words in context: from the description if they are in it, else from tags, class, file name."""
    text, marks = _marked(piece.description, terms)
    if not marks and piece.labels:
        labels, label_marks = _marked(", ".join(dict.fromkeys(piece.labels)), terms)
        if label_marks or not text:
            text, marks = labels, label_marks
    return _cut(text, marks)


def _marked(text: str, terms: Sequence[Term]) -> tuple[str, list[tuple[int, int]]]:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return text, _marks(text, terms)


def _marks(text: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    if not terms or not text:
        return []
    found = words_with_places(text)
    places = {place for term in terms for place in _places(found, term)}
    apart: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _places(found: Sequence[tuple[str, int, int]], term: Term) -> Iterator[tuple[int, int]]:
    """Where a term stands among the words of a text."""
    first, last, length = term.words[0], term.words[-1], len(term.words)
    if length == 1:
        alike = {first, *term.forms}
        for word, start, end in found:
            if word in alike or (term.prefix and word.startswith(first)):
                yield start, end
        return
    for at in range(len(found) - length + 1):
        if found[at][0] == first:
            here = [word for word, _, _ in found[at : at + length]]
            if term.prefix and here[-1].startswith(last):
                here[-1] = last
            if tuple(here) == term.words:
                yield found[at][1], found[at + length - 1][2]


def _cut(text: str, marks: Sequence[tuple[int, int]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of a text around its first marks, cut at spaces if there are some nearby."""
    if len(text) <= _CONTEXT:
        return text, tuple(marks)
    start = max(0, min(marks[0][0] - _CONTEXT // 3, len(text) - _CONTEXT)) if marks else 0
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if 0 <= space < marks[0][0] else start
    end = min(len(text), start + _CONTEXT)
    if end < len(text):
        space = text.rfind(" ", end - 20, end)
        end = space if space > start else end
    head, tail = "… " if start else "", " …" if end < len(text) else ""
    shift = len(head) - start
    inside = tuple((a + shift, b + shift) for a, b in marks if a >= start and b <= end)
    return f"{head}{text[start:end]}{tail}", inside
