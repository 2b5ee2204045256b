"""A Query as a filter of MongoDB. BSON has all values as data: user input never becomes an operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from vidkit.library.documents import OWN, pair_of, texts_in
from vidkit.library.moments import Text
from vidkit.library.protocol import LENGTHS
from vidkit.library.query import SORT_COLUMNS, Bounds, Query, Term
from vidkit.library.ranking import RANKED, matching_texts
from vidkit.library.spans import DESCRIPTION, sign_of

Document = dict[str, Any]

_MERGED = 200  # words whose lists in the index a server merges; with more it sorts all documents
_SORTED = 5_000  # with this many matching documents, scanning the latest first is faster
_FEW = 500  # up to so many documents are named in a filter
_WORDS_FIRST = "words, then sorted"
_PAGE = RANKED // 4  # documents in the first read of a search; each next read has as many as all before
_SIGNS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
GROUPED = ("classification", "resolution", "codec", "described")
INDEXES = (
    *((field, "added") for field in ("words", "pairs", "finished", "duration", "size", "name")),
    ("facts", "finished", "added"),
    ("added",),
    ("moved",),
    ("numbers.key", "numbers.value"),
    ("content",),
    ("filename",),
    # All fields for `stats`, so that it reads no document.
    ("classification", "resolution", "codec", "tags", "described", "duration", "size"),
)
ORDERS = {
    "relevance": [("added", -1)],
    **{
        sort: [(column, way), ("added", way)]
        for sort, (column, down) in SORT_COLUMNS.items()
        for way in (-1 if down else 1,)
    },
}


def dotted(field: str) -> str:
    """The path of a field of `_vidkit` in a document."""
    return f"{OWN}.{field}"


_INDEX_OF = {
    "added": [(dotted("added"), 1)],
    "words": [(dotted("words"), 1), (dotted("added"), 1)],
    "pairs": [(dotted("pairs"), 1), (dotted("added"), 1)],
    _WORDS_FIRST: [(dotted("words"), 1), (dotted("added"), 1)],
}


def matches_in(
    collection: Collection[Document], query: Query, order: Sequence[tuple[str, int]], also: Sequence[Document] = ()
) -> Iterator[tuple[Document, Text]]:
    """The pieces that match a query with words: (document with only some fields, text).

    Args:
        collection: the library.
        query: the query.
        order: fields, each with 1 or -1.
        also: more conditions for a document.
    """
    known = _known_of(collection, query)
    names = ["texts", "shared", "pieces", "moves", *(field for field, _ in order)]
    fields = {dotted(field): 1 for field in names}
    sort = [(dotted(field), way) for field, way in order]
    by_age = order == ORDERS["relevance"]
    few = _few_with_facts(collection, query) if query.words else None
    hint = _way(collection, query, known) if by_age and few is None else None
    also = [*also, *([] if few is None else [{"_id": {"$in": few}}])]
    follows = by_age and hint != _WORDS_FIRST
    seen = 0
    conditions = list(also)
    while True:
        # In pages, because with a limit the server needs less memory to sort. The next page begins after the last
        # document if the server can then use the index of words.
        size = min(max(seen, _PAGE), 32 * _PAGE)
        found = collection.find(filter_of(query, conditions, known), fields).sort(sort)
        found = found.skip(0 if follows else seen).limit(size)
        try:
            page = list(found.hint(_INDEX_OF[hint]) if hint else found)
        except OperationFailure:
            if hint is None:
                raise
            hint = None  # the server does not have this index
            continue
        for document in page:
            for text in matching_texts(query, texts_in(document)):
                yield document, text
        if len(page) < size:
            return
        seen += size
        if follows:
            conditions = [*also, {dotted("added"): {"$lt": page[-1][OWN]["added"]}}]


class Known(NamedTuple):
    """What is known about the words of a query.

    Args:
        pairs: whether all documents have the numbers of their pairs.
        prefixes: beginning of a word -> all words in the library with this beginning, if they are few.
    """

    pairs: bool
    prefixes: Mapping[str, Sequence[str]]


def _known_of(collection: Collection[Document], query: Query) -> Known:
    terms = [term for clause in query.words for term in clause]
    beginnings = {term.words[-1] for term in terms if term.prefix}
    if not beginnings and all(len(term.words) == 1 for term in terms):
        return Known(False, {})
    words = collection.database[f"{collection.name}_words"]
    if words.find_one({"_id": "", "pairs": True}) is None:  # from an older vidkit, and could not be upgraded
        return Known(False, {})
    prefixes = {}
    for beginning in beginnings:
        found = words.find({"_id": {"$regex": f"^{beginning}"}}, {"_id": 1}).limit(_MERGED + 1)
        if len(met := [word["_id"] for word in found]) <= _MERGED:
            prefixes[beginning] = met
    return Known(True, prefixes)


def _few_with_facts(collection: Collection[Document], query: Query) -> list[str] | None:
    """The keys of the documents with the facts of a query; None if there are many, or the query has no facts."""
    if not query.facts:
        return None
    asked = {"$and": [{dotted("facts"): {"$in": list(facts)}} for facts in query.facts]}
    found = [document["_id"] for document in collection.find(asked, {"_id": 1}).limit(_FEW + 1)]
    return found if len(found) <= _FEW else None


def _way(collection: Collection[Document], query: Query, known: Known) -> str | None:
    """The index for scanning the documents of a query, the latest first; None to let the server choose by
    trying."""
    terms = [term for clause in query.words for term in clause]
    if not any(term.prefix for term in terms):
        if known.pairs and any(all(len(term.words) > 1 for term in clause) for clause in query.words):
            return "pairs"
        return "words" if terms and all(len(term.words) == 1 for term in terms) else None
    if len(terms) > 1 or len(terms[0].words) > 1:
        return None
    if terms[0].words[-1] in known.prefixes:
        return "words"  # few words: their lists are merged
    asked = {dotted("words"): {"$regex": f"^{terms[0].words[-1]}"}}
    return "added" if collection.count_documents(asked, limit=_SORTED) == _SORTED else _WORDS_FIRST


def counted(asked: Document, fields: Sequence[str]) -> list[Document]:
    """The pipeline that counts the documents of a filter by these fields; `length` counts by LENGTHS."""
    keys: Document = {field: f"${dotted(field)}" for field in fields}
    if "length" in keys:
        duration = f"${dotted('duration')}"
        branches = [{"case": {"$lt": [duration, bound]}, "then": length} for length, bound in enumerate(LENGTHS)]
        keys["length"] = {"$switch": {"branches": branches, "default": len(LENGTHS)}}
    sums = {"seconds": {"$sum": f"${dotted('duration')}"}, "bytes": {"$sum": f"${dotted('size')}"}}
    group = {"_id": keys, "videos": {"$sum": 1}, **(sums if "length" in keys else {})}
    return [{"$match": asked}, {"$group": group}]


def filter_of(query: Query, also: Sequence[Document] = (), known: Known | None = None) -> Document:
    """The filter for documents that can match, or have a moment that can, with the conditions `also`."""
    known = known or Known(False, {})
    parts: list[Document] = [{dotted("facts"): {"$in": list(facts)}} for facts in query.facts]
    parts += also
    for operator, sides in (("$or", query.picture.reaches), ("$nor", query.picture.below)):
        if sides:
            bounds = zip(("long_side", "short_side"), sides, strict=True)
            parts.append({operator: [{dotted(side): {"$gte": value}} for side, value in bounds if value]})
    for field, span in (
        ("pixels", query.picture.pixels),
        ("duration", query.duration),
        ("finished", query.finished),
    ):
        if bound := _bounds(span):
            parts.append({dotted(field): bound})
    for key, sign, value in query.numbers:
        number = {"key": key, "value": {_SIGNS[sign]: value}}
        parts.append({dotted("numbers"): {"$elemMatch": number}})
    parts += [_one_of([_has(term, known) for term in clause]) for clause in query.words]
    if query.sources and DESCRIPTION not in query.sources:
        parts.append({dotted("words"): {"$in": [sign_of(source) for source in query.sources]}})
    return {"$and": parts} if parts else {}


def _bounds(span: Bounds) -> Document:
    bounds = {"$gte": span.low, "$lte" if span.closed else "$lt": span.high}
    return {operator: value for operator, value in bounds.items() if value is not None}


def _one_of(conditions: list[Document]) -> Document:
    return conditions[0] if len(conditions) == 1 else {"$or": conditions}


def _has(term: Term, known: Known) -> Document:
    """The filter for documents with all words of a term; for a phrase, with the numbers of its pairs. Words have
    only letters and digits (`text.words`), so they need no escape in a pattern."""
    *first, last = term.words
    beginning: Document = {"$in": known.prefixes[last]} if last in known.prefixes else {"$regex": f"^{last}"}
    end: Document = {dotted("words"): beginning if term.prefix else last}
    if not first:
        return {dotted("words"): {"$in": [last, *term.forms]}} if term.forms else end
    pairs = list(pairwise(first if term.prefix else term.words)) if known.pairs else []
    parts: list[Document] = [{dotted("pairs"): pair_of(*pair)} for pair in pairs]
    if not parts:
        parts = [{dotted("words"): word} for word in first]
    if term.prefix or not pairs:  # no anchors in the pattern, which make it many times slower
        parts += [end, {dotted("texts.own"): {"$regex": " ".join(term.words)}}]
    return {"$and": parts}
