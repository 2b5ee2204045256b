"""A Query as SQL and as an FTS5 expression. User input only becomes a bound value or a quoted word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vidkit.library.query import SORT_COLUMNS, Bounds, Query, Term
from vidkit.library.spans import DESCRIPTION, SIGN, sign_of

PLACE_BITS = 20  # a row of the full-text index has the number `video << PLACE_BITS | place`
# FTS5's `ascii` tokenizer splits at ASCII signs. With these as letters it splits only at line ends: a fact is one
# word.
FACT_SIGNS = "".join(chr(code) for code in range(32, 127) if not chr(code).isalnum())
ORDERS = {
    sort: f"v.{column} DESC, v.id DESC" if down else f"v.{column}, v.id"
    for sort, (column, down) in SORT_COLUMNS.items()
}


def match_facts(query: Query) -> str:
    """The FTS5 expression for the facts of a query that has some."""
    groups = [" OR ".join(map(quoted, facts)) for facts in query.facts]
    return " AND ".join(f"({group})" for group in groups)


def fact_condition(query: Query, number: str) -> tuple[list[str], list[Any]]:
    """The condition for the number of a video with the facts, and the value to bind; empty for a query without."""
    if not query.facts:
        return [], []
    return [f"{number} IN (SELECT rowid FROM facts WHERE facts MATCH ?)"], [match_facts(query)]


def bound_conditions(query: Query) -> tuple[list[str], list[Any]]:
    """The conditions for a row `v` of `videos` inside the query's bounds, and the values to bind."""
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
    """The condition for a row `v` of `videos` that matches, or has a moment that does, and the values to bind.

    If `few` videos have the facts, these are looked up. Otherwise the videos are scanned in order until enough are
    found (SQLite uses no index for `+v.id`).
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
    """A quoted word in an FTS5 expression."""
    return '"' + text.replace('"', '""') + '"'


def match_words(query: Query) -> str:
    """The FTS5 expression for `ranking.matching_texts`, for a query with words."""
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
    """An FTS5 expression that matches only in the query's sources."""
    if not query.sources:
        return expression
    parts = []
    if any(source != DESCRIPTION for source in query.sources):
        parts.append(f"(({expression}) AND {_signs(query)})")
    if DESCRIPTION in query.sources:
        parts.append(f"(({expression}) NOT {quoted(SIGN)})")
    return " OR ".join(parts)


def _signs(query: Query) -> str:
    """The FTS5 expression for texts of the query's readers."""
    signs = [quoted(sign_of(source)) for source in query.sources if source != DESCRIPTION]
    return f"({' OR '.join(signs)})"


def match_any(terms: Sequence[Term]) -> str:
    """The FTS5 expression for any of the terms. A term's words have only letters and digits (`text.words`)."""
    found = [quoted(" ".join(term.words)) + "*" * term.prefix for term in terms]
    found += [quoted(word) for term in terms for word in term.forms]
    return f"({' OR '.join(found)})"


def page(query: Query) -> tuple[int, int]:
    """LIMIT (-1 for none) and OFFSET."""
    return -1 if query.limit is None else query.limit, query.offset
