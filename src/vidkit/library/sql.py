"""A Query as SQL and as an FTS5 expression. User input only becomes a bound value or a quoted word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidkit.library.query import SORT_COLUMNS, Bounds, Query, Term
from vidkit.library.spans import DESCRIPTION, SIGN, sign_of

PLACE_BITS = 20  # a row of the full-text index is numbered by its video, shifted by these, and its place in it
# FTS5's `ascii` tokenizer parts at ASCII signs; with these none is left but the line's end, and a fact is one word.
FACT_SIGNS = "".join(chr(code) for code in range(32, 127) if not chr(code).isalnum())
ORDERS = {
    sort: f"v.{column} DESC, v.id DESC" if down else f"v.{column}, v.id"
    for sort, (column, down) in SORT_COLUMNS.items()
}


def match_facts(query: Query) -> str:
    """The FTS5 expression for the facts, where some are asked for."""
    groups = [" OR ".join(map(quoted, facts)) for facts in query.facts]
    return " AND ".join(f"({group})" for group in groups)


def fact_condition(query: Query, number: str) -> tuple[list[str], list[Any]]:
    """What holds for the number of a video that has the facts, and the value to bind: none where none is asked."""
    if not query.facts:
        return [], []
    return [f"{number} IN (SELECT rowid FROM facts WHERE facts MATCH ?)"], [match_facts(query)]


def bound_conditions(query: Query) -> tuple[list[str], list[Any]]:
    """What holds for a row `v` of `videos` inside the query's bounds, and the values to bind."""
    where: list[str] = []
    values: list[Any] = []
    for sign, sides in (("", query.picture.reaches), ("NOT ", query.picture.below)):
        if sides:
            long_side, short_side = sides
            where.append(f"{sign}(v.long_side >= ? OR v.short_side >= ?)")
            values += [long_side, 10**9 if short_side is None else short_side]
    for column, span in (
        ("pixels", query.picture.pixels),
        ("duration", query.duration),
        ("finished", query.finished),
    ):
        for condition, value in _bounds(f"v.{column}", span):
            where.append(condition)
            values.append(value)
    for key, sign, value in query.numbers:  # the sign is one of four
        where.append(f"v.id IN (SELECT video FROM numbers WHERE key = ? AND value {sign} ?)")
        values += [key, value]
    return where, values


def video_conditions(query: Query, few: bool = False) -> tuple[str, list[Any]]:
    """What holds for a row `v` of `videos` of which a moment, or which itself, is an answer.

    Where `few` have the facts, these are looked up; else the videos are gone through in their order (SQLite takes
    `+v.id` for no key), until there are as many as are wanted.
    """
    where, values = fact_condition(query, "v.id" if few else "+v.id")
    bounds, bound_values = bound_conditions(query)
    where, values = where + bounds, values + bound_values
    if query.words:
        where.append("v.id IN (SELECT rowid >> ? FROM words WHERE words MATCH ?)")
        values += [PLACE_BITS, match_words(query)]
    elif query.without:
        where.append("v.id NOT IN (SELECT rowid >> ? FROM words WHERE words MATCH ?)")
        values += [PLACE_BITS, _in_sources(match_any(query.without), query)]
    if query.sources and not query.words and DESCRIPTION not in query.sources:
        where.append("v.id IN (SELECT rowid >> ? FROM words WHERE words MATCH ?)")
        values += [PLACE_BITS, _signs(query)]
    return " AND ".join(where) or "TRUE", values


def _bounds(column: str, span: Bounds) -> list[tuple[str, float]]:
    bounds = []
    if span.low is not None:
        bounds.append((f"{column} >= ?", span.low))
    if span.high is not None:
        bounds.append((f"{column} {'<=' if span.closed else '<'} ?", span.high))
    return bounds


def quoted(text: str) -> str:
    """A word of FTS5's language that stands for itself."""
    return '"' + text.replace('"', '""') + '"'


def match_words(query: Query) -> str:
    """The FTS5 expression for `moments.matches`, where there are words to look for."""
    clauses = [match_any(clause) for clause in query.words]
    if len(clauses) == 1:
        expression = f"own : {clauses[0]}"
    else:
        anything = match_any([term for clause in query.words for term in clause])
        expression = f"({' AND '.join(clauses)}) AND own : {anything}"
    if query.without:
        expression = f"({expression}) NOT {match_any(query.without)}"
    return _in_sources(expression, query)


def _in_sources(expression: str, query: Query) -> str:
    """An FTS5 expression that holds in the query's sources alone."""
    if not query.sources:
        return expression
    parts = []
    if any(source != DESCRIPTION for source in query.sources):
        parts.append(f"(({expression}) AND {_signs(query)})")
    if DESCRIPTION in query.sources:
        parts.append(f"(({expression}) NOT {quoted(SIGN)})")
    return " OR ".join(parts)


def _signs(query: Query) -> str:
    """The FTS5 expression for what one of the query's readers has read."""
    signs = [quoted(sign_of(source)) for source in query.sources if source != DESCRIPTION]
    return f"({' OR '.join(signs)})"


def match_any(terms: Sequence[Term]) -> str:
    """The FTS5 expression for one of some terms. A term's words are letters and digits only (`text.words`)."""
    found = [quoted(" ".join(term.words)) + "*" * term.prefix for term in terms]
    found += [quoted(word) for term in terms for word in term.forms]
    return f"({' OR '.join(found)})"


def page(query: Query) -> tuple[int, int]:
    """LIMIT (-1 for none) and OFFSET."""
    return -1 if query.limit is None else query.limit, query.offset
