"""A Query -> what MongoDB is asked. BSON quotes all values: nothing that a user types is read as an operator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pymongo.collection import Collection

from vidkit.library.documents import OWN, texts_in
from vidkit.library.moments import Text
from vidkit.library.protocol import LENGTHS
from vidkit.library.query import SORT_COLUMNS, Bounds, Query, Term
from vidkit.library.ranking import RANKED, answers
from vidkit.library.spans import DESCRIPTION, sign_of

Document = dict[str, Any]

_PAGE = RANKED // 4  # documents read for a search at first; then as many as so far, and so on
_SIGNS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
GROUPED = ("classification", "resolution", "codec", "described")
INDEXES = (
    *((field, "added") for field in ("words", "finished", "duration", "size", "name")),
    ("facts", "finished", "added"),
    ("added",),
    ("moved",),
    ("numbers.key", "numbers.value"),
    ("content",),
    ("filename",),
    # All that `stats` reads, so that it reads no document.
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
    """Where a field of the library's own is in a document."""
    return f"{OWN}.{field}"


def answers_in(
    collection: Collection[Document], query: Query, order: Sequence[tuple[str, int]], also: Sequence[Document] = ()
) -> Iterator[tuple[Document, Text]]:
    """The pieces that match a query that has words: (document, of which only some fields are there, text).

    Args:
        collection: the library.
        query: what is looked for.
        order: fields, and 1 or -1 each.
        also: what else must hold of a document.
    """
    names = ["texts", "shared", "pieces", "moves", *(field for field, _ in order)]
    fields = {dotted(field): 1 for field in names}
    sort = [(dotted(field), way) for field, way in order]
    follows = order == ORDERS["relevance"] and not any(term.prefix for clause in query.words for term in clause)
    seen = 0
    conditions = list(also)
    while True:
        # By pages: with a limit the server needs no more room for sorting than these take. The next page begins
        # after the last document, where that leads the server to the index of words.
        size = min(max(seen, _PAGE), 32 * _PAGE)
        found = collection.find(filter_of(query, conditions), fields).sort(sort)
        page = list(found.skip(0 if follows else seen).limit(size))
        for document in page:
            for text in answers(query, texts_in(document)):
                yield document, text
        if len(page) < size:
            return
        seen += size
        if follows:
            conditions = [*also, {dotted("added"): {"$lt": page[-1][OWN]["added"]}}]


def counted(asked: Document, fields: Sequence[str]) -> list[Document]:
    """The pipeline that counts the documents that are asked for, by these fields and by LENGTHS."""
    keys: Document = {field: f"${dotted(field)}" for field in fields}
    if "length" in keys:
        duration = f"${dotted('duration')}"
        branches = [{"case": {"$lt": [duration, bound]}, "then": length} for length, bound in enumerate(LENGTHS)]
        keys["length"] = {"$switch": {"branches": branches, "default": len(LENGTHS)}}
    sums = {"seconds": {"$sum": f"${dotted('duration')}"}, "bytes": {"$sum": f"${dotted('size')}"}}
    group = {"_id": keys, "videos": {"$sum": 1}, **(sums if "length" in keys else {})}
    return [{"$match": asked}, {"$group": group}]


def filter_of(query: Query, also: Sequence[Document] = ()) -> Document:
    """What holds for a document of which a moment, or which itself, can be an answer, and what `also` must."""
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
    parts += [_one_of([_has(term) for term in clause]) for clause in query.words]
    if query.sources and DESCRIPTION not in query.sources:
        parts.append({dotted("words"): {"$in": [sign_of(source) for source in query.sources]}})
    return {"$and": parts} if parts else {}


def _bounds(span: Bounds) -> Document:
    bounds = {"$gte": span.low, "$lte" if span.closed else "$lt": span.high}
    return {operator: value for operator, value in bounds.items() if value is not None}


def _one_of(conditions: list[Document]) -> Document:
    return conditions[0] if len(conditions) == 1 else {"$or": conditions}


def _has(term: Term) -> Document:
    """All words of a term stand in the document, of a phrase one after another. They are letters and digits only
    (`text.words`), so no sign of theirs means anything to the pattern."""
    *first, last = term.words
    parts: list[Document] = [{dotted("words"): word} for word in first]
    parts.append({dotted("words"): {"$regex": f"^{last}"} if term.prefix else last})
    if not first:
        return {dotted("words"): {"$in": [last, *term.forms]}} if term.forms else parts[0]
    phrase = f"(^| ){' '.join(term.words)}{'' if term.prefix else '( |$)'}"
    return {"$and": [*parts, {dotted("texts.own"): {"$regex": phrase}}]}
